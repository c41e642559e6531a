//! The server half: requests come in, answers go out.
//!
//! Hot; guarded by `benches/call.rs`.

mod receiver;

use std::io::IoSlice;

use self::receiver::Receiver;
use crate::client::Call;
use crate::config::Config;
use crate::conn::Conn;
use crate::counters::{Counters, Stalls};
use crate::drive;
use crate::error::{ConnectionError, ErrorCode, StreamError};
use crate::frame::{MAX_STREAM_ID, PREFACE};
use crate::hpack::FieldList;
use crate::memo::Memo;
use crate::message::{Message, MessageFault, Outgoing, Piece};
use crate::request::RequestFacts;
use crate::send::{Closed, Sent};
use crate::settings::Settings;
use crate::streams::Progress;
use crate::template::Template;

/// A request that begins.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// What [`ServerEvents::route`] made of the fields.
    pub route: u64,
    /// Whether it is a gRPC request: POST, and gRPC's `content-type`.
    pub grpc: bool,
    /// All header fields, pseudo-header fields included.
    pub fields: &'a FieldList,
}

/// Why a stream ended before its answer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aborted {
    /// The client reset it.
    Reset(ErrorCode),
    /// The client broke HTTP/2 on it, and we reset it.
    Malformed(StreamError),
    /// The client's messages broke off or were not messages, and we ended it with INTERNAL or RESOURCE_EXHAUSTED.
    Message(MessageFault),
    /// The connection went.
    Disconnected,
}

/// Hears what a client says. Called from within [`Server::receive`], in the order of the wire. Answers are given
/// afterwards, when `receive` has returned.
pub trait ServerEvents {
    /// Reads a header list that is seen for the first time and says what it stands for, the method above all. The
    /// same number comes with every request that brings the same list, without it being read again.
    fn route(&mut self, fields: &FieldList) -> u64;

    /// A request began. What this gives is the token of the [`Call`]; by default the route.
    fn request(&mut self, stream: u32, request: &Incoming<'_>) -> u64 {
        let _ = stream;
        request.route
    }

    /// A message, or a part of one.
    fn message(&mut self, call: Call, piece: Piece<'_>) {
        let _ = (call, piece);
    }

    /// The client has said all it has to say.
    fn end(&mut self, call: Call);

    /// The stream is gone before its answer was complete: none can be given any more.
    fn aborted(&mut self, call: Call, why: Aborted) {
        let _ = (call, why);
    }

    /// A message that had to wait is in the output, all of it.
    fn sent(&mut self, call: Call) {
        let _ = call;
    }

    /// The client's SETTINGS came, or changed.
    fn settings(&mut self, settings: &Settings) {
        let _ = settings;
    }

    /// The client is about to go.
    fn go_away(&mut self, code: ErrorCode, debug: &[u8]) {
        let _ = (code, debug);
    }

    /// A PING of ours came back.
    fn pong(&mut self, opaque: u64) {
        let _ = opaque;
    }
}

/// The server half of a connection. Bytes in, events and bytes out.
#[derive(Debug)]
pub struct Server {
    pub(crate) conn: Conn,
    memo: Memo<RequestFacts>,
    /// How much of the client's preface has come.
    preface: usize,
    /// The last ids that a client left out, first and last: they are closed, but never were open.
    skipped: (u32, u32),
}

impl Server {
    /// This is a server whose SETTINGS and WINDOW_UPDATE stand in the output.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Server {
            conn: Conn::new(config, false, b""),
            memo: Memo::default(),
            preface: 0,
            skipped: (1, 0),
        }
    }

    /// Begins an answer with header fields.
    ///
    /// # Errors
    /// The stream is over.
    #[inline]
    pub fn respond(&mut self, stream: u32, head: &Template) -> Result<(), Closed> {
        let slot = self.conn.streams.find(stream).ok_or(Closed)?;
        if std::mem::replace(&mut self.conn.streams.at(slot).head, true) {
            return Err(Closed);
        }
        self.conn.send_block(stream, head, false);
        Ok(())
    }

    /// Sends one more message of an answer that has begun.
    ///
    /// # Errors
    /// The stream is over.
    #[inline]
    pub fn send<'a>(
        &mut self,
        stream: u32,
        message: impl Into<Outgoing<'a>>,
    ) -> Result<Sent, Closed> {
        let slot = self.conn.streams.find(stream).ok_or(Closed)?;
        self.conn.send_message(slot, message.into(), false)
    }

    /// Ends an answer with trailers, behind whatever is queued. Without [`respond`](Self::respond) before it, the
    /// answer is trailers-only, and the template needs `:status`.
    ///
    /// # Errors
    /// The stream is over.
    #[inline]
    pub fn trailers(&mut self, stream: u32, trailers: &Template) -> Result<(), Closed> {
        let slot = self.conn.streams.find(stream).ok_or(Closed)?;
        self.conn.send_trailers(slot, trailers)?;
        self.conn.close_answered(slot);
        Ok(())
    }

    /// Ends an answer without trailers, as a server that is not gRPC would.
    ///
    /// # Errors
    /// The stream is over.
    pub fn finish(&mut self, stream: u32) -> Result<(), Closed> {
        let slot = self.conn.streams.find(stream).ok_or(Closed)?;
        self.conn.send_end(slot)?;
        self.conn.close_answered(slot);
        Ok(())
    }

    /// Gives a whole unary answer.
    ///
    /// # Errors
    /// The stream is over.
    #[inline]
    pub fn respond_unary<'a>(
        &mut self,
        stream: u32,
        head: &Template,
        message: impl Into<Outgoing<'a>>,
        trailers: &Template,
    ) -> Result<Sent, Closed> {
        let slot = self.conn.streams.find(stream).ok_or(Closed)?;
        if std::mem::replace(&mut self.conn.streams.at(slot).head, true) {
            return Err(Closed);
        }
        self.conn.send_block(stream, head, false);
        let sent = self.conn.send_message(slot, message.into(), false)?;
        self.conn.send_trailers(slot, trailers)?;
        self.conn.close_answered(slot);
        Ok(sent)
    }

    /// Gives a whole answer that is not gRPC's: a head, and a body of bare bytes.
    ///
    /// # Errors
    /// The stream is over.
    #[cold]
    pub fn respond_plain(
        &mut self,
        stream: u32,
        head: &Template,
        body: &[u8],
    ) -> Result<(), Closed> {
        self.respond(stream, head)?;
        let slot = self.conn.streams.find(stream).ok_or(Closed)?;
        let body = Message::bare(body);
        self.conn.send_message(slot, (&body).into(), true)?;
        self.conn.close_answered(slot);
        Ok(())
    }

    /// Takes what was read from the client. Any cut will do; large reads are cheapest. Do not read on while the
    /// output is long: a client that does not read would make it grow without bound.
    ///
    /// # Errors
    /// The client broke the protocol. GOAWAY stands in the output; write it, call
    /// [`disconnect`](Self::disconnect), and close.
    #[inline]
    pub fn receive(
        &mut self,
        bytes: &[u8],
        on: &mut impl ServerEvents,
    ) -> Result<(), ConnectionError> {
        let bytes = self.take_preface(bytes)?;
        drive::receive(&mut Receiver { server: self, on }, bytes)
    }

    /// RFC 9113 3.4.
    #[inline]
    fn take_preface<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], ConnectionError> {
        if self.preface == PREFACE.len() || self.conn.failed.is_some() {
            return Ok(bytes);
        }
        let missing = &PREFACE[self.preface..];
        let (now, later) = bytes.split_at(missing.len().min(bytes.len()));
        if !missing.starts_with(now) {
            let error = ConnectionError::protocol("not the preface of HTTP/2");
            self.conn.fail(error, 0);
            return Err(error);
        }
        self.preface += now.len();
        self.conn.counters.received.bytes += now.len() as u64;
        Ok(later)
    }

    /// Puts queued messages into the output as far as windows and room let it. Call it before writing.
    #[inline]
    pub fn pump(&mut self, on: &mut impl ServerEvents) {
        self.conn.pump(|conn, slot, whole| {
            if whole {
                on.sent(Call::of(conn.streams.get(slot)));
            }
            conn.close_answered(slot);
        });
    }

    /// Ends every open stream as [`Aborted::Disconnected`]: the connection is gone.
    pub fn disconnect(&mut self, on: &mut impl ServerEvents) {
        let error = ConnectionError::new(ErrorCode::NO_ERROR, "disconnected");
        self.conn.failed.get_or_insert(error);
        for slot in 0..self.conn.streams.capacity() {
            if self.conn.streams.get(slot).id != 0 {
                let stream = self.conn.remove(slot);
                on.aborted(Call::of(&stream), Aborted::Disconnected);
            }
        }
    }

    /// Announces that the connection will be closed, but still takes every stream that is on its way (RFC 9113 6.8).
    /// A round trip later, [`go_away`](Self::go_away) draws the line.
    pub fn announce_go_away(&mut self) {
        self.conn
            .send_go_away(MAX_STREAM_ID, ErrorCode::NO_ERROR, b"");
    }

    /// Says that no streams are taken any more but those that are open; later ones are ignored.
    pub fn go_away(&mut self, code: ErrorCode) {
        self.conn.send_go_away(self.conn.opened, code, b"");
    }

    /// Whether GOAWAY was said and all streams have ended.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.conn.away_sent.is_some() && self.conn.streams.len() == 0
    }
}

crate::half::common_half!(Server);

impl Conn {
    /// Takes out a stream whose answer is complete. A client that is still sending is told to stop (RFC 9113 8.1).
    #[inline]
    fn close_answered(&mut self, slot: usize) {
        let stream = self.streams.get(slot);
        if !stream.local_closed {
            return;
        }
        let (id, ended) = (stream.id, stream.remote_closed);
        self.remove(slot);
        if !ended {
            self.send_reset(id, ErrorCode::NO_ERROR);
        }
    }
}
