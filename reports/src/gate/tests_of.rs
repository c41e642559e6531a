//! The tests of a job: each metric of each case.

use scenarios::metric::{Better, CostMetric, Metric};

use super::detectable::smallest_detectable;
use super::paired::{Scale, Series, Unusable};
use super::sequence::{Criteria, Decision, FEWEST_ROUNDS, LookAt, decide};
use super::{CaseRounds, instructions, stored};
use crate::model::{Gate, GateMetric, GateTest, Look, Outcome};

/// How the tests of a job are made.
pub(crate) struct Tests<'a> {
    gate: &'a Gate,
    /// What each of them may spend.
    alpha: f64,
    /// Whether people will read them.
    explains: bool,
}

impl<'a> Tests<'a> {
    /// Of a job with so many cases.
    pub(crate) fn of(gate: &'a Gate, cases: usize, explains: bool) -> Tests<'a> {
        let deciding = gate.metrics.iter().filter(|metric| !metric.advisory);
        // One false alarm in any of the tests is a false alarm of the job.
        let many = (deciding.count() * cases).max(1);
        Tests {
            gate,
            alpha: gate.policy.alpha / many as f64,
            explains,
        }
    }

    /// Every test, in the order of cases and metrics.
    pub(crate) fn all(&self, rounds: &[CaseRounds<'_>]) -> Vec<GateTest> {
        let of_case = |case| {
            let tests = self
                .gate
                .metrics
                .iter()
                .map(|metric| self.test(case, metric));
            without_false_praise(tests.collect())
        };
        rounds.iter().flat_map(of_case).collect()
    }

    fn test(&self, case: &CaseRounds<'_>, wanted: &GateMetric) -> GateTest {
        let empty = empty(case, wanted);
        let metric = wanted.metric.parse::<Metric>();
        if metric == Ok(Metric::Cost(CostMetric::ServerInstructions)) {
            return instructions::judge(self.gate, empty);
        }
        let series = metric
            .map_err(|_| Unusable::NotMeasured)
            .and_then(|metric| Series::of(metric, &case.pairs()));
        match series {
            Ok(series) if series.baseline.is_empty() => GateTest {
                why: Some("there is no round of it that can be used".to_owned()),
                ..empty
            },
            Ok(series) => {
                let beside = self.decided(&series, empty);
                match &self.gate.stored {
                    None => beside,
                    Some(stored) => stored::judge(self.gate, stored, beside, self.alpha),
                }
            }
            Err(Unusable::NotMeasured) => not_measured(empty),
            Err(Unusable::TooFew(why)) => GateTest {
                why: Some(why),
                ..empty
            },
        }
    }

    fn decided(&self, series: &Series, empty: GateTest) -> GateTest {
        let differences = series.differences();
        let criteria = self.criteria(series.scale, empty.tolerance);
        let decision = decide(&differences, &self.looks(&series.used), &criteria);
        let seen = &differences[..decision.values];
        let reach = self
            .explains
            .then(|| smallest_detectable(seen, &criteria))
            .flatten();
        let smallest_detectable = reach.map(|reach| series.scale.change_of(reach));
        let (baseline, candidate) = series.medians(decision.values);
        let change = series.change(decision.values);
        GateTest {
            more_is_better: series.better == Better::More,
            baseline: Some(baseline),
            candidate: Some(candidate),
            measured: change.map(|change| change.estimate),
            change,
            smallest_detectable,
            rounds: u32::try_from(decision.values).unwrap_or(u32::MAX),
            p_no_worse: decision.p_no_worse,
            p_beyond_tolerance: decision.p_beyond_tolerance,
            outcome: decision.outcome,
            why: why(&decision, smallest_detectable, &empty),
            ..empty
        }
    }

    fn criteria(&self, scale: Scale, tolerance: f64) -> Criteria {
        let policy = &self.gate.policy;
        Criteria {
            floor: match scale {
                Scale::Ratio => scale.difference_of(policy.noise_floor),
                // What is exactly nothing has no noise.
                Scale::Share => 0.0,
            },
            tolerance: scale.difference_of(tolerance),
            alpha: self.alpha,
            beta: policy.beta,
        }
    }

    /// The looks of the job as a case saw them, some of whose rounds could not be used.
    fn looks(&self, used: &[bool]) -> Vec<LookAt> {
        let look = |look: &Look| {
            let made = (look.rounds as usize).min(used.len());
            LookAt {
                values: used[..made].iter().filter(|used| **used).count(),
                information: look.information,
            }
        };
        self.gate.looks.iter().map(look).collect()
    }
}

fn empty(case: &CaseRounds<'_>, wanted: &GateMetric) -> GateTest {
    GateTest {
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
    }
}

fn not_measured(test: GateTest) -> GateTest {
    GateTest {
        outcome: Outcome::Invalid,
        why: Some(format!(
            "`{}` was not measured in every round of both arms; leave it out of `metrics`",
            test.metric
        )),
        ..test
    }
}

/// Why the data could not tell.
fn why(decision: &Decision, reach: Option<f64>, test: &GateTest) -> Option<String> {
    if decision.outcome != Outcome::Inconclusive {
        return None;
    }
    if decision.values < FEWEST_ROUNDS {
        return Some(format!(
            "{} rounds that can be used; a verdict needs {FEWEST_ROUNDS} at least",
            decision.values
        ));
    }
    let Some(reach) = reach else {
        return Some(
            "the noise hides any change; more rounds are needed, or a quieter machine".to_owned(),
        );
    };
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
