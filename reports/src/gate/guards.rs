//! What forbids a verdict, whatever the tests say: each guard a function, all in [`GUARDS`].

use std::collections::BTreeMap;

use scenarios::metric::Metric;
use serde_json::Value;

use super::CaseRounds;
use super::paired::Pair;
use super::sequence::median;
use crate::model::{Arm, Ended, Finding, Gate, Repetition, Verdict};
use crate::seen::{Seen, see};
use crate::stats::{SignedRank, p_above, p_below};

/// Rounds of a case that may be invalid, as a share.
const MOST_UNUSABLE: f64 = 0.1;
/// A server that is busier than this queues, and every figure of it is the queue's.
const MOST_BUSY: f64 = 0.75;
/// Where the client's own lateness is more of the response time than this, the response time is the client's.
const MOST_LAG: f64 = 0.5;
/// A baseline that fails more calls than this is no standard.
const MOST_FAILED: f64 = 0.005;
/// Whichever arm is second must not be slower than this, or be called so with this chance.
const ORDER_EFFECT: f64 = 0.05;
const ORDER_CHANCE: f64 = 0.000_5;

type Guard = fn(&Gate, &[CaseRounds<'_>]) -> Option<Finding>;

/// Every guard.
const GUARDS: &[(&str, Guard)] = &[
    ("interrupted", interrupted),
    ("round_failed", round_failed),
    ("nothing_measured", nothing_measured),
    ("rounds_missing", rounds_missing),
    ("different_work", different_work),
    ("unusable_rounds", unusable_rounds),
    ("baseline_fails", baseline_fails),
    ("saturated", saturated),
    ("lagging_client", lagging_client),
    ("order_effect", order_effect),
];

/// What the guards find, in their order.
pub(crate) fn findings(gate: &Gate, rounds: &[CaseRounds<'_>]) -> Vec<Finding> {
    let ask = |(name, guard): &(&str, Guard)| {
        guard(gate, rounds).map(|finding| Finding {
            rule: (*name).to_owned(),
            ..finding
        })
    };
    GUARDS.iter().filter_map(ask).collect()
}

fn found(seen: impl Into<String>, remedy: impl Into<String>) -> Option<Finding> {
    Some(Finding {
        rule: String::new(),
        verdict: Verdict::Invalid,
        seen: seen.into(),
        remedy: remedy.into(),
    })
}

fn interrupted(gate: &Gate, _: &[CaseRounds<'_>]) -> Option<Finding> {
    if gate.ended != Ended::Interrupted {
        return None;
    }
    found(
        "the gate was stopped before it had decided",
        "run it to its end; what was measured is in result.json",
    )
}

fn round_failed(gate: &Gate, _: &[CaseRounds<'_>]) -> Option<Finding> {
    if gate.ended != Ended::Failed {
        return None;
    }
    let why = gate
        .failure
        .as_deref()
        .unwrap_or("a round could not be made");
    found(
        why,
        "mend that and run the gate again; the rounds before it are in result.json",
    )
}

/// The job names it, so it must be there.
fn nothing_measured(_: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
    if rounds.is_empty() {
        return found("the gate has no case", "name at least one scenario");
    }
    let missing = rounds.iter().find(|case| case.pairs().is_empty())?;
    let arm = match (missing.baseline, missing.candidate) {
        (Some(baseline), _) if !baseline.repetitions.is_empty() => "the candidate",
        (_, Some(candidate)) if !candidate.repetitions.is_empty() => "the baseline",
        _ => "either arm",
    };
    found(
        format!("there is no round of `{}` of {arm}", missing.name),
        "both arms must run every scenario",
    )
}

/// A result whose rounds were cut off says nothing of those that are gone.
fn rounds_missing(gate: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
    if matches!(gate.ended, Ended::Interrupted | Ended::Failed) {
        return None;
    }
    let looked = gate.looks.last().map_or(0, |look| look.rounds as usize);
    let is_short = |case: &&CaseRounds<'_>| {
        let made = case.pairs().len();
        made > 0 && (made < case.first.len() || made < looked)
    };
    let case = rounds.iter().find(is_short)?;
    found(
        format!(
            "{} rounds of `{}` are there, and {} were made",
            case.pairs().len(),
            case.name,
            case.first.len().max(looked)
        ),
        "judge the whole result.json, or run the gate again",
    )
}

/// But for the target, both arms must do the same.
fn different_work(_: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
    let without_target = |case: &Value| {
        let mut case = case.clone();
        if let Value::Object(keys) = &mut case {
            keys.remove("target");
        }
        case
    };
    let differs = |case: &&CaseRounds<'_>| {
        let arms = case.baseline.zip(case.candidate);
        arms.is_some_and(|(a, b)| without_target(&a.case) != without_target(&b.case))
    };
    let case = rounds.iter().find(differs)?;
    found(
        format!("the arms of `{}` did not do the same work", case.name),
        "only the target may differ; measure both arms again with one scenario",
    )
}

/// Whole pairs are dropped, of both arms. Where many are, what is left is a selection.
fn unusable_rounds(_: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
    let share = |pairs: &[Pair<'_>]| {
        let dropped = pairs.iter().filter(|pair| !pair.is_usable()).count();
        dropped as f64 / pairs.len().max(1) as f64
    };
    let (case, pairs) = rounds
        .iter()
        .map(|case| (case, case.pairs()))
        .max_by(|a, b| share(&a.1).total_cmp(&share(&b.1)))?;
    if share(&pairs) <= MOST_UNUSABLE {
        return None;
    }
    let (seen, remedy) = most_frequent(&pairs)?;
    let dropped = pairs.iter().filter(|pair| !pair.is_usable()).count();
    found(
        format!(
            "{dropped} of {} rounds of `{}` are invalid, most of all: {seen}",
            pairs.len(),
            case.name
        ),
        remedy,
    )
}

/// The finding that spoilt the most rounds: its words, the first time, and its remedy.
fn most_frequent(pairs: &[Pair<'_>]) -> Option<(String, String)> {
    let mut found: BTreeMap<&str, (usize, &Finding)> = BTreeMap::new();
    let findings = pairs
        .iter()
        .flat_map(|pair| [pair.baseline, pair.candidate]);
    for finding in findings.flat_map(|r| &r.validity.findings) {
        if finding.verdict == Verdict::Invalid {
            found.entry(&finding.rule).or_insert((0, finding)).0 += 1;
        }
    }
    let (_, worst) = found.into_values().max_by_key(|(times, _)| *times)?;
    Some((worst.seen.clone(), worst.remedy.clone()))
}

fn baseline_fails(_: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
    for case in rounds {
        let sums = case.pairs().iter().fold((0, 0), |(failed, started), pair| {
            let counts = &pair.baseline.counts;
            (failed + counts.bad(), started + counts.started)
        });
        let share = sums.0 as f64 / (sums.1 as f64).max(1.0);
        if share > MOST_FAILED {
            return found(
                format!(
                    "the baseline itself fails {:.1} % of the calls of `{}`",
                    share * 100.0,
                    case.name
                ),
                "mend the baseline or the scenario: calls that fail are cheap and fast, and say nothing of the others",
            );
        }
    }
    None
}

/// Under an open load a busy server queues; a closed one keeps a server as busy as it can, which is no fault.
fn saturated(_: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
    let busy = |of: &Repetition| of.conditions.as_ref().and_then(|c| c.server_busy);
    for case in rounds.iter().filter(|case| is_open(case)) {
        for arm in Arm::BOTH {
            let shares: Vec<f64> = case
                .pairs()
                .iter()
                .filter_map(|pair| busy(pair.of(arm)))
                .collect();
            let share = median(&shares);
            if share > MOST_BUSY {
                return found(
                    format!(
                        "the {} is busy for {:.0} % of the time in `{}`, so calls queue",
                        arm.name(),
                        share * 100.0,
                        case.name
                    ),
                    "lower the rate to about half of what the server can do",
                );
            }
        }
    }
    None
}

fn lagging_client(gate: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
    if !gate
        .metrics
        .iter()
        .any(|m| !m.advisory && m.metric.starts_with("response_time"))
    {
        return None;
    }
    for case in rounds.iter().filter(|case| is_open(case)) {
        let pairs = case.pairs();
        let both = pairs
            .iter()
            .flat_map(|pair| [pair.baseline, pair.candidate]);
        let lag = |of: &Repetition| {
            let (lag, response) = (of.start_lag.p99_ns?, of.response_time.p99_ns?);
            Some(lag as f64 / (response as f64).max(1.0))
        };
        let share = median(&both.filter_map(lag).collect::<Vec<_>>());
        if share > MOST_LAG {
            return found(
                format!(
                    "calls of `{}` started late: the start lag's p99 is {:.0} % of the response time's, which includes it",
                    case.name,
                    share * 100.0
                ),
                "give the runner a core of its own (`client.cpus`), `client.idle: spin`, more lanes or channels, or lower the rate",
            );
        }
    }
    None
}

fn is_open(case: &CaseRounds<'_>) -> bool {
    case.baseline
        .is_some_and(|arm| arm.case.pointer("/load/open").is_some())
}

/// The lot makes the test immune to it, but a machine that favours one place is not fit to tell small changes.
fn order_effect(gate: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
    for case in rounds {
        for metric in gate
            .metrics
            .iter()
            .filter_map(|m| m.metric.parse::<Metric>().ok())
        {
            if metric == Metric::ErrorShare {
                continue;
            }
            let second_over_first = second_over_first(case, metric);
            let effect = SignedRank::of(&second_over_first).shift().unwrap_or(0.0);
            let chance = p_above(&second_over_first, 0.0).min(p_below(&second_over_first, 0.0));
            if effect.abs() > ORDER_EFFECT && chance <= ORDER_CHANCE {
                return found(
                    format!(
                        "whichever arm of `{}` runs second has a {metric} that is {:.1} % {}",
                        case.name,
                        effect.exp_m1().abs() * 100.0,
                        if effect > 0.0 { "higher" } else { "lower" }
                    ),
                    "something of the first arm stays behind, or the machine heats up: lengthen `phases.warm_up`, or let it rest",
                );
            }
        }
    }
    None
}

fn second_over_first(case: &CaseRounds<'_>, metric: Metric) -> Vec<f64> {
    let ratio = |(pair, first): (Pair<'_>, &Arm)| {
        let (Seen::Exactly(baseline), Seen::Exactly(candidate)) =
            (see(metric, pair.baseline), see(metric, pair.candidate))
        else {
            return None;
        };
        let up = (candidate / baseline).ln();
        let signed = if *first == Arm::Baseline { up } else { -up };
        signed.is_finite().then_some(signed)
    };
    let pairs = case.pairs().into_iter().zip(case.first);
    pairs
        .filter(|(pair, _)| pair.is_usable())
        .filter_map(ratio)
        .collect()
}
