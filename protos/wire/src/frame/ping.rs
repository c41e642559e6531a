//! PING (RFC 9113 6.7).

use super::{Flags, Head, Kind};
use crate::error::ConnectionError;

/// Eight bytes that come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    /// Whether this is the answer.
    pub ack: bool,
    /// What must come back unchanged.
    pub opaque: [u8; 8],
}

impl Ping {
    /// Reads a PING.
    ///
    /// # Errors
    /// The payload is not eight bytes, or the frame belongs to a stream.
    pub fn load(head: &Head, payload: &[u8]) -> Result<Self, ConnectionError> {
        if head.stream != 0 {
            return Err(ConnectionError::protocol("PING on a stream"));
        }
        let opaque = payload
            .try_into()
            .map_err(|_| ConnectionError::frame_size("PING is not eight bytes"))?;
        Ok(Ping {
            ack: head.flags.has(Flags::ACK),
            opaque,
        })
    }

    /// Appends the frame.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let flags = if self.ack { Flags::ACK } else { Flags::NONE };
        Head::new(Kind::PING, flags, 0, self.opaque.len()).encode(out);
        out.extend_from_slice(&self.opaque);
    }
}
