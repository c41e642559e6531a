//! The candidate's values, for programs that keep a history of them.

use scenarios::limits::Unit;

use super::{tests, unit};
use crate::model::{Gate, GateTest};

/// The candidate's value in a test.
pub(super) struct Point<'a> {
    pub(super) test: &'a GateTest,
    /// The median of its rounds, in the metric's base unit.
    pub(super) value: f64,
    /// As far as the change from the baseline is uncertain, so is the value.
    pub(super) interval: Option<(f64, f64)>,
}

/// Every value that is worth keeping: none of a job whose data cannot be trusted.
pub(super) fn points(gate: &Gate) -> Vec<Point<'_>> {
    if !gate.findings.is_empty() {
        return Vec::new();
    }
    tests(gate).into_iter().filter_map(point).collect()
}

fn point(test: &GateTest) -> Option<Point<'_>> {
    let value = test.candidate.filter(|value| value.is_finite())?;
    Some(Point {
        test,
        value,
        interval: interval(test, value),
    })
}

/// The interval of the change, put around the value: the baseline is taken as it was measured.
fn interval(test: &GateTest, value: f64) -> Option<(f64, f64)> {
    let change = test.change?;
    let end = |end: f64| match unit(test) {
        Unit::Share => (value + end - change.estimate).clamp(0.0, 1.0),
        _ => value * (1.0 + end) / (1.0 + change.estimate),
    };
    let (low, high) = (end(change.low?), end(change.high?));
    (low.is_finite() && high.is_finite()).then_some((low, high))
}
