//! One direction of a connection, cut into frames as it passes: their heads, and the payloads of the few kinds that
//! say more than they carry.
//!
//! # Source
//!
//! RFC 9113: section 3.4 (preface), 4.1 (frame format).

use wire::frame::{HEAD_LEN, Head, Kind, PREFACE};

/// The longest SETTINGS that are looked into; those of a sane peer are far shorter.
const LONGEST_SETTINGS: usize = 1020;
/// The longest part of a header block that is looked into.
const LONGEST_BLOCK: usize = 64 << 10;

/// Follows one direction of one connection.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// Bytes of the current frame, or of the preface, still to be passed over.
    skip: usize,
    /// The beginning of a frame that was cut off.
    held: Vec<u8>,
}

impl Frames {
    /// What a client sends: the preface comes first.
    pub(super) fn sent() -> Frames {
        Frames {
            skip: PREFACE.len(),
            held: Vec::new(),
        }
    }

    /// What a server sends.
    pub(super) fn received() -> Frames {
        Frames::default()
    }

    /// Follows the next bytes, however they are cut; `hear` is told of each frame once its head and what is looked
    /// into of its payload have passed. A payload that is longer than that is cut short.
    #[inline]
    pub(super) fn pass(&mut self, mut bytes: &[u8], mut hear: impl FnMut(&Head, &[u8])) {
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return;
            }
            let (from, is_held) = if self.held.is_empty() {
                (bytes, false)
            } else {
                let missing = missing(&self.held).min(bytes.len());
                self.held.extend_from_slice(&bytes[..missing]);
                bytes = &bytes[missing..];
                (self.held.as_slice(), true)
            };
            if missing(from) == 0 {
                let (head, payload) = split(from);
                hear(&head, payload);
                self.skip = head.len as usize - payload.len();
                let used = HEAD_LEN + payload.len();
                if is_held {
                    self.held.clear();
                } else {
                    bytes = &bytes[used..];
                }
            } else if !is_held {
                self.held.extend_from_slice(bytes);
                return;
            }
        }
    }
}

/// How many bytes a frame still lacks, as far as is known: of its head, or of what is looked into behind it.
#[inline]
fn missing(frame: &[u8]) -> usize {
    match frame.first_chunk() {
        None => HEAD_LEN - frame.len(),
        Some(head) => (HEAD_LEN + looked_into(&Head::load(head))).saturating_sub(frame.len()),
    }
}

/// A head and what is looked into behind it, of which nothing is missing.
#[inline]
fn split(frame: &[u8]) -> (Head, &[u8]) {
    let (head, rest) = frame.split_first_chunk().expect("a whole head");
    let head = Head::load(head);
    (head, &rest[..looked_into(&head)])
}

/// How much of a frame's payload is looked into.
#[inline]
fn looked_into(head: &Head) -> usize {
    let most = match head.kind {
        Kind::HEADERS | Kind::CONTINUATION => LONGEST_BLOCK,
        Kind::SETTINGS => LONGEST_SETTINGS,
        Kind::GOAWAY | Kind::PING => 8,
        Kind::RST_STREAM | Kind::WINDOW_UPDATE => 4,
        _ => 0,
    };
    most.min(head.len as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: Kind, stream: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 0, kind.0, 0, 0, 0, 0, stream];
        bytes[..3].copy_from_slice(&(payload.len() as u32).to_be_bytes()[1..]);
        bytes.extend(payload);
        bytes
    }

    fn heard(bytes: &[u8], cut: usize) -> Vec<(u8, u32, Vec<u8>)> {
        let mut frames = Frames::sent();
        let mut heard = Vec::new();
        for part in bytes.chunks(cut) {
            frames.pass(part, |head, payload| {
                heard.push((head.kind.0, head.len, payload.to_vec()));
            });
        }
        heard
    }

    #[test]
    fn frames_are_followed_however_the_bytes_are_cut() {
        let goaway = [0, 0, 0, 1, 0, 0, 0, 11, b'm', b'u', b'c', b'h'];
        let bytes = [
            PREFACE.to_vec(),
            frame(Kind::SETTINGS, 0, &[0, 3, 0, 0, 0, 100]),
            frame(Kind::SETTINGS, 0, &[]),
            frame(Kind::HEADERS, 1, &[0x88, 0x5f]),
            frame(Kind::DATA, 1, &[7; 300]),
            frame(Kind::DATA, 1, &[]),
            frame(Kind::PING, 0, &[1, 2, 3, 4, 5, 6, 7, 8]),
            frame(Kind::WINDOW_UPDATE, 0, &[0, 1, 0, 0]),
            frame(Kind(0xfa), 9, &[1; 20]),
            frame(Kind::GOAWAY, 0, &goaway),
            frame(Kind::RST_STREAM, 3, &[0, 0, 0, 8]),
        ]
        .concat();
        let expected = vec![
            (4, 6, vec![0, 3, 0, 0, 0, 100]),
            (4, 0, vec![]),
            (1, 2, vec![0x88, 0x5f]),
            (0, 300, vec![]),
            (0, 0, vec![]),
            (6, 8, vec![1, 2, 3, 4, 5, 6, 7, 8]),
            (8, 4, vec![0, 1, 0, 0]),
            (0xfa, 20, vec![]),
            (7, 12, goaway[..8].to_vec()),
            (3, 4, vec![0, 0, 0, 8]),
        ];
        for cut in 1..=bytes.len() {
            assert_eq!(heard(&bytes, cut), expected, "cut every {cut} bytes");
        }
    }

    #[test]
    fn any_bytes_are_passed_over_without_a_panic() {
        let mut frames = Frames::received();
        for start in 0..=255u8 {
            let bytes: Vec<u8> = (0..2_000u32)
                .map(|n| (n.wrapping_mul(31) as u8).wrapping_add(start))
                .collect();
            frames.pass(&bytes, |_, _| {});
        }
    }
}
