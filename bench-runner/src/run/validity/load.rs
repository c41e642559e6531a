//! Whether the load was the one that was asked for.

use reports::model::{Quantile, Shown, Timing};

use super::{Evidence, Finding, invalid, percent, tainted, time};

/// The share of the calls that may be missing, or late, before the load counts as another one.
const KEPT: f64 = 0.01;
/// Fewer calls than this are chance, at the edge of the measured time.
const A_FEW: u64 = 10;

/// Calls that were never made have no response time, and they would have been the slow ones: over one in a hundred, the
/// p99 of those that were made says nothing.
pub(super) fn shed(evidence: &Evidence<'_>) -> Option<Finding> {
    let counts = &evidence.repetition.counts;
    if counts.shed == 0 {
        return None;
    }
    let due = counts.started + counts.shed;
    let seen = format!(
        "{} of {due} calls were due but never started, and percentiles know nothing of them",
        counts.shed
    );
    let remedy = "lower the rate, or raise `max_in_flight`, `client.channels` or the server's \
                  `max_concurrent_streams`";
    Some(if counts.shed as f64 > due as f64 * KEPT {
        invalid(seen, remedy)
    } else {
        tainted(seen, remedy)
    })
}

/// Of an open loop, all that was due in the measured time should have been started in it.
pub(super) fn not_kept(evidence: &Evidence<'_>) -> Option<Finding> {
    let counts = &evidence.repetition.counts;
    let due = counts.started + counts.shed;
    let late = due.checked_sub(evidence.conditions()?.started_in_time?)?;
    let missing = late as f64 / due as f64;
    (!evidence.is_closed_loop() && late >= A_FEW && missing > KEPT).then(|| {
        tainted(
            format!(
                "the offered load was not kept: {late} of {due} calls ({}) had not been started when the measured time \
                 ended",
                percent(missing)
            ),
            "lower the rate, or give the runner more `client.lanes`, cores or `client.channels`",
        )
    })
}

/// How late calls may start, at p99, on cores of their own and on shared ones.
const LAG_DEDICATED_NS: f64 = 100_000.0;
const LAG_SHARED_NS: f64 = 500_000.0;
/// The same as a share of the median response time, where that is more.
const LAG_OF_MEDIAN: f64 = 0.02;
/// A lag is small beside a response time of which it is no more than this share, both at the same percentile.
const LAG_OF_RESPONSE: f64 = 0.05;

pub(super) fn late_starts(evidence: &Evidence<'_>) -> Option<Finding> {
    if evidence.is_closed_loop() {
        return None;
    }
    let repetition = evidence.repetition;
    let (quantile, lag) = tail(&repetition.start_lag)?;
    let response = number(&repetition.response_time, quantile)?;
    let median = number(&repetition.response_time, Quantile::P50)?;
    let dedicated = evidence.conditions().is_some_and(|c| c.dedicated_cores);
    let floor = if dedicated {
        LAG_DEDICATED_NS
    } else {
        LAG_SHARED_NS
    };
    let late = lag > floor.max(median * LAG_OF_MEDIAN) && lag > response * LAG_OF_RESPONSE;
    late.then(|| {
        tainted(
            format!(
                "calls started late: start lag {} {}, {} of the response time's, which includes it; the runner, or a \
                 lack of free streams, was part of what was measured",
                quantile.field().trim_end_matches("_ns"),
                time(lag),
                percent(lag / response)
            ),
            "give the runner a core of its own (`client.cpus`), `client.idle: spin`, more `client.lanes` or \
             `client.channels`, or lower the rate",
        )
    })
}

/// The highest percentile that is a number.
fn tail(timing: &Timing) -> Option<(Quantile, f64)> {
    [Quantile::P99, Quantile::P90, Quantile::P50]
        .into_iter()
        .find_map(|quantile| Some((quantile, number(timing, quantile)?)))
}

fn number(timing: &Timing, quantile: Quantile) -> Option<f64> {
    match timing.shown(quantile) {
        Shown::Exactly(ns) | Shown::AtLeast(ns) => Some(ns as f64),
        Shown::TooFew(_) | Shown::Nothing => None,
    }
}

#[cfg(test)]
mod tests {
    use reports::model::Verdict;

    use super::super::fixture::{Case, times};
    use super::*;

    #[test]
    fn a_call_that_was_shed_taints_and_one_in_a_hundred_invalidates() {
        let mut case = Case::open();
        assert_eq!(case.ask(shed), None);
        case.repetition.counts.shed = 1;
        assert_eq!(case.ask(shed).unwrap().verdict, Verdict::Tainted);
        (case.repetition.counts.started, case.repetition.counts.shed) = (9_900, 100);
        assert_eq!(case.ask(shed).unwrap().verdict, Verdict::Tainted);
        (case.repetition.counts.started, case.repetition.counts.shed) = (9_899, 101);
        assert_eq!(case.ask(shed).unwrap().verdict, Verdict::Invalid);
    }

    #[test]
    fn one_percent_of_the_calls_may_be_under_way_when_the_time_is_over() {
        let mut case = Case::open();
        case.conditions().started_in_time = Some(9_900);
        assert_eq!(case.ask(not_kept), None);
        case.conditions().started_in_time = Some(9_899);
        assert!(case.ask(not_kept).unwrap().seen.contains("101 of 10000"));
        let mut closed = Case::closed();
        closed.conditions().started_in_time = Some(9_000);
        assert_eq!(closed.ask(not_kept), None, "it has no schedule");
    }

    #[test]
    fn of_a_few_calls_the_last_ones_may_be_late() {
        let mut case = Case::open();
        case.repetition.counts.started = 100;
        case.conditions().started_in_time = Some(91);
        assert_eq!(case.ask(not_kept), None);
        case.conditions().started_in_time = Some(90);
        assert!(case.ask(not_kept).is_some());
    }

    fn lagging(lag: u64, dedicated: bool) -> Case {
        let mut case = Case::open();
        case.conditions().dedicated_cores = dedicated;
        case.repetition.start_lag = times(10_000, 20_000, 300, lag);
        case
    }

    #[test]
    fn starts_may_be_half_a_millisecond_late_on_shared_cores_and_a_tenth_on_dedicated_ones() {
        // Response time: p50 300 µs, p99 900 µs, of which 5 % are 45 µs. Histograms round up by a thousandth at most.
        assert_eq!(lagging(499_000, false).ask(late_starts), None);
        assert!(lagging(501_000, false).ask(late_starts).is_some());
        assert_eq!(lagging(99_000, true).ask(late_starts), None);
        let finding = lagging(101_000, true).ask(late_starts).unwrap();
        assert!(
            finding
                .seen
                .starts_with("calls started late: start lag p99 101 µs, 11.2 %")
        );
    }

    #[test]
    fn a_slow_service_hides_a_small_lag() {
        // 2 % of a median of 100 ms are 2 ms; 5 % of a p99 of 30 ms are 1.5 ms.
        let slow = |lag: u64, median: u64, p99: u64| {
            let mut case = lagging(lag, false);
            case.repetition.response_time = times(10_000, median, 300, p99);
            case.ask(late_starts)
        };
        assert_eq!(slow(1_990_000, 100_000_000, 100_000_000), None);
        assert_eq!(slow(1_490_000, 300_000, 30_000_000), None);
        assert!(slow(1_510_000, 300_000, 30_000_000).is_some());
    }

    #[test]
    fn with_few_calls_a_lower_percentile_is_asked() {
        let mut case = Case::open();
        case.repetition.response_time = times(200, 300_000, 5, 900_000);
        case.repetition.start_lag = times(200, 20_000, 15, 5_000_000);
        assert_eq!(case.ask(late_starts), None, "p90 is in time");
        case.repetition.start_lag = times(200, 20_000, 25, 5_000_000);
        assert!(
            case.ask(late_starts)
                .unwrap()
                .seen
                .contains("start lag p90")
        );
    }
}
