//! Student's t distribution for a whole number of degrees of freedom, where its distribution function is a finite sum.

use super::bisect::bisect;

/// The probability that a value of Student's t with `df` degrees of freedom lies at or below `t`.
///
/// Exact, by the finite sums of Abramowitz and Stegun 26.7.3 and 26.7.4.
pub fn t_cdf(t: f64, df: u32) -> f64 {
    let angle = (t.abs() / f64::from(df).sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    // The share of the distribution within -|t| and |t|.
    let within = if df.is_multiple_of(2) {
        sin * sum(cos, 1, df)
    } else {
        let rest = if df > 1 {
            sin * cos * sum(cos, 2, df)
        } else {
            0.0
        };
        std::f64::consts::FRAC_2_PI * (angle + rest)
    };
    0.5 + 0.5 * within.copysign(t)
}

/// `1 + (k/(k+1)) cos² + (k (k+2))/((k+1)(k+3)) cos⁴ + …` with `k` the first factor, as long as the last is at most
/// `df - 3`.
fn sum(cos: f64, first: u32, df: u32) -> f64 {
    let (mut total, mut term) = (1.0, 1.0);
    for k in (first..).step_by(2).take_while(|k| k + 3 <= df) {
        term *= f64::from(k) / f64::from(k + 1) * cos * cos;
        total += term;
    }
    total
}

/// The value of Student's t with `df` degrees of freedom below which `p` of the distribution lies.
///
/// # Panics
///
/// Where there is no degree of freedom, or `p` is no probability between 0 and 1.
pub fn t_quantile(p: f64, df: u32) -> f64 {
    assert!(df > 0 && p > 0.0 && p < 1.0, "no such quantile: {p}, {df}");
    if p < 0.5 {
        return -t_quantile(1.0 - p, df);
    }
    let mut high = 1.0;
    while t_cdf(high, df) < p {
        high *= 2.0;
    }
    bisect(0.0, high, |t| t_cdf(t, df) < p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantiles_of_the_tables() {
        // 97.5 % and 99.5 %, as every table of Student's t has them.
        let table = [
            (1, 12.7062, 63.6567),
            (2, 4.3027, 9.9248),
            (3, 3.1824, 5.8409),
            (4, 2.7764, 4.6041),
            (5, 2.5706, 4.0321),
            (9, 2.2622, 3.2498),
            (10, 2.2281, 3.1693),
            (29, 2.0452, 2.7564),
            (30, 2.0423, 2.7500),
            (120, 1.9799, 2.6174),
        ];
        for (df, p975, p995) in table {
            assert!((t_quantile(0.975, df) - p975).abs() < 1e-4, "{df}");
            assert!((t_quantile(0.995, df) - p995).abs() < 1e-4, "{df}");
        }
    }

    #[test]
    fn the_distribution_is_symmetric_and_of_one_degree_it_is_cauchys() {
        for df in 1..40 {
            assert_eq!(t_cdf(0.0, df), 0.5);
            assert!((t_cdf(1.3, df) + t_cdf(-1.3, df) - 1.0).abs() < 1e-12);
            assert!((t_quantile(0.2, df) + t_quantile(0.8, df)).abs() < 1e-9);
        }
        let cauchy = |t: f64| 0.5 + t.atan() / std::f64::consts::PI;
        assert!((t_cdf(2.5, 1) - cauchy(2.5)).abs() < 1e-12);
        // Of two degrees: 1/2 + t / (2 sqrt(2 + t²)).
        assert!((t_cdf(2.5, 2) - (0.5 + 2.5 / (2.0 * (2.0f64 + 6.25).sqrt()))).abs() < 1e-12);
    }
}
