//! How the server misbehaves: the fate of each call, drawn without a lock and the same in every run.
//!
//! The draws of a call depend on nothing but its number: call `n` has the `n`-th stream of one seeded ChaCha8.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use scenarios::law::Law;
use scenarios::scenario::{Behaviour, ErrorBehaviour};
use scenarios::units::Nanos;
use tonic::{Code, Status};

/// Two servers with the same settings treat the same calls alike.
const SEED: u64 = 0x6265_6e63_6872_756e;

/// Decides the fate of calls.
#[derive(Debug)]
pub(crate) struct Fates {
    behaviour: Behaviour,
    calls: AtomicU64,
    seed: ChaCha8Rng,
}

/// What is to happen to one call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fate {
    /// The wait before its first reply.
    pub(crate) delay: Nanos,
    /// Whether it ends with [`Fates::error`], instead of its first reply.
    pub(crate) fails: bool,
}

impl Fates {
    pub(crate) fn new(behaviour: &Behaviour) -> Fates {
        Fates {
            behaviour: behaviour.clone(),
            calls: AtomicU64::new(0),
            seed: ChaCha8Rng::seed_from_u64(SEED),
        }
    }

    /// Whether any call may be delayed.
    pub(crate) fn have_delays(&self) -> bool {
        let error = self.behaviour.error.as_ref();
        self.behaviour.delay.is_some() || error.is_some_and(|error| error.delay.is_some())
    }

    /// How calls end that are asked to fail.
    pub(crate) fn error(&self) -> Status {
        let error = self.behaviour.error.as_ref();
        let code = error.map_or(Code::Unknown, |error| Code::from_i32(error.code.0.into()));
        Status::new(code, "the server was asked to fail this call")
    }

    /// The fate of the next call.
    #[inline]
    pub(crate) fn next(&self) -> Fate {
        match (&self.behaviour.delay, &self.behaviour.error) {
            (None, None) => Fate::default(),
            (Some(Law::Fixed(delay)), None) => Fate {
                delay: *delay,
                fails: false,
            },
            (delay, error) => self.draw(delay.as_ref(), error.as_ref()),
        }
    }

    fn draw(&self, delay: Option<&Law<Nanos>>, error: Option<&ErrorBehaviour>) -> Fate {
        let mut random = self.seed.clone();
        random.set_stream(self.calls.fetch_add(1, Relaxed));
        let error = error.filter(|error| random.random::<f64>() < error.share);
        let delay = error.and_then(|error| error.delay.as_ref()).or(delay);
        Fate {
            delay: delay.map_or(Nanos::ZERO, |law| law.draw(&mut random)),
            fails: error.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenarios::law::{Drawn, Uniform};
    use scenarios::status::StatusCode;

    fn failing(share: f64, delay: Option<Law<Nanos>>) -> Behaviour {
        let error = ErrorBehaviour {
            share,
            code: StatusCode(14),
            delay,
        };
        Behaviour {
            delay: Some(Law::Fixed(Nanos(7))),
            error: Some(error),
        }
    }

    #[test]
    fn the_share_of_errors_is_kept_and_the_same_in_every_run() {
        for share in [0.0, 0.01, 0.5, 1.0] {
            let draw = || -> Vec<bool> {
                let fates = Fates::new(&failing(share, None));
                (0..10_000).map(|_| fates.next().fails).collect()
            };
            let errors = draw().into_iter().filter(|error| *error).count() as f64;
            // Five standard deviations of the binomial law; nothing at all for 0 and 1.
            let bound = 5.0 * (10_000.0 * share * (1.0 - share)).sqrt();
            assert!(
                (errors - 10_000.0 * share).abs() <= bound,
                "{errors} errors at share {share}"
            );
            assert_eq!(draw(), draw());
        }
    }

    #[test]
    fn an_error_waits_its_own_delay_or_else_the_ordinary_one() {
        let fates = Fates::new(&failing(1.0, None));
        let fate = fates.next();
        assert_eq!((fate.delay, fate.fails), (Nanos(7), true));
        assert_eq!(fates.error().code(), Code::Unavailable);
        let fate = Fates::new(&failing(1.0, Some(Law::Fixed(Nanos(3))))).next();
        assert_eq!(fate.delay, Nanos(3));
        let fate = Fates::new(&failing(0.0, Some(Law::Fixed(Nanos(3))))).next();
        assert_eq!((fate.delay, fate.fails), (Nanos(7), false));
    }

    #[test]
    fn delays_are_drawn_anew_for_each_call() {
        let law = Law::Drawn(Drawn::Uniform(Uniform {
            min: Nanos(10),
            max: Nanos(1_000_000),
        }));
        let fates = Fates::new(&Behaviour {
            delay: Some(law),
            error: None,
        });
        let delays: Vec<u64> = (0..100).map(|_| fates.next().delay.0).collect();
        assert!(delays.iter().all(|delay| (10..=1_000_000).contains(delay)));
        assert!(
            delays
                .iter()
                .collect::<std::collections::BTreeSet<_>>()
                .len()
                > 90,
            "{delays:?}"
        );
    }
}
