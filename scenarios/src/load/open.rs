//! Open loops: calls start on a schedule, whether or not earlier ones have ended.
//!
//! Both models are one composition, arrivals over a profile. Hot: `peek` is a field read, `advance` makes one arrival
//! for each lane that shares the load. Guarded by `benches/pacer.rs`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::arrivals::{Arrivals, Positions};
use super::profile::Profile;
use super::{Pace, Pacer, Segment};
use crate::units::{Nanos, Rate};

const fn default_max_in_flight() -> u32 {
    10_000
}

/// Calls start at a steady rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Calls per second over all lanes and channels. 0.001/s to 10000000/s.
    pub rate: Rate,
    /// How the starts are spread.
    #[serde(default)]
    pub arrivals: Arrivals,
    /// How many calls may wait or be in flight at once over all lanes; more are shed, and counted.
    #[serde(default = "default_max_in_flight")]
    #[schemars(range(min = 1, max = 1000000))]
    pub max_in_flight: u32,
}

/// Calls start at a rate that changes evenly over the segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// The rate at the start. 0.001/s to 10000000/s.
    pub from: Rate,
    /// The rate at the end. 0.001/s to 10000000/s.
    pub to: Rate,
    /// How the starts are spread.
    #[serde(default)]
    pub arrivals: Arrivals,
    /// How many calls may wait or be in flight at once over all lanes; more are shed, and counted.
    #[serde(default = "default_max_in_flight")]
    #[schemars(range(min = 1, max = 1000000))]
    pub max_in_flight: u32,
}

impl Open {
    pub(super) fn pacer(&self, segment: &Segment) -> Box<dyn Pacer> {
        Box::new(OpenPacer::new(
            Profile::Constant(self.rate),
            self.arrivals,
            segment,
        ))
    }
}

impl Ramp {
    /// The steady load that the ramp begins with: what the warm-up offers.
    pub fn start(&self) -> Open {
        Open {
            rate: self.from,
            arrivals: self.arrivals,
            max_in_flight: self.max_in_flight,
        }
    }

    /// The rate at `at`, where the ramp takes `duration`.
    pub fn rate_at(&self, at: Nanos, duration: Nanos) -> Option<Rate> {
        Rate::per_second(self.profile(duration).rate_at(at))
    }

    pub(super) fn pacer(&self, segment: &Segment) -> Box<dyn Pacer> {
        Box::new(OpenPacer::new(
            self.profile(segment.duration),
            self.arrivals,
            segment,
        ))
    }

    fn profile(&self, over: Nanos) -> Profile {
        Profile::Linear {
            from: self.from,
            to: self.to,
            over,
        }
    }
}

/// One lane's part of an open loop: every `stride`-th arrival of the one sequence that all lanes know.
struct OpenPacer {
    positions: Positions,
    profile: Profile,
    stride: u32,
    /// The last nanosecond of the segment.
    last: Nanos,
    next: Pace,
}

impl OpenPacer {
    fn new(profile: Profile, arrivals: Arrivals, segment: &Segment) -> OpenPacer {
        let positions = arrivals.positions(profile.count(segment.duration), segment.seed);
        let last = Nanos(segment.duration.0.saturating_sub(1));
        let stride = segment.part.of.max(1);
        let mut pacer = OpenPacer {
            positions,
            profile,
            stride,
            last,
            next: Pace::Done,
        };
        pacer.take(segment.part.index);
        pacer
    }

    /// Offers the arrival after `skip` others. Rounding must not push the last one out of the segment.
    fn take(&mut self, skip: u32) {
        self.next = match self.positions.nth(skip) {
            Some(count) => Pace::At(self.profile.time(count).min(self.last)),
            None => Pace::Done,
        };
    }
}

impl Pacer for OpenPacer {
    fn peek(&self) -> Pace {
        self.next
    }

    fn advance(&mut self) {
        self.take(self.stride - 1);
    }
}
