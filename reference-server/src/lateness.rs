//! How late answers were released against their plans, so that a measurement knows when the server was the imprecise part.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use protos::reference::ReleaseLateness;
use scenarios::units::Nanos;

/// Released minus planned, of every release that had a plan.
#[derive(Debug)]
pub(crate) struct Lateness(Mutex<Histogram<u64>>);

/// Up to here, an hour, lateness is told apart to a thousandth.
const LARGEST: u64 = 3_600 * Nanos::SECOND.0;

impl Default for Lateness {
    fn default() -> Lateness {
        let histogram = Histogram::new_with_bounds(1, LARGEST, 3);
        Lateness(Mutex::new(histogram.expect("the bounds are in order")))
    }
}

impl Lateness {
    /// Adds what a connection has seen, and forgets it there.
    pub(crate) fn take(&self, seen: &mut Vec<Nanos>) {
        let mut histogram = self.histogram();
        for late in seen.drain(..) {
            histogram.saturating_record(late.0);
        }
    }

    /// Adds one release.
    pub(crate) fn record(&self, late: Nanos) {
        self.histogram().saturating_record(late.0);
    }

    pub(crate) fn snapshot(&self) -> ReleaseLateness {
        let histogram = self.histogram();
        let mut bytes = Vec::new();
        // Writing to memory does not fail.
        let _ = V2DeflateSerializer::new().serialize(&histogram, &mut bytes);
        ReleaseLateness {
            count: histogram.len(),
            p50_ns: histogram.value_at_quantile(0.5),
            p99_ns: histogram.value_at_quantile(0.99),
            max_ns: histogram.max(),
            histogram: bytes,
        }
    }

    fn histogram(&self) -> MutexGuard<'_, Histogram<u64>> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
