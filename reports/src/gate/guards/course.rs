//! Whether the gate ran to its end, and both arms did the same work.

use serde_json::Value;

use super::found;
use crate::gate::CaseRounds;
use crate::model::{Ended, Finding, Gate};

pub(super) fn interrupted(gate: &Gate, _: &[CaseRounds<'_>]) -> Option<Finding> {
    if gate.ended != Ended::Interrupted {
        return None;
    }
    found(
        "the gate was stopped before it had decided",
        "run it to its end; what was measured is in result.json",
    )
}

pub(super) fn round_failed(gate: &Gate, _: &[CaseRounds<'_>]) -> Option<Finding> {
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
pub(super) fn nothing_measured(_: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
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
pub(super) fn rounds_missing(gate: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
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
pub(super) fn different_work(_: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
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
