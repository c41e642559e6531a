//! What is needed of statistics, written for these tests alone: nothing here comes from the harness.

/// The gaps between sorted times.
pub(crate) fn gaps(times: &[u64]) -> Vec<f64> {
    times.windows(2).map(|w| (w[1] - w[0]) as f64).collect()
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The Anderson-Darling statistic of gaps against the exponential law of a known mean. Over 3.857 it is improbable at
/// 1 % that they are of it (the case of a law without free parameters).
pub(crate) fn anderson_darling(gaps: &[f64], mean: f64) -> f64 {
    let mut sorted = gaps.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    // A gap of zero has no logarithm; the clock's resolution is a nanosecond.
    let law = |gap: f64| -(-gap.max(0.5) / mean).exp_m1();
    let sum: f64 = (0..n)
        .map(|i| {
            let above = -sorted[n - 1 - i].max(0.5) / mean;
            (2 * i + 1) as f64 * (law(sorted[i]).ln() + above)
        })
        .sum();
    -(n as f64) - sum / n as f64
}

/// The Anderson-Darling statistic that is exceeded by chance once in a hundred.
pub(crate) const ONE_PERCENT: f64 = 3.857;

/// The correlation of each value with the next.
pub(crate) fn lag_one_correlation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let product = |a: f64, b: f64| (a - mean) * (b - mean);
    let variance: f64 = values.iter().map(|v| product(*v, *v)).sum();
    let next: f64 = values.windows(2).map(|w| product(w[0], w[1])).sum();
    next / variance
}

/// Variance over mean of the number of times in each bin: 1 for a Poisson process.
pub(crate) fn dispersion(times: &[u64], bin: u64) -> f64 {
    let (first, last) = (times[0], times[times.len() - 1]);
    let mut counts = vec![0.0; ((last - first) / bin + 1) as usize];
    for time in times {
        counts[((time - first) / bin) as usize] += 1.0;
    }
    counts.pop(); // The last bin is not whole.
    let mean = mean(&counts);
    let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / counts.len() as f64;
    variance / mean
}

/// The value of which `share` of the sorted values are at most.
pub(crate) fn quantile(sorted: &[u64], share: f64) -> u64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// When each of these arrivals leaves a queue before so many servers, first come, first served: Lindley's recursion.
pub(crate) fn departures(
    arrivals: &[u64],
    servers: usize,
    service: impl Fn(usize, u64) -> u64,
) -> Vec<u64> {
    let mut free = vec![0; servers];
    let mut departures = Vec::with_capacity(arrivals.len());
    for (number, arrival) in arrivals.iter().enumerate() {
        let earliest = free.iter_mut().min().expect("there is a server");
        let start = (*arrival).max(*earliest);
        *earliest = start + service(number, start);
        departures.push(*earliest);
    }
    departures
}

#[test]
fn the_statistics_know_a_poisson_process_from_others() {
    use rand::{RngExt as _, SeedableRng as _};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    let mut draw = |law: &dyn Fn(f64) -> f64| -> Vec<f64> {
        (0..10_000).map(|_| law(rng.random::<f64>())).collect()
    };
    let exponential = draw(&|u| -1e6 * (1.0 - u).ln());
    let uniform = draw(&|u| 2e6 * u);
    let gamma = draw(&|u| -0.8e6 * (1.0 - u).ln() + 0.2e6);
    assert!(anderson_darling(&exponential, 1e6) < ONE_PERCENT);
    assert!(anderson_darling(&exponential, 1.1e6) > ONE_PERCENT);
    assert!(anderson_darling(&uniform, 1e6) > 100.0);
    assert!(anderson_darling(&gamma, 1e6) > 100.0);
    assert!(lag_one_correlation(&exponential).abs() < 0.03);
    let pairs: Vec<f64> = exponential.iter().flat_map(|gap| [*gap; 2]).collect();
    assert!(lag_one_correlation(&pairs) > 0.4);
}

#[test]
fn the_queue_is_lindleys() {
    let arrivals = [0, 1, 2, 20];
    assert_eq!(departures(&arrivals, 1, |_, _| 5), [5, 10, 15, 25]);
    assert_eq!(departures(&arrivals, 2, |_, _| 5), [5, 6, 10, 25]);
}
