//! How the run went as a whole: to its end, with a server, with calls enough.

use reports::model::{Counts, FEWEST_BEYOND, Quantile, Shown, Timing};
use reports::view::Time;
use scenarios::limits::Limit;
use scenarios::metric::{Metric, Statistic, TimeMetric};

use super::{Evidence, Finding, invalid, tainted};

pub(super) fn interrupted(evidence: &Evidence<'_>) -> Option<Finding> {
    let measured = evidence.repetition.measured_s;
    evidence.events.interrupted.then(|| {
        tainted(
            format!("interrupted: only {measured:.1} s were measured"),
            "run it to its end",
        )
    })
}

pub(super) fn server_died(evidence: &Evidence<'_>) -> Option<Finding> {
    evidence.events.server_died.then(|| {
        invalid(
            "the server ended during the run",
            "its own output, above, may say why",
        )
    })
}

pub(super) fn messages_left_out(evidence: &Evidence<'_>) -> Option<Finding> {
    let left_out = evidence.events.left_out?;
    Some(tainted(
        format!(
            "calls took {} of the {} different requests that are given, in turn",
            left_out.taken, left_out.given
        ),
        "there is no room for more before the load; `call.fresh: true` encodes each when its call starts",
    ))
}

/// What a server says of a method that it does not have.
const UNIMPLEMENTED: &str = "UNIMPLEMENTED";

pub(super) fn nothing_ok(evidence: &Evidence<'_>) -> Option<Finding> {
    let counts = &evidence.repetition.counts;
    // Streams may have begun before the measured time.
    let paced = evidence.repetition.paced.as_ref();
    if counts.bad() == 0 && paced.is_some_and(|paced| paced.sent > 0) {
        return None;
    }
    let is_unknown = |counts: &Counts| {
        counts.ok + counts.cancelled_on_purpose == 0
            && counts.started > 0
            && counts.by_status.get(UNIMPLEMENTED) == Some(&counts.started)
    };
    let calls = evidence.scenario.calls.iter();
    let mixed = calls.clone().zip(&evidence.repetition.calls);
    let unknown = match is_unknown(counts) {
        true => calls.map(|call| &call.method).next(),
        false => mixed
            .filter(|(_, stats)| is_unknown(&stats.counts))
            .map(|(call, _)| &call.method)
            .next(),
    };
    if let Some(method) = unknown {
        return Some(invalid(
            format!("the server answers {method} with {UNIMPLEMENTED}"),
            "it does not have this method; call one that it has, or another server",
        ));
    }
    // Calls that were all cancelled on purpose went as they should.
    if counts.ok + counts.cancelled_on_purpose > 0 {
        return None;
    }
    let what = match counts.started {
        0 => "no call was started",
        _ => "no call ended OK",
    };
    Some(invalid(what, "the failures say why"))
}

/// A limit on a percentile that is no number decides nothing, and the run was made for it.
pub(super) fn too_few_for_a_limit(evidence: &Evidence<'_>) -> Option<Finding> {
    let mut open = Vec::new();
    let mut needed = 0;
    for limit in &evidence.scenario.limits {
        let Metric::Time(time, statistic) = limit.metric else {
            continue;
        };
        let Some(quantile) = percentile(statistic) else {
            continue;
        };
        let Some(timing) = timing(evidence, limit, time) else {
            continue;
        };
        if matches!(timing.shown(quantile), Shown::TooFew(_)) {
            open.push(format!("`{limit}`"));
            needed = needed.max((FEWEST_BEYOND as f64 / (1.0 - quantile.share())).round() as u64);
        }
    }
    (!open.is_empty()).then(|| {
        tainted(
            format!(
                "too few samples for {}, which needs {needed}",
                open.join(" and ")
            ),
            "measure longer, offer more, or limit a lower percentile",
        )
    })
}

const fn percentile(statistic: Statistic) -> Option<Quantile> {
    match statistic {
        Statistic::P50 => Some(Quantile::P50),
        Statistic::P90 => Some(Quantile::P90),
        Statistic::P99 => Some(Quantile::P99),
        Statistic::P999 => Some(Quantile::P999),
        Statistic::Mean | Statistic::Min | Statistic::Max => None,
    }
}

/// What was measured of a time, of all calls or of the one that the limit speaks of.
fn timing<'a>(evidence: &Evidence<'a>, limit: &Limit, time: TimeMetric) -> Option<&'a Timing> {
    let repetition = evidence.repetition;
    let time = Time::from(time);
    match &limit.call {
        None => Some(time.of(repetition)),
        Some(name) => {
            let mut calls = repetition.calls.iter();
            calls
                .find(|call| call.name == *name)
                .map(|call| time.of_call(call))
        }
    }
}

#[cfg(test)]
mod tests {
    use reports::model::Verdict;

    use super::super::fixture::{Case, times};
    use super::*;
    use crate::call::LeftOut;

    #[test]
    fn a_run_that_was_cut_short_or_lost_its_server_says_so() {
        let mut case = Case::open();
        assert_eq!(case.ask(interrupted), None);
        assert_eq!(case.ask(server_died), None);
        case.events.interrupted = true;
        case.events.server_died = true;
        assert_eq!(case.ask(interrupted).unwrap().verdict, Verdict::Tainted);
        assert_eq!(case.ask(server_died).unwrap().verdict, Verdict::Invalid);
    }

    #[test]
    fn requests_that_there_was_no_room_for_taint_a_run() {
        let mut case = Case::open();
        assert_eq!(case.ask(messages_left_out), None);
        case.events.left_out = Some(LeftOut {
            taken: 262_144,
            given: 300_000,
        });
        let finding = case.ask(messages_left_out).unwrap();
        assert_eq!(finding.verdict, Verdict::Tainted);
        assert_eq!(
            finding.seen,
            "calls took 262144 of the 300000 different requests that are given, in turn"
        );
    }

    #[test]
    fn one_call_that_ended_ok_is_something() {
        let mut case = Case::open();
        case.repetition.counts.ok = 1;
        assert_eq!(case.ask(nothing_ok), None);
        case.repetition.counts.ok = 0;
        assert_eq!(case.ask(nothing_ok).unwrap().seen, "no call ended OK");
        case.repetition.counts.started = 0;
        assert_eq!(case.ask(nothing_ok).unwrap().seen, "no call was started");
    }

    #[test]
    fn a_limit_on_p99_needs_a_thousand_samples() {
        let limits = "limits: [ \"response_time.p99 < 20ms\", \"failed == 0\" ]";
        let mut case = Case::new(limits);
        case.repetition.response_time = times(1_000, 300_000, 20, 900_000);
        assert_eq!(case.ask(too_few_for_a_limit), None);
        case.repetition.response_time = times(999, 300_000, 20, 900_000);
        let finding = case.ask(too_few_for_a_limit).unwrap();
        assert_eq!(
            finding.seen,
            "too few samples for `response_time.p99 < 20ms`, which needs 1000"
        );
        // Nobody limits p99 here.
        let mut case = Case::new("limits: [ \"response_time.max < 20ms\" ]");
        case.repetition.response_time = times(999, 300_000, 20, 900_000);
        assert_eq!(case.ask(too_few_for_a_limit), None);
    }
}
