//! ghz's percentiles and its histogram, of a histogram of ours.

use hdrhistogram::Histogram;
use serde::Serialize;

/// A percentile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Percentile {
    percentage: u8,
    /// Nanoseconds.
    latency: u64,
}

/// A bar.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Bucket {
    /// Seconds; calls up to here, and above the mark before.
    mark: f64,
    count: u64,
    /// The share of all calls in it.
    frequency: f64,
}

const PERCENTAGES: [u8; 7] = [10, 25, 50, 75, 90, 95, 99];
/// Bars above the first, which holds the fastest alone.
const BARS: u32 = 10;
const NS_PER_S: f64 = 1e9;

/// The percentiles; none where there is no call.
pub(super) fn percentiles(times: &Histogram<u64>) -> Vec<Percentile> {
    let of = |percentage: u8| Percentile {
        percentage,
        latency: times
            .value_at_quantile(f64::from(percentage) / 100.0)
            .min(times.max()),
    };
    let wanted = PERCENTAGES.iter().filter(|_| !times.is_empty());
    wanted.map(|percentage| of(*percentage)).collect()
}

/// Eleven marks, evenly from the fastest to the slowest; none where there is no call.
///
/// A value of our histogram is known to three digits, so a bar may hold a call that belongs to its neighbour; no call is
/// lost or counted twice.
pub(super) fn histogram(times: &Histogram<u64>) -> Vec<Bucket> {
    if times.is_empty() {
        return Vec::new();
    }
    let (fastest, slowest) = (times.min() as f64, times.max() as f64);
    let mark = |bar: u32| fastest + (slowest - fastest) * f64::from(bar) / f64::from(BARS);
    let mut below = 0;
    let bars = (0..=BARS).map(|bar| {
        let up_to = match bar {
            BARS => times.len(),
            _ => times.count_between(0, mark(bar) as u64).max(below),
        };
        let count = up_to - below;
        below = up_to;
        Bucket {
            mark: mark(bar) / NS_PER_S,
            count,
            frequency: count as f64 / times.len() as f64,
        }
    });
    bars.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut times = crate::model::empty_histogram();
        values.into_iter().for_each(|ns| times.record(ns).unwrap());
        times
    }

    #[test]
    fn the_bars_hold_every_call_once() {
        let bars = histogram(&times((0..=1000).map(|n| n * 1_000)));
        assert_eq!(bars.len(), 11);
        assert_eq!(bars.iter().map(|bar| bar.count).sum::<u64>(), 1001);
        assert_eq!(bars[0].count, 1, "{bars:?}");
        assert!((bars[10].mark - 0.001).abs() < 1e-6, "{bars:?}");
        assert!(
            bars[1..].iter().all(|bar| (95..=105).contains(&bar.count)),
            "{bars:?}"
        );
        let shares: f64 = bars.iter().map(|bar| bar.frequency).sum();
        assert!((shares - 1.0).abs() < 1e-9);
    }

    #[test]
    fn calls_that_took_the_same_are_in_the_first_bar() {
        let bars = histogram(&times([7_000; 5]));
        assert_eq!((bars[0].count, bars[10].count), (5, 0));
    }

    #[test]
    fn without_calls_there_is_nothing() {
        assert!(histogram(&times([])).is_empty() && percentiles(&times([])).is_empty());
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let all = percentiles(&times((1..=100).map(|n| n * 1_000_000)));
        let latencies: Vec<u64> = all
            .iter()
            .map(|p| (p.latency as f64 / 1e6).round() as u64)
            .collect();
        assert_eq!(latencies, [10, 25, 50, 75, 90, 95, 99]);
    }
}
