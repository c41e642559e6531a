//! The tests of a job: each metric of each case.

use scenarios::metric::{CostMetric, Metric};

use super::paired::{Series, Unusable};
use super::sequence::{Criteria, FEWEST_ROUNDS, LookAt, decide, smallest_detectable};
use super::{CaseRounds, instructions, stored};
use crate::model::{Gate, GateMetric, GateTest, Outcome};

/// Every test of a job, in the order of cases and metrics.
pub(crate) fn all(gate: &Gate, rounds: &[CaseRounds<'_>]) -> Vec<GateTest> {
    let deciding = gate
        .metrics
        .iter()
        .filter(|metric| !metric.advisory)
        .count();
    // One false alarm in any of the tests is a false alarm of the job.
    let alpha = gate.policy.alpha / (deciding * rounds.len()).max(1) as f64;
    let mut tests = Vec::new();
    for case in rounds {
        let of_case = gate
            .metrics
            .iter()
            .map(|metric| test(gate, case, metric, alpha));
        tests.extend(without_false_praise(of_case.collect()));
    }
    tests
}

fn test(gate: &Gate, case: &CaseRounds<'_>, wanted: &GateMetric, alpha: f64) -> GateTest {
    let empty = GateTest {
        case: case.name.to_owned(),
        metric: wanted.metric.clone(),
        more_is_better: false,
        tolerance: wanted.tolerance,
        advisory: wanted.advisory,
        baseline: None,
        candidate: None,
        measured: None,
        change: None,
        smallest_detectable: None,
        rounds: 0,
        p_no_worse: 1.0,
        p_beyond_tolerance: 1.0,
        outcome: Outcome::Inconclusive,
        why: None,
    };
    if wanted.metric == Metric::Cost(CostMetric::ServerInstructions).to_string() {
        return instructions::judge(gate, empty);
    }
    let pairs = case.pairs();
    let series = match wanted.metric.parse::<Metric>() {
        Ok(metric) => Series::of(metric, &pairs),
        Err(_) => Err(Unusable::NotMeasured),
    };
    match series {
        Ok(series) if series.baseline.is_empty() => GateTest {
            why: Some("there is no round of it that can be used".to_owned()),
            ..empty
        },
        Ok(series) => {
            let beside = decided(gate, &series, &looks(gate, &series.used), alpha, empty);
            match &gate.stored {
                None => beside,
                Some(stored) => stored::judge(gate, stored, beside, alpha),
            }
        }
        Err(Unusable::NotMeasured) => GateTest {
            outcome: Outcome::Invalid,
            why: Some(format!(
                "`{}` was not measured in every round of both arms; leave it out of `metrics`",
                wanted.metric
            )),
            ..empty
        },
        Err(Unusable::TooFew(why)) => GateTest {
            why: Some(why),
            ..empty
        },
    }
}

/// The looks of the job as a case saw them, some of whose rounds could not be used.
fn looks(gate: &Gate, used: &[bool]) -> Vec<LookAt> {
    let look = |look: &crate::model::Look| {
        let made = (look.rounds as usize).min(used.len());
        LookAt {
            values: used[..made].iter().filter(|used| **used).count(),
            information: look.information,
        }
    };
    gate.looks.iter().map(look).collect()
}

fn decided(
    gate: &Gate,
    series: &Series,
    looks: &[LookAt],
    alpha: f64,
    empty: GateTest,
) -> GateTest {
    let differences = series.differences();
    let criteria = Criteria {
        // What is exactly nothing has no noise.
        floor: match series.scale {
            super::paired::Scale::Ratio => series.scale.difference_of(gate.policy.noise_floor),
            super::paired::Scale::Share => 0.0,
        },
        tolerance: series.scale.difference_of(empty.tolerance),
        alpha,
        beta: gate.policy.beta,
    };
    let decision = decide(&differences, looks, &criteria);
    let (baseline, candidate) = series.medians(decision.values);
    let reach = smallest_detectable(&differences[..decision.values], &criteria);
    let smallest_detectable = reach.map(|reach| series.scale.change_of(reach));
    GateTest {
        more_is_better: series.better == scenarios::metric::Better::More,
        baseline: Some(baseline),
        candidate: Some(candidate),
        measured: series.change(decision.values).map(|change| change.estimate),
        change: series.change(decision.values),
        smallest_detectable,
        rounds: u32::try_from(decision.values).unwrap_or(u32::MAX),
        p_no_worse: decision.p_no_worse,
        p_beyond_tolerance: decision.p_beyond_tolerance,
        outcome: decision.outcome,
        why: why(&decision, smallest_detectable, &empty),
        ..empty
    }
}

/// Why the data could not tell.
fn why(
    decision: &super::sequence::Decision,
    reach: Option<f64>,
    test: &GateTest,
) -> Option<String> {
    if decision.outcome != Outcome::Inconclusive {
        return None;
    }
    if decision.values < FEWEST_ROUNDS {
        return Some(format!(
            "{} rounds that can be used; a verdict needs {FEWEST_ROUNDS} at least",
            decision.values
        ));
    }
    let reach = reach?;
    let needed = decision.values as f64 * (reach / test.tolerance).powi(2);
    Some(match reach > test.tolerance {
        true => format!(
            "the noise hides changes up to {:.1} %; about {needed:.0} rounds would tell, or longer ones",
            reach * 100.0
        ),
        false => "the change is close to half of the tolerance, and more rounds are needed to say on which side".to_owned(),
    })
}

/// A candidate that fails more calls has fewer left that take long: its other figures are not praised.
fn without_false_praise(mut tests: Vec<GateTest>) -> Vec<GateTest> {
    let fails_more = |test: &GateTest| {
        test.metric == Metric::ErrorShare.to_string() && test.outcome == Outcome::Regressed
    };
    if tests.iter().any(fails_more) {
        for test in &mut tests {
            if matches!(test.outcome, Outcome::Pass | Outcome::Improved) {
                test.outcome = Outcome::Inconclusive;
                test.why =
                    Some("the candidate fails more calls; what is left says little".to_owned());
            }
        }
    }
    tests
}
