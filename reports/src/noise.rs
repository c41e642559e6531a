//! How far identical runs differ, and the smallest change that can be told from that.
//!
//! Two runs of one thing make an A/A pair. With `s` the standard deviation of the logarithm of the ratio within such
//! pairs, the mean over N pairs is off by `s / √N`, and a change must be some multiple of that to be seen:
//!
//! ```text
//! smallest change = exp((t[0.975, N-1] + t[0.80, N-1]) · s / √N) - 1
//! ```
//!
//! which a paired t-test at 5 % (two-sided) finds in four of five tries. Pairs that stand next to each other in time
//! are used, each run with the one after it, so that a slow drift of the machine is not taken for noise: comparisons
//! interleave their runs and do not see it either.

use serde::{Deserialize, Serialize};

/// Pairs for which the smallest change is told, each with `(t[0.975, N-1] + t[0.80, N-1]) / √N`.
const REACH: [(u32, f64); 3] = [(5, 1.662), (10, 0.995), (20, 0.661)];

/// How far one measure differs between identical runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricNoise {
    /// The measure, by its name in limits.
    pub metric: String,
    /// What each run gave, in order.
    pub values: Vec<f64>,
    /// Their mean.
    pub mean: f64,
    /// Their coefficient of variation: standard deviation over mean.
    pub cv: f64,
    /// The standard deviation of the logarithm of the ratio of two runs that follow each other.
    pub pair_sd: f64,
    /// The smallest change that so many pairs can tell from noise.
    pub smallest_change: Vec<SmallestChange>,
}

/// The smallest change that some pairs can tell from noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SmallestChange {
    /// Pairs of runs.
    pub pairs: u32,
    /// The change, as a share.
    pub change: f64,
}

impl MetricNoise {
    /// The noise of a measure; `None` of fewer than three runs, or of values that have no ratio.
    pub fn of(metric: &str, values: Vec<f64>) -> Option<MetricNoise> {
        if values.len() < 3
            || values
                .iter()
                .any(|value| !(value.is_finite() && *value > 0.0))
        {
            return None;
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let pair_sd = pair_sd(&values);
        Some(MetricNoise {
            metric: metric.to_owned(),
            cv: standard_deviation(&values, mean) / mean,
            mean,
            pair_sd,
            smallest_change: REACH
                .map(|(pairs, reach)| SmallestChange {
                    pairs,
                    change: (reach * pair_sd).exp_m1(),
                })
                .to_vec(),
            values,
        })
    }

    /// The smallest change, as a share, that `pairs` pairs can tell from noise, where that was worked out.
    pub fn smallest_change(&self, pairs: u32) -> Option<f64> {
        let found = self.smallest_change.iter().find(|row| row.pairs == pairs);
        found.map(|row| row.change)
    }
}

fn standard_deviation(values: &[f64], mean: f64) -> f64 {
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// Of A/A pairs the mean is known: nothing changed. So this is the root of the mean square.
fn pair_sd(values: &[f64]) -> f64 {
    let ratios = values.windows(2).map(|pair| (pair[1] / pair[0]).ln());
    let squares: f64 = ratios.map(|ratio| ratio.powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_can_be_worked_out_by_hand() {
        let noise = MetricNoise::of("achieved_per_s", vec![100.0, 110.0, 100.0, 110.0]).unwrap();
        assert!((noise.mean - 105.0).abs() < 1e-9);
        // Each is 5 from the mean: √(4 · 25 / 3) / 105.
        assert!((noise.cv - 0.054_986).abs() < 1e-6, "{}", noise.cv);
        // Every ratio is 1.1 or its inverse.
        assert!((noise.pair_sd - 1.1_f64.ln()).abs() < 1e-12);
        let five = noise.smallest_change(5).unwrap();
        assert!((five - (1.1_f64.powf(1.662) - 1.0)).abs() < 1e-12, "{five}");
        assert_eq!(noise.smallest_change(7), None);
    }

    #[test]
    fn a_drift_is_no_noise_between_neighbours() {
        let drifting = (0..20).map(|n| 100.0 * 1.01_f64.powi(n)).collect();
        let noise = MetricNoise::of("response_time.p50", drifting).unwrap();
        assert!(noise.cv > 0.05, "{}", noise.cv);
        assert!((noise.pair_sd - 1.01_f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn what_has_no_ratio_has_no_noise() {
        assert_eq!(MetricNoise::of("x", vec![1.0, 2.0]), None);
        assert_eq!(MetricNoise::of("x", vec![1.0, 0.0, 1.0]), None);
        assert_eq!(MetricNoise::of("x", vec![1.0, f64::NAN, 1.0]), None);
    }

    /// Seeded: a change as large as is claimed is found about four times in five, and no change one time in twenty.
    #[test]
    fn a_paired_t_test_finds_the_smallest_change_four_times_in_five() {
        const SD: f64 = 0.03;
        const CRITICAL: f64 = 2.776; // t[0.975, 4]
        let mut draws = Draws(0x9e37_79b9_7f4a_7c15);
        let mut found_in = |change: f64| {
            let tries = 20_000;
            let found = (0..tries).filter(|_| {
                let pairs: Vec<f64> = (0..5).map(|_| change + SD * draws.normal()).collect();
                let mean = pairs.iter().sum::<f64>() / 5.0;
                mean.abs() / (standard_deviation(&pairs, mean) / 5.0_f64.sqrt()) > CRITICAL
            });
            found.count() as f64 / f64::from(tries)
        };
        let noise = found_in(0.0);
        assert!((0.045..0.055).contains(&noise), "{noise}");
        let power = found_in(REACH[0].1 * SD);
        assert!((0.75..0.85).contains(&power), "{power}");
    }

    /// A xorshift generator and sums of twelve uniform draws: normal enough for shares of tries.
    struct Draws(u64);

    impl Draws {
        fn uniform(&mut self) -> f64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }

        fn normal(&mut self) -> f64 {
            (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
        }
    }
}
