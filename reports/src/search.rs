//! What the repetitions at one rate say about the limits: they hold, the server breaks them, or nobody can tell.
//!
//! An overloaded server and an overloaded runner look alike: response times explode. A limit counts as broken only where
//! the runner cannot have done it; otherwise the rate was not measured. That a limit is *kept* in spite of a runner in
//! trouble is no doubt at all, as long as the load was really offered.

use scenarios::limits::Limit;
use scenarios::metric::{Metric, TimeMetric};
use scenarios::scenario::{Idle, Scenario};

use crate::limits::judge_limits;
use crate::model::{Finding, LimitOutcome, LimitVerdict, Repetition, Says, Tried, Verdict};
use crate::seen::{Seen, see_limited};
use crate::view::format::share;

/// Rules that say that the runner, or what it emulates, was the bottleneck: nothing slow is the server's doing.
const BOTTLENECK: [&str; 5] = [
    "interrupted",
    "client_saturated",
    "network_late",
    "network_busy",
    "network_full",
];
/// Rules that say that the runner was late now and then: what is slower than that is still the server's doing.
const LATE: [&str; 5] = [
    "late_starts",
    "runner_stalled",
    "waited_for_a_core",
    "stolen_time",
    "busy_machine",
];
/// Rules that say that calls were missing: what was kept was kept under another load.
const NOT_OFFERED: [&str; 2] = ["load_not_kept", "shed"];

/// A lane that ran, or was kept from running by other threads, for this share of the time had none to spare.
const NO_TIME: f64 = 0.95;

/// What one repetition says.
#[derive(Clone, Debug, PartialEq)]
enum One {
    Keeps,
    Breaks(LimitOutcome),
    CannotTell(String),
}

/// Judges a rate by its repetitions, of which `wanted` were asked for; those that cannot tell may have been repeated.
///
/// It holds where more than half of those asked for keep all limits.
pub fn judge(
    scenario: &Scenario,
    rate_per_s: f64,
    repetitions: &[Repetition],
    wanted: u32,
) -> Tried {
    let all: Vec<One> = repetitions.iter().map(|r| one(scenario, r)).collect();
    let many = |is: fn(&One) -> bool| all.iter().filter(|one| is(one)).count() as u32;
    let kept = many(|one| matches!(one, One::Keeps));
    let broken = many(|one| matches!(one, One::Breaks(_)));
    let says = match (2 * kept > wanted, 2 * broken >= wanted) {
        (true, _) => Says::Holds,
        (false, true) => Says::Breaks,
        (false, false) => Says::NotMeasured,
    };
    let told = all.into_iter().find_map(|one| match (says, one) {
        (Says::Breaks, One::Breaks(limit)) => Some((Some(limit.limit), limit.seen)),
        (Says::NotMeasured, One::CannotTell(why)) => Some((None, why)),
        _ => None,
    });
    let (limit, seen) = told.map_or((None, None), |(limit, seen)| (limit, Some(seen)));
    Tried {
        rate_per_s,
        says,
        kept,
        broken,
        not_measured: repetitions.len() as u32 - kept - broken,
        limit,
        seen,
    }
}

fn one(scenario: &Scenario, repetition: &Repetition) -> One {
    let limits = &scenario.limits;
    if let Some(finding) = unusable(repetition) {
        return cannot_tell(finding);
    }
    let outcomes = judge_limits(limits, std::slice::from_ref(repetition));
    let mut judged = limits.iter().zip(outcomes);
    let broken: Vec<(&Limit, LimitOutcome)> = judged
        .clone()
        .filter(|(_, outcome)| outcome.outcome == LimitVerdict::Broken)
        .collect();
    if !broken.is_empty() {
        if let Some(finding) = find(repetition, &BOTTLENECK) {
            return cannot_tell(finding);
        }
        if let Some(why) = had_no_time(scenario.client.idle, repetition) {
            return One::CannotTell(why);
        }
        let late = find(repetition, &LATE);
        let servers = broken
            .into_iter()
            .find(|(limit, _)| late.is_none() || breaks_without_runner(limit, repetition));
        return match (servers, late) {
            (Some((_, outcome)), _) => One::Breaks(outcome),
            (None, Some(finding)) => cannot_tell(finding),
            (None, None) => unreachable!("without a finding every broken limit is the server's"),
        };
    }
    if let Some(finding) = find(repetition, &NOT_OFFERED) {
        return cannot_tell(finding);
    }
    match judged.find(|(_, outcome)| outcome.outcome == LimitVerdict::Inconclusive) {
        Some((_, open)) => One::CannotTell(format!(
            "`{}` cannot be told: {}; measure longer (`phases.measure`), or begin at a higher rate (`--from`)",
            open.limit, open.seen
        )),
        None => One::Keeps,
    }
}

/// Invalid, and not only because more was due than the server took: that is what an overloaded server looks like.
fn unusable(repetition: &Repetition) -> Option<&Finding> {
    let findings = &repetition.validity.findings;
    findings
        .iter()
        .find(|finding| finding.verdict == Verdict::Invalid && finding.rule != "shed")
}

fn find<'r>(repetition: &'r Repetition, rules: &[&str]) -> Option<&'r Finding> {
    let findings = &repetition.validity.findings;
    findings
        .iter()
        .find(|finding| rules.contains(&finding.rule.as_str()))
}

fn cannot_tell(finding: &Finding) -> One {
    One::CannotTell(format!("{}; {}", finding.seen, finding.remedy))
}

/// Whether a lane wanted to run all the time. Where other threads take its core it is a bottleneck that never uses the
/// whole of a core. Of one that spins nothing can be said.
fn had_no_time(idle: Idle, repetition: &Repetition) -> Option<String> {
    let conditions = repetition.conditions.as_ref()?;
    let (busy, waited) = (conditions.client_busy?, conditions.client_waited?);
    (idle == Idle::Timer && busy + waited >= NO_TIME).then(|| {
        format!(
            "the client had no time to spare: it ran for {} of the time, and waited for a core for {}; stop other \
             programs, or give it more `client.lanes` on cores of their own, or `client.engine: raw`",
            share(busy),
            share(waited)
        )
    })
}

/// Whether a broken limit would be broken had the runner started every call in time and never stood still: with service
/// times in place of response times, each less the longest that the runner was late.
fn breaks_without_runner(limit: &Limit, repetition: &Repetition) -> bool {
    let Metric::Time(time, statistic) = limit.metric else {
        return true;
    };
    let time = match time {
        TimeMetric::ResponseTime => TimeMetric::ServiceTime,
        other => other,
    };
    let late = repetition
        .heartbeat
        .as_ref()
        .map_or(0.0, |beat| beat.late_max_ns as f64);
    match see_limited(limit, Metric::Time(time, statistic), repetition) {
        Seen::Exactly(ns) | Seen::AtLeast(ns) => !limit.holds((ns - late).max(0.0)),
        Seen::TooFew(_) | Seen::NotMeasured => false,
    }
}
