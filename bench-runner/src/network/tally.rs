//! What the link counts of itself.

use hdrhistogram::Histogram;
use reports::model::{self, Timing, empty_histogram};
use scenarios::units::Nanos;

use super::link::Way;
use crate::host::cpu::thread_cpu;

/// Counts of the measured time, and some of the whole repetition.
pub(super) struct Tally {
    lateness: Histogram<u64>,
    bytes: [u64; 2],
    held_back: Nanos,
    cpu_at_start: Nanos,
    /// Connections so far.
    pub(super) connections: u64,
    /// Resets so far.
    pub(super) resets: u64,
}

impl Tally {
    pub(super) fn new() -> Tally {
        Tally {
            lateness: empty_histogram(),
            bytes: [0; 2],
            held_back: Nanos::ZERO,
            cpu_at_start: thread_cpu(),
            connections: 0,
            resets: 0,
        }
    }

    /// The measured time begins: forgets what was before, but for what is counted over the whole repetition.
    pub(super) fn begin(&mut self) {
        *self = Tally {
            connections: self.connections,
            resets: self.resets,
            ..Tally::new()
        };
    }

    /// A packet came out so much later than it was due.
    pub(super) fn late(&mut self, by: Nanos) {
        self.lateness.saturating_record(by.0.max(1));
    }

    /// So many bytes came out.
    pub(super) fn arrived(&mut self, way: Way, bytes: usize) {
        self.bytes[way as usize] += bytes as u64;
    }

    /// The link took nothing in for so long because it held all that it may.
    pub(super) fn held_back(&mut self, length: Nanos) {
        self.held_back = self.held_back + length;
    }

    /// The counts as the result has them.
    pub(super) fn summary(&self) -> model::Network {
        model::Network {
            lateness: Timing::new(&self.lateness),
            bytes_to_server: self.bytes[Way::ToServer as usize],
            bytes_to_client: self.bytes[Way::ToClient as usize],
            connections: self.connections,
            resets: self.resets,
            cpu_ns: thread_cpu().since(self.cpu_at_start).0,
            held_back_ns: self.held_back.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_before_the_measured_time_is_forgotten_but_for_the_connections() {
        let mut tally = Tally::new();
        tally.connections = 3;
        tally.late(Nanos(5));
        tally.arrived(Way::ToClient, 7);
        tally.begin();
        tally.arrived(Way::ToServer, 2);
        let summary = tally.summary();
        assert_eq!((summary.lateness.count, summary.connections), (0, 3));
        assert_eq!((summary.bytes_to_server, summary.bytes_to_client), (2, 0));
    }
}
