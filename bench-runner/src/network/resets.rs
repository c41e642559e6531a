//! When the link resets a connection, and which: a Poisson process while there is load.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use scenarios::units::{Nanos, Rate};

use super::control::Stage;

/// The stream of the seed that resets are drawn from; the links have theirs.
const STREAM: u64 = 2;

/// Resets at a rate.
#[derive(Debug)]
pub(super) struct Resets {
    rate: Rate,
    next: Option<Nanos>,
    random: ChaCha8Rng,
}

impl Resets {
    pub(super) fn new(rate: Rate, seed: u64) -> Resets {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(STREAM);
        Resets {
            rate,
            next: None,
            random,
        }
    }

    /// Begins with the load, and ends with it.
    pub(super) fn heed(&mut self, stage: Stage, now: Nanos) {
        self.next = match stage {
            Stage::WarmingUp | Stage::Measured => {
                Some(self.next.unwrap_or_else(|| now + self.gap()))
            }
            Stage::Opening | Stage::Draining | Stage::Finished => None,
        };
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Nanos> {
        self.next
    }

    /// Whether one is due; if so, the next is drawn.
    pub(super) fn is_due(&mut self, now: Nanos) -> bool {
        let Some(next) = self.next.filter(|next| *next <= now) else {
            return false;
        };
        self.next = Some(next + self.gap());
        true
    }

    /// One of several.
    pub(super) fn choose(&mut self, candidates: &[usize]) -> Option<usize> {
        (!candidates.is_empty()).then(|| candidates[self.random.random_range(0..candidates.len())])
    }

    /// An exponential gap, from the opposite of a number below one so that it is finite.
    fn gap(&mut self) -> Nanos {
        let uniform = 1.0 - self.random.random::<f64>();
        Nanos((-uniform.ln() / self.rate.get() * 1e9) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resets() -> Resets {
        Resets::new("2/s".parse().unwrap(), 7)
    }

    #[test]
    fn none_is_due_without_load() {
        let mut resets = resets();
        assert_eq!(resets.next(), None);
        resets.heed(Stage::WarmingUp, Nanos::ZERO);
        let first = resets.next();
        resets.heed(Stage::Measured, Nanos::SECOND);
        assert_eq!(resets.next(), first);
        resets.heed(Stage::Draining, Nanos::SECOND);
        assert!(!resets.is_due(Nanos(u64::MAX)));
    }

    #[test]
    fn the_rate_is_kept_and_the_seed_decides() {
        let draw = || {
            let mut resets = resets();
            resets.heed(Stage::Measured, Nanos::ZERO);
            (0..10_000)
                .map(|_| {
                    let at = resets.next().unwrap();
                    assert!(resets.is_due(at));
                    at
                })
                .collect::<Vec<_>>()
        };
        let times = draw();
        assert_eq!(times, draw());
        // 10,000 of 2/s take 5,000 s, with a standard deviation of 50 s.
        let last = times[9_999].as_secs_f64();
        assert!((4_750.0..5_250.0).contains(&last), "{last}");
    }

    #[test]
    fn every_connection_is_chosen_some_time() {
        let mut resets = resets();
        assert_eq!(resets.choose(&[]), None);
        let chosen: std::collections::BTreeSet<_> =
            (0..100).filter_map(|_| resets.choose(&[3, 5, 8])).collect();
        assert_eq!(chosen.len(), 3);
    }
}
