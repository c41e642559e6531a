//! The order of the cells in a round.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

/// The numbers below `many` in an order of their own for each round; the same for the same seed.
pub fn shuffled(many: usize, seed: u64, round: u32) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..many).collect();
    let seed = seed.wrapping_add(u64::from(round) << 32);
    numbers.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_has_all_cells_in_an_order_of_its_own() {
        let rounds: Vec<Vec<usize>> = (0..4).map(|round| shuffled(9, 42, round)).collect();
        for round in &rounds {
            let mut sorted = round.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..9).collect::<Vec<_>>());
        }
        assert!(
            rounds.windows(2).all(|pair| pair[0] != pair[1]),
            "{rounds:?}"
        );
        assert_eq!(rounds[2], shuffled(9, 42, 2));
        assert_ne!(rounds[0], shuffled(9, 43, 0));
    }
}
