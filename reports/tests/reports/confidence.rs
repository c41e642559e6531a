//! Confidence intervals: from repetitions, where there are enough, and right as often as they claim.

use reports::model::{Quantile, RunResult};
use reports::stats::ci95;
use reports::terminal;
use reports::view::{Merged, Metric, Time, View};

use crate::common;

fn repeated(times: usize) -> RunResult {
    let mut result = common::repeated();
    result.cases.truncate(1);
    result.cases[0].repetitions.truncate(times);
    result
}

#[test]
fn three_repetitions_have_an_interval_two_a_spread_and_one_nothing() {
    for (times, interval, spread) in [(1, false, false), (2, false, true), (3, true, true)] {
        let results = [repeated(times)];
        let view = View::new(&results).unwrap();
        for figure in [
            &view.cases[0].headline.achieved,
            &view.cases[0].headline.p50,
            &view.cases[0].headline.p99,
        ] {
            assert_eq!(figure.ci95.is_some(), interval, "{times}: {figure:?}");
            assert_eq!(figure.note.is_some(), spread, "{times}: {figure:?}");
        }
        let text = terminal(&results, false).unwrap();
        assert_eq!(text.contains("CI95 "), interval, "{text}");
    }
}

#[test]
fn an_interval_is_of_the_repetitions_values() {
    let repetitions = &repeated(5).cases[0].repetitions;
    let p50: Vec<f64> = repetitions
        .iter()
        .map(|r| r.response_time.p50_ns.unwrap() as f64)
        .collect();
    let interval = Metric::Time(Time::Response, Quantile::P50)
        .ci95(repetitions)
        .unwrap();
    assert_eq!(Some(interval), ci95(&p50));
    assert!(interval.low < p50[2] && p50[2] < interval.high);
}

/// A generator of its own, so that what is drawn stays what it is.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    fn normal(&mut self) -> f64 {
        (2.0 * self.exponential()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// The share of 500 seeds whose interval holds the true value.
fn coverage(truth: f64, values: impl Fn(&mut Random) -> Vec<f64>) -> f64 {
    let holds = (0..500u64).filter(|seed| {
        let interval = ci95(&values(&mut Random(seed << 32))).unwrap();
        interval.low <= truth && truth <= interval.high
    });
    holds.count() as f64 / 500.0
}

#[test]
fn of_lognormal_repetitions_95_of_100_intervals_hold_the_truth() {
    for repetitions in [3, 5, 10] {
        let share = coverage(1.0e6, |random| {
            (0..repetitions)
                .map(|_| 1.0e6 * (0.1 * random.normal()).exp())
                .collect()
        });
        assert!((0.93..=0.97).contains(&share), "{repetitions}: {share}");
    }
}

/// Response times of a queue with one server, exponential gaps and work, at 70 % load: each call waits for the one before,
/// so that calls depend on each other. The response time is exponential with mean `1 / (1 - 0.7)`.
fn queue(random: &mut Random, calls: usize) -> Vec<f64> {
    let mut response = random.exponential() / 0.3;
    (0..calls)
        .map(|_| {
            let gap = random.exponential() / 0.7;
            response = (response - gap).max(0.0) + random.exponential();
            response
        })
        .collect()
}

fn p90(mut times: Vec<f64>) -> f64 {
    let rank = times.len() * 9 / 10;
    *times.select_nth_unstable_by(rank, f64::total_cmp).1
}

#[test]
fn of_a_queue_at_70_percent_load_too_because_repetitions_are_the_sample() {
    let truth = 10.0f64.ln() / 0.3;
    let share = coverage(truth, |random| {
        (0..6).map(|_| p90(queue(random, 4_000))).collect()
    });
    assert!((0.93..=0.97).contains(&share), "{share}");
}

#[test]
fn every_time_of_a_call_of_a_mix_is_of_all_repetitions() {
    let mut case = common::mix().cases.remove(0);
    for repetition in &mut case.repetitions {
        let call = &mut repetition.calls[0];
        call.message_response_time = call.response_time.clone();
    }
    let merged = Merged::new(&case).unwrap();
    for time in Time::ALL {
        let parts = case.repetitions.iter().map(|r| &r.calls[0]);
        let samples: u64 = parts.map(|call| time.of_call(call).population()).sum();
        let all = time.of_call(&merged.calls[0]).population();
        assert_eq!(all, samples, "{}", time.name());
    }
}
