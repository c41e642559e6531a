//! What connections take, besides the calls on them: times of connecting and of PINGs, and time stalled on windows.

use hdrhistogram::Histogram;
use reports::model::{Timing, Wire, empty_histogram};
use reports::mutant::{self, Mutant};
use scenarios::units::Nanos;

/// Something that a connection takes time for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// From its beginning until it is made.
    Connect,
    /// From the connection made until it is secured by TLS.
    Handshake,
    /// From its beginning until the server's SETTINGS have come.
    Ready,
    /// From a PING to its answer.
    Ping,
}

/// How long the steps of all connections of a lane took.
#[derive(Debug)]
pub(super) struct Times {
    connect: Histogram<u64>,
    handshake: Histogram<u64>,
    ready: Histogram<u64>,
    ping: Histogram<u64>,
}

impl Times {
    pub(super) fn new() -> Times {
        Times {
            connect: empty_histogram(),
            handshake: empty_histogram(),
            ready: empty_histogram(),
            ping: empty_histogram(),
        }
    }

    pub(super) fn record(&mut self, step: Step, took: Nanos) {
        let histogram = match step {
            Step::Connect => &mut self.connect,
            Step::Handshake => &mut self.handshake,
            Step::Ready => &mut self.ready,
            Step::Ping => &mut self.ping,
        };
        // A histogram that resizes itself takes any value.
        let _ = histogram.record(took.0);
    }

    /// Writes the times down.
    pub(super) fn tell(&self, wire: &mut Wire) {
        wire.connect_time = Timing::new(&self.connect);
        wire.handshake_time = Timing::new(&self.handshake);
        wire.ready_time = Timing::new(&self.ready);
        wire.ping_time = Timing::new(&self.ping);
    }
}

/// How long something has stood still, on and off.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stalled {
    since: Option<Nanos>,
    total: Nanos,
}

impl Stalled {
    /// Notes whether it stands still; the time is asked for only where that has changed.
    #[inline]
    pub(super) fn note(&mut self, stalled: bool, now: impl FnOnce() -> Nanos) {
        match (stalled, self.since) {
            (true, None) => self.since = Some(now()),
            (false, Some(since)) => {
                self.total = self.total + now().since(since);
                self.since = None;
            }
            _ => {}
        }
    }

    /// How long in all, up to now.
    pub(super) fn total(&self, now: Nanos) -> Nanos {
        if mutant::is(Mutant::HideStalls) {
            return Nanos(0);
        }
        self.since
            .map_or(self.total, |since| self.total + now.since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stalled_is_the_sum_of_its_spells_and_of_the_one_that_lasts() {
        let mut stalled = Stalled::default();
        for (at, is_stalled) in [(10, true), (15, true), (30, false), (40, false), (50, true)] {
            stalled.note(is_stalled, || Nanos(at));
        }
        assert_eq!(stalled.total(Nanos(57)), Nanos(20 + 7));
    }
}
