//! Whether load and machine let a difference between the arms be told from anything else.

use scenarios::metric::Metric;

use super::found;
use crate::gate::CaseRounds;
use crate::gate::paired::Pair;
use crate::gate::sequence::median;
use crate::model::{Arm, Finding, Gate, Repetition};
use crate::seen::{Seen, see};
use crate::stats::{SignedRank, p_above, p_below};

/// A server that is busier than this queues, and every figure of it is the queue's.
const MOST_BUSY: f64 = 0.75;
/// Where the client's own lateness is more of the response time than this, the response time is the client's.
const MOST_LAG: f64 = 0.5;
/// Whichever arm is second must not be slower than this, or be called so with this chance.
const ORDER_EFFECT: f64 = 0.05;
const ORDER_CHANCE: f64 = 0.000_5;

/// Under an open load a busy server queues; a closed one keeps a server as busy as it can, which is no fault.
pub(super) fn saturated(_: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
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

pub(super) fn lagging_client(gate: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
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
pub(super) fn order_effect(gate: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
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
