//! The counts of an HDR histogram while it is filled. **Hot**: six of these take a value for every call.
//!
//! The layout is hdrhistogram's, so a value's place is its place there, and what comes of it is the same histogram to
//! the byte; only the bookkeeping that a finished histogram needs (total, smallest, largest) is left until then.

use hdrhistogram::Histogram;
use reports::model::empty_histogram;
use scenarios::units::Nanos;

/// From a nanosecond, three digits: what the result file has.
pub type Fine = Buckets<0, 10>;

/// From half a microsecond, two digits, a few KiB: for displays and intervals.
pub type Coarse = Buckets<9, 7>;

/// Counts by value: below `2^(UNIT + HALF + 1)` each of `2^UNIT` nanoseconds has a place, and from there on each power
/// of two has `2^HALF` of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Buckets<const UNIT: u32, const HALF: u32> {
    counts: Vec<u64>,
}

impl<const UNIT: u32, const HALF: u32> Buckets<UNIT, HALF> {
    /// Nothing yet.
    pub const fn new() -> Self {
        Buckets { counts: Vec::new() }
    }

    /// Counts a value.
    #[inline]
    pub fn record(&mut self, time: Nanos) {
        self.record_at(Self::place(time));
    }

    /// Counts a value by its place, where several count the same one.
    #[inline]
    pub(super) fn record_at(&mut self, place: usize) {
        match self.counts.get_mut(place) {
            Some(count) => *count += 1,
            None => self.grow(place),
        }
    }

    /// Adds what another has counted.
    pub fn add(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
    }

    /// Forgets everything, and keeps the memory.
    pub fn clear(&mut self) {
        self.counts.fill(0);
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| *count == 0)
    }

    /// Where a value is counted.
    #[inline]
    pub(super) fn place(time: Nanos) -> usize {
        let value = time.0;
        let lowest_bucket = ((2 << HALF) - 1) << UNIT;
        let bucket = u64::BITS - (UNIT + HALF + 1) - (value | lowest_bucket).leading_zeros();
        ((bucket as usize) << HALF) + (value >> (bucket + UNIT)) as usize
    }

    /// The smallest value of a place.
    fn value(place: usize) -> u64 {
        let bucket = (place >> HALF).saturating_sub(1);
        ((place - (bucket << HALF)) as u64) << (bucket as u32 + UNIT)
    }

    #[cold]
    fn grow(&mut self, place: usize) {
        self.counts.resize(place + 1, 0);
        self.counts[place] = 1;
    }

    fn fill(&self, mut histogram: Histogram<u64>) -> Histogram<u64> {
        for (place, &count) in self
            .counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0)
        {
            histogram
                .record_n(Self::value(place), count)
                .expect("the histogram resizes itself");
        }
        histogram
    }
}

impl Fine {
    /// The histogram of what was counted.
    pub fn histogram(&self) -> Histogram<u64> {
        self.fill(empty_histogram())
    }
}

impl Coarse {
    /// The histogram of what was counted.
    pub fn histogram(&self) -> Histogram<u64> {
        self.fill(coarse_histogram())
    }
}

fn coarse_histogram() -> Histogram<u64> {
    let mut histogram =
        Histogram::new_with_bounds(1_000, 60_000_000_000, 2).expect("the bounds are in order");
    histogram.auto(true);
    histogram
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    /// Values of every magnitude, each power of two and its neighbours among them.
    fn values() -> Vec<u64> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let drawn = (0..100_000).map(|_| rng.random::<u64>() >> rng.random_range(20..64));
        let edges = (0..44).flat_map(|power| [(1u64 << power) - 1, 1 << power, (1 << power) + 1]);
        drawn.chain(edges).collect()
    }

    #[test]
    fn what_comes_of_it_is_what_hdrhistogram_would_have_recorded() {
        let (mut fine, mut coarse) = (Fine::new(), Coarse::new());
        let (mut exact, mut rough) = (empty_histogram(), coarse_histogram());
        for value in values() {
            fine.record(Nanos(value));
            coarse.record(Nanos(value));
            exact.record(value).unwrap();
            rough.record(value).unwrap();
        }
        assert_eq!(
            reports::model::encode_histogram(&fine.histogram()),
            reports::model::encode_histogram(&exact)
        );
        for (mine, theirs) in [(fine.histogram(), exact), (coarse.histogram(), rough)] {
            assert_eq!(mine, theirs);
            assert_eq!((mine.min(), mine.max()), (theirs.min(), theirs.max()));
        }
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let (mut whole, mut sum) = (Fine::new(), Fine::new());
        let mut parts = [Fine::new(), Fine::new(), Fine::new()];
        for (n, value) in values().into_iter().enumerate() {
            whole.record(Nanos(value));
            parts[n % 3].record(Nanos(value));
        }
        parts.iter().for_each(|part| sum.add(part));
        assert_eq!(sum, whole);
        sum.clear();
        assert!(sum.is_empty());
    }
}
