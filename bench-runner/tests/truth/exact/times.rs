//! What is made of times (T0, T11, T12, T13, T14, T24).

use bench_runner::engine::status::Status;
use bench_runner::record::{Cell, Sample};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use reports::model::{Quantile, Shown, Timing};
use scenarios::units::Nanos;

use super::{MS, SECOND, exactly, histogram, ok, stalled};
use crate::lab::{experiment, recorded};
use crate::statistics::quantile;

/// A call of the measured time that ends OK.
fn sample(intended: u64, lag: u64, service: u64) -> Sample {
    Sample {
        cell: Cell {
            segment: 1,
            part: 0,
        },
        channel: 0,
        intended: Nanos(intended),
        started: Nanos(intended + lag),
        first_message: None,
        done: Nanos(intended + lag + service),
        status: Some(Status::OK),
        ..Sample::BLANK
    }
}

#[test]
fn response_time_is_start_lag_plus_service_time_for_a_million_calls() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut random = |most: u64| rng.random_range(0..most);
    let samples: Vec<Sample> = (0..1_000_000)
        .map(|_| sample(random(60 * SECOND), random(SECOND), random(10 * SECOND)))
        .collect();
    for sample in &samples {
        let sum = sample.start_lag() + sample.service_time();
        assert_eq!(sample.response_time(), sum);
    }
    // What was recorded is that, too.
    let repetition = recorded(&samples[..100_000], 1);
    let sums = samples[..100_000]
        .iter()
        .map(|s| s.start_lag().0 + s.service_time().0);
    assert_eq!(repetition.response_time.histogram, histogram(sums));
}

#[test]
fn a_percentile_with_too_few_samples_beyond_it_is_no_number() {
    let samples: Vec<Sample> = (0..1_000).map(|n| sample(n * MS, 0, n * MS)).collect();
    let response = recorded(&samples, 1).response_time;
    assert_eq!(response.shown(Quantile::P999), Shown::TooFew(1));
    assert!(
        matches!(response.shown(Quantile::P99), Shown::Exactly(_)),
        "ten lie beyond"
    );
}

#[test]
fn a_million_times_are_within_a_thousandth_of_exact_quantiles() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    // From a microsecond to a minute, every size as likely as any.
    let (low, high) = (1e3f64.ln(), 6e10f64.ln());
    let mut times: Vec<u64> = (0..1_000_000)
        .map(|_| (low + (high - low) * rng.random::<f64>()).exp() as u64)
        .collect();
    let samples: Vec<Sample> = times.iter().map(|time| sample(0, 0, *time)).collect();
    let response = recorded(&samples, 1).response_time;
    let recorded = response.complete().unwrap();
    times.sort_unstable();
    let close = |what: &str, seen: f64, exact: f64| {
        assert!(
            (seen / exact - 1.0).abs() <= 0.001,
            "{what}: {seen} for {exact}"
        );
    };
    for share in [0.001, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999] {
        let (seen, exact) = (recorded.value_at_quantile(share), quantile(&times, share));
        close(&format!("q{share}"), seen as f64, exact as f64);
    }
    assert_eq!(response.count, 1_000_000);
    close("min", response.min_ns.unwrap() as f64, times[0] as f64);
    close(
        "max",
        response.max_ns.unwrap() as f64,
        times[times.len() - 1] as f64,
    );
    let mean = times.iter().sum::<u64>() as f64 / times.len() as f64;
    close("mean", response.mean_ns.unwrap(), mean);
}

/// Three fast lanes to one slow one.
fn mixed() -> Vec<Sample> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut time = |mean: f64| (-mean * (1.0 - rng.random::<f64>()).ln()) as u64 + 1;
    (0..64_000u64)
        .map(|n| sample(n * MS, 0, time(if n % 4 == 3 { 5e6 } else { 1e6 })))
        .collect()
}

#[test]
fn merged_shards_are_byte_for_byte_one_histogram() {
    let samples = mixed();
    let whole = recorded(&samples, 1);
    assert_eq!(
        whole.response_time.histogram,
        histogram(samples.iter().map(|s| s.done.0 - s.intended.0))
    );
    for shards in [4, 64] {
        let merged = recorded(&samples, shards);
        assert_eq!(merged.response_time, whole.response_time, "{shards} shards");
        assert_eq!(merged.service_time, whole.service_time, "{shards} shards");
        assert_eq!(merged.start_lag, whole.start_lag, "{shards} shards");
        assert_eq!(merged.counts, whole.counts, "{shards} shards");
        assert_eq!(merged.intervals, whole.intervals, "{shards} shards");
    }
}

#[test]
fn merged_repetitions_are_byte_for_byte_one_histogram() {
    let samples = mixed();
    let parts: Vec<Timing> = samples
        .chunks(16_000)
        .map(|part| recorded(part, 1).response_time)
        .collect();
    let merged = Timing::merged(&parts).unwrap();
    assert_eq!(
        merged.histogram,
        histogram(samples.iter().map(|s| s.done.0 - s.intended.0))
    );
}

#[test]
fn the_calls_at_the_end_count_like_those_at_the_beginning() {
    // The last two thirds take twice as long: so does the median call.
    let service = |n: u64| if n < 100_000 { MS } else { 2 * MS };
    let samples: Vec<Sample> = (0..300_000)
        .map(|n| sample(n * 1_000, 0, service(n)))
        .collect();
    let response = recorded(&samples, 1).response_time;
    let median = exactly(&response, Quantile::P50) as f64;
    assert!(
        (median / (2 * MS) as f64 - 1.0).abs() < 0.001,
        "median {median} ns"
    );
    assert_eq!(response.count, 300_000);
}

#[test]
fn a_stall_shows_in_the_seconds_in_which_its_calls_were_meant_to_start() {
    let yaml = "
name: seconds
load: { open: { rate: 1000/s, arrivals: uniform } }
phases: { warm_up: 0s, measure: 5500ms, drain: 1s }
";
    let seen = experiment(yaml, |_, start| {
        stalled(start, 2 * SECOND + SECOND / 2, 3 * SECOND + SECOND / 4)
    })
    .run();
    let seconds: Vec<(f64, u64)> = seen
        .repetition
        .intervals
        .iter()
        .map(|i| (i.length_s, i.ok))
        .collect();
    assert_eq!(seconds[..5], [(1.0, 1_000); 5]);
    assert_eq!(seconds[5..], [(0.5, 500)], "the last is half a second");
    let slow = |second: usize| seen.repetition.intervals[second].p99_ns.unwrap() > 100 * MS;
    assert_eq!(
        (0..6).map(slow).collect::<Vec<_>>(),
        [false, false, true, true, false, false]
    );
    let fast = experiment(yaml, |_, _| ok(MS)).run();
    assert!(
        fast.repetition
            .intervals
            .iter()
            .all(|i| i.p99_ns.unwrap() < 2 * MS)
    );
}
