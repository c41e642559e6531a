//! A series of results of the same work, and where it changes: a trigger to look, never a gate.

mod changes;

pub use changes::{ChangePoint, changes};

use scenarios::metric::Metric;

use crate::model::{CaseResult, RunResult, Verdict};
use crate::seen::{Seen, see};

/// What is followed where nobody says what.
pub const METRICS: [&str; 5] = [
    "achieved_per_s",
    "response_time.p50",
    "response_time.p99",
    "server.cpu_ns_per_call",
    "client.cpu_ns_per_call",
];

/// A metric of one case over several results.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The case.
    pub case: String,
    /// The metric.
    pub metric: Metric,
    /// When each result began, and its value.
    pub points: Vec<(String, f64)>,
    /// Where the level changes.
    pub changes: Vec<ChangePoint>,
}

/// Every metric of every case that at least two of the results have, in the order in which they began.
///
/// A value is the median over a result's repetitions; those that are invalid, and metrics that are no positive number, are
/// left out.
pub fn history(results: &[RunResult], metrics: &[Metric]) -> Vec<Series> {
    let mut results: Vec<&RunResult> = results.iter().collect();
    results.sort_by(|a, b| a.started_at.cmp(&b.started_at));
    let mut cases: Vec<&CaseResult> = Vec::new();
    for case in results.iter().flat_map(|result| &result.cases) {
        if !cases.iter().any(|known| is_same(known, case)) {
            cases.push(case);
        }
    }
    let all = cases
        .iter()
        .flat_map(|case| metrics.iter().map(|metric| series(case, *metric, &results)));
    all.filter(|series| series.points.len() > 1).collect()
}

/// The same work, or of the same name where a producer does not say what work it was.
fn is_same(a: &CaseResult, b: &CaseResult) -> bool {
    match a.fingerprint.is_empty() || b.fingerprint.is_empty() {
        true => a.name == b.name,
        false => a.fingerprint == b.fingerprint && a.name == b.name,
    }
}

fn series(case: &CaseResult, metric: Metric, results: &[&RunResult]) -> Series {
    let of = |result: &&RunResult| {
        let mut cases = result.cases.iter();
        let value = value(cases.find(|other| is_same(case, other))?, metric)?;
        Some((result.started_at.clone(), value))
    };
    let points: Vec<(String, f64)> = results.iter().filter_map(of).collect();
    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    Series {
        case: crate::view::clean(&case.name),
        metric,
        changes: changes(&values),
        points,
    }
}

/// The median over the repetitions.
fn value(case: &CaseResult, metric: Metric) -> Option<f64> {
    let usable = case
        .repetitions
        .iter()
        .filter(|repetition| repetition.validity.verdict != Verdict::Invalid);
    let mut values: Vec<f64> = usable
        .filter_map(|repetition| match see(metric, repetition) {
            Seen::Exactly(value) if value > 0.0 => Some(value),
            _ => None,
        })
        .collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        1 => Some(values[middle]),
        _ => Some(f64::midpoint(
            *values.get(middle.checked_sub(1)?)?,
            values[middle],
        )),
    }
}
