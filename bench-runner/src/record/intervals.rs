//! The measured time second by second. A call belongs to the second of its intended start, so that a stall shows where
//! its victims were meant to run.

use reports::model::Interval;
use reports::mutant::{self, Mutant};
use scenarios::units::Nanos;

use super::{Coarse, Sample};
use crate::engine::status::Status;

/// One-second intervals of one lane.
#[derive(Clone)]
pub struct Intervals {
    start: Nanos,
    seconds: Vec<Second>,
}

#[derive(Clone, Default)]
struct Second {
    ok: u64,
    failed: u64,
    response_time: Coarse,
}

impl Intervals {
    /// Intervals from `start` on.
    pub fn new(start: Nanos) -> Intervals {
        Intervals {
            start,
            seconds: Vec::new(),
        }
    }

    pub(super) fn finished(&mut self, sample: &Sample) {
        let of = if mutant::is(Mutant::ByCompletion) {
            sample.done
        } else {
            sample.intended
        };
        let index = (of.since(self.start).0 / Nanos::SECOND.0) as usize;
        if self.seconds.len() <= index {
            self.seconds.resize_with(index + 1, Second::default);
        }
        let second = &mut self.seconds[index];
        if sample.status == Some(Status::OK) {
            second.ok += 1;
            second.response_time.record(sample.response_time());
        } else {
            second.failed += 1;
        }
    }

    /// Adds another lane's.
    pub fn merge(&mut self, other: &Intervals) {
        if self.seconds.len() < other.seconds.len() {
            self.seconds
                .resize_with(other.seconds.len(), Second::default);
        }
        for (mine, theirs) in self.seconds.iter_mut().zip(&other.seconds) {
            mine.ok += theirs.ok;
            mine.failed += theirs.failed;
            mine.response_time.add(&theirs.response_time);
        }
    }

    /// The intervals of a measured time of this length; seconds in which nothing was offered are there too.
    pub fn list(&self, measured: Nanos) -> Vec<Interval> {
        let count = measured.0.div_ceil(Nanos::SECOND.0) as usize;
        (0..count)
            .map(|index| self.interval(index, measured))
            .collect()
    }

    fn interval(&self, index: usize, measured: Nanos) -> Interval {
        let nothing = Second::default();
        let second = self.seconds.get(index).unwrap_or(&nothing);
        let start = Nanos(index as u64 * Nanos::SECOND.0);
        let times = second.response_time.histogram();
        let quantile =
            |q: f64| (!times.is_empty()).then(|| times.value_at_quantile(q).min(times.max()));
        Interval {
            start_s: start.as_secs_f64(),
            length_s: measured.since(start).min(Nanos::SECOND).as_secs_f64(),
            ok: second.ok,
            failed: second.failed,
            p50_ns: quantile(0.5),
            p99_ns: quantile(0.99),
        }
    }
}
