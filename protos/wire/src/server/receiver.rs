//! What a client sends, taken by the server half. Hot; guarded by `benches/call.rs`.

use super::{Aborted, Incoming, Server, ServerEvents};
use crate::client::Call;
use crate::conn::Conn;
use crate::drive::{self, Half, stream_error};
use crate::error::{ConnectionError, ErrorCode, StreamError};
use crate::frame::GoAway;
use crate::message::MessageFault;
use crate::request::RequestFacts;

/// The server with its listener.
pub(super) struct Receiver<'a, H> {
    pub(super) server: &'a mut Server,
    pub(super) on: &'a mut H,
}

impl<H: ServerEvents> Half for Receiver<'_, H> {
    #[inline]
    fn conn(&mut self) -> &mut Conn {
        &mut self.server.conn
    }

    fn last_stream(&mut self) -> u32 {
        self.server.conn.opened
    }

    #[inline]
    fn on_block(&mut self, id: u32, block: &[u8], end: bool) -> Result<(), ConnectionError> {
        let Server { conn, memo, .. } = &mut *self.server;
        let on = &mut *self.on;
        let (facts, found) = memo
            .read(&mut conn.decoder, block, |fields, too_large| {
                let mut facts = RequestFacts::of(fields, too_large);
                if facts.opens() {
                    facts.route = on.route(fields);
                }
                facts
            })
            .map_err(|_| {
                ConnectionError::new(ErrorCode::COMPRESSION_ERROR, "header block is not HPACK")
            })?;
        conn.counters.received.header_list_bytes += memo.fields(found).byte_len() as u64;
        match conn.streams.find(id) {
            Some(slot) => self.request_trailers(slot, &facts, end),
            None if id % 2 == 1 && id > conn.opened => {
                if !self.admit(id, &facts)? {
                    return Ok(());
                }
                self.request(id, &facts, found, end);
                Ok(())
            }
            None => self.late_block(id),
        }
    }

    #[inline]
    fn on_data(&mut self, slot: usize, data: &[u8], end: bool) -> Result<(), StreamError> {
        let conn = &mut self.server.conn;
        let encoded = conn.streams.get(slot).encoded;
        let rules = conn.rules(encoded);
        let stream = conn.streams.at(slot);
        let call = Call::of(stream);
        if !stream.opaque {
            let (messages, on) = (&mut stream.received.messages, &mut *self.on);
            let before = *messages;
            let mut outcome = stream.deframer.receive(data, rules, |piece| {
                *messages += u64::from(piece.is_last());
                on.message(call, piece);
            });
            conn.counters.received.messages += *messages - before;
            if end && !stream.deframer.is_between() {
                outcome = outcome.and(Err(MessageFault::Truncated));
            }
            if let Err(fault) = outcome {
                self.break_off(slot, fault);
                return Ok(());
            }
        }
        if end {
            self.on.end(call);
        }
        Ok(())
    }

    fn on_reset(&mut self, slot: usize, code: ErrorCode) -> Result<(), ConnectionError> {
        let conn = &mut self.server.conn;
        let stream = conn.remove(slot);
        self.on.aborted(Call::of(&stream), Aborted::Reset(code));
        if stream.born == conn.reads {
            conn.charge(
                |conn| &mut conn.rapid_resets,
                "streams are reset as they are opened",
            )?;
        }
        Ok(())
    }

    fn on_stream_error(&mut self, slot: usize, error: StreamError) {
        let conn = &mut self.server.conn;
        let stream = conn.remove(slot);
        conn.send_reset(stream.id, error.code);
        self.on
            .aborted(Call::of(&stream), Aborted::Malformed(error));
    }

    fn on_settings(&mut self) -> Result<(), ConnectionError> {
        self.on.settings(&self.server.conn.peer);
        Ok(())
    }

    fn on_settings_acked(&mut self) {
        self.server.memo.clear();
    }

    fn on_go_away(&mut self, frame: GoAway<'_>) {
        self.on.go_away(frame.code, frame.debug);
    }

    fn on_pong(&mut self, opaque: u64) {
        self.on.pong(opaque);
    }

    #[inline]
    fn pump(&mut self) {
        self.server.pump(self.on);
    }
}

impl<H: ServerEvents> Receiver<'_, H> {
    /// Whether a stream that the client opens is taken; refuses it otherwise.
    #[inline]
    fn admit(&mut self, id: u32, facts: &RequestFacts) -> Result<bool, ConnectionError> {
        let Server { conn, skipped, .. } = &mut *self.server;
        if id > conn.opened + 2 || conn.opened == 0 && id > 1 {
            *skipped = (conn.opened + 1, id - 1);
        }
        conn.opened = id;
        if conn.away_sent.is_some_and(|last| id > last) {
            // RFC 9113 6.8: ignored, and what follows on it too.
            conn.opened = conn.opened.max(id);
            conn.reset.push(id);
            return Ok(false);
        }
        if conn.streams.len() as u64 >= u64::from(conn.local.max_concurrent_streams) {
            conn.send_reset(id, ErrorCode::REFUSED_STREAM);
            if conn.local_acked {
                conn.charge(
                    |conn| &mut conn.stream_errors,
                    "too many streams above our limit",
                )?;
            }
            conn.answer()?;
            return Ok(false);
        }
        if let Err(error) = facts.check_head() {
            conn.send_reset(id, error.code);
            conn.charge(|conn| &mut conn.stream_errors, "too many stream errors")?;
            conn.answer()?;
            return Ok(false);
        }
        Ok(true)
    }

    #[inline]
    fn request(&mut self, id: u32, facts: &RequestFacts, found: crate::memo::Found, end: bool) {
        let Server { conn, memo, .. } = &mut *self.server;
        let incoming = Incoming {
            route: facts.route,
            grpc: facts.grpc,
            fields: memo.fields(found),
        };
        let token = self.on.request(id, &incoming);
        let slot = conn.new_stream(id, token);
        let stream = conn.streams.at(slot);
        stream.remote_closed = end;
        stream.encoded = facts.encoded;
        stream.opaque = !facts.grpc;
        stream.expected = facts.content_length();
        if end {
            self.on.end(Call { stream: id, token });
        }
    }

    #[cold]
    fn request_trailers(
        &mut self,
        slot: usize,
        facts: &RequestFacts,
        end: bool,
    ) -> Result<(), ConnectionError> {
        let stream = self.server.conn.streams.at(slot);
        if stream.remote_closed {
            let error = StreamError::new(ErrorCode::STREAM_CLOSED, "HEADERS behind END_STREAM");
            return stream_error(self, slot, error);
        }
        if let Err(error) = facts.check_trailers(end) {
            return stream_error(self, slot, error);
        }
        if stream.misfits_content_length(end) {
            let error = StreamError::protocol("DATA does not fit content-length");
            return stream_error(self, slot, error);
        }
        stream.remote_closed = true;
        let call = Call::of(stream);
        if stream.deframer.is_between() {
            self.on.end(call);
        } else {
            self.break_off(slot, MessageFault::Truncated);
        }
        Ok(())
    }

    /// A header block on a stream that is over, or was never to be opened.
    #[cold]
    fn late_block(&mut self, id: u32) -> Result<(), ConnectionError> {
        let (first, last) = self.server.skipped;
        if (first..=last).contains(&id) {
            return Err(ConnectionError::protocol("stream ids must increase"));
        }
        drive::no_stream(&self.server.conn, id, "HEADERS on a stream that is over")
    }

    /// What came is no gRPC message: the stream ends here, with a status that says so, behind whatever is queued.
    #[cold]
    fn break_off(&mut self, slot: usize, fault: MessageFault) {
        let conn = &mut self.server.conn;
        let stream = conn.streams.at(slot);
        let (call, has_head) = (Call::of(stream), std::mem::replace(&mut stream.head, true));
        if conn.send_trailers(slot, &fault.trailers(has_head)).is_ok() {
            conn.close_answered(slot);
        } else {
            let stream = conn.remove(slot);
            conn.send_reset(stream.id, ErrorCode::CANCEL);
        }
        self.on.aborted(call, Aborted::Message(fault));
    }
}
