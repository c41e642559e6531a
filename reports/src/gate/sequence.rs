//! The decision over several looks at growing data.
//!
//! Each look may spend a part of the error that is allowed in all, little at first and the rest at the last look, by the
//! spending function of Lan and DeMets in the shape of O'Brien and Fleming: `2 - 2 Φ(z[α/2] / √t)` at the share `t` of all
//! rounds. The parts add up to no more than the whole whatever the looks have in common (Boole), and whenever they are.

use crate::model::Outcome;
use crate::stats::{SignedRank, normal_quantile, normal_tail, p_above, p_below};

/// Fewer differences than this decide nothing.
pub const FEWEST_ROUNDS: usize = 10;

/// What a test must keep. Differences are so that more is worse, on the scale of the logarithm or of shares.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Criteria {
    /// A difference up to this is none.
    pub(crate) floor: f64,
    /// A difference of this must not pass.
    pub(crate) tolerance: f64,
    /// How often what is no difference may be called a regression.
    pub(crate) alpha: f64,
    /// How often the whole tolerance may pass.
    pub(crate) beta: f64,
}

/// A look: so many differences, and the share of all that there will be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LookAt {
    pub(crate) values: usize,
    pub(crate) information: f64,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Decision {
    pub(crate) outcome: Outcome,
    /// The differences that it rests on.
    pub(crate) values: usize,
    pub(crate) p_no_worse: f64,
    pub(crate) p_beyond_tolerance: f64,
}

/// Looks at the differences in turn until they decide.
pub(crate) fn decide(differences: &[f64], looks: &[LookAt], criteria: &Criteria) -> Decision {
    let (mut alpha, mut beta) = (Spending::of(criteria.alpha), Spending::of(criteria.beta));
    let mut last = Decision {
        outcome: Outcome::Inconclusive,
        values: differences.len(),
        p_no_worse: 1.0,
        p_beyond_tolerance: 1.0,
    };
    for look in looks.iter().filter(|look| look.values >= FEWEST_ROUNDS) {
        let seen = &differences[..look.values.min(differences.len())];
        last = Decision {
            values: seen.len(),
            p_no_worse: p_above(seen, criteria.floor),
            p_beyond_tolerance: p_below(seen, criteria.tolerance),
            ..last
        };
        let (alpha, beta) = (alpha.next(look.information), beta.next(look.information));
        if let Some(outcome) = verdict(seen, &last, criteria, alpha, beta) {
            return Decision { outcome, ..last };
        }
    }
    last
}

/// What may be said at one look, of which the errors are `alpha` and `beta`.
fn verdict(
    seen: &[f64],
    look: &Decision,
    criteria: &Criteria,
    alpha: f64,
    beta: f64,
) -> Option<Outcome> {
    let (is_worse, is_within) = (look.p_no_worse <= alpha, look.p_beyond_tolerance <= beta);
    if !is_worse && !is_within {
        return None;
    }
    let is_beyond_half = SignedRank::of(seen).shift()? > criteria.tolerance / 2.0;
    match is_beyond_half {
        true => is_worse.then_some(Outcome::Regressed),
        false if !is_within => None,
        false if p_below(seen, -criteria.floor) <= criteria.alpha => Some(Outcome::Improved),
        false => Some(Outcome::Pass),
    }
}

/// The median; NaN of nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n => f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]),
    }
}

/// An error that is spent bit by bit.
struct Spending {
    whole: f64,
    spent: f64,
}

impl Spending {
    fn of(whole: f64) -> Spending {
        Spending { whole, spent: 0.0 }
    }

    /// What the look at this share of all data may spend.
    fn next(&mut self, information: f64) -> f64 {
        let by_now = self.by(information).max(self.spent);
        by_now - std::mem::replace(&mut self.spent, by_now)
    }

    fn by(&self, information: f64) -> f64 {
        if information >= 1.0 {
            return self.whole;
        }
        2.0 * normal_tail(normal_quantile(self.whole / 2.0) / information.max(1e-9).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRITERIA: Criteria = Criteria {
        floor: 0.01,
        tolerance: 0.05,
        alpha: 0.005,
        beta: 0.025,
    };

    fn at_the_end(differences: &[f64]) -> Decision {
        let look = LookAt {
            values: differences.len(),
            information: 1.0,
        };
        decide(differences, &[look], &CRITERIA)
    }

    /// Around `center`, by up to `by`, in no order.
    fn around(center: f64, by: f64, n: usize) -> Vec<f64> {
        let place = |i: usize| (i * 7 % n) as f64 / (n - 1) as f64 * 2.0 - 1.0;
        (0..n).map(|i| center + by * place(i)).collect()
    }

    #[test]
    fn clear_data_are_called_what_they_are() {
        for (center, outcome) in [
            (0.0, Outcome::Pass),
            (0.015, Outcome::Pass),
            (-0.06, Outcome::Improved),
            (0.05, Outcome::Regressed),
            (0.3, Outcome::Regressed),
        ] {
            assert_eq!(
                at_the_end(&around(center, 0.02, 30)).outcome,
                outcome,
                "{center}"
            );
        }
    }

    #[test]
    fn noise_and_few_rounds_are_inconclusive() {
        assert_eq!(
            at_the_end(&around(0.02, 0.4, 30)).outcome,
            Outcome::Inconclusive
        );
        for n in 0..FEWEST_ROUNDS {
            assert_eq!(at_the_end(&vec![0.3; n]).outcome, Outcome::Inconclusive);
            assert_eq!(at_the_end(&vec![0.0; n]).outcome, Outcome::Inconclusive);
        }
    }

    #[test]
    fn no_looks_spend_more_than_the_whole() {
        let mut alpha = Spending::of(0.005);
        let parts = [0.2, 0.3, 0.3, 0.25, 0.7, 1.0, 1.0].map(|t| alpha.next(t));
        assert!(
            (parts.iter().sum::<f64>() - 0.005).abs() < 1e-15,
            "{parts:?}"
        );
        assert!(parts[0] < 1e-8, "{parts:?}");
        assert_eq!((parts[2], parts[3], parts[6]), (0.0, 0.0, 0.0));
    }

    #[test]
    fn a_test_that_is_decided_stays_so() {
        let mut differences = around(0.2, 0.02, 30);
        differences.extend(around(-0.5, 0.02, 30));
        let looks = [(30, 0.5), (60, 1.0)].map(|(values, information)| LookAt {
            values,
            information,
        });
        let decision = decide(&differences, &looks, &CRITERIA);
        assert_eq!(
            (decision.outcome, decision.values),
            (Outcome::Regressed, 30)
        );
    }
}
