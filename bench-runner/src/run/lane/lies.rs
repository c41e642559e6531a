//! Where a lane lies, if a mutant asks for it: see [`mutant`]. Without the feature nothing of this is left.

use reports::mutant::{self, Mutant};
use scenarios::units::Nanos;

use super::Lane;
use crate::engine::{Channels, OpId};
use crate::record::Recorder;
use crate::run::ops::Op;

/// The tick of a timer that is too coarse.
const TICK: u64 = 1_000_000;

/// What the lane takes for now when it asks what is due.
pub(super) fn ticked(now: Nanos) -> Nanos {
    if mutant::is(Mutant::Tick) {
        return Nanos(now.0 / TICK * TICK);
    }
    now
}

/// When the lane wakes.
pub(super) fn on_tick(at: Nanos) -> Nanos {
    if mutant::is(Mutant::Tick) {
        return Nanos(at.0.div_ceil(TICK) * TICK);
    }
    at
}

/// When a call counts as meant to start that is begun only now.
pub(super) fn intended(meant: Nanos, started: Nanos) -> Nanos {
    if mutant::is(Mutant::ForgiveBusy) {
        return started;
    }
    meant
}

/// Records the gaps of a stream as their average.
pub(super) fn average_gaps(recorder: &mut Recorder, op: &Op) {
    let gaps = op.sample.received.messages.saturating_sub(1);
    if let (true, Some(first)) = (mutant::is(Mutant::AverageGaps), op.sample.first_message) {
        for _ in 0..gaps {
            let average = Nanos(op.last_message.since(first).0 / gaps);
            recorder.message_gap(op.sample.cell, average);
        }
    }
}

impl<C: Channels> Lane<C> {
    /// Whether an open loop waits, although a call is due, where so many were begun this turn.
    pub(super) fn holds_back(&self, begun: u32) -> bool {
        (mutant::is(Mutant::ClosedLoop) && self.ops.len() > 0)
            || (mutant::is(Mutant::OneATurn) && begun > 0)
    }

    /// Makes a call again that has failed; whether it did.
    pub(super) fn retries(&mut self, id: OpId) -> bool {
        if !mutant::is(Mutant::Retry) {
            return false;
        }
        let Some(op) = self.ops.get_mut(id) else {
            return false;
        };
        let (channel, request) = (op.sample.channel as usize, op.request);
        self.channels.try_start(channel, id, request, None).is_ok()
    }
}
