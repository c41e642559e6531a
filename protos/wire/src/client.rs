//! The client half: calls go out, answers come in.
//!
//! Hot; guarded by `benches/call.rs`.

use std::io::IoSlice;

use crate::answer::Answer;
use crate::config::Config;
use crate::conn::Conn;
use crate::counters::{Counters, Stalls};
use crate::drive::{self, Half, stream_error};
use crate::error::{ConnectionError, ErrorCode, StreamError};
use crate::frame::{GoAway, MAX_STREAM_ID, PREFACE};
use crate::memo::Memo;
use crate::message::{Message, MessageFault, Outgoing, Piece};
use crate::opening::Opening;
use crate::outcome::{Cause, Head, Outcome};
use crate::response::Response;
use crate::send::{Closed, Sent};
use crate::settings::Settings;
use crate::streams::{Progress, Stream};
use crate::template::Template;

/// A call: its stream, and what the caller knows it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// The stream's id.
    pub stream: u32,
    /// What was given to [`Client::start`].
    pub token: u64,
}

impl Call {
    pub(crate) fn of(stream: &Stream) -> Self {
        Call {
            stream: stream.id,
            token: stream.token,
        }
    }
}

/// Hears what a server says. Called from within [`Client::receive`], in the order of the wire.
pub trait ClientEvents {
    /// The answer began, with initial metadata. A trailers-only answer has none.
    fn head(&mut self, call: Call, head: &Head<'_>) {
        let _ = (call, head);
    }

    /// A message, or a part of one.
    fn message(&mut self, call: Call, piece: Piece<'_>) {
        let _ = (call, piece);
    }

    /// A message that had to wait is in the output, all of it.
    fn sent(&mut self, call: Call) {
        let _ = call;
    }

    /// The call is over. Told exactly once for each that was started, except those that the caller
    /// [`reset`](Client::reset).
    fn end(&mut self, call: Call, outcome: &Outcome<'_>);

    /// A whole answer of one message came at once: [`head`](Self::head), [`message`](Self::message) and
    /// [`end`](Self::end) in one, for listeners that can do better than to hear all three.
    #[inline]
    fn answer(&mut self, call: Call, head: &Head<'_>, message: Piece<'_>, outcome: &Outcome<'_>) {
        self.head(call, head);
        self.message(call, message);
        self.end(call, outcome);
    }

    /// The server's SETTINGS came, or changed.
    fn settings(&mut self, settings: &Settings) {
        let _ = settings;
    }

    /// The server takes no new streams. Those above `last_stream` end as [`Cause::Refused`].
    fn go_away(&mut self, last_stream: u32, code: ErrorCode, debug: &[u8]) {
        let _ = (last_stream, code, debug);
    }

    /// A PING of ours came back.
    fn pong(&mut self, opaque: u64) {
        let _ = opaque;
    }
}

/// Why no call can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// As many streams are open as the server allows. Start it when one has ended.
    #[error("the server's MAX_CONCURRENT_STREAMS are open")]
    Busy,
    /// The server said GOAWAY: what is open may finish, the rest needs another connection.
    #[error("the server takes no new streams on this connection")]
    Draining,
    /// There are no stream ids left: the rest needs another connection.
    #[error("the stream ids of this connection are used up")]
    Exhausted,
    /// The connection is over.
    #[error("the connection failed")]
    Failed,
}

/// The client half of a connection. Bytes in, events and bytes out.
#[derive(Debug)]
pub struct Client {
    pub(crate) conn: Conn,
    memo: Memo<Response>,
    next: u32,
    /// What opened the first call with one message.
    opening: Option<Opening>,
}

impl Client {
    /// This is a client whose preface, SETTINGS and WINDOW_UPDATE stand in the output.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Client {
            conn: Conn::new(config, true, PREFACE),
            memo: Memo::default(),
            next: 1,
            opening: None,
        }
    }

    /// Starts a call with its first message; `end` if it is the only one.
    ///
    /// # Errors
    /// Nothing was sent, and no event will come; see [`StartError`].
    #[inline]
    pub fn start<'a>(
        &mut self,
        template: &Template,
        token: u64,
        message: impl Into<Outgoing<'a>>,
        end: bool,
    ) -> Result<(u32, Sent), StartError> {
        self.ready()?;
        let message = message.into();
        if end && let Outgoing::Message(message) = message {
            return Ok(self.start_with_only(template, token, message));
        }
        Ok(self.start_with_first(template, token, message, end))
    }

    /// Starts a call with its only message.
    #[inline]
    fn start_with_only(
        &mut self,
        template: &Template,
        token: u64,
        message: &Message,
    ) -> (u32, Sent) {
        let generation = self.conn.encoder.generation();
        match &self.opening {
            Some(opening)
                if opening.is(template, message, generation)
                    && self.conn.has_room_for_first(opening.data_len()) =>
            {
                let id = self.next;
                self.next += 2;
                self.conn.open_again(id, token, opening);
                (id, Sent::Whole)
            }
            Some(opening) if opening.is_right_for_others(message, generation) => {
                self.start_with_first(template, token, message.into(), true)
            }
            _ => self.start_and_learn(template, token, message),
        }
    }

    /// Starts a call with its only message, and keeps what opened it if that will do again.
    #[cold]
    fn start_and_learn(
        &mut self,
        template: &Template,
        token: u64,
        message: &Message,
    ) -> (u32, Sent) {
        let generation = self.conn.encoder.generation();
        let before = self.conn.output.frames().len();
        let (id, sent) = self.start_with_first(template, token, message.into(), true);
        if sent == Sent::Whole && generation == self.conn.encoder.generation() {
            let bytes = &self.conn.output.frames()[before..];
            self.opening = Opening::learn(template, message, generation, bytes);
        }
        (id, sent)
    }

    /// Starts a call with its first message, put together from its parts.
    #[inline]
    fn start_with_first(
        &mut self,
        template: &Template,
        token: u64,
        message: Outgoing<'_>,
        end: bool,
    ) -> (u32, Sent) {
        let (id, slot) = self.open_stream(template, token, false);
        // A stream that was opened just now is not closed.
        let sent = self
            .conn
            .send_message(slot, message, end)
            .unwrap_or(Sent::Whole);
        (id, sent)
    }

    /// Starts a call without a message; `end` if there will be none.
    ///
    /// # Errors
    /// Nothing was sent, and no event will come; see [`StartError`].
    pub fn open(&mut self, template: &Template, token: u64, end: bool) -> Result<u32, StartError> {
        self.ready()?;
        Ok(self.open_stream(template, token, end).0)
    }

    #[inline]
    fn open_stream(&mut self, template: &Template, token: u64, end: bool) -> (u32, usize) {
        let id = self.next;
        self.next += 2;
        self.conn.opened = id;
        let slot = self.conn.new_stream(id, token);
        let stream = self.conn.streams.at(slot);
        stream.closing = end;
        stream.local_closed = end;
        self.conn.send_block(id, template, end);
        (id, slot)
    }

    /// Whether a call can be started now.
    ///
    /// # Errors
    /// Why not.
    #[inline]
    pub fn ready(&self) -> Result<(), StartError> {
        if self.conn.failed.is_some() {
            Err(StartError::Failed)
        } else if self.conn.away_received.is_some() {
            Err(StartError::Draining)
        } else if self.next > MAX_STREAM_ID {
            Err(StartError::Exhausted)
        } else if self.conn.streams.len() as u64 >= u64::from(self.conn.peer.max_concurrent_streams)
        {
            Err(StartError::Busy)
        } else {
            Ok(())
        }
    }

    /// Sends one more message on a call; `end` if it is the last.
    ///
    /// # Errors
    /// The call is over, or its last message was sent.
    #[inline]
    pub fn send<'a>(
        &mut self,
        stream: u32,
        message: impl Into<Outgoing<'a>>,
        end: bool,
    ) -> Result<Sent, Closed> {
        let slot = self.conn.streams.find(stream).ok_or(Closed)?;
        self.conn.send_message(slot, message.into(), end)
    }

    /// Says that there are no more messages on a call.
    ///
    /// # Errors
    /// The call is over, or this was said.
    pub fn finish(&mut self, stream: u32) -> Result<(), Closed> {
        let slot = self.conn.streams.find(stream).ok_or(Closed)?;
        self.conn.send_end(slot)
    }

    /// Takes what was read from the server. Any cut will do; large reads are cheapest.
    ///
    /// # Errors
    /// The server broke the protocol. GOAWAY stands in the output; write it, call [`disconnect`](Self::disconnect),
    /// and close.
    #[inline]
    pub fn receive(
        &mut self,
        bytes: &[u8],
        on: &mut impl ClientEvents,
    ) -> Result<(), ConnectionError> {
        drive::receive(&mut Receiver { client: self, on }, bytes)
    }

    /// Puts queued messages into the output as far as windows and room let it. Call it before writing.
    #[inline]
    pub fn pump(&mut self, on: &mut impl ClientEvents) {
        self.conn.pump(|conn, slot, whole| {
            if whole {
                on.sent(Call::of(conn.streams.get(slot)));
            }
        });
    }

    /// Ends every open call as [`Cause::Disconnected`]: the connection is gone.
    pub fn disconnect(&mut self, on: &mut impl ClientEvents) {
        let error = ConnectionError::new(ErrorCode::NO_ERROR, "disconnected");
        self.conn.failed.get_or_insert(error);
        self.end_above(0, Cause::Disconnected, on);
    }

    /// Ends all calls on streams above `last`.
    fn end_above(&mut self, last: u32, cause: Cause, on: &mut impl ClientEvents) {
        let mut slot = 0;
        while slot < self.conn.streams.capacity() {
            let id = self.conn.streams.get(slot).id;
            if id != 0 && id > last {
                let stream = self.conn.remove(slot);
                on.end(
                    Call::of(&stream),
                    &Outcome::without_trailers(&stream, cause),
                );
            }
            slot += 1;
        }
    }

    /// Says that the connection is done.
    pub fn go_away(&mut self, code: ErrorCode) {
        self.conn.send_go_away(0, code, b"");
    }
}

crate::half::common_half!(Client);

/// The client with its listener.
struct Receiver<'a, H> {
    client: &'a mut Client,
    on: &'a mut H,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Request;

    #[test]
    fn stream_ids_run_out() {
        let mut client = Client::new(&Config::default());
        let template = Template::request(&Request::new("localhost", "/a.B/C"));
        client.next = MAX_STREAM_ID;
        assert_eq!(client.open(&template, 1, true), Ok(MAX_STREAM_ID));
        assert_eq!(client.open(&template, 2, true), Err(StartError::Exhausted));
    }
}
