//! Jobs as results: cases with rounds of which only the judged numbers are made up.

use std::sync::OnceLock;

use reports::model::{
    Arm, CaseResult, Cost, Counts, Ended, Gate, GateCase, GateMetric, Look, Outcome, Policy,
    Repetition, RunResult, SCHEMA, Timing,
};
use serde_json::json;

use super::noise::{Machine, STEADY, TAIL, Weather};

pub(crate) const ROUNDS: u32 = 60;
pub(crate) const METRICS: [(&str, f64, f64); 3] = [
    ("server.cpu_ns_per_call", 0.05, STEADY),
    ("response_time.p50", 0.05, STEADY),
    ("response_time.p99", 0.10, TAIL),
];

/// A job of so many cases, in the first of which the candidate takes longer by `slower`, as a share.
pub(crate) struct Job {
    pub(crate) cases: usize,
    pub(crate) rounds: u32,
    pub(crate) slower: f64,
    pub(crate) machine: Machine,
}

impl Job {
    pub(crate) const QUIET: Job = Job {
        cases: 6,
        rounds: ROUNDS,
        slower: 0.0,
        machine: Machine::SHARED,
    };

    /// The job as it would stand in a result.
    pub(crate) fn make(&self, seed: u64) -> (Gate, Vec<CaseResult>) {
        let slots = self.rounds * 2 * u32::try_from(self.cases).unwrap();
        let mut weather = Weather::new(self.machine, seed, slots);
        let mut cases = empty_cases(self.cases);
        let mut first: Vec<Vec<Arm>> = vec![Vec::new(); self.cases];
        for _ in 0..self.rounds {
            for case in 0..self.cases {
                let slower = if case == 0 { self.slower } else { 0.0 };
                let order = match weather.coin() {
                    true => [Arm::Baseline, Arm::Candidate],
                    false => [Arm::Candidate, Arm::Baseline],
                };
                first[case].push(order[0]);
                for (place, arm) in order.into_iter().enumerate() {
                    let effect = if arm == Arm::Candidate {
                        slower.ln_1p()
                    } else {
                        0.0
                    };
                    let second = self.machine.second * place as f64;
                    let made = round(&mut weather, effect + second);
                    cases[2 * case + usize::from(arm == Arm::Candidate)]
                        .repetitions
                        .push(made);
                }
            }
        }
        (gate(&first, self.rounds), cases)
    }
}

/// One arm of a round whose every figure is off by the slot and by itself.
fn round(weather: &mut Weather, effect: f64) -> Repetition {
    let slot = weather.slot() + effect;
    let [cpu, p50, p99] = METRICS.map(|(_, _, noise)| (slot + noise * weather.normal()).exp());
    repetition(20_000.0 * cpu, 200_000.0 * p50, 900_000.0 * p99)
}

pub(crate) fn repetition(cpu_ns: f64, p50_ns: f64, p99_ns: f64) -> Repetition {
    static EMPTY: OnceLock<Repetition> = OnceLock::new();
    let empty = || {
        serde_json::from_value(json!({
            "validity": { "verdict": "valid" }, "counts": Counts::default(), "server": {},
        }))
        .unwrap()
    };
    let mut made = EMPTY.get_or_init(empty).clone();
    made.server = Some(Cost {
        cpu_ns_per_call: Some(cpu_ns),
        ..Cost::default()
    });
    made.counts.started = 4_000;
    made.counts.ok = 4_000;
    made.response_time = Timing {
        count: 4_000,
        p50_ns: Some(p50_ns as u64),
        p99_ns: Some(p99_ns as u64),
        ..Timing::default()
    };
    made
}

pub(crate) fn gate(first: &[Vec<Arm>], rounds: u32) -> Gate {
    let policy = Policy::default();
    let metric = |(metric, tolerance, _): &(&str, f64, f64)| GateMetric {
        metric: (*metric).to_owned(),
        tolerance: *tolerance,
        advisory: false,
    };
    let mut looks: Vec<Look> = policy
        .looks
        .iter()
        .filter(|look| **look < rounds)
        .map(|look| Look {
            rounds: *look,
            information: f64::from(*look) / f64::from(rounds),
        })
        .collect();
    looks.push(Look {
        rounds,
        information: 1.0,
    });
    Gate {
        name: "made".to_owned(),
        baseline: json!({}),
        candidate: json!({}),
        metrics: METRICS.iter().map(metric).collect(),
        budget: format!("{rounds} rounds"),
        cases: first
            .iter()
            .enumerate()
            .map(|(case, first)| GateCase {
                name: format!("case-{case}"),
                first: first.clone(),
            })
            .collect(),
        looks,
        ended: Ended::Budget,
        failure: None,
        instructions: Vec::new(),
        stored: None,
        tests: Vec::new(),
        findings: Vec::new(),
        outcome: Outcome::Inconclusive,
        policy,
    }
}

/// The two arms of so many cases, side by side.
pub(crate) fn empty_cases(many: usize) -> Vec<CaseResult> {
    (0..many)
        .flat_map(|case| Arm::BOTH.map(|arm| empty_case(case, arm)))
        .collect()
}

fn empty_case(case: usize, arm: Arm) -> CaseResult {
    let name = reports::gate::arm_name(&format!("case-{case}"), arm);
    serde_json::from_value(json!({ "name": name, "case": {}, "repetitions": [] })).unwrap()
}

/// The gate as a result of these rounds would have it.
pub(crate) fn judged(gate: Gate, cases: Vec<CaseResult>) -> Gate {
    let mut result: RunResult = serde_json::from_value(json!({
        "schema": SCHEMA, "scenario": {}, "environment": {}, "seed": 1, "cases": [],
    }))
    .unwrap();
    (result.gate, result.cases) = (Some(gate), cases);
    reports::gate::judge_again(&mut result);
    result.gate.unwrap()
}
