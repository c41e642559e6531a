//! When a call is made again, prepared.

use scenarios::scenario;
use scenarios::units::Nanos;

use crate::engine::status::Status;

/// When a call is made again.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Attempts at the most, the first included.
    pub attempts: u32,
    /// From the end of an attempt to the next.
    pub backoff: Nanos,
    on: [bool; Status::KINDS],
}

impl Retry {
    pub(super) fn prepare(retry: &scenario::Retry) -> Retry {
        let mut on = [false; Status::KINDS];
        for code in &retry.on {
            on[Status::from_code(code.0.into()).index()] = true;
        }
        Retry {
            attempts: retry.attempts,
            backoff: retry.backoff,
            on,
        }
    }

    /// Whether it is, after this status.
    pub fn is_for(&self, status: Status) -> bool {
        self.on[status.index()]
    }
}
