//! The measured time second by second, and in some twenty windows. A call belongs to the stretch of its intended start,
//! so that a stall shows where its victims were meant to run.
//!
//! Both are merged from one series of slices, a whole number of which make a second.

use hdrhistogram::Histogram;
use reports::model::{Interval, Window};
use reports::mutant::{self, Mutant};
use scenarios::units::Nanos;

use super::{Coarse, Sample};

/// The fewest windows that a measured time is cut into; there are up to twice as many.
const FEWEST_WINDOWS: u64 = 20;

/// The slices of one lane.
#[derive(Clone)]
pub struct Intervals {
    start: Nanos,
    slice: Nanos,
    slices: Vec<Slice>,
}

#[derive(Clone, Default)]
struct Slice {
    ok: u64,
    failed: u64,
    response_time: Coarse,
}

impl Intervals {
    /// Slices from `start` on, fine enough for the windows of a measured time of this length.
    pub fn new(start: Nanos, measured: Nanos) -> Intervals {
        Intervals {
            start,
            slice: slice(measured),
            slices: Vec::new(),
        }
    }

    /// A call ended, with its place among the response times where it was OK.
    pub(super) fn finished(&mut self, sample: &Sample, place: Option<usize>) {
        let of = if mutant::is(Mutant::ByCompletion) {
            sample.done
        } else {
            sample.intended
        };
        let index = (of.since(self.start).0 / self.slice.0) as usize;
        if self.slices.len() <= index {
            self.slices.resize_with(index + 1, Slice::default);
        }
        let slice = &mut self.slices[index];
        match place {
            Some(place) => {
                slice.ok += 1;
                slice.response_time.record_at(place);
            }
            None => slice.failed += u64::from(sample.is_bad()),
        }
    }

    /// Adds another lane's.
    pub fn merge(&mut self, other: &Intervals) {
        if self.slices.len() < other.slices.len() {
            self.slices.resize_with(other.slices.len(), Slice::default);
        }
        for (mine, theirs) in self.slices.iter_mut().zip(&other.slices) {
            mine.add(theirs);
        }
    }

    /// The seconds of a measured time of this length; those in which nothing was offered are there too.
    pub fn list(&self, measured: Nanos) -> Vec<Interval> {
        let count = measured.0.div_ceil(Nanos::SECOND.0);
        let in_a_second = Nanos::SECOND.0 / self.slice.0;
        (0..count)
            .map(|second| {
                let start = Nanos(second * Nanos::SECOND.0);
                let length = measured.since(start).min(Nanos::SECOND);
                self.together(second * in_a_second, in_a_second)
                    .interval(start, length)
            })
            .collect()
    }

    /// The windows of a measured time of this length, as far as they are whole.
    pub fn windows(&self, measured: Nanos) -> Vec<Window> {
        let slices = measured.0 / self.slice.0;
        let width = (slices / FEWEST_WINDOWS).max(1);
        let length = Nanos(width * self.slice.0);
        (0..slices / width)
            .map(|window| {
                self.together(window * width, width)
                    .window(Nanos(window * length.0), length)
            })
            .collect()
    }

    /// So many slices in one.
    fn together(&self, first: u64, count: u64) -> Slice {
        let mut all = Slice::default();
        let slices = self.slices.iter().skip(first as usize);
        slices.take(count as usize).for_each(|slice| all.add(slice));
        all
    }
}

/// The longest slice, a whole number of which make a second, that cuts this time into enough windows; a hundredth of a
/// second at the least.
fn slice(measured: Nanos) -> Nanos {
    const PARTS: [u64; 8] = [1, 2, 4, 5, 10, 20, 50, 100];
    let enough = |parts: &&u64| measured.0 * **parts >= FEWEST_WINDOWS * Nanos::SECOND.0;
    Nanos(Nanos::SECOND.0 / PARTS.iter().find(enough).unwrap_or(&100))
}

impl Slice {
    fn add(&mut self, other: &Slice) {
        self.ok += other.ok;
        self.failed += other.failed;
        self.response_time.add(&other.response_time);
    }

    fn interval(&self, start: Nanos, length: Nanos) -> Interval {
        let times = self.response_time.histogram();
        let quantile =
            |q: f64| (!times.is_empty()).then(|| times.value_at_quantile(q).min(times.max()));
        Interval {
            start_s: start.as_secs_f64(),
            length_s: length.as_secs_f64(),
            ok: self.ok,
            failed: self.failed,
            p50_ns: quantile(0.5),
            p99_ns: quantile(0.99),
        }
    }

    fn window(&self, start: Nanos, length: Nanos) -> Window {
        Window {
            start_s: start.as_secs_f64(),
            length_s: length.as_secs_f64(),
            ok: self.ok,
            p50_ns: median(&self.response_time.histogram()),
        }
    }
}

/// The median, placed within its bucket: a coarse histogram's buckets are as wide as a drift that matters.
fn median(times: &Histogram<u64>) -> Option<f64> {
    let half = times.len() as f64 / 2.0;
    let mut below = 0.0;
    for bucket in times.iter_recorded() {
        let count = bucket.count_at_value() as f64;
        if below + count >= half {
            let low = times.lowest_equivalent(bucket.value_iterated_to());
            let width = times.equivalent_range(low) as f64;
            return Some(low as f64 + width * (half - below) / count);
        }
        below += count;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(ms: u64) -> Nanos {
        Nanos::from_millis(ms)
    }

    #[test]
    fn a_measured_time_has_twenty_windows_or_some_more_and_slices_make_seconds() {
        let cases = [
            (500, 25, 20),
            (1_000, 20, 50),
            (3_000, 30, 100),
            (4_000, 20, 200),
            (5_000, 20, 250),
            (10_000, 20, 500),
            (25_000, 25, 1_000),
            (60_000, 20, 3_000),
            (70_000, 23, 3_000),
        ];
        for (measured, windows, length) in cases {
            let intervals = Intervals::new(Nanos::ZERO, millis(measured));
            assert_eq!(Nanos::SECOND.0 % intervals.slice.0, 0);
            let seen = intervals.windows(millis(measured));
            assert_eq!(seen.len(), windows, "{measured} ms");
            assert_eq!(seen[0].length_s, length as f64 / 1e3, "{measured} ms");
        }
    }

    #[test]
    fn a_median_lies_where_its_bucket_is_cut_in_half() {
        let mut times = Coarse::new();
        (20_000..30_000).for_each(|time| times.record(Nanos(time)));
        let median = median(&times.histogram()).unwrap();
        assert!((24_950.0..25_050.0).contains(&median), "{median}");
    }
}
