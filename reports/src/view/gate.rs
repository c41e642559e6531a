//! A gate as people see it: the verdict in a sentence, a row for each test, and what was guarded.

use scenarios::limits::Unit;
use scenarios::metric::Metric;

use super::format::{DASH, plural};
use super::{clean, last_key};
use crate::gate::rounds_of;
use crate::limits::print;
use crate::model::{Ended, Gate, GateTest, Outcome, RunResult};

/// A gate and its verdict.
#[derive(Clone, Debug)]
pub struct GateView {
    /// The verdict.
    pub outcome: Outcome,
    /// The verdict in a sentence.
    pub sentence: String,
    /// What forbids a verdict: what was seen, and what to do about it.
    pub findings: Vec<String>,
    /// The tests, the worst first.
    pub rows: Vec<GateRow>,
    /// How it was judged.
    pub facts: Vec<String>,
}

/// A test.
#[derive(Clone, Debug)]
pub struct GateRow {
    /// The case.
    pub case: String,
    /// The metric.
    pub metric: String,
    /// The verdict.
    pub outcome: Outcome,
    /// Whether it is only shown.
    pub advisory: bool,
    /// The medians, the change, its interval, the tolerance, what could be seen, and the rounds: one for each of
    /// [`GATE_HEADINGS`].
    pub cells: [String; 7],
    /// Why, where it is not plain.
    pub why: Option<String>,
    /// By how much the candidate differed in each round, as shares of the baseline, or of shares the difference.
    pub changes: Vec<f64>,
    /// The tolerance on the same scale, positive where more is worse.
    pub limit: f64,
}

/// What stands over the cells of a row.
pub const GATE_HEADINGS: [&str; 7] = [
    "baseline",
    "candidate",
    "change",
    "95 % interval",
    "tolerance",
    "detectable",
    "rounds",
];

impl GateView {
    /// Finds the gate in one result; `None` where it is none.
    pub(super) fn find(results: &[RunResult]) -> Option<GateView> {
        let [result] = results else { return None };
        let gate = result.gate.as_ref()?;
        let row = |test: &GateTest| row(test, rounds_of(gate, &result.cases, test));
        Some(GateView {
            outcome: gate.outcome,
            sentence: sentence(gate),
            findings: gate
                .findings
                .iter()
                .map(|finding| clean(&format!("{}; {}", finding.seen, finding.remedy)))
                .collect(),
            rows: gate.tests.iter().map(row).collect(),
            facts: facts(gate),
        })
    }
}

fn sentence(gate: &Gate) -> String {
    let deciding: Vec<&GateTest> = gate.tests.iter().filter(|test| !test.advisory).collect();
    let many = |outcome| {
        deciding
            .iter()
            .filter(|test| test.outcome == outcome)
            .count() as u64
    };
    let tests = plural(deciding.len() as u64, "test");
    match gate.outcome {
        Outcome::Pass => {
            format!("the candidate is not worse: all of {tests} are within their tolerances")
        }
        Outcome::Improved => format!(
            "the candidate is better in {} of {tests}, and worse in none",
            many(Outcome::Improved)
        ),
        Outcome::Regressed => format!(
            "the candidate is worse in {} of {tests}",
            many(Outcome::Regressed)
        ),
        Outcome::Inconclusive => format!(
            "the data cannot tell in {} of {tests}; this is not a pass",
            many(Outcome::Inconclusive)
        ),
        Outcome::Invalid => "no verdict: the reasons follow".to_owned(),
    }
}

fn facts(gate: &Gate) -> Vec<String> {
    let rounds = gate.cases.iter().map(|case| case.first.len()).max();
    let ended = match gate.ended {
        Ended::Decided => "every test was decided",
        Ended::Budget => "the budget was spent",
        Ended::Interrupted => "it was stopped",
        Ended::Failed => "a round failed",
    };
    vec![
        format!(
            "{} of {}, until {ended}",
            plural(rounds.unwrap_or(0) as u64, "round"),
            plural(gate.cases.len() as u64, "case")
        ),
        format!(
            "each round: both arms with one seed, a fresh server each, in an order drawn by lot; budget {}",
            clean(&gate.budget)
        ),
        how_it_is_judged(gate),
    ]
}

fn how_it_is_judged(gate: &Gate) -> String {
    let policy = &gate.policy;
    let percent = |share: f64| percent(share).trim_start_matches('+').to_owned();
    match &gate.stored {
        Some(stored) => format!(
            "held against {} stored runs of the same work on the same machine, by the ratio to a control that ran beside: \
             weaker than both arms in one job",
            stored.len()
        ),
        None => format!(
            "exact signed-rank test of the log-ratios, Hodges-Lehmann estimate; a false alarm in at most {} of all jobs, \
             a miss of the whole tolerance in at most {} of tests, no alarm for changes under {}",
            percent(policy.alpha),
            percent(policy.beta),
            percent(policy.noise_floor)
        ),
    }
}

fn row(test: &GateTest, changes: Vec<f64>) -> GateRow {
    let metric = test.metric.parse::<Metric>().ok();
    let unit = metric.map_or(Unit::Count, Metric::unit);
    let value = |value: Option<f64>| value.map_or(DASH.to_owned(), |value| print(value, unit));
    let change = |share: Option<f64>| share.map_or(DASH.to_owned(), |share| shown(share, unit));
    let interval = test.change.and_then(|c| c.low.zip(c.high));
    let interval = interval.map_or(DASH.to_owned(), |(low, high)| {
        format!("{} to {}", shown(low, unit), shown(high, unit))
    });
    let sign = if test.more_is_better { -1.0 } else { 1.0 };
    GateRow {
        case: clean(&test.case),
        metric: clean(&test.metric),
        outcome: test.outcome,
        advisory: test.advisory,
        cells: [
            value(test.baseline),
            value(test.candidate),
            change(test.change.map(|change| change.estimate)),
            interval,
            shown(sign * test.tolerance, unit),
            change(test.smallest_detectable.map(|share| sign * share)),
            test.rounds.to_string(),
        ],
        why: test.why.as_deref().map(clean),
        changes,
        limit: sign * test.tolerance,
    }
}

/// A change with its sign: in percent, or of shares in points of a percent.
pub(crate) fn shown(change: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => format!("{:+.2} pp", change * 100.0 + 0.0),
        _ => percent(change),
    }
}

/// A share in percent with its sign.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let text = match percent.abs() {
        p if p >= 100.0 => format!("{percent:+.0} %"),
        p if p >= 0.095 => format!("{percent:+.1} %"),
        _ => format!("{percent:+.2} %"),
    };
    text.replace(".0 %", " %")
}

impl GateRow {
    /// Case and metric in one line, the case as short as it goes.
    pub fn name(&self, several: bool) -> String {
        match several {
            true => format!("{} {}", last_key(&self.case), self.metric),
            false => self.metric.clone(),
        }
    }
}
