//! The standard normal distribution, far out in its tails too.

use std::f64::consts::SQRT_2;

use super::bisect::bisect;

/// The probability that a standard normal value lies above `z`.
pub fn normal_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

/// The value above which `p` of the standard normal distribution lies.
///
/// # Panics
///
/// Where `p` is no probability between 0 and 1.
pub fn normal_quantile(p: f64) -> f64 {
    assert!(p > 0.0 && p < 1.0, "no such quantile: {p}");
    bisect(-40.0, 40.0, |z| normal_tail(z) > p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantiles_of_the_tables() {
        for (p, z) in [
            (0.5, 0.0),
            (0.05, 1.644_854),
            (0.025, 1.959_964),
            (0.005, 2.575_829),
            (1e-9, 5.997_807),
        ] {
            assert!((normal_quantile(p) - z).abs() < 1e-6, "{p}");
            assert!((normal_quantile(1.0 - p) + z).abs() < 1e-6, "{p}");
        }
    }

    #[test]
    fn a_tail_and_its_quantile_undo_each_other() {
        for exponent in 1..=12 {
            let p = 10.0_f64.powi(-exponent);
            let back = normal_tail(normal_quantile(p));
            assert!((back / p - 1.0).abs() < 1e-9, "{p} {back}");
        }
    }
}
