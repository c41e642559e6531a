//! RST_STREAM (RFC 9113 6.4).

use super::{Flags, Head, Kind};
use crate::error::{ConnectionError, ErrorCode};

/// The end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset {
    /// The stream.
    pub stream: u32,
    /// Why.
    pub code: ErrorCode,
}

impl Reset {
    /// Reads a RST_STREAM.
    ///
    /// # Errors
    /// The payload is not four bytes, or the frame belongs to no stream.
    pub fn load(head: &Head, payload: &[u8]) -> Result<Self, ConnectionError> {
        if head.stream == 0 {
            return Err(ConnectionError::protocol("RST_STREAM on stream 0"));
        }
        let code = payload
            .try_into()
            .map_err(|_| ConnectionError::frame_size("RST_STREAM is not four bytes"))?;
        Ok(Reset {
            stream: head.stream,
            code: ErrorCode(u32::from_be_bytes(code)),
        })
    }

    /// Appends the frame.
    pub fn encode(&self, out: &mut Vec<u8>) {
        Head::new(Kind::RST_STREAM, Flags::NONE, self.stream, 4).encode(out);
        out.extend_from_slice(&self.code.0.to_be_bytes());
    }
}
