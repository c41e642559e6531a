//! To the nanosecond, in no time: the fake engine, the manual clock, and arithmetic.

mod arrivals;
mod load;
mod outcomes;
mod times;

use bench_runner::engine::fake::Fate;
use reports::model::{Quantile, Shown, Timing};
use scenarios::units::Nanos;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// OK after so long.
fn ok(service: u64) -> Fate {
    Fate::ok(Nanos(service))
}

/// Never answered.
fn never() -> Fate {
    Fate {
        service: Nanos::ZERO,
        status: None,
    }
}

/// OK once the server's stop is over, or else after a millisecond.
fn stalled(start: Nanos, from: u64, to: u64) -> Fate {
    if (from..to).contains(&start.0) {
        ok(to - start.0)
    } else {
        ok(MS)
    }
}

/// A percentile that is a number, in nanoseconds.
fn exactly(timing: &Timing, quantile: Quantile) -> u64 {
    match timing.shown(quantile) {
        Shown::Exactly(ns) => ns,
        other => panic!("{quantile:?} is {other:?}"),
    }
}

/// The histogram that these times make, as the result file has it.
fn histogram(times: impl Iterator<Item = u64>) -> String {
    let mut histogram = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 60 * SECOND, 3).unwrap();
    histogram.auto(true);
    times.for_each(|time| histogram.record(time).unwrap());
    reports::model::encode_histogram(&histogram)
}
