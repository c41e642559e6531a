//! The smallest change that a test could have seen, with the noise that it met.
//!
//! By resampling: the differences around their estimate, drawn with replacement, shifted until 39 of 40 draws are called a
//! regression. Formulas from a standard deviation promise too much here: what hides a change on a shared machine are bursts,
//! which take the highest ranks.

use super::sequence::Criteria;
use crate::stats::{SignedRank, p_above};

const DRAWS: usize = 200;
/// Draws in which the change must be found.
const FOUND: usize = 195;
/// Halvings of the distance between a change that is found and one that is not.
const STEPS: usize = 8;

/// On the scale of the differences; `None` where no change however large would be found.
pub(crate) fn smallest_detectable(values: &[f64], criteria: &Criteria) -> Option<f64> {
    let ranks = SignedRank::of(values);
    let (shift, (low, high)) = (ranks.shift()?, ranks.interval(0.95)?);
    let draws = draws(values, shift);
    let is_found = |change: f64| {
        let hits = draws.iter().filter(|draw| {
            let shifted: Vec<f64> = draw.iter().map(|value| value + change).collect();
            p_above(&shifted, criteria.floor) <= criteria.alpha
        });
        hits.count() >= FOUND
    };
    let mut unseen = criteria.floor;
    let mut seen = (2.0 * criteria.floor).max(criteria.tolerance / 2.0);
    // A thousandfold change is as good as none.
    while !is_found(seen) {
        (unseen, seen) = (seen, 2.0 * seen);
        if seen > 7.0 {
            return None;
        }
    }
    for _ in 0..STEPS {
        let middle = f64::midpoint(unseen, seen);
        match is_found(middle) {
            true => seen = middle,
            false => unseen = middle,
        }
    }
    // The estimate must be beyond half of the tolerance, too.
    Some(seen.max(criteria.tolerance / 2.0 + (high - low) / 2.0))
}

/// Samples of the differences around nothing, the same for the same differences.
fn draws(values: &[f64], center: f64) -> Vec<Vec<f64>> {
    // SplitMix64 (Steele, Lea and Flood, 2014).
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let mut draw = |place: usize| {
        let drawn = values[(next() % values.len() as u64) as usize];
        // Values that were drawn twice are kept apart by nothing: exact tails of ties take long to work out.
        drawn - center + 1e-12 * place as f64
    };
    (0..DRAWS)
        .map(|_| (0..values.len()).map(&mut draw).collect())
        .collect()
}
