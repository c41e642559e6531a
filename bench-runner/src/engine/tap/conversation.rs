//! What the frames of a connection mean, both ways: counts, settings, windows, and who said what of an end.
//!
//! **Hot**: every frame of the tonic engine comes by here.
//!
//! # Source
//!
//! RFC 9113: section 6.2 (HEADERS), 6.5 (SETTINGS), 6.7 (PING), 6.8 (GOAWAY), 6.9 (WINDOW_UPDATE).

use reports::model::WireSettings;
use scenarios::units::Nanos;
use wire::ErrorCode;
use wire::flow::DEFAULT_WINDOW;
use wire::frame::{Flags, Head, Kind, strip_padding, strip_priority};

use super::frames::Frames;
use super::lists::Lists;
use super::windows::Windows;
use super::{GREETING, Notes, Seen};
use crate::engine::times::Step;

/// Which way the frames go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// From us.
    Sent,
    /// From the server.
    Received,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Conversation {
    sent: Way,
    received: Way,
    talk: Talk,
}

/// One direction of it.
#[derive(Debug)]
struct Way {
    frames: Frames,
    headers: Headers,
}

/// The header blocks of one direction.
#[derive(Debug, Default)]
struct Headers {
    lists: Lists,
    /// A block that comes in several frames.
    block: Vec<u8>,
}

/// What concerns both directions.
#[derive(Debug)]
struct Talk {
    began: Nanos,
    is_ready: bool,
    /// Whether DATA has come.
    has_received: bool,
    /// Whether the server takes no new streams.
    is_spent: bool,
    /// Whether we said GOAWAY for what the server sent.
    is_broken: bool,
    windows: Windows,
    /// The PING of ours that is to be answered.
    ping: Option<([u8; 8], Nanos)>,
}

impl Conversation {
    /// A connection that was begun then.
    pub(super) fn new(began: Nanos) -> Conversation {
        let way = |frames| Way {
            frames,
            headers: Headers::default(),
        };
        Conversation {
            sent: way(Frames::sent()),
            received: way(Frames::received()),
            talk: Talk {
                began,
                is_ready: false,
                has_received: false,
                is_spent: false,
                is_broken: false,
                windows: Windows::default(),
                ping: None,
            },
        }
    }

    /// Whether the server has said GOAWAY.
    pub(super) fn is_spent(&self) -> bool {
        self.talk.is_spent
    }

    /// Whether we have said GOAWAY, and not in good order.
    pub(super) fn is_broken(&self) -> bool {
        self.talk.is_broken
    }

    /// Follows what passed one way.
    pub(super) fn pass(&mut self, direction: Direction, bytes: &[u8], seen: &Seen) {
        let mut notes = seen.notes();
        notes.bytes(direction, bytes);
        let Conversation {
            sent,
            received,
            talk,
        } = self;
        let way = match direction {
            Direction::Sent => sent,
            Direction::Received => received,
        };
        way.frames.pass(bytes, |head, payload| {
            notes.count(direction, head.kind);
            match head.kind {
                Kind::DATA => {
                    notes.data(direction, head);
                    talk.data(direction, head);
                }
                Kind::HEADERS | Kind::CONTINUATION => {
                    way.headers.take(direction, head, payload, &mut notes);
                    talk.headers(direction, head);
                }
                Kind::RST_STREAM => {
                    talk.windows.close(head.stream);
                    notes.reset(direction, code(payload));
                }
                Kind::WINDOW_UPDATE => {
                    talk.widened(direction, head.stream, number(payload), &mut notes);
                }
                Kind::SETTINGS if !head.flags.has(Flags::ACK) => {
                    talk.settings(direction, payload, seen, &mut notes);
                }
                Kind::PING => talk.ping(direction, head.flags, payload, seen),
                Kind::GOAWAY => {
                    let code = code(payload.get(4..).unwrap_or_default());
                    talk.go_away(direction, code);
                    notes.go_away(direction, code);
                }
                _ => {}
            }
        });
        notes.stalled(talk.windows.stalls(), &seen.clock);
    }
}

impl Headers {
    /// Takes a part of a header block; counts the block when it is whole.
    fn take(&mut self, direction: Direction, head: &Head, payload: &[u8], notes: &mut Notes) {
        let is_first = head.kind == Kind::HEADERS;
        let part = match is_first {
            // Padding that does not fit is an error that the client finds for itself.
            true => strip_padding(head.flags, payload)
                .and_then(|block| strip_priority(head.flags, block))
                .unwrap_or(payload),
            false => payload,
        };
        let is_whole = payload.len() == head.len as usize;
        let ends = head.flags.has(Flags::END_HEADERS);
        let list = match (is_first && ends, ends) {
            _ if !is_whole => None,
            (true, _) => self.lists.list_bytes(part),
            (false, true) => {
                self.block.extend_from_slice(part);
                let list = self.lists.list_bytes(&self.block);
                self.block.clear();
                list
            }
            (false, false) => {
                if is_first {
                    self.block.clear();
                }
                self.block.extend_from_slice(part);
                Some(0)
            }
        };
        notes.headers(direction, part.len() as u64, list);
    }
}

impl Talk {
    #[inline]
    fn data(&mut self, direction: Direction, head: &Head) {
        let ends = head.flags.has(Flags::END_STREAM);
        match direction {
            Direction::Sent => self.windows.data(head.stream, head.len, ends),
            Direction::Received => {
                self.has_received = true;
                if ends {
                    self.windows.close(head.stream);
                }
            }
        }
    }

    #[inline]
    fn headers(&mut self, direction: Direction, head: &Head) {
        if head.kind == Kind::CONTINUATION {
            return;
        }
        // A server that has answered to the end takes no more.
        if head.flags.has(Flags::END_STREAM) {
            self.windows.close(head.stream);
        } else if direction == Direction::Sent {
            self.windows.open(head.stream);
        }
    }

    fn widened(&mut self, direction: Direction, stream: u32, increment: u32, notes: &mut Notes) {
        match direction {
            Direction::Received => {
                if let Some(window) = self.windows.widen(stream, increment) {
                    notes.wire.server_settings.initial_connection_window = Some(window);
                }
            }
            // What a client says before it has received anything is no giving back.
            Direction::Sent if stream == 0 && !self.has_received => {
                let window = DEFAULT_WINDOW.saturating_add(increment);
                notes.wire.client_settings.initial_connection_window = Some(window);
            }
            Direction::Sent => {}
        }
    }

    fn settings(&mut self, direction: Direction, payload: &[u8], seen: &Seen, notes: &mut Notes) {
        let new = announced(payload);
        match direction {
            Direction::Sent => update(&mut notes.wire.client_settings, new),
            Direction::Received => {
                update(&mut notes.wire.server_settings, new);
                self.windows.settings(&new);
                seen.allow(new.max_concurrent_streams);
                if !std::mem::replace(&mut self.is_ready, true) {
                    seen.took(Step::Ready, seen.clock.now().since(self.began));
                }
            }
        }
    }

    fn go_away(&mut self, direction: Direction, code: ErrorCode) {
        match direction {
            Direction::Sent => self.is_broken |= code != ErrorCode::NO_ERROR,
            Direction::Received => self.is_spent = true,
        }
    }

    fn ping(&mut self, direction: Direction, flags: Flags, payload: &[u8], seen: &Seen) {
        let Ok(opaque) = payload.try_into() else {
            return;
        };
        match (direction, flags.has(Flags::ACK)) {
            (Direction::Sent, false) => self.ping = Some((opaque, seen.clock.now())),
            (Direction::Received, true) => {
                if let Some((_, at)) = self.ping.take_if(|(asked, _)| *asked == opaque) {
                    seen.took(Step::Ping, seen.clock.now().since(at));
                }
            }
            _ => {}
        }
    }
}

impl Notes {
    #[inline]
    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        match direction {
            Direction::Sent => self.wire.bytes_sent += bytes.len() as u64,
            Direction::Received => {
                if self.wire.bytes_received == 0 {
                    self.greeting = bytes[..bytes.len().min(GREETING)].to_vec();
                }
                self.wire.bytes_received += bytes.len() as u64;
            }
        }
    }

    #[inline]
    fn count(&mut self, direction: Direction, kind: Kind) {
        let wire = &mut self.wire;
        let (frames, updates) = match direction {
            Direction::Sent => (&mut wire.frames_sent, &mut wire.window_updates_sent),
            Direction::Received => (&mut wire.frames_received, &mut wire.window_updates_received),
        };
        *frames += 1;
        *updates += u64::from(kind == Kind::WINDOW_UPDATE);
    }

    #[inline]
    fn data(&mut self, direction: Direction, head: &Head) {
        let bytes = match direction {
            Direction::Sent => &mut self.wire.data_bytes_sent,
            Direction::Received => &mut self.wire.data_bytes_received,
        };
        *bytes += u64::from(head.len);
    }

    #[inline]
    fn headers(&mut self, direction: Direction, block: u64, list: Option<u64>) {
        let wire = &mut self.wire;
        let (blocks, lists) = match direction {
            Direction::Sent => (
                &mut wire.header_bytes_sent,
                &mut wire.header_list_bytes_sent,
            ),
            Direction::Received => (
                &mut wire.header_bytes_received,
                &mut wire.header_list_bytes_received,
            ),
        };
        *blocks += block;
        // After a block that was not understood none is: the table is lost.
        *lists = lists.zip(list).map(|(lists, list)| lists + list);
    }

    fn reset(&mut self, direction: Direction, code: ErrorCode) {
        let reason = format!("{} {code}", direction.who());
        *self.wire.resets.entry(reason).or_default() += 1;
    }

    fn go_away(&mut self, direction: Direction, code: ErrorCode) {
        // A client that closes in good order says GOAWAY too; only reasons are worth a note.
        if direction == Direction::Received || code != ErrorCode::NO_ERROR {
            let reason = format!("{} {code}", direction.who());
            *self.wire.goaway.entry(reason).or_default() += 1;
        }
    }
}

impl Direction {
    fn who(self) -> &'static str {
        match self {
            Direction::Sent => "client",
            Direction::Received => "server",
        }
    }
}

/// The settings of a SETTINGS payload: a list of 16-bit names with 32-bit values.
fn announced(payload: &[u8]) -> WireSettings {
    let mut settings = WireSettings::default();
    for entry in payload.chunks_exact(6) {
        let value = Some(number(&entry[2..]));
        match u16::from_be_bytes([entry[0], entry[1]]) {
            1 => settings.header_table_size = value,
            3 => settings.max_concurrent_streams = value,
            4 => settings.initial_stream_window = value,
            5 => settings.max_frame_size = value,
            _ => {}
        }
    }
    settings
}

/// Adds what a later frame announced to what is known.
fn update(known: &mut WireSettings, new: WireSettings) {
    known.header_table_size = new.header_table_size.or(known.header_table_size);
    known.max_concurrent_streams = new.max_concurrent_streams.or(known.max_concurrent_streams);
    known.initial_stream_window = new.initial_stream_window.or(known.initial_stream_window);
    known.max_frame_size = new.max_frame_size.or(known.max_frame_size);
}

fn code(payload: &[u8]) -> ErrorCode {
    ErrorCode(number(payload))
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .take(4)
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}
