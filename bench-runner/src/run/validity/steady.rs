//! Whether the measured time was one and the same all along: rules of magnitude over some twenty windows, of the median
//! response time and, in a closed loop, of the throughput.
//!
//! A difference counts where it is large *and* stands out of the windows' own noise: a run on a noisy machine is uncertain
//! (repetitions tell how much), which is something else than a run that drifts. A beginning is told from noise by that it
//! is slower than any later stretch of its length.

use reports::model::Window;
use scenarios::load::Load;

use super::trend::{excess, mann_kendall, median, noise, standard_error, total_trend};
use super::{Evidence, Finding, tainted};

/// Windows without which there is no telling.
const FEWEST: usize = 20;
/// Calls that a window needs, by the median of all windows.
const ENOUGH: f64 = 50.0;
/// The windows that a warm-up would show in: 3 of 20.
const BEGINNING: f64 = 0.15;
/// How much slower the beginning may be than the rest.
const WARM_UP: f64 = 0.05;
/// How much the second half may differ from the first, and the end from the beginning of a trend. Cores that are shared,
/// with the other side or with other machines of a host, change their speed at any time: the halves of 17 honest runs of
/// 1,000 calls a second differed by 12 % at the most on a virtual machine of two cores.
const DRIFT_DEDICATED: f64 = 0.03;
const DRIFT_SHARED: f64 = 0.20;
/// How much a median time may change on shared cores because they wake up faster or slower, in nanoseconds: in 60 runs of
/// 1,000 calls a second on an idle virtual machine it went to and fro between 77, 115 and 165 µs, seconds at a time. A
/// closed loop's throughput has no such allowance.
const WAKING_NS: f64 = 100_000.0;
/// How many standard errors a difference must be.
const CLEARLY: f64 = 5.0;
/// Beyond this a trend is no chance: p = 0.01, two-sided.
const TREND: f64 = 2.576;

/// What is followed over the windows.
struct Series {
    what: &'static str,
    values: Vec<f64>,
    /// Whether a larger value is a slower one.
    grows_slower: bool,
    /// What the cores alone may change of it, as a share.
    waking: f64,
}

pub(super) fn warm_up_too_short(evidence: &Evidence<'_>) -> Option<Finding> {
    series(evidence).into_iter().find_map(|series| {
        let change = beginning(&series)?;
        let warm_up = evidence.scenario.phases.warm_up;
        Some(tainted(
            format!(
                "at the beginning of the measured time the {} was {} than later: the warm-up of {warm_up} was too short",
                series.what,
                signed(change)
            ),
            "lengthen `phases.warm_up`",
        ))
    })
}

pub(super) fn not_stationary(evidence: &Evidence<'_>) -> Option<Finding> {
    let allowed = if has_dedicated_cores(evidence) {
        DRIFT_DEDICATED
    } else {
        DRIFT_SHARED
    };
    series(evidence).into_iter().find_map(|series| {
        let values = &series.values;
        // What the beginning explains is not said twice.
        let rest = match beginning(&series) {
            Some(_) => &values[beginning_of(values)..],
            None => values,
        };
        let change = drift(rest, allowed.max(series.waking))?;
        Some(tainted(
            format!(
                "the {} did not stay the same: it ended {} than it began",
                series.what,
                signed(change)
            ),
            "find out what changed (the server's caches, its memory, the machine's clock rate), or measure longer",
        ))
    })
}

fn has_dedicated_cores(evidence: &Evidence<'_>) -> bool {
    evidence.conditions().is_some_and(|c| c.dedicated_cores)
}

/// What there is to follow; nothing where the load itself changes, or where there are too few calls.
fn series(evidence: &Evidence<'_>) -> Vec<Series> {
    let windows = &evidence.repetition.windows;
    let calls = median(windows.iter().map(|window| window.ok as f64));
    let steady_load = matches!(evidence.scenario.load, Load::Closed(_) | Load::Open(_));
    if !steady_load || windows.len() < FEWEST || calls.is_none_or(|calls| calls < ENOUGH) {
        return Vec::new();
    }
    let medians: Vec<f64> = windows.iter().filter_map(|window| window.p50_ns).collect();
    let typical = median(medians.iter().copied()).filter(|_| !has_dedicated_cores(evidence));
    let times = Series {
        what: "response time p50",
        values: medians,
        grows_slower: true,
        waking: typical.map_or(0.0, |typical| WAKING_NS / typical),
    };
    let rate = |window: &Window| window.ok as f64 / window.length_s;
    let rates = Series {
        what: "throughput",
        values: windows.iter().map(rate).collect(),
        grows_slower: false,
        waking: 0.0,
    };
    let mut all = vec![times];
    all.extend(evidence.is_closed_loop().then_some(rates));
    all
}

fn beginning_of(values: &[f64]) -> usize {
    (values.len() as f64 * BEGINNING).round() as usize
}

/// How much the beginning differs from the rest, where it is slower and that counts.
fn beginning(series: &Series) -> Option<f64> {
    let length = beginning_of(&series.values);
    let (first, rest) = series.values.split_at(length);
    let change = excess(first, rest)?;
    let error = standard_error(noise(rest)?, first.len(), rest.len());
    let slower = |change: f64| (change > 0.0) == series.grows_slower;
    let than_any = rest
        .windows(length)
        .all(|later| excess(first, later).is_some_and(slower));
    let enough = WARM_UP.max(series.waking).max(CLEARLY * error);
    (change.abs() > enough && than_any).then_some(change)
}

/// How much the end differs from the beginning, where that counts: by halves, or by a trend.
fn drift(values: &[f64], allowed: f64) -> Option<f64> {
    let (first, second) = values.split_at(values.len() / 2);
    let error = standard_error(noise(values)?, first.len(), second.len());
    let enough = allowed.max(CLEARLY * error);
    let halves = excess(second, first).filter(|change| change.abs() > enough);
    let is_trend = mann_kendall(values).abs() > TREND;
    let trend = total_trend(values).filter(|change| is_trend && change.abs() > enough);
    halves.or(trend)
}

/// `12.3 % higher`.
fn signed(change: f64) -> String {
    let way = if change < 0.0 { "lower" } else { "higher" };
    format!("{} {way}", super::percent(change.abs()))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::super::fixture::Case;
    use super::*;

    /// What the two rules say of twenty medians, as shares of 300 µs.
    fn told(mut case: Case, shape: impl Fn(usize) -> f64) -> (bool, bool) {
        for (n, window) in case.repetition.windows.iter_mut().enumerate() {
            window.p50_ns = Some(300_000.0 * shape(n));
        }
        (
            case.ask(warm_up_too_short).is_some(),
            case.ask(not_stationary).is_some(),
        )
    }

    /// The same on dedicated cores.
    fn open(shape: impl Fn(usize) -> f64) -> (bool, bool) {
        let mut case = Case::open();
        case.conditions().dedicated_cores = true;
        told(case, shape)
    }

    #[test]
    fn a_slow_beginning_is_a_short_warm_up_from_five_percent_on() {
        let slow = |by: f64| move |n: usize| if n < 3 { 1.0 + by } else { 1.0 };
        assert_eq!(open(slow(0.049)), (false, false));
        assert_eq!(open(slow(0.051)), (true, false));
        assert_eq!(open(slow(9.0)), (true, false));
        assert_eq!(open(slow(-0.051)), (false, false), "a fast one is none");
        // It is no slower than two later windows of three.
        let again = |n: usize| {
            if n < 3 || (10..12).contains(&n) {
                1.2
            } else {
                1.0
            }
        };
        assert_eq!(open(again), (false, false));
    }

    #[test]
    fn halves_may_differ_by_three_percent() {
        let step = |by: f64| move |n: usize| if n < 10 { 1.0 } else { 1.0 + by };
        // As a trend a step is a ninth larger than it is.
        assert_eq!(open(step(0.026)), (false, false));
        assert!(open(step(0.031)).1);
        assert!(open(step(-0.031)).1);
    }

    #[test]
    fn on_shared_cores_more_is_allowed_and_a_tenth_of_a_millisecond_always() {
        let step = |by: f64| move |n: usize| if n < 10 { 1.0 } else { 1.0 + by };
        let slow = |by: f64| move |n: usize| if n < 3 { 1.0 + by } else { 1.0 };
        // Of 300 µs.
        assert!(!told(Case::open(), step(0.25)).1);
        assert!(told(Case::open(), step(0.4)).1);
        assert_eq!(told(Case::open(), slow(0.33)), (false, false));
        assert_eq!(told(Case::open(), slow(0.34)), (true, false));
        // Of 3 ms.
        assert!(!told(Case::open(), |n| 10.0 * step(0.17)(n)).1);
        assert!(told(Case::open(), |n| 10.0 * step(0.201)(n)).1);
    }

    #[test]
    fn a_trend_of_three_percent_from_end_to_end_counts() {
        // The halves of a trend differ by half of it.
        let ramp = |by: f64| move |n: usize| 1.0 + by * n as f64 / 19.0;
        assert!(!open(ramp(0.029)).1);
        assert!(open(ramp(0.032)).1);
    }

    #[test]
    fn a_closed_loop_is_followed_by_its_throughput_too() {
        let mut case = Case::closed();
        for window in case.repetition.windows.iter_mut().skip(10) {
            window.ok = 350;
        }
        let seen = case.ask(not_stationary).unwrap().seen;
        assert_eq!(
            seen,
            "the throughput did not stay the same: it ended 30.0 % lower than it began"
        );
        let mut case = Case::open();
        for window in case.repetition.windows.iter_mut().skip(10) {
            window.ok = 350;
        }
        assert_eq!(
            case.ask(not_stationary),
            None,
            "an open loop's is its input"
        );
    }

    #[test]
    fn nothing_is_said_of_few_calls_or_of_a_load_that_changes() {
        let step = |n: usize| if n < 10 { 1.0 } else { 2.0 };
        let mut case = Case::open();
        case.repetition.windows.iter_mut().for_each(|w| w.ok = 49);
        assert_eq!(told(case, step), (false, false));
        let mut case = Case::open();
        case.repetition.windows.pop();
        assert_eq!(told(case, step), (false, false));
        let ramp = Case::new("load: { ramp: { from: 100/s, to: 1000/s } }");
        assert_eq!(told(ramp, step), (false, false));
    }

    /// Of a hundred noisy series, how many each rule speaks of.
    fn of_a_hundred(noise: f64, shape: impl Fn(usize) -> f64) -> (usize, usize) {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut normal = move || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
        let (mut warm_up, mut drift) = (0, 0);
        for _ in 0..100 {
            let values: Vec<f64> = (0..20)
                .map(|n| shape(n) * (1.0 + noise * normal()))
                .collect();
            let (is_warm_up, is_drift) = open(|n| values[n]);
            warm_up += usize::from(is_warm_up);
            drift += usize::from(is_drift);
        }
        (warm_up, drift)
    }

    #[test]
    fn flat_runs_pass_and_ramps_of_thirty_percent_do_not() {
        for noise in [0.01, 0.03, 0.10] {
            let (warm_up, drift) = of_a_hundred(noise, |_| 1.0);
            assert!(warm_up <= 1 && drift <= 1, "{noise}: {warm_up}, {drift}");
        }
        let ramp = |n: usize| 1.0 + 0.30 * n as f64 / 19.0;
        assert!(of_a_hundred(0.01, ramp).1 >= 99);
        assert!(of_a_hundred(0.03, ramp).1 >= 99);
        let step = |n: usize| if n < 10 { 1.0 } else { 1.2 };
        assert!(of_a_hundred(0.01, step).1 >= 99);
        // Two of ten seconds ten times slower: four windows of twenty.
        let cold = |n: usize| if n < 4 { 10.0 } else { 1.0 };
        assert!(of_a_hundred(0.03, cold).0 >= 99);
    }
}
