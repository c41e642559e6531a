//! Bodies of the fuzz targets: plain functions, which the tests replay over a corpus and random bytes.
//!
//! Each panics where a law is broken.

mod client;
mod codec;
mod pair;
mod server;

pub use self::client::fuzz_client;
pub use self::codec::{fuzz_frames, fuzz_hpack};
pub use self::pair::fuzz_pair;
pub use self::server::fuzz_server;
use crate::frame::{Flags, Head, Kind};
use crate::hpack::Indexing;
use crate::{Call, Cause, ClientEvents, Config, ConnectionError, Outcome, Piece, Settings, Status};

/// Input, taken from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn up_to(&mut self, len: usize) -> &'a [u8] {
        let (now, later) = self.0.split_at(len.min(self.0.len()));
        self.0 = later;
        now
    }
}

/// What a client's listener heard, and that it heard it right.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    ended: Vec<(u64, Status, Cause)>,
    part: std::collections::BTreeMap<u64, usize>,
    messages: Vec<(u64, usize)>,
}

impl Heard {
    fn piece(&mut self, token: u64, piece: Piece<'_>) {
        let part = self.part.entry(token).or_default();
        assert_eq!(*part, piece.offset);
        *part += piece.bytes.len();
        assert!(*part <= piece.len);
        if piece.is_last() {
            *part = 0;
            self.messages.push((token, piece.len));
        }
    }
}

impl ClientEvents for Heard {
    fn message(&mut self, call: Call, piece: Piece<'_>) {
        self.piece(call.token, piece);
    }

    fn end(&mut self, call: Call, outcome: &Outcome<'_>) {
        assert!(
            self.ended.iter().all(|(token, ..)| *token != call.token),
            "ended twice"
        );
        self.ended.push((call.token, outcome.status, outcome.cause));
    }
}

/// A configuration with narrow limits, so that they are met.
fn narrow(choice: u8) -> Config {
    Config {
        header_table_size: [4096, 0, 100, 8192][usize::from(choice & 3)],
        initial_stream_window: [65_535, 10, 1000, 1 << 20][usize::from(choice >> 2 & 3)],
        connection_window: 65_535,
        max_header_list_size: 2000,
        max_concurrent_streams: 4,
        max_message_size: 2000,
        indexing: if choice & 16 == 0 {
            Indexing::Incremental
        } else {
            Indexing::Stateless
        },
        huffman: choice & 32 == 0,
        coalesce: choice & 64 == 0,
        output_high_water: if choice & 128 == 0 { 100 } else { 1 << 16 },
        ..Config::default()
    }
}

/// One frame whose head is put together from a few bytes of the input, so that it is nearly right.
fn peer_frame(data: &mut Bytes<'_>, out: &mut Vec<u8>) -> Option<()> {
    let kind = data.byte()?;
    let flags = data.byte()?;
    let stream = data.byte()?;
    let len = data.byte()?;
    let payload = data.up_to(usize::from(len));
    let head = Head::new(
        Kind(kind % 12),
        Flags(flags),
        u32::from(stream & 0x1f),
        payload.len(),
    );
    head.encode(out);
    out.extend_from_slice(payload);
    Some(())
}

fn settings_frame(out: &mut Vec<u8>) {
    Settings::default().encode(out);
}

fn by_pieces(
    bytes: &[u8],
    len: usize,
    mut receive: impl FnMut(&[u8]) -> Result<(), ConnectionError>,
) -> Result<(), ConnectionError> {
    bytes.chunks(len).try_for_each(&mut receive)
}
