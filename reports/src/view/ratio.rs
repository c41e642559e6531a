//! Two results of the same work: how many times as much the second is, for those who only want to look.

use super::headline::Metric;
use super::{CaseView, clean};
use crate::model::{CaseResult, RunResult};
use crate::stats::{Ratio, ratio};
use crate::view::format::DASH;

/// Two results, held against each other.
#[derive(Clone, Debug)]
pub struct Ratios {
    /// Which is held against which.
    pub title: String,
    /// A row for each case that both have.
    pub rows: Vec<RatioRow>,
    /// What may not be concluded.
    pub cautions: Vec<String>,
}

/// A case that both have.
#[derive(Clone, Debug)]
pub struct RatioRow {
    /// The case.
    pub case: String,
    /// A ratio for each of [`RATIO_HEADINGS`].
    pub ratios: [String; 5],
    /// Its 95 % interval, where each side has three repetitions.
    pub intervals: [Option<String>; 5],
}

/// What stands over the ratios, in the order of [`Metric::ALL`].
pub const RATIO_HEADINGS: [&str; 5] = ["throughput", "p50", "p99", "client CPU", "server CPU"];

const NO_GATE: &str = "Two separate runs are no gate: the machine drifts between them (its clock rate, its neighbours, what else \
                       runs), and an interval from repetitions within each run knows nothing of that. Whether a change made \
                       something slower, `bench-runner gate` can tell: it runs both in turns.";

impl Ratios {
    /// Finds the cases that two results have in common; `None` where there are not two, or they have none.
    pub(super) fn find(
        results: &[RunResult],
        cases: &[CaseView<'_>],
        runs: &[String],
    ) -> Option<Ratios> {
        let [a, b] = results else { return None };
        if results
            .iter()
            .any(|r| r.gate.is_some() || r.search.is_some())
        {
            return None;
        }
        let pairs: Vec<(&CaseResult, &CaseResult)> = a
            .cases
            .iter()
            .filter_map(|case| Some((case, same(case, &b.cases)?)))
            .collect();
        if pairs.is_empty() {
            return None;
        }
        let several = cases.len() > 2;
        Some(Ratios {
            title: format!("{} as a multiple of {}", runs[1], runs[0]),
            rows: pairs.iter().map(|(a, b)| row(a, b, several)).collect(),
            cautions: cautions(a, b, &pairs),
        })
    }
}

/// The case that is the same work, or else the one of the same name.
fn same<'c>(case: &CaseResult, others: &'c [CaseResult]) -> Option<&'c CaseResult> {
    let work =
        |other: &&CaseResult| !case.fingerprint.is_empty() && other.fingerprint == case.fingerprint;
    let both = |other: &&CaseResult| work(other) && other.name == case.name;
    let named = |other: &&CaseResult| other.name == case.name;
    let find = |is: &dyn Fn(&&CaseResult) -> bool| others.iter().find(|other| is(other));
    find(&both).or_else(|| find(&named)).or_else(|| find(&work))
}

fn row(a: &CaseResult, b: &CaseResult, several: bool) -> RatioRow {
    let ratios = Metric::ALL.map(|(metric, _)| of(metric, a, b));
    RatioRow {
        case: if several {
            clean(&a.name)
        } else {
            String::new()
        },
        ratios: ratios.map(|ratio| ratio.map_or(DASH.to_owned(), |r| times(r.estimate))),
        intervals: ratios.map(|ratio| {
            let interval = ratio?.ci95?;
            Some(format!(
                "{} to {}",
                times(interval.low),
                times(interval.high)
            ))
        }),
    }
}

fn of(metric: Metric, a: &CaseResult, b: &CaseResult) -> Option<Ratio> {
    let values = |case: &CaseResult| -> Option<Vec<f64>> {
        case.repetitions.iter().map(|r| metric.of(r)).collect()
    };
    ratio(&values(a)?, &values(b)?)
}

/// A ratio: `×1.04`.
fn times(ratio: f64) -> String {
    match ratio {
        ratio if ratio < 0.1 => format!("×{ratio:.3}"),
        ratio if ratio < 10.0 => format!("×{ratio:.2}"),
        ratio => format!("×{ratio:.0}"),
    }
}

fn cautions(a: &RunResult, b: &RunResult, pairs: &[(&CaseResult, &CaseResult)]) -> Vec<String> {
    let mut cautions = vec![NO_GATE.to_owned()];
    let machine = |result: &RunResult| {
        let environment = &result.environment;
        (
            environment.cpu.model.clone(),
            environment.cpu.cores,
            environment.machine.kernel.clone(),
        )
    };
    if machine(a) != machine(b) {
        cautions.push("The two ran on different machines, or kernels.".to_owned());
    }
    let other: Vec<String> = pairs
        .iter()
        .filter(|(a, b)| a.fingerprint != b.fingerprint)
        .map(|(a, _)| clean(&a.name))
        .collect();
    if !other.is_empty() {
        cautions.push(format!(
            "Of the same name, but with other settings: {}.",
            other.join(", ")
        ));
    }
    cautions
}
