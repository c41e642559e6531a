//! Calls whose answer cannot be read, between the moment at which that is seen and their end.
//!
//! What is heard of a connection cannot reset a stream of it, so such a call ends once all that came is heard: by itself,
//! where its end was among it, or else by our reset.

use super::reading::Fault;
use crate::engine::{OpId, Outcome, Traffic};

/// Calls whose answer cannot be read, and why not.
#[derive(Debug, Default)]
pub(super) struct Broken(Vec<(OpId, Fault)>);

impl Broken {
    /// Notes a call; its first fault counts.
    #[cold]
    pub(super) fn add(&mut self, op: OpId, fault: Fault) {
        if !self.has(op) {
            self.0.push((op, fault));
        }
    }

    pub(super) fn has(&self, op: OpId) -> bool {
        self.0.iter().any(|(broken, _)| *broken == op)
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fault of a call that has ended by itself.
    #[inline]
    pub(super) fn take(&mut self, op: OpId) -> Option<Fault> {
        let at = self.0.iter().position(|(broken, _)| *broken == op)?;
        Some(self.0.swap_remove(at).1)
    }

    /// All that are left.
    pub(super) fn take_all(&mut self) -> Vec<(OpId, Fault)> {
        std::mem::take(&mut self.0)
    }
}

impl Fault {
    /// How a call ends by it.
    pub(super) fn outcome(self, sent: Traffic) -> Outcome {
        Outcome {
            status: self.status,
            detail: self.words,
            connection_lost: false,
            unconnected: false,
            sent,
        }
    }
}
