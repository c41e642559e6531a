//! What the client itself does: when it really sends (T6, T7), what it makes of errors and silence (T15, T16), and what
//! it says when it was stopped (T22).

use std::time::Duration;

use nix::sys::signal::Signal;
use reports::model::{Quantile, Shown, Verdict};

use super::{MS, SECOND, Seen, US, for_each_engine, millis, near, prepared, run};
use crate::common::{after, alone};
use crate::statistics::{
    ONE_PERCENT, anderson_darling, dispersion, gaps, lag_one_correlation, mean, quantile,
};

fn sends_are_a_poisson_process_and_on_time(engine: &str) {
    let mut good = 0;
    for seed in ["seed=1", "seed=2", "seed=3"] {
        let seen = run(engine, "", &[seed]);
        let times = seen.sorted(|row| row.started);
        let gaps = gaps(&times);
        let (long, short) = beyond(&gaps, TOGETHER);
        let (statistic, correlation) = (anderson_darling(&long, 1e6), lag_one_correlation(&gaps));
        let dispersion = dispersion(&times, MS);
        let lags = seen.sorted(|row| row.lag());
        let (p50, p99) = (quantile(&lags, 0.5), quantile(&lags, 0.99));
        println!(
            "{seed}: A2 {statistic:.2}, sent together {short:.4}, lag-1 r {correlation:.4}, dispersion {dispersion:.3}, lag p50 {p50} ns, p99 {p99} ns"
        );
        near("rate", 1e9 / mean(&gaps), 1_000.0, 5.0);
        let is_poisson = statistic < ONE_PERCENT
            && correlation.abs() < 0.03
            && (dispersion - 1.0).abs() < 0.05
            && (short - (1.0 - (-0.1_f64).exp())).abs() < 0.012;
        good += u32::from(is_poisson && p99 <= 100 * US);
    }
    assert!(good >= 2, "{good} of 3 seeds are Poisson and on time");
}

/// What is due while a turn of the lane lasts, some tens of microseconds, goes out in one write: gaps this short are no
/// matter of the arrivals.
const TOGETHER: f64 = 100e3;

/// The gaps over a length, less that, which is exponential again if they are, and the share of the others.
fn beyond(gaps: &[f64], length: f64) -> (Vec<f64>, f64) {
    let less = gaps.iter().map(|gap| gap - length);
    let long: Vec<f64> = less.filter(|gap| *gap > 0.0).collect();
    let short = 1.0 - long.len() as f64 / gaps.len() as f64;
    (long, short)
}

fn errors_are_not_fast_calls(engine: &str) {
    let behaviour = "delay: 10ms, error: { share: 0.5, code: UNAVAILABLE, delay: 100us }";
    let seen = run(engine, behaviour, &[]);
    let (counts, response) = (&seen.repetition.counts, &seen.repetition.response_time);
    near(
        "median of the OK calls, ms",
        millis(response.p50_ns),
        10.0,
        0.2,
    );
    // Not one of those that failed at once is among the times, however few or many they are.
    let times = response.complete().unwrap();
    assert_eq!(times.len(), counts.ok);
    let fastest = times.value_at_quantile(0.01) as f64 / MS as f64;
    near("q0.01 of the OK calls, ms", fastest, 10.0, 0.2);
    near("error share, %", 100.0 * counts.error_share(), 50.0, 2.0);
    let half = seen.repetition.offered_per_s * (1.0 - counts.error_share());
    near("goodput", seen.repetition.achieved_per_s, half, 0.01);
    assert_eq!(counts.by_status["UNAVAILABLE"], counts.failed);
}

fn silence_is_in_the_percentiles(engine: &str) {
    let seen = run(engine, "blackhole: { share: 0.02 }", &["call.deadline=1s"]);
    let (counts, response) = (&seen.repetition.counts, &seen.repetition.response_time);
    assert!(
        counts.balanced() && counts.started + counts.shed == 10_000,
        "{counts:?}"
    );
    near(
        "deadlines, % of calls",
        counts.deadline_exceeded as f64 / 100.0,
        2.0,
        0.7,
    );
    let mut all = response.complete().unwrap();
    all.add(response.bounds().unwrap()).unwrap();
    near(
        "p97, ms",
        all.value_at_quantile(0.97) as f64 / MS as f64,
        0.0,
        2.0,
    );
    let p99 = response.shown(Quantile::P99);
    assert!(
        matches!(p99, Shown::AtLeast(ns) if ns >= SECOND),
        "p99 is {p99:?}"
    );
    assert!(
        seen.rows
            .iter()
            .any(|row| row.status == "DEADLINE_EXCEEDED")
    );
}

fn a_stop_of_the_client_is_told_and_every_overdue_call_is_sent_at_once(engine: &str) {
    let _alone = alone();
    let started = prepared(engine, "", &["phases.measure=3s"]).start();
    let client = nix::unistd::Pid::from_raw(started.child.id() as i32);
    let stop = after(Duration::from_millis(2_000), move || {
        nix::sys::signal::kill(client, Signal::SIGSTOP).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        nix::sys::signal::kill(client, Signal::SIGCONT).unwrap();
    });
    let outcome = started.finish();
    stop.join().unwrap();
    let seen = Seen::of(&outcome);
    let counts = &seen.repetition.counts;
    assert_eq!(
        counts.started + counts.shed,
        3_000,
        "every arrival is there"
    );
    let longest = seen.measured().max_by_key(|row| row.lag()).unwrap();
    near(
        "longest start lag, ms",
        longest.lag() as f64 / MS as f64,
        210.0,
        50.0,
    );
    let woke = longest.started;
    let stopped = woke - longest.lag()..woke;
    let overdue = seen
        .measured()
        .filter(|row| stopped.contains(&row.intended));
    let latest = overdue
        .map(|row| row.started.saturating_sub(woke))
        .max()
        .unwrap();
    assert!(
        latest < 5 * MS,
        "the last overdue call began {latest} ns after the first"
    );
    assert_ne!(seen.repetition.validity.verdict, Verdict::Valid);
    println!("{:?}", seen.repetition.validity.reasons);
}

for_each_engine! {
    sends_are_a_poisson_process_and_on_time
    errors_are_not_fast_calls
    silence_is_in_the_percentiles
    a_stop_of_the_client_is_told_and_every_overdue_call_is_sent_at_once
}
