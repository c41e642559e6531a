//! What both halves share: the state of one connection, apart from what its streams mean.

use crate::answer::Answer;
use crate::closed::ResetStreams;
use crate::config::{Config, Limits};
use crate::counters::{Counters, Stalls};
use crate::error::{ConnectionError, ErrorCode};
use crate::farewell::Farewell;
use crate::flow::{DEFAULT_WINDOW, Inbound, MAX_WINDOW, Window};
use crate::frame::{GoAway, Kind, Ping, Reset, WindowUpdate};
use crate::hpack::{DEFAULT_TABLE_SIZE, Decoder, Encoder};
use crate::message::MessageRules;
use crate::outbox::Outbox;
use crate::output::Output;
use crate::settings::Settings;
use crate::streams::{NIL, Stream, Streams};
use crate::template::Blocks;

/// One connection.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) output: Output,
    pub(crate) counters: Counters,
    pub(crate) streams: Streams,
    pub(crate) outbox: Outbox,

    /// A frame of which a part is there.
    pub(crate) partial: Vec<u8>,
    pub(crate) assembly: Assembly,
    pub(crate) decoder: Decoder,
    pub(crate) encoder: Encoder,
    pub(crate) blocks: Blocks,

    /// Ours, and whether the peer has acknowledged them.
    pub(crate) local: Settings,
    pub(crate) local_acked: bool,
    /// The peer's, and whether they have come.
    pub(crate) peer: Settings,
    pub(crate) peer_known: bool,
    /// How far the peer opened the connection's window before it had anything to give back.
    pub(crate) peer_window: u32,

    /// What we may send, and what the peer may.
    pub(crate) window: Window,
    pub(crate) inbound: Inbound,
    pub(crate) inbound_size: u32,

    /// The highest stream that was opened, whichever half opens them.
    pub(crate) opened: u32,
    pub(crate) reset: ResetStreams,
    /// The last stream of the GOAWAY that came, and of the one that went.
    pub(crate) away_received: Option<u32>,
    pub(crate) away_sent: Option<u32>,
    pub(crate) farewell: Option<Farewell>,
    pub(crate) failed: Option<ConnectionError>,

    pub(crate) max_message_size: u32,
    pub(crate) compressed_messages: bool,
    pub(crate) max_block_size: usize,
    pub(crate) output_high_water: usize,
    pub(crate) coalesce: bool,
    pub(crate) hold_streams: bool,
    pub(crate) hold_connection: bool,
    pub(crate) limits: Limits,
    pub(crate) control: Allowance,
    pub(crate) rapid_resets: Allowance,
    pub(crate) stream_errors: Allowance,
    /// How often `receive` was called.
    pub(crate) reads: u64,
}

/// A header block that comes in several frames (RFC 9113 4.3).
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    /// The stream, 0 while no block is open.
    pub(crate) stream: u32,
    pub(crate) end_stream: bool,
    pub(crate) block: Vec<u8>,
    pub(crate) continuations: u32,
}

impl Conn {
    /// This is a connection on which our SETTINGS stand in the output.
    pub(crate) fn new(config: &Config, client: bool, preface: &[u8]) -> Self {
        let local = config.settings(client);
        let inbound_size = config.connection_window.clamp(DEFAULT_WINDOW, MAX_WINDOW);
        let mut conn = Conn {
            output: Output::default(),
            counters: Counters::default(),
            streams: Streams::default(),
            outbox: Outbox::default(),
            partial: Vec::new(),
            assembly: Assembly::default(),
            // Until our SETTINGS are acknowledged the peer's encoder may go by the default.
            decoder: Decoder::new(
                local.header_table_size.max(DEFAULT_TABLE_SIZE),
                local.max_header_list_size,
            ),
            encoder: Encoder::new(config.indexing, config.huffman),
            blocks: Blocks::default(),
            local,
            local_acked: false,
            // A server never takes pushes, and it is an error to say otherwise (RFC 9113 6.5.2).
            peer: Settings {
                enable_push: !client,
                ..Settings::default()
            },
            peer_known: false,
            peer_window: DEFAULT_WINDOW,
            window: Window::new(DEFAULT_WINDOW),
            inbound: Inbound::new(inbound_size),
            inbound_size,
            opened: 0,
            reset: ResetStreams::default(),
            away_received: None,
            away_sent: None,
            farewell: None,
            failed: None,
            max_message_size: config.max_message_size,
            compressed_messages: config.compressed_messages,
            max_block_size: config.max_block_size(),
            output_high_water: config.output_high_water.max(1),
            coalesce: config.coalesce,
            hold_streams: config.hold_streams,
            hold_connection: config.hold_connection,
            limits: config.limits,
            control: Allowance::new(config.limits.control),
            rapid_resets: Allowance::new(config.limits.rapid_resets),
            stream_errors: Allowance::new(config.limits.stream_errors),
            reads: 0,
        };
        conn.output.frames().extend_from_slice(preface);
        conn.counters.sent.frame(Kind::SETTINGS);
        local.encode(conn.output.frames());
        if inbound_size > DEFAULT_WINDOW {
            conn.update_window(0, inbound_size - DEFAULT_WINDOW);
        }
        conn
    }

    /// A stream that was never opened. Even ids are those of pushes, which are not allowed.
    pub(crate) fn is_idle(&self, id: u32) -> bool {
        id.is_multiple_of(2) || id > self.opened
    }

    /// Puts in a new stream, with the windows that are right for it now, and tells its slot.
    #[inline(always)]
    pub(crate) fn new_stream(&mut self, id: u32, token: u64) -> usize {
        // What the peer sends before it knows our SETTINGS goes by the default, so the wider of the two is granted.
        let inbound = if self.local_acked {
            self.local.initial_window_size
        } else {
            self.local.initial_window_size.max(DEFAULT_WINDOW)
        };
        let slot = self.streams.claim(id);
        let (window, held) = (self.peer.initial_window_size, self.hold_streams);
        let stream = self.streams.at(slot);
        *stream = Stream::new(id, token, window, inbound, self.reads);
        stream.held = held;
        slot
    }

    /// Takes a stream out, with all that it has queued and all that it owes.
    #[inline]
    pub(crate) fn remove(&mut self, slot: usize) -> Stream {
        if self.streams.get(slot).first != NIL {
            self.outbox.clear(&mut self.streams, slot);
        }
        let stream = *self.streams.get(slot);
        self.streams.remove(slot);
        if stream.owed > 0 && self.hold_connection {
            self.release_connection(stream.owed);
        }
        stream
    }

    /// The messages that a stream may bring.
    #[inline]
    pub(crate) fn rules(&self, encoded: bool) -> MessageRules {
        MessageRules {
            max_len: self.max_message_size,
            compressed: encoded && self.compressed_messages,
        }
    }

    /// Whether an answer breaks no rule of the connection's, and is too short to be worth a WINDOW_UPDATE of its stream.
    #[inline]
    pub(crate) fn takes_whole(&self, answer: &Answer<'_>) -> bool {
        let longest = self.local.max_frame_size as usize;
        self.peer_known
            && self.assembly.stream == 0
            && answer.head.len().max(answer.trailers.len()) <= longest
            && answer.data_len() <= longest
            && answer.data_len() < self.local.initial_window_size as usize / 2
            && answer.message.len() <= self.max_message_size as usize
    }

    // === flow control of what we receive ===

    /// DATA of a stream was consumed, or will be by a slow reader.
    #[inline]
    pub(crate) fn consume(&mut self, slot: usize, len: u32) {
        let stream = self.streams.at(slot);
        if !stream.held {
            self.release_stream(slot, len);
            self.release_connection(len);
        } else {
            stream.owed += len;
            if !self.hold_connection {
                self.release_connection(len);
            }
        }
    }

    /// DATA was consumed, as far as its stream is concerned.
    #[inline]
    fn release_stream(&mut self, slot: usize, len: u32) {
        let stream = self.streams.at(slot);
        if !stream.remote_closed
            && let Some(increment) = stream.inbound.release(len, self.local.initial_window_size)
        {
            let id = stream.id;
            self.update_window(id, increment);
        }
    }

    /// A part of what a held stream owes is given back.
    fn release_owed(&mut self, slot: usize, len: u32) {
        self.streams.at(slot).owed -= len;
        self.release_stream(slot, len);
        if self.hold_connection {
            self.release_connection(len);
        }
    }

    /// DATA was consumed, as far as the connection is concerned.
    #[inline]
    pub(crate) fn release_connection(&mut self, len: u32) {
        if let Some(increment) = self.inbound.release(len, self.inbound_size) {
            self.update_window(0, increment);
        }
    }

    fn update_window(&mut self, stream: u32, increment: u32) {
        self.counters.sent.frame(Kind::WINDOW_UPDATE);
        self.counters.sent.connection_window_updates += u64::from(stream == 0);
        WindowUpdate { stream, increment }.encode(self.output.frames());
    }

    /// Lets a reader be slow, or fast again.
    pub(crate) fn hold(&mut self, id: u32, held: bool) {
        let Some(slot) = self.streams.find(id) else {
            return;
        };
        let stream = self.streams.at(slot);
        stream.held = held;
        let owed = stream.owed;
        if !held && owed > 0 {
            self.release_owed(slot, owed);
        }
    }

    /// Gives back a part of what a held stream owes.
    pub(crate) fn give_back(&mut self, id: u32, len: u32) {
        let Some(slot) = self.streams.find(id) else {
            return;
        };
        let len = len.min(self.streams.get(slot).owed);
        self.release_owed(slot, len);
    }

    // === frames of the connection ===

    /// Sends RST_STREAM. What the peer still sends on the stream is ignored.
    pub(crate) fn send_reset(&mut self, stream: u32, code: ErrorCode) {
        self.counters.sent.frame(Kind::RST_STREAM);
        self.counters.sent.reset(code);
        Reset { stream, code }.encode(self.output.frames());
        self.reset.push(stream);
    }

    /// Sends PING.
    pub(crate) fn ping(&mut self, opaque: u64) {
        self.send_ping(Ping {
            ack: false,
            opaque: opaque.to_be_bytes(),
        });
    }

    pub(crate) fn send_ping(&mut self, ping: Ping) {
        self.counters.sent.frame(Kind::PING);
        ping.encode(self.output.frames());
    }

    /// Sends GOAWAY.
    pub(crate) fn send_go_away(&mut self, last_stream: u32, code: ErrorCode, debug: &[u8]) {
        self.away_sent = Some(last_stream);
        self.counters.sent.frame(Kind::GOAWAY);
        self.counters.sent.go_away(code);
        let frame = GoAway {
            last_stream,
            code,
            debug,
        };
        frame.encode(self.output.frames());
    }

    /// The connection is over by an error of the peer.
    pub(crate) fn fail(&mut self, error: ConnectionError, last_stream: u32) {
        self.failed = Some(error);
        self.send_go_away(last_stream, error.code, error.reason.as_bytes());
    }

    /// An answer that the peer makes us queue.
    pub(crate) fn answer(&mut self) -> Result<(), ConnectionError> {
        self.output.answers += 1;
        if self.output.answers > self.limits.unread_answers {
            return Err(ConnectionError::calm("too many answers are not read"));
        }
        Ok(())
    }

    /// Charges one of the peer's bad manners.
    pub(crate) fn charge(
        &mut self,
        which: impl FnOnce(&mut Self) -> &mut Allowance,
        reason: &'static str,
    ) -> Result<(), ConnectionError> {
        let earned = self.reads * u64::from(self.limits.refill)
            + self.counters.received.messages
            + self.counters.sent.messages;
        if which(self).charge(earned) {
            Ok(())
        } else {
            Err(ConnectionError::calm(reason))
        }
    }

    // === what is asked about it ===

    /// Whether messages wait, for windows or for room.
    pub(crate) fn is_queueing(&self) -> bool {
        self.outbox.first_ready().is_some() || self.outbox.stalled > 0
    }

    pub(crate) fn stalls(&self) -> Stalls {
        Stalls {
            streams: self.outbox.stalled,
            connection: self.outbox.first_ready().is_some() && self.window.available() == 0,
        }
    }

    /// `len` bytes of the output were written.
    #[inline]
    pub(crate) fn advance(&mut self, len: usize) {
        self.counters.sent.bytes += len as u64;
        self.output.advance(len);
    }
}

/// What is left of one of the [`Limits`].
#[derive(Debug)]
pub(crate) struct Allowance {
    left: u32,
    max: u32,
    /// What had been earned when it was last filled.
    mark: u64,
}

impl Allowance {
    fn new(max: u32) -> Self {
        Allowance {
            left: max,
            max,
            mark: 0,
        }
    }

    /// Takes one; false where none is left. What was earned since the last time is only looked at then, so that
    /// earning costs nothing.
    fn charge(&mut self, earned: u64) -> bool {
        if self.left == 0 {
            self.left = (earned - self.mark).min(u64::from(self.max)) as u32;
            self.mark = earned;
        }
        let some = self.left > 0;
        self.left -= u32::from(some);
        some
    }
}
