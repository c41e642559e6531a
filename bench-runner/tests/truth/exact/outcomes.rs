//! What becomes of calls that do not end well (T15, T16, T17).

use bench_runner::engine::fake::Fate;
use bench_runner::engine::status::Status;
use reports::model::{Quantile, Shown};
use scenarios::units::Nanos;

use super::{MS, SECOND, exactly, never, ok};
use crate::lab::experiment;
use crate::statistics::quantile;

const FIVE_HUNDRED_A_SECOND: &str = "
name: outcomes
load: { open: { rate: 500/s, arrivals: poisson } }
phases: { warm_up: 0s, measure: 20s, drain: 5s }
";

fn fails(service: u64) -> Fate {
    Fate {
        service: Nanos(service),
        status: Some(Status::UNAVAILABLE),
    }
}

#[test]
fn errors_are_not_fast_calls() {
    let seen = experiment(FIVE_HUNDRED_A_SECOND, |call, _| {
        if call % 2 == 0 {
            fails(MS / 10)
        } else {
            ok(10 * MS)
        }
    })
    .run();
    let repetition = &seen.repetition;
    assert_eq!(
        (repetition.counts.ok, repetition.counts.failed),
        (5_000, 5_000)
    );
    assert_eq!(repetition.counts.by_status["UNAVAILABLE"], 5_000);
    assert!((repetition.counts.error_share() - 0.5).abs() < 1e-9);
    assert!(
        (repetition.achieved_per_s - 250.0).abs() < 1e-9,
        "goodput is half of what is offered"
    );
    let median = exactly(&repetition.response_time, Quantile::P50) as f64;
    assert!(
        (median / (10 * MS) as f64 - 1.0).abs() < 0.001,
        "median {median} ns"
    );
    assert_eq!(repetition.response_time.count, 5_000);
}

#[test]
fn calls_that_are_never_answered_stay_in_the_percentiles() {
    let yaml = format!("{FIVE_HUNDRED_A_SECOND}call: {{ deadline: 1s }}\n");
    let seen = experiment(
        &yaml,
        |call, _| if call % 50 == 0 { never() } else { ok(2 * MS) },
    )
    .run();
    let (counts, response) = (&seen.repetition.counts, &seen.repetition.response_time);
    assert_eq!(
        (counts.ok, counts.deadline_exceeded, counts.shed),
        (9_800, 200, 0)
    );
    assert!(counts.balanced() && counts.started == 10_000);
    let mut all = response.complete().unwrap();
    all.add(response.bounds().unwrap()).unwrap();
    let p97 = all.value_at_quantile(0.97);
    assert!(p97.abs_diff(2 * MS) <= 2 * MS / 1_000, "p97 {p97} ns");
    assert!(matches!(response.shown(Quantile::P90), Shown::Exactly(_)));
    let p99 = response.shown(Quantile::P99);
    assert!(
        matches!(p99, Shown::AtLeast(ns) if ns >= SECOND),
        "p99 is {p99:?}"
    );
}

#[test]
fn calls_in_flight_at_the_end_are_accounted_for() {
    let seen = experiment(FIVE_HUNDRED_A_SECOND, |call, _| {
        if call % 50 == 0 { never() } else { ok(2 * MS) }
    })
    .run();
    let counts = &seen.repetition.counts;
    assert_eq!(
        (counts.started, counts.ok, counts.unfinished),
        (10_000, 9_800, 200)
    );
    assert!(counts.balanced());
    assert_eq!(seen.calls.len(), 10_000);
    // Each had the drain at least, and the p99 lies among them.
    let p99 = seen.repetition.response_time.shown(Quantile::P99);
    assert!(
        matches!(p99, Shown::AtLeast(ns) if ns >= 5 * SECOND),
        "p99 is {p99:?}"
    );
}

#[test]
fn a_call_is_attempted_once() {
    let seen = experiment(FIVE_HUNDRED_A_SECOND, |call, _| {
        if call % 10 == 0 { fails(MS) } else { ok(MS) }
    })
    .run();
    let counts = &seen.repetition.counts;
    assert_eq!(counts.failed, 1_000);
    assert_eq!(
        seen.served, counts.started,
        "calls that reached the server, calls that were counted"
    );
}

#[test]
fn over_the_bound_arrivals_are_shed_and_counted() {
    let yaml = FIVE_HUNDRED_A_SECOND.replace("poisson", "poisson, max_in_flight: 10");
    let experiment = experiment(&yaml, |_, _| ok(100 * MS));
    let (arrivals, seen) = (experiment.schedule().len() as u64, experiment.run());
    let counts = &seen.repetition.counts;
    assert!(counts.shed > 0);
    assert_eq!(counts.started + counts.shed, arrivals);
    // Who is let in is served at once: what was shed must not hide in the times either way.
    let mut times: Vec<u64> = seen
        .calls
        .iter()
        .map(|c| c.sample.done.0 - c.sample.intended.0)
        .collect();
    times.sort_unstable();
    assert_eq!(
        (quantile(&times, 0.0), quantile(&times, 1.0)),
        (100 * MS, 100 * MS)
    );
}
