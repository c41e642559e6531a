//! One job at a time: what decides, what forbids, what is said.

use reports::gate::judge;
use reports::model::{Arm, CaseResult, Ended, Gate, GateMetric, Outcome, Verdict};

use super::jobs::{Job, judged};
use super::noise::Machine;

const CALM: Machine = Machine {
    wander: 0.0,
    trend: 0.0,
    bursts: 0.0,
    restart: 0.0,
    second: 0.0,
};

fn job(slower: f64) -> (Gate, Vec<CaseResult>) {
    let job = Job {
        cases: 2,
        rounds: 30,
        slower,
        machine: CALM,
    };
    job.make(1)
}

fn rules(gate: &Gate, cases: &[CaseResult]) -> Vec<String> {
    let judgement = judge(gate, cases);
    assert_eq!(judgement.outcome, Outcome::Invalid);
    judgement.findings.into_iter().map(|f| f.rule).collect()
}

#[test]
fn the_worst_test_is_first_and_tells_its_figures() {
    let (gate, cases) = job(0.08);
    let judgement = judge(&gate, &cases);
    assert_eq!(judgement.outcome, Outcome::Regressed);
    let worst = &judgement.tests[0];
    assert_eq!(
        (worst.case.as_str(), worst.outcome),
        ("case-0", Outcome::Regressed)
    );
    let change = worst.change.unwrap();
    assert!((change.estimate - 0.08).abs() < 0.01, "{change:?}");
    assert!(
        change.low < Some(0.08) && change.high > Some(0.08),
        "{change:?}"
    );
    assert!(worst.candidate > worst.baseline);
    let explained = judged(gate, cases).tests;
    let mut detectable = explained
        .iter()
        .map(|test| test.smallest_detectable.unwrap());
    assert!(
        detectable.all(|share| (0.02..0.11).contains(&share)),
        "{explained:?}"
    );
}

#[test]
fn more_throughput_is_better_and_less_is_worse() {
    let (mut gate, mut cases) = job(0.0);
    gate.metrics = vec![GateMetric {
        metric: "achieved_per_s".to_owned(),
        tolerance: 0.05,
        advisory: false,
    }];
    for (factor, outcome) in [
        (0.9, Outcome::Regressed),
        (1.1, Outcome::Improved),
        (1.0, Outcome::Pass),
    ] {
        for case in &mut cases {
            let is_candidate = case.name.ends_with("candidate");
            for (i, made) in case.repetitions.iter_mut().enumerate() {
                let wobble = 1.0 + 0.001 * (i % 7) as f64;
                made.achieved_per_s = 1000.0 * if is_candidate { factor * wobble } else { 1.0 };
            }
        }
        let judgement = judge(&gate, &cases);
        assert_eq!(judgement.outcome, outcome, "{factor}");
        assert!(judgement.tests[0].more_is_better);
    }
}

#[test]
fn errors_are_a_regression_and_nothing_else_is_praised() {
    let (mut gate, mut cases) = job(-0.3);
    gate.metrics.push(GateMetric {
        metric: "error_share".to_owned(),
        tolerance: 0.001,
        advisory: false,
    });
    assert_eq!(judge(&gate, &cases).outcome, Outcome::Improved);
    let candidate = cases
        .iter_mut()
        .find(|case| case.name == "case-0/candidate")
        .unwrap();
    // One bad moment is none.
    candidate.repetitions[3].counts.ok -= 800;
    assert_ne!(judge(&gate, &cases).outcome, Outcome::Regressed);
    let candidate = cases
        .iter_mut()
        .find(|case| case.name == "case-0/candidate")
        .unwrap();
    candidate
        .repetitions
        .iter_mut()
        .for_each(|made| made.counts.ok = 3_960);
    let judgement = judge(&gate, &cases);
    assert_eq!(judgement.outcome, Outcome::Regressed);
    let of_case = judgement.tests.iter().filter(|test| test.case == "case-0");
    let outcomes: Vec<Outcome> = of_case.map(|test| test.outcome).collect();
    assert_eq!(outcomes[0], Outcome::Regressed);
    assert!(
        outcomes[1..]
            .iter()
            .all(|outcome| *outcome == Outcome::Inconclusive)
    );
}

#[test]
fn what_is_advisory_decides_nothing() {
    let (mut gate, cases) = job(0.5);
    gate.metrics
        .iter_mut()
        .for_each(|metric| metric.advisory = true);
    let judgement = judge(&gate, &cases);
    assert_eq!(judgement.outcome, Outcome::Pass);
    assert!(
        judgement
            .tests
            .iter()
            .any(|test| test.outcome == Outcome::Regressed)
    );
}

#[test]
fn a_percentile_with_too_few_calls_is_inconclusive() {
    let (mut gate, mut cases) = job(0.0);
    gate.metrics[2].metric = "response_time.p999".to_owned();
    for made in cases.iter_mut().flat_map(|case| &mut case.repetitions) {
        made.response_time.count = 1_000;
        made.response_time.p999_ns = Some(1_000_000);
    }
    let judgement = judge(&gate, &cases);
    assert_eq!(judgement.outcome, Outcome::Inconclusive);
    let why = judgement.tests[0].why.clone().unwrap();
    assert!(
        why.contains("1 calls beyond it, and 10 are needed"),
        "{why}"
    );
}

#[test]
fn a_round_whose_percentile_is_a_bound_is_left_out_and_many_are_not() {
    let (gate, mut cases) = job(0.0);
    let cut_off = |cases: &mut [CaseResult], round: usize| {
        cases[0].repetitions[round].response_time.count = 500;
    };
    cut_off(&mut cases, 2);
    cut_off(&mut cases, 5);
    let p99 = |cases: &[CaseResult]| {
        let tests = judge(&gate, cases).tests.into_iter();
        let mut of_metric = tests.filter(|t| t.case == "case-0" && t.metric == "response_time.p99");
        of_metric.next().unwrap()
    };
    assert_eq!(
        (p99(&cases).outcome, p99(&cases).rounds),
        (Outcome::Pass, 11)
    );
    for round in 10..13 {
        cut_off(&mut cases, round);
    }
    assert_eq!(p99(&cases).outcome, Outcome::Inconclusive);
    assert!(p99(&cases).why.unwrap().contains("5 calls beyond it"));
}

#[test]
fn what_was_not_measured_in_an_arm_is_invalid() {
    let (gate, mut cases) = job(0.0);
    cases[1].repetitions[4].server = None;
    let judgement = judge(&gate, &cases);
    assert_eq!(judgement.outcome, Outcome::Invalid);
    assert!(
        judgement.tests[0]
            .why
            .as_ref()
            .unwrap()
            .contains("was not measured")
    );
}

#[test]
fn a_case_without_one_arm_is_invalid() {
    let (gate, mut cases) = job(0.0);
    cases.retain(|case| case.name != "case-1/candidate");
    assert_eq!(rules(&gate, &cases), ["nothing_measured"]);
    assert_eq!(rules(&gate, &[]), ["nothing_measured"]);
}

#[test]
fn rounds_that_are_gone_are_missed() {
    let (gate, mut cases) = job(0.0);
    cases[3].repetitions.truncate(14);
    assert_eq!(rules(&gate, &cases), ["rounds_missing"]);
}

#[test]
fn other_work_is_invalid() {
    let (gate, mut cases) = job(0.0);
    cases[0].case["target"] = "another".into();
    assert_eq!(judge(&gate, &cases).outcome, Outcome::Pass);
    cases[0].case["seed"] = 7.into();
    assert_eq!(rules(&gate, &cases), ["different_work"]);
}

#[test]
fn a_few_invalid_rounds_are_dropped_as_pairs_and_many_forbid_a_verdict() {
    let (gate, mut cases) = job(0.0);
    let spoil = |cases: &mut [CaseResult], round: usize| {
        let made = &mut cases[0].repetitions[round];
        made.validity.verdict = Verdict::Invalid;
        made.response_time.p50_ns = Some(1);
    };
    for round in [3, 9, 20] {
        spoil(&mut cases, round);
    }
    let judgement = judge(&gate, &cases);
    assert_eq!(judgement.outcome, Outcome::Pass);
    assert!(judgement.tests.iter().any(|test| test.rounds == 11));
    spoil(&mut cases, 21);
    cases[0].repetitions[21].validity.findings = serde_json::from_value(serde_json::json!([
        { "rule": "stolen", "verdict": "invalid", "seen": "9 % were stolen", "remedy": "rest" }
    ]))
    .unwrap();
    assert_eq!(rules(&gate, &cases), ["unusable_rounds"]);
    let seen = judge(&gate, &cases).findings[0].seen.clone();
    assert!(
        seen.contains("4 of 30") && seen.contains("9 % were stolen"),
        "{seen}"
    );
}

#[test]
fn a_busy_server_is_no_measure_under_an_open_load() {
    let (gate, mut cases) = job(0.0);
    let busy = serde_json::json!({ "server_busy": 0.9 });
    for made in cases.iter_mut().flat_map(|case| &mut case.repetitions) {
        made.conditions = serde_json::from_value(busy.clone()).unwrap();
    }
    assert_eq!(judge(&gate, &cases).outcome, Outcome::Pass);
    for case in &mut cases {
        case.case = serde_json::json!({ "load": { "open": { "rate": "5000/s" } } });
    }
    assert_eq!(rules(&gate, &cases), ["saturated"]);
}

#[test]
fn a_client_that_is_late_measures_itself() {
    let (gate, mut cases) = job(0.0);
    for case in &mut cases {
        case.case = serde_json::json!({ "load": { "open": { "rate": "5000/s" } } });
        for made in &mut case.repetitions {
            made.start_lag.p99_ns = Some(made.response_time.p99_ns.unwrap() * 4 / 10);
        }
    }
    assert_eq!(judge(&gate, &cases).outcome, Outcome::Pass);
    for made in cases.iter_mut().flat_map(|case| &mut case.repetitions) {
        made.start_lag.p99_ns = Some(made.response_time.p99_ns.unwrap() * 6 / 10);
    }
    assert_eq!(rules(&gate, &cases), ["lagging_client"]);
}

#[test]
fn a_baseline_that_fails_is_no_standard() {
    let (gate, mut cases) = job(0.0);
    for made in cases.iter_mut().flat_map(|case| &mut case.repetitions) {
        made.counts.ok = 3_960;
    }
    assert_eq!(rules(&gate, &cases), ["baseline_fails"]);
}

#[test]
fn a_machine_that_favours_one_place_is_not_fit() {
    let slow_second = Job {
        machine: Machine {
            second: 0.2,
            ..CALM
        },
        ..Job::QUIET
    };
    let (gate, cases) = slow_second.make(3);
    assert!(gate.cases[0].first.contains(&Arm::Candidate));
    assert_eq!(rules(&gate, &cases), ["order_effect"]);
}

#[test]
fn what_ended_early_has_no_verdict() {
    let (mut gate, cases) = job(0.0);
    gate.ended = Ended::Interrupted;
    assert_eq!(rules(&gate, &cases), ["interrupted"]);
    gate.ended = Ended::Failed;
    gate.failure = Some("the server ended in the middle".to_owned());
    let judgement = judge(&gate, &cases);
    assert_eq!(judgement.findings[0].seen, "the server ended in the middle");
}
