//! The closed loop: so many calls in flight on each channel, the next starts when one ends.
//!
//! Hot: nothing is allocated after construction. Guarded by `benches/pacer.rs`.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Pace, Pacer, Segment};
use crate::units::Nanos;

/// So many calls in flight on each channel; the next starts when one ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    /// Calls in flight on each channel.
    #[schemars(range(min = 1, max = 100000))]
    pub in_flight: u32,
    /// How long a place stays empty between one call and the next. 0s to 1h.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(extend("default" = "0s"))]
    pub think_time: Nanos,
}

fn is_zero(nanos: &Nanos) -> bool {
    *nanos == Nanos::ZERO
}

impl Closed {
    pub(super) fn pacer(&self, segment: &Segment) -> Box<dyn Pacer> {
        Box::new(ClosedPacer::new(self, segment))
    }
}

/// One lane's places. Each is either taken by a call or waits in `free` for the time at which the next may start.
struct ClosedPacer {
    think_time: Nanos,
    limit: usize,
    /// Calls of the segment before that are beyond this one's limit: their ends free nothing.
    surplus: u32,
    /// When each free place may be taken, in order; never more than `limit`.
    free: VecDeque<Nanos>,
    /// The latest time ever put into `free`, so that starts never decrease.
    latest: Nanos,
}

impl ClosedPacer {
    fn new(closed: &Closed, segment: &Segment) -> ClosedPacer {
        let limit = closed.in_flight.saturating_mul(segment.channels);
        let mut free = VecDeque::with_capacity(limit as usize);
        free.resize(
            limit.saturating_sub(segment.in_flight) as usize,
            Nanos::ZERO,
        );
        ClosedPacer {
            think_time: closed.think_time,
            limit: limit as usize,
            surplus: segment.in_flight.saturating_sub(limit),
            free,
            latest: Nanos::ZERO,
        }
    }
}

impl Pacer for ClosedPacer {
    fn peek(&self) -> Pace {
        self.free
            .front()
            .map_or(Pace::OnCompletion, |at| Pace::At(*at))
    }

    fn advance(&mut self) {
        self.free.pop_front();
    }

    fn completed(&mut self, at: Nanos) {
        if self.surplus > 0 {
            self.surplus -= 1;
            return;
        }
        // More ends than starts would be a caller's mistake; the limit holds all the same.
        if self.free.len() < self.limit {
            self.latest = self.latest.max(at + self.think_time);
            self.free.push_back(self.latest);
        }
    }
}
