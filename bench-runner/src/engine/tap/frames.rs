//! HTTP/2 frames as they pass: the headers of all, the payloads of the few that say how a connection is set up or ends.
//!
//! # Source
//!
//! RFC 9113: section 3.4 (preface), 4.1 (frame format), 6.5 (SETTINGS), 6.8 (GOAWAY), 6.9 (WINDOW_UPDATE).

use std::fmt;

use reports::model::WireSettings;

const PREFACE: usize = 24;
const HEADER: usize = 9;
/// The longest payload that is looked into; SETTINGS of a sane peer are far shorter.
const LONGEST: usize = 1024;
const DEFAULT_WINDOW: u32 = 65_535;

const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;
const GOAWAY: u8 = 0x7;
const WINDOW_UPDATE: u8 = 0x8;
const CONTINUATION: u8 = 0x9;
const ACK: u8 = 0x1;

/// Which way the frames go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// From us.
    Sent,
    /// From the server.
    Received,
}

/// Something worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noticed {
    /// The settings that one SETTINGS frame announced.
    Settings(WireSettings),
    /// The connection's window after its first update.
    ConnectionWindow(u32),
    /// A GOAWAY frame.
    Goaway(h2::Reason),
    /// A RST_STREAM frame.
    Reset(h2::Reason),
}

/// What passed at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) frames: u64,
    pub(super) window_updates: u64,
    /// Bytes of header blocks, padding and priority included where there are any.
    pub(super) header_bytes: u64,
}

/// Follows one direction of one connection.
#[derive(Debug)]
pub(super) struct Frames {
    /// Bytes of the current frame, or of the preface, still to be passed over.
    skip: usize,
    /// The current header, and the payload after it where it is looked into.
    held: Vec<u8>,
    /// How long `held` must get.
    wanted: usize,
    at_start: bool,
    window_known: bool,
}

impl Frames {
    pub(super) fn new(direction: Direction) -> Frames {
        let skip = if direction == Direction::Sent {
            PREFACE
        } else {
            0
        };
        Frames {
            skip,
            held: Vec::with_capacity(HEADER + 64),
            wanted: HEADER,
            at_start: true,
            window_known: false,
        }
    }

    /// Whether nothing has passed yet.
    pub(super) fn is_at_start(&self) -> bool {
        self.at_start
    }

    /// Follows the next bytes; tells what frame headers were among them.
    pub(super) fn pass(&mut self, mut bytes: &[u8], mut notice: impl FnMut(Noticed)) -> Passed {
        self.at_start = false;
        let mut passed = Passed::default();
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let taken = (self.wanted - self.held.len()).min(bytes.len());
            self.held.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if self.held.len() == self.wanted && self.skip == 0 {
                if self.wanted == HEADER {
                    self.count(&mut passed);
                }
                self.advance(&mut notice);
            }
        }
        passed
    }

    fn count(&self, passed: &mut Passed) {
        passed.frames += 1;
        match self.held[3] {
            HEADERS | CONTINUATION => passed.header_bytes += self.length() as u64,
            WINDOW_UPDATE => passed.window_updates += 1,
            _ => {}
        }
    }

    /// The length that the current header announces.
    fn length(&self) -> usize {
        usize::from(self.held[0]) << 16 | usize::from(self.held[1]) << 8 | usize::from(self.held[2])
    }

    /// A header, or a header with its payload, is complete.
    fn advance(&mut self, notice: &mut impl FnMut(Noticed)) {
        let length = self.length();
        let looked_into = self.wants_payload() && length <= LONGEST;
        if looked_into && self.wanted == HEADER && length > 0 {
            self.wanted = HEADER + length;
            return;
        }
        if looked_into && let Some(noticed) = self.read() {
            notice(noticed);
        }
        self.skip = if looked_into { 0 } else { length };
        self.held.clear();
        self.wanted = HEADER;
    }

    fn wants_payload(&self) -> bool {
        let stream = &self.held[5..HEADER];
        match self.held[3] {
            SETTINGS => self.held[4] & ACK == 0,
            GOAWAY | RST_STREAM => true,
            WINDOW_UPDATE => stream == [0; 4] && !self.window_known,
            _ => false,
        }
    }

    fn read(&mut self) -> Option<Noticed> {
        let (header, payload) = self.held.split_at(HEADER);
        match header[3] {
            SETTINGS => Some(Noticed::Settings(announced(payload))),
            GOAWAY => Some(Noticed::Goaway(number(payload.get(4..8)?).into())),
            RST_STREAM => Some(Noticed::Reset(number(payload.get(..4)?).into())),
            _ => {
                self.window_known = true;
                Some(Noticed::ConnectionWindow(
                    number(payload.get(..4)?).saturating_add(DEFAULT_WINDOW),
                ))
            }
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

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .take(4)
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// Adds what a later frame announced to what is known.
pub(super) fn update(known: &mut WireSettings, new: WireSettings) {
    known.header_table_size = new.header_table_size.or(known.header_table_size);
    known.max_concurrent_streams = new.max_concurrent_streams.or(known.max_concurrent_streams);
    known.initial_stream_window = new.initial_stream_window.or(known.initial_stream_window);
    known.max_frame_size = new.max_frame_size.or(known.max_frame_size);
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Direction::Sent => "client",
            Direction::Received => "server",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A preface, SETTINGS (window 65,536, 100 streams), WINDOW_UPDATE on stream 0, HEADERS, DATA, GOAWAY 11.
    fn conversation() -> Vec<u8> {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend([
            0, 0, 12, 4, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0, 3, 0, 0, 0, 100,
        ]);
        bytes.extend([0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 15, 0, 1]);
        bytes.extend([0, 0, 3, 1, 4, 0, 0, 0, 1, 1, 2, 3]);
        bytes.extend([0, 0, 0, 0, 1, 0, 0, 0, 1]);
        bytes.extend([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 11]);
        bytes
    }

    #[test]
    fn frames_are_followed_however_the_bytes_are_cut() {
        let bytes = conversation();
        let mut seen = Vec::new();
        for size in 1..=bytes.len() {
            let mut frames = Frames::new(Direction::Sent);
            let mut noticed = Vec::new();
            let mut all = Passed::default();
            for part in bytes.chunks(size) {
                let passed = frames.pass(part, |n| noticed.push(n));
                all.frames += passed.frames;
                all.window_updates += passed.window_updates;
                all.header_bytes += passed.header_bytes;
            }
            let expected = Passed {
                frames: 5,
                window_updates: 1,
                header_bytes: 3,
            };
            assert_eq!(all, expected, "cut every {size} bytes");
            seen.push(noticed);
        }
        assert!(seen.iter().all(|noticed| *noticed == seen[0]));
        let settings = WireSettings {
            initial_stream_window: Some(65_536),
            max_concurrent_streams: Some(100),
            ..WireSettings::default()
        };
        assert_eq!(
            seen[0],
            [
                Noticed::Settings(settings),
                Noticed::ConnectionWindow(65_535 + (15 << 16) + 1),
                Noticed::Goaway(h2::Reason::ENHANCE_YOUR_CALM)
            ]
        );
    }

    #[test]
    fn any_bytes_are_passed_over_without_a_panic() {
        let mut frames = Frames::new(Direction::Received);
        for start in 0..=255u8 {
            let bytes: Vec<u8> = (0..2_000u32)
                .map(|n| (n.wrapping_mul(31) as u8).wrapping_add(start))
                .collect();
            frames.pass(&bytes, |_| {});
        }
    }
}
