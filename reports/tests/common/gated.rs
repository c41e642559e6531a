//! Results of a gate: every verdict once, and names that want to be more than names.

use reports::model::{Arm, Change, Finding, Gate, GateTest, Outcome, Policy, RunResult, Verdict};
use serde_json::json;

use super::{Shape, case, repetition, run};

/// A name that breaks out of XML, of a line, of an annotation and of a label, where one of them lets it.
pub(crate) const HOSTILE: &str =
    "a <b>&\"c\" 100%, d::e\n::error title=forged::no\u{1b}[31m \\n }} ]]> '\u{ffff}";

/// A candidate that is worse in one thing, better in another, and not to be told in the rest.
pub(crate) fn gated() -> RunResult {
    let tests = vec![
        test("unary-latency", "server.cpu_ns_per_call", Outcome::Regressed),
        GateTest {
            baseline: None,
            candidate: None,
            change: None,
            smallest_detectable: None,
            rounds: 0,
            why: Some(
                "`server.peak_rss_bytes` was not measured in every round of both arms; leave it out of `metrics`".to_owned(),
            ),
            ..test("unary-latency", "server.peak_rss_bytes", Outcome::Invalid)
        },
        GateTest {
            why: Some(HOSTILE.to_owned()),
            ..test(HOSTILE, "response_time.p99", Outcome::Inconclusive)
        },
        GateTest {
            baseline: Some(0.0),
            candidate: Some(0.0),
            change: Some(change(0.0, 0.0, 0.0)),
            tolerance: 0.001,
            ..test("unary-latency", "error_share", Outcome::Pass)
        },
        GateTest {
            more_is_better: true,
            baseline: Some(21_400.0),
            candidate: Some(24_100.0),
            change: Some(change(0.126, 0.118, 0.131)),
            ..test("unary-latency", "achieved_per_s", Outcome::Improved)
        },
        GateTest {
            advisory: true,
            ..test("unary-latency", "response_time.p999", Outcome::Regressed)
        },
        GateTest {
            advisory: true,
            ..test("unary-latency", "server.cpu_ns_per_call", Outcome::Inconclusive)
        },
    ];
    result("server-cpu", &tests, &[], Outcome::Regressed)
}

/// A job whose data cannot be trusted, whatever its tests say.
pub(crate) fn forbidden() -> RunResult {
    let finding = |rule: &str, seen: &str| Finding {
        rule: rule.to_owned(),
        verdict: Verdict::Invalid,
        seen: seen.to_owned(),
        remedy: "lower the rate to about half of what the server can do".to_owned(),
    };
    let findings = vec![
        finding("saturated", "the candidate is busy for 93 % of the time"),
        finding("round_failed", HOSTILE),
    ];
    let tests = vec![test("unary-latency", "response_time.p50", Outcome::Pass)];
    result("server-cpu", &tests, &findings, Outcome::Invalid)
}

/// A job of a single test with this outcome.
pub(crate) fn single(outcome: Outcome) -> RunResult {
    let tests = vec![test("unary-latency", "response_time.p50", outcome)];
    result("single", &tests, &[], outcome)
}

/// A job with `count` tests of this outcome.
pub(crate) fn many(count: usize, outcome: Outcome) -> RunResult {
    let name = |n: usize| format!("case-{n:02}");
    let tests = (0..count).map(|n| test(&name(n), "response_time.p50", outcome));
    result("many", &tests.collect::<Vec<_>>(), &[], outcome)
}

fn test(case: &str, metric: &str, outcome: Outcome) -> GateTest {
    let test = json!({
        "case": case, "metric": metric, "more_is_better": false, "tolerance": 0.05,
        "baseline": 1_203_400.0, "candidate": 1_352_600.0, "change": change(0.124, 0.081, 0.169),
        "smallest_detectable": 0.031, "rounds": 20, "p_no_worse": 0.000_02, "p_beyond_tolerance": 0.7,
        "outcome": outcome,
    });
    serde_json::from_value(test).expect("it is a test")
}

fn change(estimate: f64, low: f64, high: f64) -> Change {
    Change {
        estimate,
        low: Some(low),
        high: Some(high),
    }
}

fn result(name: &str, tests: &[GateTest], findings: &[Finding], outcome: Outcome) -> RunResult {
    let mut result = run(name, "Whether a call costs the server more.");
    let name_of = |test: &GateTest| test.case.clone();
    let mut cases: Vec<String> = tests.iter().map(name_of).collect();
    cases.sort();
    cases.dedup();
    for (i, case_name) in cases.iter().enumerate() {
        for arm in Arm::BOTH {
            let load = json!({ "closed": { "in_flight": 1 } });
            let mut case = case(
                &reports::gate::arm_name(case_name, arm),
                "SayHello",
                1,
                &load,
            );
            let mut shape = Shape::new(400 + i as u64, 200.0, 1_200_000.0);
            shape.seconds = 1;
            case.repetitions = vec![repetition(&shape), repetition(&shape)];
            result.cases.push(case);
        }
    }
    result.gate = Some(gate(name, &cases, tests, findings, outcome));
    result
}

fn gate(
    name: &str,
    cases: &[String],
    tests: &[GateTest],
    findings: &[Finding],
    outcome: Outcome,
) -> Gate {
    let metric = |test: &GateTest| json!({ "metric": test.metric, "tolerance": test.tolerance, "advisory": test.advisory });
    let rounds = |name: &String| json!({ "name": name, "first": ["candidate", "baseline"] });
    let gate = json!({
        "name": name,
        "baseline": { "reference_server": {} },
        "candidate": { "reference_server": { "behaviour": { "spin": "20us" } } },
        "policy": Policy::default(),
        "metrics": tests.iter().map(metric).collect::<Vec<_>>(),
        "budget": "10m",
        "cases": cases.iter().map(rounds).collect::<Vec<_>>(),
        "looks": [{ "rounds": 2, "information": 1.0 }],
        "ended": "decided",
        "tests": tests, "findings": findings, "outcome": outcome,
    });
    serde_json::from_value(gate).expect("it is a gate")
}
