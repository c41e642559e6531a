//! The ratio of two means from two separate samples, with an interval.

use super::interval::FEWEST;
use super::{Interval, t_quantile};

/// How many times as large the values of `b` are as those of `a`: the ratio of their geometric means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// The best guess.
    pub estimate: f64,
    /// Where the true ratio lies, with 95 % confidence; `None` with fewer than [`FEWEST`] values on a side.
    pub ci95: Option<Interval>,
}

/// The ratio of `b` to `a`; `None` where a side is empty or a value is no positive number.
///
/// Welch's t on the logarithms: the sides need not spread alike. The degrees of freedom of Welch and Satterthwaite are
/// rounded down to a whole number, which makes the interval no narrower.
///
/// # Source
///
/// B. L. Welch, *The generalization of "Student's" problem when several different population variances are involved*,
/// Biometrika 34 (1947).
pub fn ratio(a: &[f64], b: &[f64]) -> Option<Ratio> {
    let (a, b) = (Sample::of(a)?, Sample::of(b)?);
    let shift = b.mean - a.mean;
    let interval = || {
        if a.n.min(b.n) < FEWEST as f64 {
            return None;
        }
        let half = match welch(&a, &b) {
            Some((error, df)) => t_quantile(0.975, df) * error,
            None => 0.0,
        };
        Some(Interval {
            low: (shift - half).exp(),
            high: (shift + half).exp(),
        })
    };
    Some(Ratio {
        estimate: shift.exp(),
        ci95: interval(),
    })
}

/// How far the mean of `b` lies above that of `a`, and Welch's t of that with its degrees of freedom, of values as they
/// are; no t where nothing spreads, and `None` where a side has fewer than two.
pub fn welch_t(a: &[f64], b: &[f64]) -> Option<(f64, Option<(f64, u32)>)> {
    if a.len().min(b.len()) < 2 {
        return None;
    }
    let (a, b) = (Sample::new(a), Sample::new(b));
    let shift = b.mean - a.mean;
    Some((shift, welch(&a, &b).map(|(error, df)| (shift / error, df))))
}

/// The standard error of the difference and its degrees of freedom; `None` where nothing spreads.
fn welch(a: &Sample, b: &Sample) -> Option<(f64, u32)> {
    let (x, y) = (a.variance / a.n, b.variance / b.n);
    let error = (x + y).sqrt();
    let df = (x + y).powi(2) / (x * x / (a.n - 1.0) + y * y / (b.n - 1.0));
    (error > 0.0).then(|| (error, (df.floor() as u32).max(1)))
}

/// Mean and variance.
struct Sample {
    n: f64,
    mean: f64,
    variance: f64,
}

impl Sample {
    /// Of the logarithms of positive numbers.
    fn of(values: &[f64]) -> Option<Sample> {
        let usable = |value: &f64| value.is_finite() && *value > 0.0;
        if values.is_empty() || !values.iter().all(usable) {
            return None;
        }
        let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        Some(Sample::new(&logs))
    }

    fn new(values: &[f64]) -> Sample {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares = values.iter().map(|value| (value - mean).powi(2));
        Sample {
            n,
            mean,
            variance: squares.sum::<f64>() / (n - 1.0).max(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn near(value: f64, expected: f64) {
        assert!((value / expected - 1.0).abs() < 1e-4, "{value} {expected}");
    }

    #[test]
    fn the_ratio_of_known_values() {
        // Logs 0, 1, 2 and 3, 4, 5: a shift of 3, an error of sqrt(2/3), 4 degrees of freedom, t = 2.7764.
        let e = std::f64::consts::E;
        let a = [1.0, e, e * e];
        let b = a.map(|value| value * e.powi(3));
        let ratio = ratio(&a, &b).unwrap();
        near(ratio.estimate, e.powi(3));
        let interval = ratio.ci95.unwrap();
        near(
            interval.low,
            (3.0 - 2.776_445 * (2.0f64 / 3.0).sqrt()).exp(),
        );
        near(
            interval.high,
            (3.0 + 2.776_445 * (2.0f64 / 3.0).sqrt()).exp(),
        );
    }

    #[test]
    fn two_repetitions_have_a_ratio_and_no_interval() {
        let two = ratio(&[1.0, 1.0, 1.0], &[2.0, 2.0]).unwrap();
        near(two.estimate, 2.0);
        assert_eq!(two.ci95, None);
        assert!(ratio(&[1.0; 3], &[2.0; 3]).unwrap().ci95.is_some());
        assert_eq!(ratio(&[], &[1.0]), None);
        assert_eq!(ratio(&[0.0], &[1.0]), None);
    }

    #[test]
    fn the_interval_covers_the_truth_as_often_as_it_says() {
        let mut lots = ChaCha8Rng::seed_from_u64(6);
        // Twelve uniform numbers, less six, are nearly normal.
        let mut normal = || (0..12).map(|_| lots.random::<f64>()).sum::<f64>() - 6.0;
        let trials = 4_000;
        let covered = (0..trials)
            .filter(|_| {
                let a: Vec<f64> = (0..5).map(|_| (0.02 * normal()).exp()).collect();
                let b: Vec<f64> = (0..4).map(|_| 1.1 * (0.06 * normal()).exp()).collect();
                let interval = ratio(&a, &b).unwrap().ci95.unwrap();
                interval.low <= 1.1 && 1.1 <= interval.high
            })
            .count();
        let share = covered as f64 / f64::from(trials);
        assert!((0.94..=0.98).contains(&share), "{share}");
    }
}
