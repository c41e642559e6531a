//! What a peer said as it took its leave (RFC 9113 6.8), kept to be told to people.

use std::fmt;

use crate::error::ErrorCode;
use crate::frame::GoAway;

/// What is kept of the debug data: it may be as long as a frame.
const LONGEST: usize = 128;

/// The code of the last GOAWAY that came, and the beginning of its debug data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Farewell {
    /// Why.
    pub code: ErrorCode,
    /// Words for people, or nothing.
    pub debug: Box<[u8]>,
}

impl Farewell {
    /// This is what is kept of a GOAWAY.
    #[must_use]
    pub fn of(code: ErrorCode, debug: &[u8]) -> Self {
        Farewell {
            code,
            debug: debug[..debug.len().min(LONGEST)].into(),
        }
    }
}

impl From<&GoAway<'_>> for Farewell {
    fn from(frame: &GoAway<'_>) -> Self {
        Farewell::of(frame.code, frame.debug)
    }
}

impl fmt::Display for Farewell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GOAWAY {}", self.code)?;
        if self.debug.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", String::from_utf8_lossy(&self.debug))
    }
}
