//! What the machines of continuous integration read of a gate.
//!
//! Files like any other format's; a result without a gate has none of them. What GitHub takes by other ways than files
//! is in [`github`].

mod bencher;
mod benchmark_action;
mod figures;
pub mod github;
mod junit;
mod openmetrics;
mod points;

pub use bencher::Bencher;
pub use benchmark_action::BenchmarkAction;
pub use junit::Junit;
pub use openmetrics::OpenMetrics;

use std::collections::HashSet;

use scenarios::limits::Unit;
use scenarios::metric::Metric;

use crate::model::{Gate, GateTest};
use crate::view::View;

/// The gate of a view; results side by side have each its own, and none together.
fn gate<'a>(view: &View<'a>) -> Option<&'a Gate> {
    match view.results {
        [only] => only.gate.as_ref(),
        _ => None,
    }
}

/// What a test is counted in. A metric of a later version is a bare number.
fn unit(test: &GateTest) -> Unit {
    let metric = test.metric.parse::<Metric>();
    metric.map_or(Unit::Count, Metric::unit)
}

/// Each metric of each case once, the worst first. What decides comes before what is advisory, so it is what stays of both.
fn tests(gate: &Gate) -> Vec<&GateTest> {
    let mut known = HashSet::new();
    let all = gate.tests.iter();
    all.filter(|test| known.insert((&test.case, &test.metric)))
        .collect()
}
