//! Instructions for each call: counted, not sampled, so a few counts of each arm say it all.
//!
//! Counts of one program differ by up to [`REPEATS_WITHIN`] on the noisiest machines, by timers that fire and threads that
//! meet. Two arms differ where all counts of one lie beyond all of the other by more than that.

use super::sequence::median;
use crate::model::{Change, Gate, GateTest, Outcome};

/// Counts of one program are within so much of each other.
const REPEATS_WITHIN: f64 = 0.006;
/// Fewer counts of an arm than this decide nothing.
const FEWEST: usize = 2;

/// Judges the counts of the test's case.
pub(super) fn judge(gate: &Gate, test: GateTest) -> GateTest {
    let counted = gate
        .instructions
        .iter()
        .find(|counts| counts.case == test.case);
    let Some(counts) = counted.filter(|c| c.baseline.len().min(c.candidate.len()) >= FEWEST) else {
        return GateTest {
            outcome: Outcome::Invalid,
            why: Some("instructions were not counted: that needs valgrind, and a server that is a process of ours".to_owned()),
            ..test
        };
    };
    let (baseline, candidate) = (median(&counts.baseline), median(&counts.candidate));
    let change = candidate / baseline - 1.0;
    let least = smallest(&counts.candidate) / largest(&counts.baseline) - 1.0;
    let most = largest(&counts.candidate) / smallest(&counts.baseline) - 1.0;
    let outcome = if least > REPEATS_WITHIN && change > test.tolerance / 2.0 {
        Outcome::Regressed
    } else if most >= test.tolerance || change > test.tolerance / 2.0 {
        Outcome::Inconclusive
    } else if most < -REPEATS_WITHIN {
        Outcome::Improved
    } else {
        Outcome::Pass
    };
    let unsure = outcome == Outcome::Inconclusive;
    GateTest {
        baseline: Some(baseline),
        candidate: Some(candidate),
        measured: Some(change),
        change: Some(Change {
            estimate: change,
            low: Some(least),
            high: Some(most),
        }),
        smallest_detectable: Some(REPEATS_WITHIN.max(test.tolerance / 2.0)),
        rounds: u32::try_from(counts.candidate.len()).unwrap_or(u32::MAX),
        outcome,
        why: unsure.then(|| {
            "the counts of the two arms overlap; is the work the same every time?".to_owned()
        }),
        ..test
    }
}

fn smallest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}
