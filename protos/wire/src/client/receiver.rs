//! What a server sends, taken by the client half. Hot; guarded by `benches/call.rs`.

use super::{Call, Client, ClientEvents};
use crate::answer::Answer;
use crate::conn::Conn;
use crate::drive::{self, Half, stream_error};
use crate::error::{ConnectionError, ErrorCode, StreamError};
use crate::frame::GoAway;
use crate::message::{MessageFault, Piece};
use crate::outcome::{Cause, Head, Outcome};
use crate::response::Response;
use crate::streams::{Progress, Stream};

/// The client with its listener.
pub(super) struct Receiver<'a, H> {
    pub(super) client: &'a mut Client,
    pub(super) on: &'a mut H,
}

impl<H: ClientEvents> Half for Receiver<'_, H> {
    #[inline]
    fn conn(&mut self) -> &mut Conn {
        &mut self.client.conn
    }

    fn last_stream(&mut self) -> u32 {
        // Streams that a server opens are pushes, and there are none.
        0
    }

    #[inline]
    fn take_ordinary<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        while let Some((answer, rest)) = Answer::split(bytes)
            && self.take_answer(&answer)
        {
            bytes = rest;
        }
        bytes
    }

    #[inline]
    fn on_block(&mut self, id: u32, block: &[u8], end: bool) -> Result<(), ConnectionError> {
        let Client { conn, memo, .. } = &mut *self.client;
        let (response, found) =
            memo.read(&mut conn.decoder, block, Response::of)
                .map_err(|_| {
                    ConnectionError::new(ErrorCode::COMPRESSION_ERROR, "header block is not HPACK")
                })?;
        let fields = memo.fields(found);
        conn.counters.received.header_list_bytes += fields.byte_len() as u64;
        let Some(slot) = conn.streams.find(id) else {
            return drive::no_stream(conn, id, "HEADERS on a stream that is over");
        };
        let stream = conn.streams.at(slot);
        if let Err(error) = response.check(stream.head, end) {
            return stream_error(self, slot, error);
        }
        if end && stream.misfits_content_length(end) {
            let error = StreamError::protocol("DATA does not fit content-length");
            return stream_error(self, slot, error);
        }
        if response.is_informational() {
            return conn.charge(
                |conn| &mut conn.control,
                "too many informational header blocks",
            );
        }
        if end {
            let stream = finish(conn, slot);
            let outcome = Outcome::of_trailers(&stream, &response, fields);
            self.on.end(Call::of(&stream), &outcome);
            return Ok(());
        }
        stream.head = true;
        stream.encoded = response.encoded;
        stream.opaque = !response.grpc;
        stream.http_status = response.http_status;
        stream.expected = response.content_length();
        let head = Head {
            http_status: response.http_status,
            fields,
        };
        self.on.head(Call::of(stream), &head);
        Ok(())
    }

    #[inline]
    fn on_data(&mut self, slot: usize, data: &[u8], end: bool) -> Result<(), StreamError> {
        let conn = &mut self.client.conn;
        let encoded = conn.streams.get(slot).encoded;
        let rules = conn.rules(encoded);
        let stream = conn.streams.at(slot);
        if !stream.head {
            return Err(StreamError::protocol("DATA in front of HEADERS"));
        }
        if !stream.opaque {
            let call = Call::of(stream);
            let (messages, on) = (&mut stream.received.messages, &mut *self.on);
            let before = *messages;
            let outcome = stream.deframer.receive(data, rules, |piece| {
                *messages += u64::from(piece.is_last());
                on.message(call, piece);
            });
            conn.counters.received.messages += *messages - before;
            if let Err(fault) = outcome {
                self.break_off(slot, fault);
                return Ok(());
            }
        }
        if end {
            let stream = finish(&mut self.client.conn, slot);
            let outcome = Outcome::without_trailers(&stream, Cause::MissingStatus);
            self.on.end(Call::of(&stream), &outcome);
        }
        Ok(())
    }

    fn on_reset(&mut self, slot: usize, code: ErrorCode) -> Result<(), ConnectionError> {
        let stream = self.client.conn.remove(slot);
        let outcome = Outcome::without_trailers(&stream, Cause::Reset(code));
        self.on.end(Call::of(&stream), &outcome);
        Ok(())
    }

    fn on_stream_error(&mut self, slot: usize, error: StreamError) {
        let conn = &mut self.client.conn;
        let stream = conn.remove(slot);
        conn.send_reset(stream.id, error.code);
        let outcome = Outcome::without_trailers(&stream, Cause::Malformed(error));
        self.on.end(Call::of(&stream), &outcome);
    }

    fn on_settings(&mut self) -> Result<(), ConnectionError> {
        let settings = &self.client.conn.peer;
        if settings.enable_push {
            return Err(ConnectionError::protocol("a server cannot take pushes"));
        }
        self.on.settings(settings);
        Ok(())
    }

    fn on_settings_acked(&mut self) {
        self.client.memo.clear();
    }

    fn on_go_away(&mut self, frame: GoAway<'_>) {
        self.on.go_away(frame.last_stream, frame.code, frame.debug);
        self.client
            .end_above(frame.last_stream, Cause::Refused, self.on);
    }

    fn on_pong(&mut self, opaque: u64) {
        self.on.pong(opaque);
    }

    #[inline]
    fn pump(&mut self) {
        self.client.pump(self.on);
    }
}

impl<H: ClientEvents> Receiver<'_, H> {
    /// Ends a call by a whole answer; false, and nothing done, where it needs a closer look.
    #[inline]
    fn take_answer(&mut self, answer: &Answer<'_>) -> bool {
        let Client { conn, memo, .. } = &mut *self.client;
        let Some(((head, head_fields), (end, trailers))) =
            memo.find(answer.head).zip(memo.find(answer.trailers))
        else {
            return false;
        };
        let Some(status) = end.ends_plainly().filter(|_| head.begins_plainly()) else {
            return false;
        };
        if !conn.takes_whole(answer) {
            return false;
        }
        let Some((entry, slot)) = conn.streams.find_entry(answer.stream) else {
            return false;
        };
        let stream = conn.streams.get(slot);
        let (call, sent) = (Call::of(stream), stream.sent);
        if !stream.awaits_only_answer() || !conn.inbound.receive(answer.data_len()) {
            return false;
        }
        conn.streams.remove_entry(entry, slot);
        conn.release_connection(answer.data_len() as u32);
        let list_len = head_fields.byte_len() + trailers.byte_len();
        conn.counters.received.answer(answer, list_len);
        let head = Head {
            http_status: head.http_status,
            fields: head_fields,
        };
        let message = Piece {
            compressed: false,
            len: answer.message.len(),
            offset: 0,
            bytes: answer.message,
        };
        let outcome = Outcome {
            status,
            cause: Cause::Trailers,
            http_status: head.http_status,
            trailers,
            sent,
            received: Progress {
                messages: 1,
                bytes: answer.data_len() as u64,
            },
        };
        self.on.answer(call, &head, message, &outcome);
        true
    }

    /// What came is no gRPC message: the call ends here.
    #[cold]
    fn break_off(&mut self, slot: usize, fault: MessageFault) {
        let conn = &mut self.client.conn;
        let stream = conn.remove(slot);
        conn.send_reset(stream.id, ErrorCode::CANCEL);
        let outcome = Outcome::without_trailers(&stream, Cause::Message(fault));
        self.on.end(Call::of(&stream), &outcome);
    }
}

/// The server has ended a stream. A request that is not all sent is of no use to it, so it is told (RFC 9113 8.1).
#[inline]
fn finish(conn: &mut Conn, slot: usize) -> Stream {
    let stream = conn.remove(slot);
    if !stream.local_closed {
        conn.send_reset(stream.id, ErrorCode::NO_ERROR);
    }
    stream
}
