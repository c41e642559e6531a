//! Whether the rounds are fit to be counted: not too many of them dropped, and a baseline that works.

use std::collections::BTreeMap;

use super::found;
use crate::gate::CaseRounds;
use crate::gate::paired::Pair;
use crate::model::{Finding, Gate, Verdict};

/// Rounds of a case that may be invalid, as a share.
const MOST_UNUSABLE: f64 = 0.1;
/// A baseline that fails more calls than this is no standard.
const MOST_FAILED: f64 = 0.005;

/// Whole pairs are dropped, of both arms. Where many are, what is left is a selection.
pub(super) fn unusable_rounds(_: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
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

pub(super) fn baseline_fails(_: &Gate, rounds: &[CaseRounds<'_>]) -> Option<Finding> {
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
