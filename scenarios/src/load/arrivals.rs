//! Arrivals: where calls lie in *count space*, the axis on which the load is one call per unit.
//!
//! A [profile](super::profile) then maps count space to time, so that every arrival law works with every rate law.
//! Hot: one position per call and lane. Guarded by `benches/pacer.rs`.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the starts of an open loop are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// As independent users arrive: exponential gaps, and exactly the configured number of calls.
    #[default]
    Poisson,
    /// Evenly spaced.
    Uniform,
}

impl Arrivals {
    /// The positions of `round(length)` calls in `[0, length)`, in increasing order.
    pub(super) fn positions(self, length: f64, seed: u64) -> Positions {
        let count = length.round() as u64;
        match self {
            Arrivals::Uniform => Positions::Uniform { next: 0, count },
            Arrivals::Poisson => {
                let rng = Box::new(ChaCha8Rng::seed_from_u64(seed));
                Positions::Poisson {
                    rng,
                    left: count,
                    at: 0.0,
                    rest: length,
                }
            }
        }
    }
}

/// Increasing positions in count space, made one at a time.
///
/// # Poisson
///
/// A Poisson process has two random parts: how many calls fall into a segment, and where. Given the number, the calls
/// are independent uniform points, put in order. We fix the number at its expectation `N` and keep the rest, because
/// an unconditioned count is random by `sqrt(N)`: at 5,000/s over 10 s that is 0.45 % at one sigma, more than the half
/// percent within which the offered load is promised. The gaps stay exponential, up to terms of order `1 / N`.
///
/// The order statistics are made from left to right in constant memory. With `m` points left on a rest of length `r`,
/// the distance to the first of them exceeds `x` with probability `(1 - x/r)^m`; set equal to `U = exp(-E)` with `E`
/// exponential of mean 1, that is `x = r * (1 - U^(1/m)) = -r * expm1(-E / m)`.
#[derive(Debug)]
pub(super) enum Positions {
    /// The whole numbers below `count`.
    Uniform {
        /// The next of them.
        next: u64,
        /// How many there are in all.
        count: u64,
    },
    /// Ordered uniform points.
    Poisson {
        /// The source of `E`; boxed, since it is large beside the rest.
        rng: Box<ChaCha8Rng>,
        /// Points still to come, `m`.
        left: u64,
        /// The last point.
        at: f64,
        /// The length from the last point to the end, `r`.
        rest: f64,
    },
}

impl Positions {
    /// Leaves out `skip` positions and gives the next one, as long as there is one.
    pub(super) fn nth(&mut self, skip: u32) -> Option<f64> {
        match self {
            Positions::Uniform { next, count } => {
                let position = next.saturating_add(skip.into());
                *next = position.saturating_add(1);
                (position < *count).then_some(position as f64)
            }
            Positions::Poisson {
                rng,
                left,
                at,
                rest,
            } => {
                for _ in 0..=skip {
                    if *left == 0 {
                        return None;
                    }
                    let e: f64 = Exp1.sample(rng);
                    let gap = -*rest * (-e / *left as f64).exp_m1();
                    *at += gap;
                    *rest -= gap;
                    *left -= 1;
                }
                Some(*at)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut positions: Positions) -> Vec<f64> {
        std::iter::from_fn(|| positions.nth(0)).collect()
    }

    #[test]
    fn the_count_is_the_length_rounded() {
        for arrivals in [Arrivals::Poisson, Arrivals::Uniform] {
            for (length, count) in [(0.0, 0), (0.4, 0), (0.6, 1), (3.2, 3), (1000.0, 1000)] {
                assert_eq!(
                    all(arrivals.positions(length, 1)).len(),
                    count,
                    "{arrivals:?} {length}"
                );
            }
        }
    }

    #[test]
    fn poisson_points_stay_inside_and_in_order() {
        let points = all(Arrivals::Poisson.positions(10_000.0, 7));
        assert!(points.is_sorted());
        assert!(points[0] >= 0.0 && points[9_999] < 10_000.0);
    }

    #[test]
    fn skipping_is_the_same_as_dropping() {
        for arrivals in [Arrivals::Poisson, Arrivals::Uniform] {
            let mut skipping = arrivals.positions(100.0, 3);
            let third: Vec<f64> = std::iter::from_fn(|| skipping.nth(2)).collect();
            let dropped: Vec<f64> = all(arrivals.positions(100.0, 3))
                .into_iter()
                .skip(2)
                .step_by(3)
                .collect();
            assert_eq!(third, dropped);
        }
    }
}
