//! HTTP/2 frames (RFC 9113 4 and 6): the nine-byte head, and what stands behind it for each type.
//!
//! Everything here is pure. `load` reads a payload, `encode` appends a whole frame; nothing knows a stream's state.

mod go_away;
mod head;
mod padding;
mod ping;
mod reset;
mod window_update;

pub use go_away::GoAway;
pub use head::{Flags, HEAD_LEN, Head, Kind};
pub use padding::{strip_padding, strip_priority};
pub use ping::Ping;
pub use reset::Reset;
pub use window_update::WindowUpdate;

/// What a client says first (RFC 9113 3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The largest payload that every peer takes (RFC 9113 4.2).
pub const DEFAULT_MAX_FRAME_SIZE: u32 = 16_384;

/// The largest payload that SETTINGS can ask for (RFC 9113 6.5.2).
pub const LARGEST_MAX_FRAME_SIZE: u32 = (1 << 24) - 1;

/// Stream ids are 31 bits (RFC 9113 4.1).
pub const MAX_STREAM_ID: u32 = (1 << 31) - 1;
