//! Rounds of identical code that were measured, not made: on two cores of a shared machine, while compilers and test suites
//! ran beside (`scripts/null-pairs`). Drawn again into thousands of jobs, hardly one may raise an alarm.

use std::thread;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use reports::gate::judge;
use reports::model::{Arm, Outcome};

use super::jobs::{empty_cases, gate, repetition};

const PAIRS: &str = include_str!("null-pairs.csv");
const JOBS: u64 = 10_000;
/// Rounds of a drawn job; each case has three tests.
const ROUNDS: usize = 30;

/// Server CPU, p50 and p99 of both arms of a round.
type Pair = [f64; 6];

/// The rounds of each case.
fn recorded() -> Vec<Vec<Pair>> {
    let mut cases: Vec<(&str, Vec<Pair>)> = Vec::new();
    for line in PAIRS.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let numbers = fields[2..].iter().map(|field| field.parse().unwrap());
        let pair: Pair = numbers.collect::<Vec<f64>>().try_into().unwrap();
        match cases.iter_mut().find(|(case, _)| *case == fields[1]) {
            Some((_, pairs)) => pairs.push(pair),
            None => cases.push((fields[1], vec![pair])),
        }
    }
    cases.into_iter().map(|(_, pairs)| pairs).collect()
}

/// A job of rounds drawn with replacement. Both arms are the same program, so either may be the candidate.
fn is_alarm(recorded: &[Vec<Pair>], seed: u64) -> bool {
    let mut draws = ChaCha8Rng::seed_from_u64(seed);
    let mut cases = empty_cases(recorded.len());
    for (case, pairs) in recorded.iter().enumerate() {
        for _ in 0..ROUNDS {
            let [a, b, c, d, e, f] = pairs[draws.random_range(0..pairs.len())];
            let mut arms = [repetition(a, b, c), repetition(d, e, f)];
            if draws.random_bool(0.5) {
                arms.reverse();
            }
            for (arm, made) in arms.into_iter().enumerate() {
                cases[2 * case + arm].repetitions.push(made);
            }
        }
    }
    let first = vec![vec![Arm::Baseline; ROUNDS]; recorded.len()];
    let judgement = judge(&gate(&first, ROUNDS as u32), &cases);
    judgement.outcome == Outcome::Regressed
}

#[test]
fn recorded_rounds_of_identical_code_raise_no_alarm() {
    let recorded = recorded();
    let pairs: usize = recorded.iter().map(Vec::len).sum();
    assert!(pairs >= 600, "{pairs}");
    let alarms = |seeds: std::ops::Range<u64>| {
        let alarms = seeds.filter(|seed| is_alarm(&recorded, *seed));
        alarms.count()
    };
    let all = thread::scope(|scope| {
        let half = scope.spawn(|| alarms(0..JOBS / 2));
        alarms(JOBS / 2..JOBS) + half.join().unwrap()
    });
    assert!(all <= 50, "at most 0.5 % of {JOBS} jobs: {all}");
}
