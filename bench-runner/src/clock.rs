//! The one clock: monotonic nanoseconds since the run's start, or a hand that a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use scenarios::units::Nanos;

/// Tells how long ago the run started. Clones tell the same time, in any thread.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Monotonic(Instant),
    Manual(Arc<AtomicU64>),
}

/// Moves a manual clock.
#[derive(Clone, Debug)]
pub struct Hand(Arc<AtomicU64>);

impl Clock {
    /// A clock that starts after `lead`, and tells zero until then.
    pub fn starting_in(lead: Duration) -> Clock {
        Clock(Source::Monotonic(read() + lead))
    }

    /// A clock that stands at zero until its hand is moved.
    pub fn manual() -> (Clock, Hand) {
        let time = Arc::new(AtomicU64::new(0));
        (Clock(Source::Manual(Arc::clone(&time))), Hand(time))
    }

    /// The time since the start.
    pub fn now(&self) -> Nanos {
        match &self.0 {
            Source::Monotonic(origin) => read().saturating_duration_since(*origin).into(),
            Source::Manual(time) => Nanos(time.load(Ordering::Relaxed)),
        }
    }

    /// How long it is until `at`; nothing where that is past.
    pub fn until(&self, at: Nanos) -> Duration {
        match &self.0 {
            Source::Monotonic(origin) => {
                (*origin + Duration::from(at)).saturating_duration_since(read())
            }
            Source::Manual(_) => at.since(self.now()).into(),
        }
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
                u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX) / u64::from(READINGS)
            })
            .collect();
        batches.sort_unstable();
        batches[batches.len() / 2]
    }
}

impl Hand {
    /// Moves the clock to `at`; a clock never goes back.
    pub fn move_to(&self, at: Nanos) {
        self.0.fetch_max(at.0, Ordering::Relaxed);
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one clock")]
fn read() -> Instant {
    Instant::now()
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
    fn a_hand_moves_all_clones_and_never_back() {
        let (clock, hand) = Clock::manual();
        let copy = clock.clone();
        hand.move_to(Nanos(500));
        hand.move_to(Nanos(200));
        assert_eq!((clock.now(), copy.now()), (Nanos(500), Nanos(500)));
        assert_eq!(clock.until(Nanos(700)), Duration::from_nanos(200));
    }
}
