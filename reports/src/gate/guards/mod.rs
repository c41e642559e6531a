//! What forbids a verdict, whatever the tests say: each guard a function, all in [`GUARDS`].

mod course;
mod fitness;
mod rounds;

use super::CaseRounds;
use crate::model::{Finding, Gate, Verdict};

type Guard = fn(&Gate, &[CaseRounds<'_>]) -> Option<Finding>;

/// Every guard.
const GUARDS: &[(&str, Guard)] = &[
    ("interrupted", course::interrupted),
    ("round_failed", course::round_failed),
    ("nothing_measured", course::nothing_measured),
    ("rounds_missing", course::rounds_missing),
    ("different_work", course::different_work),
    ("unusable_rounds", rounds::unusable_rounds),
    ("baseline_fails", rounds::baseline_fails),
    ("saturated", fitness::saturated),
    ("lagging_client", fitness::lagging_client),
    ("order_effect", fitness::order_effect),
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
