//! The parts that a case's calls are told apart by, a table each: the calls of a mix, and the targets.

use super::format::{count, quantile, rate};
use super::{CaseView, Merged, clean};
use crate::model::{CallStats, Counts, Quantile, TargetStats, Timing};

/// A table of parts: the first column is names, the others are numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartTable {
    /// What the parts are.
    pub title: &'static str,
    /// The names of the columns.
    pub headings: Vec<&'static str>,
    /// A row for each part.
    pub rows: Vec<Vec<String>>,
}

/// What every table has of the calls of a part.
const OF_CALLS: [&str; 7] = [
    "started",
    "throughput",
    "response p50",
    "response p99",
    "response p99.9",
    "response max",
    "errors",
];

impl CaseView<'_> {
    /// The tables of the parts, where the case has any.
    pub fn parts(&self) -> Vec<PartTable> {
        let Merged { calls, targets, .. } = &self.merged;
        [mix(calls), several(targets)]
            .into_iter()
            .flatten()
            .collect()
    }
}

fn mix(calls: &[CallStats]) -> Option<PartTable> {
    let all: u32 = calls.iter().map(|call| call.weight).sum();
    let row = |call: &CallStats| {
        let mut row = vec![clean(&call.name), format!("{} of {all}", call.weight)];
        row.extend(of_calls(
            &call.counts,
            call.achieved_per_s,
            &call.response_time,
        ));
        row
    };
    (!calls.is_empty()).then(|| PartTable {
        title: "Calls of the mix",
        headings: [&["call", "weight"][..], &OF_CALLS].concat(),
        rows: calls.iter().map(row).collect(),
    })
}

fn several(targets: &[TargetStats]) -> Option<PartTable> {
    let row = |target: &TargetStats| {
        let mut row = vec![clean(&target.address), count(target.channels.into())];
        row.extend(of_calls(
            &target.counts,
            target.achieved_per_s,
            &target.response_time,
        ));
        row
    };
    (!targets.is_empty()).then(|| PartTable {
        title: "Targets",
        headings: [&["target", "channels"][..], &OF_CALLS].concat(),
        rows: targets.iter().map(row).collect(),
    })
}

/// The cells of [`OF_CALLS`].
fn of_calls(counts: &Counts, achieved_per_s: f64, response_time: &Timing) -> Vec<String> {
    let shown = |q: Quantile| {
        let text = quantile(response_time.shown(q));
        text.replace("too few: ", "few (").replace(" beyond", ")")
    };
    vec![
        count(counts.started),
        rate(achieved_per_s),
        shown(Quantile::P50),
        shown(Quantile::P99),
        shown(Quantile::P999),
        shown(Quantile::Max),
        count(counts.started.saturating_sub(counts.ok)),
    ]
}
