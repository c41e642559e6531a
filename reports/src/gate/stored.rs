//! The verdict against stored runs, for those who cannot run both arms side by side.
//!
//! The baseline arm is a control: a server that stays the same. What is compared is the ratio of the candidate to the
//! control, with the ratios of stored runs of the same work on the same machine: their median, and a prediction interval
//! by Student's t whose spread is the median distance from it, so that a bad day among them does no harm. A stored
//! baseline is the weaker gate: it sees what changed between days, too. Prefer both arms in one job.

use jiff::Timestamp;

use super::paired::Scale;
use super::sequence::median;
use crate::model::{
    Change, Fingerprint, Gate, GateTest, Outcome, Policy, RunResult, Stored, StoredRatio,
};
use crate::stats::t_quantile;

/// Fewer stored runs than this say nothing of how far runs differ.
pub const FEWEST_STORED: usize = 10;
/// No two runs are more alike than this, on the scale of the logarithm.
const LEAST_SPREAD: f64 = 0.001;

/// The stored runs that are of this gate, this work and this machine, and not too old.
pub fn matching(result: &RunResult, stored: &[Stored]) -> Vec<Stored> {
    let Some(today) = Stored::of_any(result) else {
        return Vec::new();
    };
    let days = stored_days(result);
    let alike = |run: &&Stored| {
        run.name == today.name
            && run.machine == today.machine
            && same_work(run, &today)
            && !is_older(run, &today.started_at, days)
    };
    stored.iter().filter(alike).cloned().collect()
}

/// What the stored runs differ in from this one, for a person: the first thing that does.
pub fn difference(result: &RunResult, stored: &[Stored]) -> String {
    let Some(run) = stored.last() else {
        return "there are none".to_owned();
    };
    let name = result.gate.as_ref().map_or("", |gate| gate.name.as_str());
    if run.name != name {
        return format!("gate: `{}` then, `{name}` now", run.name);
    }
    let today = Fingerprint::of(&result.environment);
    if let Some(difference) = run.machine.difference(&today) {
        return difference;
    }
    let days = stored_days(result);
    if is_older(run, &result.started_at, days) {
        return format!("it is older than {days} days (`policy.stored_days`)");
    }
    "the scenarios or the control are others now".to_owned()
}

fn stored_days(result: &RunResult) -> u32 {
    let policy = result.gate.as_ref().map(|gate| &gate.policy);
    policy.map_or_else(
        || Policy::default().stored_days,
        |policy| policy.stored_days,
    )
}

/// Whether a run began more than so many days before; one that does not say when counts as old.
fn is_older(run: &Stored, now: &str, days: u32) -> bool {
    let Ok(now) = now.parse::<Timestamp>() else {
        return false;
    };
    let began = run.started_at.parse::<Timestamp>();
    began.map_or(true, |began| {
        now.duration_since(began).as_hours() > i64::from(days) * 24
    })
}

fn same_work(run: &Stored, today: &Stored) -> bool {
    let same = |ratio: &StoredRatio| {
        let mut ratios = run.ratios.iter();
        ratios.any(|r| (&r.case, &r.work) == (&ratio.case, &ratio.work))
    };
    today.ratios.iter().all(same)
}

/// Judges a test by the stored runs instead of by the control beside it.
pub(super) fn judge(gate: &Gate, stored: &[Stored], test: GateTest, alpha: f64) -> GateTest {
    let of_test = |ratio: &&StoredRatio| (&ratio.case, &ratio.metric) == (&test.case, &test.metric);
    let scale = test.metric.parse().map_or(Scale::Ratio, Scale::of);
    let sign = if test.more_is_better { -1.0 } else { 1.0 };
    let worse = |change: f64| sign * scale.difference_of(change);
    let before: Vec<f64> = stored
        .iter()
        .filter_map(|run| run.ratios.iter().find(of_test))
        .map(|ratio| worse(ratio.change))
        .collect();
    let Some(now) = test.measured.map(worse) else {
        return test;
    };
    if before.len() < FEWEST_STORED {
        return GateTest {
            outcome: Outcome::Inconclusive,
            change: None,
            why: Some(format!(
                "{} stored runs are of this machine and this work, and {FEWEST_STORED} are needed; add this one with \
                 `bench-runner baseline add`",
                before.len()
            )),
            ..test
        };
    }
    let (center, reach) = prediction(&before, own_error(&test, scale));
    let excess = now - center;
    let share = |difference: f64| scale.change_of(sign * difference);
    let half = reach(0.025);
    let ends = [share(excess - half), share(excess + half)];
    GateTest {
        outcome: outcome(gate, &test, excess, scale, &reach, alpha),
        baseline: None,
        change: Some(Change {
            estimate: share(excess),
            low: Some(ends[0].min(ends[1])),
            high: Some(ends[0].max(ends[1])),
        }),
        smallest_detectable: Some(
            scale.change_of(reach(alpha).max(scale.difference_of(test.tolerance) / 2.0)),
        ),
        why: None,
        ..test
    }
}

fn outcome(
    gate: &Gate,
    test: &GateTest,
    excess: f64,
    scale: Scale,
    reach: &dyn Fn(f64) -> f64,
    alpha: f64,
) -> Outcome {
    let tolerance = scale.difference_of(test.tolerance);
    if excess > tolerance / 2.0 && excess > reach(alpha) {
        Outcome::Regressed
    } else if excess > tolerance / 2.0 || excess + reach(gate.policy.beta) >= tolerance {
        Outcome::Inconclusive
    } else if excess < -reach(alpha) && excess < -gate.policy.noise_floor {
        Outcome::Improved
    } else {
        Outcome::Pass
    }
}

/// The standard error of this run's own ratio.
fn own_error(test: &GateTest, scale: Scale) -> f64 {
    let ends = test.change.and_then(|change| change.low.zip(change.high));
    ends.map_or(0.0, |(low, high)| {
        (scale.difference_of(high) - scale.difference_of(low)) / (2.0 * 1.96)
    })
}

/// Where the next run lies: the middle, and how far from it for a one-sided error. Runs are no more alike than each of
/// them can be told.
fn prediction(before: &[f64], own_error: f64) -> (f64, impl Fn(f64) -> f64 + use<>) {
    let center = median(before);
    let distances: Vec<f64> = before.iter().map(|value| (value - center).abs()).collect();
    let spread = (1.4826 * median(&distances))
        .max(own_error)
        .max(LEAST_SPREAD);
    let n = before.len() as f64;
    let df = u32::try_from(before.len() - 1).unwrap_or(u32::MAX);
    (center, move |error| {
        t_quantile(1.0 - error, df) * spread * (1.0 + 1.0 / n).sqrt()
    })
}
