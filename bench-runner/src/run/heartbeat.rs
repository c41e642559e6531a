//! A thread that wants to wake every millisecond on the lanes' cores: whatever makes it late makes a lane late too.
//!
//! Where lanes spin in an open loop it runs elsewhere, and tells of stops of the whole program only.
//!
//! In a closed loop nothing else would tell: a stalled runner looks like a slow server. Its cost is about 0.3 % of a core.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use reports::model;
use scenarios::units::Nanos;

use crate::clock::Clock;
use crate::host::affinity;
use crate::record::Coarse;

/// The time from one beat to the next.
const PERIOD: Nanos = Nanos::from_millis(1);

/// The heartbeat of a run.
pub(super) struct Heartbeat {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<model::Heartbeat>>,
}

impl Heartbeat {
    /// Beats from the clock's start on and keeps what happens from `from` to `to`; on `cores`, or anywhere.
    pub(super) fn start(
        clock: Clock,
        (from, to): (Nanos, Nanos),
        cores: Vec<usize>,
    ) -> io::Result<Heartbeat> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let work = move || {
            if !cores.is_empty() {
                // The lanes have these cores already; where that failed there is no run.
                let _ = affinity::pin_to(&cores);
            }
            // Finer than the kernel's default of 50 µs; where it is refused the beats are that much later.
            let _ = nix::sys::prctl::set_timerslack(1);
            let mut beats = Beats::new(from);
            let mut due = Nanos::ZERO;
            while due < to && !stopped.load(Ordering::Relaxed) {
                thread::sleep(clock.until(due));
                if due >= from {
                    beats.add(due, clock.now().since(due));
                }
                due = due + PERIOD;
            }
            beats.summary()
        };
        let thread = thread::Builder::new()
            .name("heartbeat".into())
            .spawn(work)?;
        Ok(Heartbeat {
            stop,
            thread: Some(thread),
        })
    }

    /// Ends it; nothing where it panicked.
    pub(super) fn finish(mut self) -> Option<model::Heartbeat> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take()?.join().ok()
    }
}

/// A run that failed has no use for it.
impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// What is kept of the beats. None is left out: after a stall each that was due in it counts with its own lateness.
struct Beats {
    from: Nanos,
    late: Coarse,
    latest: Nanos,
    latest_due: Nanos,
}

impl Beats {
    fn new(from: Nanos) -> Beats {
        Beats {
            from,
            late: Coarse::new(),
            latest: Nanos::ZERO,
            latest_due: from,
        }
    }

    fn add(&mut self, due: Nanos, late: Nanos) {
        self.late.record(late);
        if late > self.latest {
            (self.latest, self.latest_due) = (late, due);
        }
    }

    fn summary(&self) -> model::Heartbeat {
        let late = self.late.histogram();
        model::Heartbeat {
            beats: late.len(),
            late_p99_ns: late.value_at_quantile(0.99).min(self.latest.0),
            late_max_ns: self.latest.0,
            late_max_at_s: self.latest_due.since(self.from).as_secs_f64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_as_long_as_its_first_beat_was_late_and_none_is_left_out() {
        let from = Nanos::from_millis(1_000);
        let mut beats = Beats::new(from);
        for beat in 0..1_000 {
            let due = from + Nanos::from_millis(beat);
            // Nothing runs from 300 ms to 500 ms.
            let late = 500u64.saturating_sub(beat) * u64::from(beat >= 300);
            beats.add(due, Nanos::from_millis(late));
        }
        let seen = beats.summary();
        assert_eq!((seen.beats, seen.late_max_ns), (1_000, 200_000_000));
        assert_eq!(seen.late_max_at_s, 0.3);
        // 10 of 1,000 beats are later than 190 ms.
        assert!(
            (189_000_000..192_000_000).contains(&seen.late_p99_ns),
            "{seen:?}"
        );
    }

    #[test]
    fn a_heartbeat_ends_when_it_is_told_to() {
        let clock = Clock::starting_in(std::time::Duration::ZERO);
        let long = (Nanos::ZERO, Nanos(3_600 * Nanos::SECOND.0));
        let heartbeat = Heartbeat::start(clock, long, Vec::new()).unwrap();
        assert!(heartbeat.finish().unwrap().beats < 3_600_000);
    }
}
