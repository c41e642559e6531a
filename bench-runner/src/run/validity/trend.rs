//! Whether a series of windows is level: differences of medians, and trends, held against the series' own noise.

/// The median; `None` of nothing.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[half]),
        _ => Some(f64::midpoint(values[half - 1], values[half])),
    }
}

/// How much `left` lies above `right`, as a share of `right`, by their medians; `None` where one of them is empty.
pub(super) fn excess(left: &[f64], right: &[f64]) -> Option<f64> {
    let right = median(right.iter().copied())?;
    Some(median(left.iter().copied())? / right - 1.0)
}

/// The standard deviation of one window as a share of the median, from the steps between neighbours: a drift, which is
/// slow, does not count as noise.
pub(super) fn noise(series: &[f64]) -> Option<f64> {
    let steps = series.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    // The median of |x - y| of two normal values is 0.954 of their standard deviation.
    Some(median(steps)? / 0.954 / median(series.iter().copied())?)
}

/// The standard error of the difference of two medians over so many windows of this noise, as a share.
pub(super) fn standard_error(noise: f64, left: usize, right: usize) -> f64 {
    // A median of normal values is 1.2533 times as uncertain as their mean.
    1.2533 * noise * (1.0 / left as f64 + 1.0 / right as f64).sqrt()
}

/// Mann and Kendall's test statistic: of a level series it is a standard normal value.
pub(super) fn mann_kendall(series: &[f64]) -> f64 {
    let n = series.len() as f64;
    let s: f64 = pairs(series)
        .map(|(_, earlier, later)| match later.total_cmp(&earlier) {
            std::cmp::Ordering::Less => -1.0,
            std::cmp::Ordering::Equal => 0.0,
            std::cmp::Ordering::Greater => 1.0,
        })
        .sum();
    let variance = n * (n - 1.0) * (2.0 * n + 5.0) / 18.0;
    // One less for continuity: the sum moves in steps of two.
    (s.abs() - 1.0).max(0.0) * s.signum() / variance.sqrt()
}

/// The change from the first window to the last as a share of the median, by the median of all slopes (Theil and Sen).
pub(super) fn total_trend(series: &[f64]) -> Option<f64> {
    let slope = median(pairs(series).map(|(steps, earlier, later)| (later - earlier) / steps))?;
    let length = series.len().saturating_sub(1) as f64;
    Some(slope * length / median(series.iter().copied())?)
}

/// Every pair of windows, with the steps between them.
fn pairs(series: &[f64]) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
    series.iter().enumerate().flat_map(move |(i, earlier)| {
        let later = series.iter().enumerate().skip(i + 1);
        later.map(move |(j, later)| ((j - i) as f64, *earlier, *later))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_or_between_the_two() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        let tenth = excess(&[11.0, 10.5, 12.0], &[10.0, 9.0, 11.0]).unwrap();
        assert!((tenth - 0.1).abs() < 1e-12);
    }

    #[test]
    fn the_statistic_of_a_series_that_only_rises_is_known() {
        // S = n(n-1)/2 = 10, its variance n(n-1)(2n+5)/18 = 16.67: z = 9 / 4.082.
        let rising = [1.0, 2.0, 3.0, 4.0, 5.0];
        assert!((mann_kendall(&rising) - 2.204_541).abs() < 1e-6);
        let falling: Vec<f64> = rising.iter().rev().copied().collect();
        assert!((mann_kendall(&falling) + 2.204_541).abs() < 1e-6);
        assert_eq!(mann_kendall(&[2.0; 5]), 0.0);
        assert_eq!(total_trend(&rising), Some(4.0 / 3.0));
    }

    #[test]
    fn a_drift_is_no_noise() {
        let rising: Vec<f64> = (0..20).map(|n| 100.0 + f64::from(n)).collect();
        assert!(noise(&rising).unwrap() < 0.011);
        let alternating: Vec<f64> = (0..20).map(|n| 100.0 + f64::from(n % 2) * 10.0).collect();
        assert!(noise(&alternating).unwrap() > 0.09);
    }
}
