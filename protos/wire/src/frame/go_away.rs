//! GOAWAY (RFC 9113 6.8).

use super::{Flags, Head, Kind, MAX_STREAM_ID};
use crate::error::{ConnectionError, ErrorCode};

/// The sender takes no streams above the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoAway<'a> {
    /// The last stream that was or may be processed.
    pub last_stream: u32,
    /// Why.
    pub code: ErrorCode,
    /// Words for people.
    pub debug: &'a [u8],
}

impl<'a> GoAway<'a> {
    /// Reads a GOAWAY.
    ///
    /// # Errors
    /// The payload is shorter than eight bytes, or the frame belongs to a stream.
    pub fn load(head: &Head, payload: &'a [u8]) -> Result<Self, ConnectionError> {
        if head.stream != 0 {
            return Err(ConnectionError::protocol("GOAWAY on a stream"));
        }
        let Some((fixed, debug)) = payload.split_first_chunk::<8>() else {
            return Err(ConnectionError::frame_size("GOAWAY is cut short"));
        };
        let [a, b, c, d, e, f, g, h] = *fixed;
        Ok(GoAway {
            last_stream: u32::from_be_bytes([a, b, c, d]) & MAX_STREAM_ID,
            code: ErrorCode(u32::from_be_bytes([e, f, g, h])),
            debug,
        })
    }

    /// Appends the frame.
    pub fn encode(&self, out: &mut Vec<u8>) {
        Head::new(Kind::GOAWAY, Flags::NONE, 0, 8 + self.debug.len()).encode(out);
        out.extend_from_slice(&self.last_stream.to_be_bytes());
        out.extend_from_slice(&self.code.0.to_be_bytes());
        out.extend_from_slice(self.debug);
    }
}
