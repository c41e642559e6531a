//! `parts.csv`: one row for each call of a mix, and one for each target, in each repetition, in the columns of `results.csv`.
//! Only where there are any.

use super::Artifact;
use super::csv::{Row, counts, identify, push_line, put, timing};
use crate::model::{CallStats, TargetStats, Timing};
use crate::view::{CaseView, Time, View};

/// The file.
pub(super) fn file(view: &View<'_>) -> Option<Artifact> {
    let mut text = String::new();
    for row in view.cases.iter().flat_map(|case| rows(view, case)) {
        if text.is_empty() {
            push_line(&mut text, row.iter().map(|(name, _)| name.as_str()));
        }
        push_line(&mut text, row.iter().map(|(_, value)| value.as_str()));
    }
    (!text.is_empty()).then(|| Artifact::text("parts.csv", text))
}

fn rows(view: &View<'_>, case: &CaseView<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, repetition) in case.case.repetitions.iter().enumerate() {
        let part = |kind: &str, name: &str| {
            let mut row = Row::new();
            identify(&mut row, view, case, index);
            put(&mut row, "part", Some(kind));
            put(&mut row, "name", Some(name));
            row
        };
        let calls = repetition.calls.iter();
        rows.extend(calls.map(|call| of_call(part("call", &call.name), call)));
        let targets = repetition.targets.iter();
        rows.extend(targets.map(|target| of_target(part("target", &target.address), target)));
    }
    rows
}

fn of_call(mut row: Row, call: &CallStats) -> Row {
    let finite = |value: f64| value.is_finite().then_some(value);
    put(&mut row, "weight", Some(call.weight));
    put(&mut row, "offered_per_s", finite(call.offered_per_s));
    put(&mut row, "achieved_per_s", finite(call.achieved_per_s));
    counts(&mut row, &call.counts);
    for time in Time::ALL {
        timing(&mut row, time.field(), time.of_call(call));
    }
    row
}

/// In the same columns; what is not kept by target is empty.
fn of_target(mut row: Row, target: &TargetStats) -> Row {
    let rate = target.achieved_per_s;
    put(&mut row, "weight", None::<u32>);
    put(&mut row, "offered_per_s", None::<f64>);
    put(&mut row, "achieved_per_s", rate.is_finite().then_some(rate));
    counts(&mut row, &target.counts);
    let nothing = Timing::default();
    for time in Time::ALL {
        let of_target = match time {
            Time::Response => &target.response_time,
            Time::Service => &target.service_time,
            _ => &nothing,
        };
        timing(&mut row, time.field(), of_target);
    }
    row
}
