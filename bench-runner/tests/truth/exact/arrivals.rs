//! When calls are begun (T6, T7).

use super::{MS, ok};
use crate::lab::{Experiment, Seen, experiment};
use crate::statistics::{
    ONE_PERCENT, anderson_darling, dispersion, gaps, lag_one_correlation, mean,
};

const TEN_THOUSAND: &str = "
name: arrivals
client: { channels: 4, lanes: LANES }
load: { open: { rate: 1000/s, arrivals: poisson } }
phases: { warm_up: 0s, measure: 10s, drain: 1s }
";

fn arrivals(lanes: u32, seed: u64) -> Experiment {
    let yaml = TEN_THOUSAND.replace("LANES", &lanes.to_string());
    experiment(&yaml, |_, _| ok(2 * MS)).seed(seed)
}

/// The actual starts.
fn starts(seen: &Seen) -> Vec<u64> {
    let mut starts: Vec<u64> = seen.calls.iter().map(|c| c.sample.started.0).collect();
    starts.sort_unstable();
    starts
}

/// Whether times are a Poisson process of 1,000/s: exponential gaps, independent of each other.
fn is_poisson(times: &[u64]) -> bool {
    let gaps = gaps(times);
    let statistic = anderson_darling(&gaps, 1e6);
    let correlation = lag_one_correlation(&gaps);
    let dispersion = dispersion(times, MS);
    println!("A2 {statistic:.2}, lag-1 r {correlation:.4}, dispersion {dispersion:.3}");
    statistic < ONE_PERCENT && correlation.abs() < 0.03 && (dispersion - 1.0).abs() < 0.05
}

#[test]
fn sends_are_a_poisson_process() {
    for lanes in [1, 2, 4] {
        let runs: Vec<Vec<u64>> = (1..=3)
            .map(|seed| starts(&arrivals(lanes, seed).run()))
            .collect();
        for times in &runs {
            let rate = 1e9 / mean(&gaps(times));
            assert!((rate / 1_000.0 - 1.0).abs() < 0.005, "{rate}/s");
        }
        // One seed of three may miss a test at 1 %.
        assert!(
            runs.iter().filter(|times| is_poisson(times)).count() >= 2,
            "{lanes} lanes"
        );
    }
}

#[test]
fn the_union_over_lanes_is_one_and_the_same_process() {
    let schedule = arrivals(1, 5).schedule();
    assert_eq!(schedule.len(), 10_000);
    for lanes in [1, 2, 4] {
        let seen = arrivals(lanes, 5).run();
        let union: Vec<u64> = seen.calls.iter().map(|c| c.sample.intended.0).collect();
        assert!(union == schedule, "{lanes} lanes");
    }
}

#[test]
fn calls_start_when_they_are_meant_to() {
    let seen = arrivals(2, 7).run();
    assert_eq!(seen.calls.len(), 10_000);
    for call in &seen.calls {
        assert_eq!(call.sample.started, call.sample.intended);
    }
    assert_eq!(seen.repetition.start_lag.max_ns, Some(0));
}
