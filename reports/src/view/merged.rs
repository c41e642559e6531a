//! Several repetitions of a case as one population: counts are added, histograms merged, nothing is averaged.

use std::collections::BTreeMap;

use super::Time;
use crate::error::ReportError;
use crate::model::{
    CallStats, CaseResult, Counts, Failure, Repetition, Stage, TargetStats, Timing,
};

/// All repetitions of a case together.
#[derive(Clone, Debug)]
pub struct Merged {
    /// What happened to the calls.
    pub counts: Counts,
    /// The measured time of all repetitions together.
    pub measured_s: f64,
    /// Calls meant to start, a second.
    pub offered_per_s: f64,
    /// Calls that ended OK, a second.
    pub achieved_per_s: f64,
    /// The times that were measured, in the order of [`Time::ALL`].
    pub times: Vec<(Time, Timing)>,
    /// The stages of the load.
    pub stages: Vec<Stage>,
    /// The calls of a mix.
    pub calls: Vec<CallStats>,
    /// The targets, where there are several.
    pub targets: Vec<TargetStats>,
    /// Kinds of failure, the most frequent first.
    pub failures: Vec<Failure>,
}

impl Merged {
    /// Merges the repetitions of `case`.
    pub fn new(case: &CaseResult) -> Result<Merged, ReportError> {
        let repetitions = &case.repetitions;
        let mut counts = Counts::default();
        for repetition in repetitions {
            counts.add(&repetition.counts);
        }
        let mut times = Vec::new();
        for time in Time::ALL {
            let timing = merge(case, time.field(), repetitions.iter().map(|r| time.of(r)))?;
            if timing.population() > 0 {
                times.push((time, timing));
            }
        }
        Ok(Merged {
            counts,
            measured_s: repetitions.iter().map(|r| r.measured_s).sum(),
            offered_per_s: per_second(repetitions, |r| r.offered_per_s),
            achieved_per_s: per_second(repetitions, |r| r.achieved_per_s),
            times,
            stages: stages(case)?,
            calls: calls(case)?,
            targets: targets(case)?,
            failures: failures(repetitions),
        })
    }

    /// What was measured of one time.
    pub fn time(&self, time: Time) -> Option<&Timing> {
        self.times
            .iter()
            .find(|(measured, _)| *measured == time)
            .map(|(_, timing)| timing)
    }
}

/// A rate over all the measured time: each repetition weighs as much as it is long.
fn per_second(repetitions: &[Repetition], rate: impl Fn(&Repetition) -> f64) -> f64 {
    if let [only] = repetitions {
        return rate(only);
    }
    let total: f64 = repetitions.iter().map(|r| r.measured_s).sum();
    let weighed: f64 = repetitions.iter().map(|r| rate(r) * r.measured_s).sum();
    if total > 0.0 {
        weighed / total
    } else {
        f64::NAN
    }
}

/// One population of several; nothing where one of them came without its histogram.
fn merge<'a>(
    case: &CaseResult,
    field: &'static str,
    timings: impl Iterator<Item = &'a Timing>,
) -> Result<Timing, ReportError> {
    let wrap = |source| ReportError::Histogram {
        case: case.name.clone(),
        field,
        source,
    };
    let timings: Vec<_> = timings.collect();
    if let [only] = timings[..] {
        only.complete().map_err(wrap)?;
        only.bounds().map_err(wrap)?;
        return Ok(only.clone());
    }
    if timings
        .iter()
        .any(|t| t.count > 0 && t.histogram.is_empty())
    {
        return Ok(Timing::default());
    }
    Timing::merged(timings).map_err(wrap)
}

/// The stages, each merged over the repetitions that ran it.
fn stages(case: &CaseResult) -> Result<Vec<Stage>, ReportError> {
    let Some(first) = case.repetitions.first() else {
        return Ok(Vec::new());
    };
    let same = |i: usize| -> Vec<&Stage> {
        let all = case.repetitions.iter().filter_map(|r| r.stages.get(i));
        all.filter(|stage| stage.name == first.stages[i].name)
            .collect()
    };
    (0..first.stages.len())
        .map(|i| merge_stage(case, &same(i)))
        .collect()
}

fn merge_stage(case: &CaseResult, parts: &[&Stage]) -> Result<Stage, ReportError> {
    let mut stage = parts[0].clone();
    if parts.len() == 1 {
        return Ok(stage);
    }
    for part in &parts[1..] {
        stage.counts.add(&part.counts);
    }
    let mean =
        |rate: fn(&Stage) -> f64| parts.iter().map(|s| rate(s)).sum::<f64>() / parts.len() as f64;
    stage.offered_per_s = mean(|s| s.offered_per_s);
    stage.achieved_per_s = mean(|s| s.achieved_per_s);
    let field = "stages";
    stage.response_time = merge(case, field, parts.iter().map(|s| &s.response_time))?;
    stage.service_time = merge(case, field, parts.iter().map(|s| &s.service_time))?;
    stage.start_lag = merge(case, field, parts.iter().map(|s| &s.start_lag))?;
    Ok(stage)
}

/// The calls of a mix, each merged over the repetitions.
fn calls(case: &CaseResult) -> Result<Vec<CallStats>, ReportError> {
    let Some(first) = case.repetitions.first() else {
        return Ok(Vec::new());
    };
    let same = |call: &CallStats| -> Vec<&CallStats> {
        let all = case.repetitions.iter().flat_map(|r| &r.calls);
        all.filter(|other| other.name == call.name).collect()
    };
    let calls = first.calls.iter();
    calls.map(|call| merge_call(case, &same(call))).collect()
}

fn merge_call(case: &CaseResult, parts: &[&CallStats]) -> Result<CallStats, ReportError> {
    let mut call = parts[0].clone();
    for part in &parts[1..] {
        call.counts.add(&part.counts);
    }
    let mean = |rate: fn(&CallStats) -> f64| {
        parts.iter().map(|c| rate(c)).sum::<f64>() / parts.len() as f64
    };
    call.offered_per_s = mean(|c| c.offered_per_s);
    call.achieved_per_s = mean(|c| c.achieved_per_s);
    let together = |time: Time| merge(case, "calls", parts.iter().map(|call| time.of_call(call)));
    call.response_time = together(Time::Response)?;
    call.service_time = together(Time::Service)?;
    call.start_lag = together(Time::StartLag)?;
    call.time_to_first_message = together(Time::FirstMessage)?;
    call.message_gap = together(Time::MessageGap)?;
    call.exchange_time = together(Time::Exchange)?;
    call.message_response_time = together(Time::MessageResponse)?;
    Ok(call)
}

/// The targets, each merged over the repetitions in which channels went to it.
fn targets(case: &CaseResult) -> Result<Vec<TargetStats>, ReportError> {
    let mut all: Vec<TargetStats> = Vec::new();
    for target in case.repetitions.iter().flat_map(|r| &r.targets) {
        if all.iter().all(|known| known.address != target.address) {
            let same = case.repetitions.iter().flat_map(|r| &r.targets);
            let same: Vec<_> = same
                .filter(|other| other.address == target.address)
                .collect();
            all.push(merge_target(case, &same)?);
        }
    }
    Ok(all)
}

fn merge_target(case: &CaseResult, parts: &[&TargetStats]) -> Result<TargetStats, ReportError> {
    let mut target = parts[0].clone();
    for part in &parts[1..] {
        target.counts.add(&part.counts);
    }
    target.achieved_per_s =
        parts.iter().map(|t| t.achieved_per_s).sum::<f64>() / parts.len() as f64;
    target.response_time = merge(case, "targets", parts.iter().map(|t| &t.response_time))?;
    target.service_time = merge(case, "targets", parts.iter().map(|t| &t.service_time))?;
    Ok(target)
}

/// Kinds of failure over all repetitions, the most frequent first.
fn failures(repetitions: &[Repetition]) -> Vec<Failure> {
    let mut kinds: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for failure in repetitions.iter().flat_map(|r| &r.failures) {
        let count = kinds
            .entry((&failure.status, &failure.message))
            .or_default();
        *count = count.saturating_add(failure.count);
    }
    let mut failures: Vec<Failure> = kinds
        .into_iter()
        .map(|((status, message), count)| Failure {
            status: status.to_owned(),
            message: message.to_owned(),
            count,
        })
        .collect();
    failures.sort_by_key(|failure| std::cmp::Reverse(failure.count));
    failures
}
