//! The gate: whether a candidate is worse than its baseline.
//!
//! Pure: the rounds as they stand in the result, in; tests, findings and a verdict, out. In every round both arms run
//! the same case with the same seed, in an order that was drawn by lot. For each metric the logarithms of the ratios of
//! all rounds are held against the tolerance by the exact signed-rank test ([`crate::stats::p_above`]).
//!
//! - *regressed*: worse than the noise floor, which would be a false alarm in at most `alpha` of all jobs, however many
//!   tests they have, and the estimate is beyond half of the tolerance
//! - *pass*: not worse by the tolerance, which would be wrong in at most `beta` of all tests, and the estimate is within half of it
//! - *inconclusive*: neither, when the budget is spent
//! - *invalid*: a finding says why no verdict is given

mod detectable;
mod guards;
mod instructions;
mod paired;
mod sequence;
mod stored;
mod tests_of;

pub use sequence::FEWEST_ROUNDS;
pub use stored::{FEWEST_STORED, difference, matching};

use paired::{Pair, Series};
use scenarios::metric::Metric;
use tests_of::Tests;

use crate::model::{Arm, CaseResult, Finding, Gate, GateTest, Outcome, RunResult};

/// What follows from the rounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Each metric of each case, the worst first.
    pub tests: Vec<GateTest>,
    /// What forbids a verdict.
    pub findings: Vec<Finding>,
    /// The verdict on the candidate.
    pub outcome: Outcome,
}

impl Judgement {
    /// Whether no further round can change a test.
    pub fn is_decided(&self) -> bool {
        let open = |test: &GateTest| !test.advisory && test.outcome == Outcome::Inconclusive;
        !self.tests.iter().any(open)
    }
}

/// Judges the rounds of a gate, without what only people read: why, and what could have been seen.
pub fn judge(gate: &Gate, cases: &[CaseResult]) -> Judgement {
    judgement(gate, cases, false)
}

/// Judges a result as its own rounds and its policy say, and writes that into it.
pub fn judge_again(result: &mut RunResult) {
    let Some(gate) = &mut result.gate else { return };
    let judgement = judgement(gate, &result.cases, true);
    gate.tests = judgement.tests;
    gate.findings = judgement.findings;
    gate.outcome = judgement.outcome;
}

fn judgement(gate: &Gate, cases: &[CaseResult], explains: bool) -> Judgement {
    let rounds: Vec<CaseRounds<'_>> = gate
        .cases
        .iter()
        .map(|case| CaseRounds::find(&case.name, &case.first, cases))
        .collect();
    let findings = guards::findings(gate, &rounds);
    let mut tests = Tests::of(gate, rounds.len(), explains).all(&rounds);
    tests.sort_by(|a, b| severity(b).total_cmp(&severity(a)));
    let outcome = verdict(&findings, &tests);
    Judgement {
        tests,
        findings,
        outcome,
    }
}

/// The change of a test in each round that can be used, up being more; empty where there is none.
pub(crate) fn rounds_of(gate: &Gate, cases: &[CaseResult], test: &GateTest) -> Vec<f64> {
    let case = gate.cases.iter().find(|case| case.name == test.case);
    let metric = test.metric.parse::<Metric>();
    let (Some(case), Ok(metric)) = (case, metric) else {
        return Vec::new();
    };
    let pairs = CaseRounds::find(&case.name, &case.first, cases).pairs();
    Series::of(metric, &pairs).map_or(Vec::new(), |series| series.changes())
}

/// The rounds of a case.
#[derive(Debug)]
pub(crate) struct CaseRounds<'a> {
    pub(crate) name: &'a str,
    pub(crate) first: &'a [Arm],
    pub(crate) baseline: Option<&'a CaseResult>,
    pub(crate) candidate: Option<&'a CaseResult>,
}

impl<'a> CaseRounds<'a> {
    fn find(name: &'a str, first: &'a [Arm], cases: &'a [CaseResult]) -> CaseRounds<'a> {
        let arm = |arm: Arm| cases.iter().find(|case| case.name == arm_name(name, arm));
        CaseRounds {
            name,
            first,
            baseline: arm(Arm::Baseline),
            candidate: arm(Arm::Candidate),
        }
    }

    /// Every round of which both arms were measured, in order.
    pub(crate) fn pairs(&self) -> Vec<Pair<'a>> {
        let (Some(baseline), Some(candidate)) = (self.baseline, self.candidate) else {
            return Vec::new();
        };
        let pairs = baseline.repetitions.iter().zip(&candidate.repetitions);
        pairs
            .map(|(baseline, candidate)| Pair {
                baseline,
                candidate,
            })
            .collect()
    }
}

/// What an arm of a case is called among the cases of the result.
pub fn arm_name(case: &str, arm: Arm) -> String {
    format!("{case}/{}", arm.name())
}

fn verdict(findings: &[Finding], tests: &[GateTest]) -> Outcome {
    let any = |outcome| {
        let mut deciding = tests.iter().filter(|test| !test.advisory);
        deciding.any(|test| test.outcome == outcome)
    };
    if !findings.is_empty() {
        return Outcome::Invalid;
    }
    [
        Outcome::Regressed,
        Outcome::Invalid,
        Outcome::Inconclusive,
        Outcome::Improved,
    ]
    .into_iter()
    .find(|outcome| any(*outcome))
    .unwrap_or(Outcome::Pass)
}

/// How much a reader must see of it: the verdict first, then how far beyond its tolerance it is.
fn severity(test: &GateTest) -> f64 {
    let class = match test.outcome {
        Outcome::Regressed => 4.0,
        Outcome::Invalid => 3.0,
        Outcome::Inconclusive => 2.0,
        Outcome::Pass => 1.0,
        Outcome::Improved => 0.0,
    };
    let change = test.change.map_or(0.0, |change| change.estimate);
    let worse = if test.more_is_better { -change } else { change };
    let advisory = if test.advisory { 10.0 } else { 0.0 };
    class - advisory + (worse / test.tolerance).tanh() / 3.0
}
