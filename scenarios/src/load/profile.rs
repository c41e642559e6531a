//! Profiles: how the rate runs over a segment, as a map between time and the number of calls due by then.

use crate::units::{Nanos, Rate};

const NANOS_PER_SECOND: f64 = 1e9;

/// The rate over a segment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Profile {
    /// The same all the time.
    Constant(Rate),
    /// From one rate to another, evenly over the segment.
    Linear {
        /// At the start.
        from: Rate,
        /// At the end.
        to: Rate,
        /// The length of the segment.
        over: Nanos,
    },
}

impl Profile {
    /// The rate at `at`; a ramp that has ended stays where it is.
    pub(super) fn rate_at(&self, at: Nanos) -> f64 {
        match *self {
            Profile::Constant(rate) => rate.get(),
            Profile::Linear { from, to, over } => {
                let share = if over.0 == 0 {
                    0.0
                } else {
                    at.0.min(over.0) as f64 / over.0 as f64
                };
                from.get() + (to.get() - from.get()) * share
            }
        }
    }

    /// The calls due by `at`: the integral of the rate from 0.
    pub(super) fn count(&self, at: Nanos) -> f64 {
        (self.rate_at(Nanos::ZERO) + self.rate_at(at)) / 2.0 * at.as_secs_f64()
    }

    /// When `count` calls are due: the inverse of [`count`](Profile::count).
    ///
    /// # Derivation
    ///
    /// With `a` the first rate, `b` the last, `T` the length and `s = (b - a) / T`, the calls due by `t` are
    /// `x = a t + s t^2 / 2`. The root of `s t^2 / 2 + a t - x = 0` that grows with `x` is
    /// `t = (sqrt(a^2 + 2 s x) - a) / s`, which loses all digits as `s` goes to 0. Multiplied above and below by the
    /// conjugate it is `t = 2 x / (a + sqrt(a^2 + 2 s x))`: sums of positive numbers only, and `x / a` where `s = 0`.
    pub(super) fn time(&self, count: f64) -> Nanos {
        let seconds = match *self {
            Profile::Constant(rate) => {
                return Nanos((count * NANOS_PER_SECOND / rate.get()).round() as u64);
            }
            Profile::Linear { from, to, over } => {
                let a = from.get();
                let slope = (to.get() - a) / over.as_secs_f64();
                // Rounding can take the root just below zero at the very end of a ramp towards nothing.
                let root = (a * a + 2.0 * slope * count).max(0.0).sqrt();
                2.0 * count / (a + root)
            }
        };
        Nanos((seconds * NANOS_PER_SECOND).round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(rate: f64) -> Rate {
        Rate::per_second(rate).unwrap()
    }

    #[test]
    fn time_undoes_count() {
        let over = Nanos::from_millis(20_000);
        for (from, to) in [
            (100.0, 1000.0),
            (1000.0, 1.0),
            (50.0, 50.0),
            (50.0, 50.000_001),
            (1e-3, 1e6),
        ] {
            let ramp = Profile::Linear {
                from: rate(from),
                to: rate(to),
                over,
            };
            for at in [1, 5_000, 10_000, 19_999, 20_000].map(Nanos::from_millis) {
                let back = ramp.time(ramp.count(at));
                assert!(
                    back.0.abs_diff(at.0) <= 10,
                    "{from} to {to}: {at} came back as {back}"
                );
            }
        }
    }

    #[test]
    fn a_level_ramp_is_a_constant() {
        let ramp = Profile::Linear {
            from: rate(1000.0),
            to: rate(1000.0),
            over: Nanos::SECOND,
        };
        assert_eq!(ramp.time(10.0), Profile::Constant(rate(1000.0)).time(10.0));
        assert_eq!(ramp.count(Nanos::SECOND), 1000.0);
    }

    #[test]
    fn a_constant_rate_is_exact() {
        assert_eq!(Profile::Constant(rate(5000.0)).time(7.0), Nanos(1_400_000));
        assert_eq!(Profile::Constant(rate(3.0)).time(1.0), Nanos(333_333_333));
    }
}
