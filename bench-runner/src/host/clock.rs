//! What the machine tells the time by, and whether that is good enough to time calls with.

use std::sync::OnceLock;

use crate::clock::Clock;

/// The kernel's clock source and what was measured of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockFacts {
    /// As the kernel names it; `None` where it does not tell.
    pub source: Option<String>,
    /// What one reading costs, in nanoseconds.
    pub cost_ns: u64,
    /// The smallest step between two different readings, in nanoseconds.
    pub step_ns: u64,
}

impl ClockFacts {
    /// The facts of this machine, measured once.
    pub fn look() -> &'static ClockFacts {
        static FACTS: OnceLock<ClockFacts> = OnceLock::new();
        FACTS.get_or_init(|| ClockFacts {
            source: super::line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            cost_ns: Clock::cost_ns(),
            step_ns: Clock::step_ns(),
        })
    }
}
