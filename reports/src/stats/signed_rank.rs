//! The exact signed-rank test of Wilcoxon, and the estimate and interval that belong to it (Hodges and Lehmann, 1963).
//!
//! Of paired differences the test asks only that each is as likely to lie above the true shift as below it by as much.
//! Where the order within each pair was drawn by lot that is so by construction, whatever the machine did meanwhile.

use std::sync::OnceLock;

/// The probability of a sum of positive ranks at least as large as that of `values - center`, were `center` the true
/// shift: small where the values lie above it. 1 where nothing differs from it.
pub fn p_above(values: &[f64], center: f64) -> f64 {
    tail(values.iter().map(|value| value - center))
}

/// The same the other way: small where the values lie below `center`.
pub fn p_below(values: &[f64], center: f64) -> f64 {
    tail(values.iter().map(|value| center - value))
}

/// Paired differences, ready for the estimate of their shift.
#[derive(Clone, Debug)]
pub struct SignedRank {
    /// The means of all pairs of values, each with itself too, in order.
    walsh: Vec<f64>,
    count: usize,
}

impl SignedRank {
    /// Of differences, none of which is NaN.
    pub fn of(values: &[f64]) -> SignedRank {
        let mut walsh: Vec<f64> = (0..values.len())
            .flat_map(|i| {
                values[i..]
                    .iter()
                    .map(move |other| f64::midpoint(values[i], *other))
            })
            .collect();
        walsh.sort_by(f64::total_cmp);
        SignedRank {
            walsh,
            count: values.len(),
        }
    }

    /// The shift: the median of the means of all pairs. `None` of nothing.
    pub fn shift(&self) -> Option<f64> {
        let n = self.walsh.len();
        (n > 0).then(|| f64::midpoint(self.walsh[(n - 1) / 2], self.walsh[n / 2]))
    }

    /// All shifts that a two-sided test at `1 - confidence` does not reject; `None` where there are too few values for
    /// so much confidence.
    pub fn interval(&self, confidence: f64) -> Option<(f64, f64)> {
        let tails = tails(self.count);
        let rejected = (1.0 - confidence) / 2.0;
        // The largest sum whose lower tail is rejected: by symmetry the tail above its mirror image.
        let sums = tails.len() - 1;
        let outside = (0..=sums)
            .take_while(|k| tails[sums - k] <= rejected)
            .count();
        let last = self.walsh.len().checked_sub(outside)?;
        (outside > 0 && last >= outside).then(|| (self.walsh[outside - 1], self.walsh[last]))
    }
}

/// The upper tail of the sum of positive ranks. What is nothing has no sign and takes no part.
fn tail(differences: impl Iterator<Item = f64>) -> f64 {
    let mut signed: Vec<f64> = differences.filter(|d| *d != 0.0).collect();
    signed.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let (ranks, is_tied) = doubled_ranks(&signed);
    let positive = ranks.iter().zip(&signed).filter(|(_, d)| **d > 0.0);
    let sum: usize = positive.map(|(rank, _)| rank).sum();
    match is_tied {
        false => tails(signed.len())[sum / 2],
        true => upper_tails(&ranks)[sum],
    }
}

/// Twice the rank of each, equal ones sharing theirs; and whether any do.
fn doubled_ranks(sorted: &[f64]) -> (Vec<usize>, bool) {
    let mut ranks = Vec::with_capacity(sorted.len());
    let mut is_tied = false;
    for group in sorted.chunk_by(|a, b| a.abs() == b.abs()) {
        is_tied |= group.len() > 1;
        // First and last rank of the group, of which the mean is shared.
        let shared = (ranks.len() + 1) + (ranks.len() + group.len());
        ranks.extend(vec![shared; group.len()]);
    }
    (ranks, is_tied)
}

/// The upper tails of the sum of positive ranks 1 to `n`, worked out once for the sizes that occur again and again.
fn tails(n: usize) -> std::borrow::Cow<'static, [f64]> {
    static KEPT: [OnceLock<Vec<f64>>; 128] = [const { OnceLock::new() }; 128];
    let make = || upper_tails(&(1..=n).collect::<Vec<_>>());
    match KEPT.get(n) {
        Some(kept) => kept.get_or_init(make).as_slice().into(),
        None => make().into(),
    }
}

/// For each sum the probability of that or more, where every rank counts or not with even odds.
fn upper_tails(ranks: &[usize]) -> Vec<f64> {
    let mut chance = vec![0.0; ranks.iter().sum::<usize>() + 1];
    chance[0] = 1.0;
    let mut reached = 0;
    for rank in ranks {
        reached += rank;
        for sum in (0..=reached).rev() {
            let with = if sum < *rank { 0.0 } else { chance[sum - rank] };
            chance[sum] = f64::midpoint(chance[sum], with);
        }
    }
    for sum in (0..chance.len() - 1).rev() {
        chance[sum] += chance[sum + 1];
    }
    chance
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_tails_of_five_values_by_hand() {
        // All of five positive: one of 32. The smallest negative: one more.
        assert_eq!(p_above(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.0), 1.0 / 32.0);
        assert_eq!(p_above(&[-1.0, 2.0, 3.0, 4.0, 5.0], 0.0), 2.0 / 32.0);
        assert_eq!(p_below(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.0), 1.0);
        assert_eq!(p_below(&[-1.0, -2.0, -3.0, -4.0, -5.0], 0.0), 1.0 / 32.0);
        assert_eq!(p_above(&[], 0.0), 1.0);
        assert_eq!(p_above(&[3.0, 3.0], 3.0), 1.0);
    }

    #[test]
    fn the_critical_values_of_the_table() {
        // Wilcoxon's table, two-sided 5 %: T = 8 for 10 pairs, 52 for 20, 137 for 30; one-sided 0.5 %: 3, 37, 109.
        for (n, five, one) in [(10, 8, 3), (20, 52, 37), (30, 137, 109)] {
            let tails = tails(n);
            let below = |t: usize| tails[n * (n + 1) / 2 - t];
            assert!(below(five) <= 0.025 && below(five + 1) > 0.025, "{n}");
            assert!(below(one) <= 0.005 && below(one + 1) > 0.005, "{n}");
        }
    }

    #[test]
    fn ties_are_exact_over_all_signs() {
        let values = [0.5, 0.5, -1.0, 2.0, 2.0, 2.0, -0.5];
        let weigh = |positive: &dyn Fn(usize) -> bool| -> f64 {
            let ranks = [2.0, 2.0, 4.0, 6.0, 6.0, 6.0, 2.0];
            (0..7).filter(|i| positive(*i)).map(|i| ranks[i]).sum()
        };
        let seen = weigh(&|i| values[i] > 0.0);
        let as_large = (0..128_u32)
            .filter(|signs| weigh(&|i| signs >> i & 1 == 1) >= seen)
            .count();
        assert_eq!(p_above(&values, 0.0), as_large as f64 / 128.0);
    }

    #[test]
    fn the_shift_is_the_median_of_all_means() {
        assert_eq!(SignedRank::of(&[1.0, 2.0, 6.0]).shift(), Some(2.75));
        assert_eq!(SignedRank::of(&[]).shift(), None);
    }

    #[test]
    fn the_interval_holds_what_the_test_does_not_reject() {
        let mut draws = ChaCha8Rng::seed_from_u64(7);
        for n in [6, 13, 30, 61] {
            let values: Vec<f64> = (0..n).map(|_| draws.random_range(-1.0..1.5)).collect();
            let (low, high) = SignedRank::of(&values).interval(0.95).unwrap();
            let two_sided = |center| 2.0 * p_above(&values, center).min(p_below(&values, center));
            let near = 1e-9;
            assert!(
                two_sided(low + near) > 0.05 && two_sided(high - near) > 0.05,
                "{n}"
            );
            assert!(
                two_sided(low - near) <= 0.05 && two_sided(high + near) <= 0.05,
                "{n}"
            );
        }
        assert_eq!(
            SignedRank::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).interval(0.95),
            None
        );
    }

    /// Seeded: of symmetric differences 95 of 100 intervals hold the shift.
    #[test]
    fn an_interval_covers_as_often_as_it_says() {
        let mut draws = ChaCha8Rng::seed_from_u64(11);
        for n in [13, 30, 60] {
            let tries = 4_000;
            let covering = (0..tries).filter(|_| {
                // A heavy tail on both sides.
                let mut value = || 0.03 + 0.01 * draws.random_range(-1.0_f64..1.0).powi(3) * 10.0;
                let values: Vec<f64> = (0..n).map(|_| value()).collect();
                let (low, high) = SignedRank::of(&values).interval(0.95).unwrap();
                (low..=high).contains(&0.03)
            });
            let share = covering.count() as f64 / f64::from(tries);
            assert!((0.94..0.97).contains(&share), "{n}: {share}");
        }
    }
}
