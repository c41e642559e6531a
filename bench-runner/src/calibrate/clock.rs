//! The clock: what a reading costs, and the smallest step that it shows.

use reports::model::{ClockFigures, Environment};

use crate::clock::Clock;

pub(super) fn measure(environment: &Environment) -> ClockFigures {
    ClockFigures {
        source: environment.machine.clock_source.clone(),
        cost_ns: Clock::cost_ns(),
        step_ns: Clock::step_ns(),
    }
}
