//! The client half: calls go out, answers come in.
//!
//! Hot; guarded by `benches/call.rs`.

mod receiver;

use std::io::IoSlice;

use self::receiver::Receiver;
use crate::config::Config;
use crate::conn::Conn;
use crate::counters::{Counters, Stalls};
use crate::drive;
use crate::error::{ConnectionError, ErrorCode};
use crate::frame::{MAX_STREAM_ID, PREFACE};
use crate::memo::Memo;
use crate::message::{Message, Outgoing, Piece};
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
