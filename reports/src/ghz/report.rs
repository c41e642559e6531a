//! ghz's report of a case.

use std::collections::BTreeMap;

use serde::Serialize;

use super::details::Detail;
use super::distribution::{Bucket, Percentile, histogram, percentiles};
use super::options::{Options, options};
use super::status;
use crate::error::ReportError;
use crate::model::{Counts, Failure, RunResult, Timing};
use crate::view::{CaseView, Time};

/// The report; times in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    name: String,
    end_reason: &'static str,
    /// When the run began; ghz's is when it ended.
    date: String,
    options: Options,
    /// Every call that was started.
    count: u64,
    /// The measured time.
    total: u64,
    /// The mean of the calls that ended OK.
    average: u64,
    fastest: u64,
    slowest: u64,
    /// `count` over `total`.
    rps: f64,
    error_distribution: BTreeMap<String, u64>,
    status_code_distribution: BTreeMap<String, u64>,
    latency_distribution: Vec<Percentile>,
    histogram: Vec<Bucket>,
    details: Vec<Detail>,
}

pub(super) fn report(
    result: &RunResult,
    case: &CaseView<'_>,
    details: Vec<Detail>,
) -> Result<Report, ReportError> {
    let nothing = Timing::default();
    let merged = &case.merged;
    let timing = merged.time(Time::Response).unwrap_or(&nothing);
    // Of complete calls only, as ghz's are: the summary of `timing` is over those that were cut off too.
    let times = timing.complete().map_err(|source| ReportError::Histogram {
        case: case.case.name.clone(),
        field: Time::Response.field(),
        source,
    })?;
    let counts = &merged.counts;
    let seconds = Some(merged.measured_s).filter(|time| time.is_finite() && *time > 0.0);
    Ok(Report {
        name: case.case.name.clone(),
        end_reason: "timeout",
        date: result.started_at.clone(),
        options: options(result, case),
        count: counts.started,
        total: seconds.map_or(0, |time| (time * 1e9).round() as u64),
        average: if times.is_empty() {
            0
        } else {
            times.mean().round() as u64
        },
        fastest: if times.is_empty() { 0 } else { times.min() },
        slowest: times.max(),
        rps: seconds.map_or(0.0, |time| counts.started as f64 / time),
        error_distribution: errors(counts, &merged.failures),
        status_code_distribution: statuses(counts),
        latency_distribution: percentiles(&times),
        histogram: histogram(&times),
        details,
    })
}

/// Calls by status; together they are all that were started.
fn statuses(counts: &Counts) -> BTreeMap<String, u64> {
    let mut statuses = BTreeMap::new();
    let unfinished = [("UNFINISHED", counts.unfinished)];
    let known = counts
        .by_status
        .iter()
        .map(|(name, count)| (name.as_str(), *count));
    for (name, count) in known.chain(unfinished).filter(|(_, count)| *count > 0) {
        *statuses.entry(status::name(name)).or_default() += count;
    }
    statuses
}

/// Calls that did not end OK, by what grpc-go would print.
fn errors(counts: &Counts, failures: &[Failure]) -> BTreeMap<String, u64> {
    let mut errors = BTreeMap::new();
    for failure in failures {
        let error = status::error(&failure.status, &failure.message);
        *errors.entry(error.trim_end().to_owned()).or_default() += failure.count;
    }
    if counts.unfinished > 0 {
        *errors.entry(status::unfinished()).or_default() += counts.unfinished;
    }
    errors
}
