//! Held against stored runs: what they can tell, and when they are of something else.

use reports::gate::{FEWEST_STORED, difference, judge_again, matching};
use reports::model::{Outcome, RunResult, SCHEMA, Stored};
use serde_json::json;

use super::jobs::Job;

/// A day's run: the candidate takes longer than the control by `slower`.
fn day(seed: u64, slower: f64) -> RunResult {
    let job = Job {
        cases: 1,
        rounds: 20,
        slower,
        ..Job::QUIET
    };
    let (gate, cases) = job.make(seed);
    let mut result: RunResult = serde_json::from_value(json!({
        "schema": SCHEMA, "scenario": {}, "seed": seed, "cases": [],
        "environment": { "cpu": { "model": "a processor", "cores": 2 } },
    }))
    .unwrap();
    result.gate = Some(gate);
    result.cases = cases;
    judge_again(&mut result);
    result
}

fn days(many: u64, slower: f64) -> Vec<Stored> {
    (0..many)
        .map(|n| Stored::of(&day(n, slower)).unwrap())
        .collect()
}

fn held_against(stored: &[Stored], mut result: RunResult) -> RunResult {
    result.gate.as_mut().unwrap().stored = Some(matching(&result, stored));
    judge_again(&mut result);
    result
}

fn outcome(result: &RunResult) -> Outcome {
    result.gate.as_ref().unwrap().outcome
}

#[test]
fn a_change_since_the_stored_runs_is_seen_whatever_the_control_is() {
    // The candidate has always taken twice as long as the control.
    let stored = days(20, 1.0);
    let alarms = (200..300)
        .filter(|seed| outcome(&held_against(&stored, day(*seed, 1.0))) == Outcome::Regressed)
        .count();
    assert!(
        alarms <= 2,
        "{alarms} of 100, before a second run confirms one"
    );
    let slower = held_against(&stored, day(101, 1.4));
    assert_eq!(outcome(&slower), Outcome::Regressed);
    let change = slower.gate.as_ref().unwrap().tests[0].change.unwrap();
    assert!((0.15..0.25).contains(&change.estimate), "{change:?}");
    let faster = held_against(&stored, day(102, 0.6));
    assert_eq!(outcome(&faster), Outcome::Improved);
}

#[test]
fn few_stored_runs_are_inconclusive() {
    let few = FEWEST_STORED as u64 - 1;
    let result = held_against(&days(few, 0.0), day(100, 0.5));
    assert_eq!(outcome(&result), Outcome::Inconclusive);
    let why = result.gate.unwrap().tests[0].why.clone().unwrap();
    assert!(why.starts_with("9 stored runs"), "{why}");
}

#[test]
fn runs_of_another_machine_or_other_work_do_not_count() {
    let stored = days(12, 0.0);
    let here = day(100, 0.0);
    assert_eq!(matching(&here, &stored).len(), 12);
    let mut elsewhere = here.clone();
    elsewhere.environment.machine.kernel = Some("7.1".to_owned());
    assert_eq!(matching(&elsewhere, &stored).len(), 0);
    assert!(reports::gate::difference(&elsewhere, &stored).contains("kernel"));
    assert_eq!(
        outcome(&held_against(&stored, elsewhere)),
        Outcome::Inconclusive
    );
    let mut other = here;
    other.cases[0].fingerprint = "changed".to_owned();
    assert_eq!(matching(&other, &stored).len(), 0);
}

#[test]
fn what_cannot_be_trusted_is_not_stored() {
    let mut result = day(1, 0.0);
    result.gate.as_mut().unwrap().ended = reports::model::Ended::Interrupted;
    judge_again(&mut result);
    assert_eq!(Stored::of(&result), None);
}

#[test]
fn runs_that_are_too_old_do_not_count() {
    let stored: Vec<Stored> = (1..=12)
        .zip(days(12, 0.0))
        .map(|(day, run)| Stored {
            started_at: format!("2026-11-{day:02}T08:00:00Z"),
            ..run
        })
        .collect();
    let mut today = day(100, 0.0);
    today.started_at = "2026-12-05T08:00:00Z".to_owned();
    assert_eq!(matching(&today, &stored).len(), 8, "of the 5th and later");
    let gate = today.gate.as_mut().unwrap();
    gate.policy.stored_days = 365;
    assert_eq!(matching(&today, &stored).len(), 12);
    today.started_at = "2028-01-01T00:00:00Z".to_owned();
    let why = difference(&today, &stored);
    assert!(why.contains("older than 365 days"), "{why}");
}
