//! Where a series of results changes its level: a trigger to look, never a verdict.
//!
//! # Source
//!
//! The split-and-test of Fleming, Kołaczkowski et al., *Hunter: Using Change Point Detection to Hunt for Performance
//! Regressions* (ICPE 2023; now Apache Otava), which takes the splits of E-divisive and tests them with Student's t. Here
//! the split is the one of the largest |t| itself, on logarithms, after a Hampel filter (Pearson, *Outliers in Process
//! Modeling and Identification*, 2002) has taken out single outliers, which would widen both sides of a true change.

use crate::stats::{t_cdf, welch_t};

/// How sure a change must be.
const P: f64 = 1e-4;
/// The smallest change that is worth a look.
const SMALLEST: f64 = 0.02;
/// Results on either side of a change: fewer cannot tell a new level from a few bad runs.
const FEWEST: usize = 4;
/// The Hampel filter looks at so many results on either side.
const REACH: usize = 3;
/// And replaces what is further from their median than so many standard deviations, estimated by the median deviation.
const OUTLIER: f64 = 3.0;
/// From the median absolute deviation to the standard deviation, of normal values.
const MAD_TO_SIGMA: f64 = 1.4826;

/// A change of level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// The first result on the new level.
    pub at: usize,
    /// By how much the new level differs from the one before, as a share of that.
    pub change: f64,
    /// How likely chance alone makes such a difference at one given place.
    pub p: f64,
}

/// The changes of level in a series of positive numbers, in its order.
pub fn changes(values: &[f64]) -> Vec<ChangePoint> {
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let logs = hampel(&logs);
    let mut found = Vec::new();
    split(&logs, 0, &mut found);
    found.sort_by_key(|change: &ChangePoint| change.at);
    settle(&logs, found)
}

/// Finds the strongest change of a stretch that begins at `from` in the series, and those on either side of it.
fn split(logs: &[f64], from: usize, found: &mut Vec<ChangePoint>) {
    let places = FEWEST..(logs.len() + 1).saturating_sub(FEWEST);
    let strongest = places
        .filter_map(|at| Some((at, test(&logs[..at], &logs[at..])?)))
        // Of far-away changes the probabilities are all nothing; their t tells them apart.
        .max_by(|(_, (a, _)), (_, (b, _))| a.total_cmp(b));
    let strongest = strongest.map(|(at, (_, change))| (at, change));
    let Some((at, change)) = strongest.filter(|(_, change)| is_worth_a_look(change)) else {
        return;
    };
    found.push(ChangePoint {
        at: from + at,
        ..change
    });
    split(&logs[..at], from, found);
    split(&logs[at..], from + at, found);
}

/// Tests each change again between its neighbours, and drops the weakest until all stand: the first splits were tested
/// with more than one level on a side.
fn settle(logs: &[f64], mut found: Vec<ChangePoint>) -> Vec<ChangePoint> {
    loop {
        let ends: Vec<usize> = found.iter().map(|change| change.at).collect();
        for (i, change) in found.iter_mut().enumerate() {
            let from = if i == 0 { 0 } else { ends[i - 1] };
            let to = ends.get(i + 1).copied().unwrap_or(logs.len());
            let again =
                test(&logs[from..change.at], &logs[change.at..to]).map(|(_, change)| change);
            *change = ChangePoint {
                at: change.at,
                ..again.unwrap_or(ChangePoint { p: 1.0, ..*change })
            };
        }
        let weakest = found
            .iter()
            .enumerate()
            .filter(|(_, change)| !is_worth_a_look(change))
            .max_by(|(_, a), (_, b)| a.p.total_cmp(&b.p));
        match weakest.map(|(i, _)| i) {
            Some(i) => found.remove(i),
            None => return found,
        };
    }
}

fn is_worth_a_look(change: &ChangePoint) -> bool {
    change.p < P && change.change.abs() >= SMALLEST
}

/// How two stretches differ, with the size of Welch's t; `None` where nothing spreads and nothing differs.
fn test(before: &[f64], after: &[f64]) -> Option<(f64, ChangePoint)> {
    let (shift, t) = welch_t(before, after)?;
    let (t, p) = match t {
        // The distribution function is a difference of numbers near one half: below its digits there is nothing.
        Some((t, df)) => (t.abs(), 2.0 * t_cdf(-t.abs(), df).max(0.0)),
        None if shift == 0.0 => return None,
        // Two levels without any spread differ for certain.
        None => (f64::INFINITY, 0.0),
    };
    let change = ChangePoint {
        at: 0,
        change: shift.exp() - 1.0,
        p,
    };
    Some((t, change))
}

/// Puts the median of its neighbours in the place of each outlier.
fn hampel(logs: &[f64]) -> Vec<f64> {
    let clean = |i: usize| {
        let around = &logs[i.saturating_sub(REACH)..(i + REACH + 1).min(logs.len())];
        let middle = median(around.to_vec());
        let deviations = around.iter().map(|log| (log - middle).abs()).collect();
        let sigma = MAD_TO_SIGMA * median(deviations);
        match (logs[i] - middle).abs() > OUTLIER * sigma {
            true => middle,
            false => logs[i],
        }
    };
    (0..logs.len()).map(clean).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Nearly normal noise of a relative size, in which 3 % of the results are far off.
    struct Noise(ChaCha8Rng);

    impl Noise {
        fn around(&mut self, level: f64, sd: f64) -> f64 {
            let normal = (0..12).map(|_| self.0.random::<f64>()).sum::<f64>() - 6.0;
            let spike = if self.0.random_bool(0.03) { 1.3 } else { 1.0 };
            level * spike * (sd * normal).exp()
        }

        fn series(&mut self, levels: &[(f64, usize)], sd: f64) -> Vec<f64> {
            let levels = levels
                .iter()
                .flat_map(|(level, n)| std::iter::repeat_n(*level, *n));
            levels.map(|level| self.around(level, sd)).collect()
        }
    }

    #[test]
    fn flat_and_noisy_series_have_at_most_a_false_change_in_five_hundred_results() {
        let mut noise = Noise(ChaCha8Rng::seed_from_u64(6));
        for sd in [0.01, 0.03] {
            let false_ones: usize = (0..200)
                .map(|_| changes(&noise.series(&[(1e6, 100)], sd)).len())
                .sum();
            let each_hundred = false_ones as f64 / 200.0;
            assert!(each_hundred <= 0.2, "{each_hundred} of 100 at {sd}");
        }
    }

    #[test]
    fn a_step_of_a_tenth_is_found_where_it_is() {
        let mut noise = Noise(ChaCha8Rng::seed_from_u64(7));
        let trials = 200;
        let found = (0..trials)
            .filter(|_| {
                let found = changes(&noise.series(&[(1e6, 30), (1.1e6, 20)], 0.02));
                matches!(found[..], [only] if only.at.abs_diff(30) <= 1 && (0.07..0.13).contains(&only.change))
            })
            .count();
        assert!(found >= trials * 9 / 10, "{found} of {trials}");
    }

    #[test]
    fn a_change_that_is_beyond_doubt_anywhere_near_is_still_found_at_its_place() {
        let mut noise = Noise(ChaCha8Rng::seed_from_u64(9));
        let found = changes(&noise.series(&[(1e6, 40), (2e6, 40)], 0.005));
        let at: Vec<usize> = found.iter().map(|change| change.at).collect();
        assert_eq!(at, [40], "{found:?}");
    }

    #[test]
    fn up_and_down_again_are_two_changes() {
        let mut noise = Noise(ChaCha8Rng::seed_from_u64(8));
        let found = changes(&noise.series(&[(1e6, 20), (1.2e6, 15), (1e6, 20)], 0.01));
        let at: Vec<usize> = found.iter().map(|change| change.at).collect();
        assert_eq!(at, [20, 35], "{found:?}");
        assert!(
            found[0].change > 0.15 && found[1].change < -0.12,
            "{found:?}"
        );
    }

    #[test]
    fn three_results_on_a_new_level_are_not_yet_one_and_neither_is_one_percent() {
        let step = |level: f64, n: usize| {
            let wobble = |i: usize| 1.0 + 0.001 * (i % 3) as f64;
            let values: Vec<f64> = (0..20)
                .map(|i| 1e6 * wobble(i))
                .chain((0..n).map(|i| level * wobble(i)))
                .collect();
            changes(&values).len()
        };
        assert_eq!(step(1.1e6, 3), 0);
        assert_eq!(step(1.1e6, 4), 1);
        assert_eq!(step(1.01e6, 20), 0);
        assert_eq!(step(1.03e6, 20), 1);
        assert_eq!(changes(&[]), []);
        assert_eq!(changes(&[1.0; 30]), []);
    }
}
