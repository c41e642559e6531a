//! Confidence intervals from repetitions.
//!
//! Calls of one run depend on each other: a slow one has slow neighbours, so an interval from single calls is far too
//! narrow. Repetitions start from nothing each; they are the sample.

use super::t_quantile;

/// The fewest repetitions that say anything about their own spread.
pub const FEWEST: usize = 3;

/// Where the true value lies, with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The 95 % confidence interval of a positive quantity, one value a repetition; `None` with fewer than [`FEWEST`] of
/// them, or where one is no positive number.
///
/// Student's t on the logarithms: times and rates spread by factors, and an interval must not reach below zero.
pub fn ci95(values: &[f64]) -> Option<Interval> {
    let usable = |value: &f64| value.is_finite() && *value > 0.0;
    if values.len() < FEWEST || !values.iter().all(usable) {
        return None;
    }
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let n = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / n;
    let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
    let error = (squares / (n - 1.0) / n).sqrt();
    let df = u32::try_from(values.len() - 1).unwrap_or(u32::MAX);
    let half = t_quantile(0.975, df) * error;
    Some(Interval {
        low: (mean - half).exp(),
        high: (mean + half).exp(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, expected: f64) {
        assert!((value / expected - 1.0).abs() < 1e-4, "{value} {expected}");
    }

    #[test]
    fn the_interval_of_three_known_values() {
        // Logs 0, 1, 2: mean 1, standard deviation 1, error 1/sqrt(3), t = 4.3027: 1 ± 2.4842.
        let e = std::f64::consts::E;
        let interval = ci95(&[1.0, e, e * e]).unwrap();
        near(interval.low, (1.0f64 - 2.484_138).exp());
        near(interval.high, (1.0f64 + 2.484_138).exp());
    }

    #[test]
    fn equal_values_leave_no_doubt() {
        let interval = ci95(&[250.0; 4]).unwrap();
        near(interval.low, 250.0);
        near(interval.high, 250.0);
    }

    #[test]
    fn two_repetitions_or_a_value_that_is_none_give_no_interval() {
        assert_eq!(ci95(&[]), None);
        assert_eq!(ci95(&[1.0, 2.0]), None);
        assert!(ci95(&[1.0, 2.0, 3.0]).is_some());
        assert_eq!(ci95(&[1.0, 2.0, f64::NAN]), None);
        assert_eq!(ci95(&[1.0, 2.0, 0.0]), None);
    }
}
