//! The one clock: monotonic nanoseconds since the run's start, or a hand that a test moves.
//!
//! It reads the kernel's CLOCK_MONOTONIC and knows where on it the run began, so that kernel timers can be set to points
//! on it, and its times held against those of other processes on this machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use reports::mutant::{self, Mutant};
use scenarios::units::Nanos;

/// Tells how long ago the run started. Clones tell the same time, in any thread.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Monotonic { origin: Nanos },
    Manual(Arc<AtomicU64>),
}

/// Moves a manual clock.
#[derive(Clone, Debug)]
pub struct Hand(Arc<AtomicU64>);

/// A lie: see the mutant.
fn coarse(time: Nanos) -> Nanos {
    const TICK: u64 = 1_000_000;
    if mutant::is(Mutant::CoarseClock) {
        return Nanos(time.0 / TICK * TICK);
    }
    time
}

impl Clock {
    /// A clock that starts after `lead`, and tells zero until then.
    pub fn starting_in(lead: Duration) -> Clock {
        Clock(Source::Monotonic {
            origin: read() + Nanos::from(lead),
        })
    }

    /// A clock that stands at zero until its hand is moved.
    pub fn manual() -> (Clock, Hand) {
        let time = Arc::new(AtomicU64::new(0));
        (Clock(Source::Manual(Arc::clone(&time))), Hand(time))
    }

    /// The time since the start.
    pub fn now(&self) -> Nanos {
        match &self.0 {
            Source::Monotonic { origin } => coarse(read().since(*origin)),
            Source::Manual(time) => Nanos(time.load(Ordering::Relaxed)),
        }
    }

    /// How long it is until `at`; nothing where that is past.
    pub fn until(&self, at: Nanos) -> Duration {
        match &self.0 {
            Source::Monotonic { origin } => (*origin + at).since(read()).into(),
            Source::Manual(_) => at.since(self.now()).into(),
        }
    }

    /// The start of the run on the kernel's CLOCK_MONOTONIC; zero where a hand moves the clock.
    pub fn origin(&self) -> Nanos {
        match &self.0 {
            Source::Monotonic { origin } => *origin,
            Source::Manual(_) => Nanos::ZERO,
        }
    }

    /// The start of the run in time since 1970, as far as the wall clock can be believed.
    pub fn origin_unix(&self) -> Nanos {
        let now = u64::try_from(jiff::Timestamp::now().as_nanosecond()).unwrap_or_default();
        let passed = self.now();
        Nanos(now).since(passed) + self.until(Nanos::ZERO).into()
    }

    /// What one reading costs, in nanoseconds: the median of a few batches.
    pub fn cost_ns() -> u64 {
        const READINGS: u32 = 1_000;
        let mut batches: Vec<u64> = (0..9)
            .map(|_| {
                let begin = read();
                for _ in 0..READINGS {
                    std::hint::black_box(read());
                }
                read().since(begin).0 / u64::from(READINGS)
            })
            .collect();
        batches.sort_unstable();
        batches[batches.len() / 2]
    }

    /// The smallest step between two readings that differ, in nanoseconds: what the clock can tell apart, or what a
    /// reading costs where that is more.
    pub fn step_ns() -> u64 {
        let step = || {
            let begin = read();
            loop {
                let passed = read().since(begin);
                if passed > Nanos::ZERO {
                    return passed.0;
                }
            }
        };
        (0..1_000).map(|_| step()).min().unwrap_or(u64::MAX)
    }
}

impl Hand {
    /// Moves the clock to `at`; a clock never goes back.
    pub fn move_to(&self, at: Nanos) {
        self.0.fetch_max(at.0, Ordering::Relaxed);
    }
}

/// The kernel's monotonic clock. It is there on every Linux.
fn read() -> Nanos {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("the kernel has a monotonic clock");
    Nanos(now.tv_sec().unsigned_abs() * Nanos::SECOND.0 + now.tv_nsec().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_tells_zero_until_it_starts() {
        assert_eq!(
            Clock::starting_in(Duration::from_secs(60)).now(),
            Nanos::ZERO
        );
    }

    #[test]
    fn its_origin_is_where_it_tells_zero_on_the_kernels_clock() {
        let before = read();
        let clock = Clock::starting_in(Duration::from_millis(1));
        assert!(clock.origin() >= before + Nanos::from_millis(1));
        while clock.now() == Nanos::ZERO {}
        let between = read();
        assert!(clock.origin() + clock.now() >= between);
        assert!(clock.origin() <= between);
    }

    #[test]
    fn a_hand_moves_all_clones_and_never_back() {
        let (clock, hand) = Clock::manual();
        let copy = clock.clone();
        hand.move_to(Nanos(500));
        hand.move_to(Nanos(200));
        assert_eq!((clock.now(), copy.now()), (Nanos(500), Nanos(500)));
        assert_eq!(clock.until(Nanos(700)), Duration::from_nanos(200));
    }
}
