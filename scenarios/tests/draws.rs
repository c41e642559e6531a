//! What the laws draw, with a fixed seed.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use scenarios::law::Law;
use scenarios::units::{Bytes, Nanos};

/// So many that two percent of the rarest share below are five sigmas; with a third of them it is not three.
const N: usize = 300_000;

/// Many draws of a law as it stands in a file, in order of size.
fn draws(law: &str) -> Vec<f64> {
    let law: Law<Bytes> = serde_json::from_str(law).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(42);
    let mut drawn: Vec<f64> = (0..N).map(|_| law.draw(&mut rng).0 as f64).collect();
    drawn.sort_by(f64::total_cmp);
    drawn
}

fn mean(sample: &[f64]) -> f64 {
    sample.iter().sum::<f64>() / sample.len() as f64
}

fn assert_near(seen: f64, expected: f64) {
    assert!(
        (seen / expected - 1.0).abs() < 0.02,
        "{seen} for {expected}"
    );
}

#[test]
fn a_fixed_value_is_itself() {
    let drawn = draws(r#""16KiB""#);
    assert_eq!((drawn[0], drawn[N - 1]), (16384.0, 16384.0));
}

#[test]
fn uniform_has_both_ends_and_every_value() {
    let drawn = draws(r#"{ "uniform": { "min": "1B", "max": "6B" } }"#);
    for face in 1..=6 {
        let share = drawn
            .iter()
            .filter(|value| **value == f64::from(face))
            .count() as f64
            / N as f64;
        assert_near(share, 1.0 / 6.0);
    }
}

#[test]
fn normal_has_its_mean_and_spread_and_nothing_below_zero() {
    let drawn = draws(r#"{ "normal": { "mean": "1000B", "std_dev": "100B" } }"#);
    assert_near(mean(&drawn), 1000.0);
    assert_near(drawn[(N as f64 * 0.8413) as usize], 1100.0);
    let wide = draws(r#"{ "normal": { "mean": "10B", "std_dev": "100B" } }"#);
    assert_eq!(wide[0], 0.0);
}

#[test]
fn lognormal_has_its_median_and_tail() {
    let drawn = draws(r#"{ "lognormal": { "median": "1000B", "sigma": 0.5 } }"#);
    assert_near(drawn[N / 2], 1000.0);
    assert_near(drawn[(N as f64 * 0.8413) as usize], 1000.0 * 0.5_f64.exp());
}

#[test]
fn exponential_has_its_mean_and_median() {
    let drawn = draws(r#"{ "exponential": { "mean": "1000B" } }"#);
    assert_near(mean(&drawn), 1000.0);
    assert_near(drawn[N / 2], 1000.0 * 2_f64.ln());
}

#[test]
fn weights_are_shares() {
    let drawn = draws(
        r#"{ "weighted": [ { "value": "16B", "weight": 9 }, { "value": "64KiB", "weight": 1 } ] }"#,
    );
    assert_near(
        drawn.iter().filter(|value| **value == 16.0).count() as f64,
        0.9 * N as f64,
    );
    assert!(drawn.iter().all(|value| [16.0, 65536.0].contains(value)));
}

#[test]
fn the_same_seed_draws_the_same() {
    let law: Law<Nanos> = serde_json::from_str(r#"{ "exponential": { "mean": "2ms" } }"#).unwrap();
    let first = |seed| law.draw(&mut ChaCha8Rng::seed_from_u64(seed));
    assert_eq!(first(1), first(1));
    assert_ne!(first(1), first(2));
}
