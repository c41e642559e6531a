//! WINDOW_UPDATE (RFC 9113 6.9).

use super::{Flags, Head, Kind, MAX_STREAM_ID};
use crate::error::ConnectionError;

/// More may be sent, on a stream or, for stream 0, on the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowUpdate {
    /// The stream, or 0.
    pub stream: u32,
    /// How much more. Zero is an error of the stream, or of the connection for stream 0, so `load` lets it pass.
    pub increment: u32,
}

impl WindowUpdate {
    /// Reads a WINDOW_UPDATE.
    ///
    /// # Errors
    /// The payload is not four bytes.
    pub fn load(head: &Head, payload: &[u8]) -> Result<Self, ConnectionError> {
        let increment = payload
            .try_into()
            .map_err(|_| ConnectionError::frame_size("WINDOW_UPDATE is not four bytes"))?;
        Ok(WindowUpdate {
            stream: head.stream,
            increment: u32::from_be_bytes(increment) & MAX_STREAM_ID,
        })
    }

    /// Appends the frame.
    pub fn encode(&self, out: &mut Vec<u8>) {
        Head::new(Kind::WINDOW_UPDATE, Flags::NONE, self.stream, 4).encode(out);
        out.extend_from_slice(&self.increment.to_be_bytes());
    }
}
