//! The numbers to look at first, each with its spread over the repetitions.

use super::format::{self, count, duration, quantile, rate, share};
use super::{Merged, Time, encoding};
use crate::model::{CaseResult, Cost, Counts, Quantile, Repetition, Shown, Timing};
use crate::stats::{self, Interval};

/// The numbers to look at first.
#[derive(Clone, Debug)]
pub struct Headline {
    /// Calls that ended OK, a second.
    pub achieved: Figure,
    /// Calls meant to start, a second; only where that is not what was achieved.
    pub offered: Option<Figure>,
    /// Messages a second, where calls carry more than one.
    pub messages: Option<Figure>,
    /// Median message response time, where streams are paced.
    pub message_p50: Option<Figure>,
    /// 99th percentile of the message response time, where streams are paced.
    pub message_p99: Option<Figure>,
    /// Median response time.
    pub p50: Figure,
    /// 99th percentile of the response time.
    pub p99: Figure,
    /// Calls that did not end OK.
    pub errors: Figure,
    /// CPU time of the client for each call, where it is known.
    pub client_cpu: Option<Figure>,
    /// CPU time of the server for each call, where it is known.
    pub server_cpu: Option<Figure>,
    /// Bytes on the wire for each call, where the case is about how messages are written.
    pub wire_bytes: Option<Figure>,
}

/// A number for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it is.
    pub label: &'static str,
    /// The number with its unit.
    pub value: String,
    /// Where the true value lies with 95 % confidence, from three repetitions on.
    pub ci95: Option<String>,
    /// Its smallest and largest value over the repetitions, or another remark.
    pub note: Option<String>,
}

impl Headline {
    pub(super) fn new(case: &CaseResult, merged: &Merged) -> Headline {
        let repetitions = &case.repetitions;
        let of = |time, label, q| time_figure(time, label, q, case, merged);
        let response = |label, q| of(Time::Response, label, q);
        let message = |label, q| {
            let is_paced = merged.time(Time::MessageResponse).is_some();
            is_paced.then(|| of(Time::MessageResponse, label, q))
        };
        Headline {
            achieved: Figure {
                label: "throughput",
                value: rate(merged.achieved_per_s),
                ci95: confidence(repetitions, Metric::Achieved, rate),
                note: spread(repetitions, |r| Some(r.achieved_per_s), rate),
            },
            offered: offered(merged),
            messages: messages(case, merged),
            message_p50: message("message response time p50", Quantile::P50),
            message_p99: message("message response time p99", Quantile::P99),
            p50: response("response time p50", Quantile::P50),
            p99: response("response time p99", Quantile::P99),
            errors: errors(merged),
            client_cpu: cpu("client CPU per call", repetitions, Metric::ClientCpu),
            server_cpu: cpu("server CPU per call", repetitions, Metric::ServerCpu),
            wire_bytes: encoding::bytes_per_call(case),
        }
    }

    /// What a call cost, on the sides where that is known.
    pub fn cpu(&self) -> impl Iterator<Item = &Figure> {
        [&self.client_cpu, &self.server_cpu].into_iter().flatten()
    }
}

/// A number that each repetition has one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Calls that ended OK, a second.
    Achieved,
    /// A quantile of a time.
    Time(Time, Quantile),
    /// CPU time of the client for each call.
    ClientCpu,
    /// CPU time of the server for each call.
    ServerCpu,
}

impl Metric {
    /// Those with a confidence interval in every report, with their names in files.
    pub const ALL: [(Metric, &'static str); 5] = [
        (Metric::Achieved, "achieved_per_s"),
        (
            Metric::Time(Time::Response, Quantile::P50),
            "response_time_p50_ns",
        ),
        (
            Metric::Time(Time::Response, Quantile::P99),
            "response_time_p99_ns",
        ),
        (Metric::ClientCpu, "client_cpu_ns_per_call"),
        (Metric::ServerCpu, "server_cpu_ns_per_call"),
    ];

    /// Its value in one repetition, where it is a number.
    pub fn of(self, repetition: &Repetition) -> Option<f64> {
        let cpu = |cost: &Cost| cost.cpu_ns_per_call;
        match self {
            Metric::Achieved => Some(repetition.achieved_per_s),
            Metric::Time(time, quantile) => exact(time.of(repetition), quantile),
            Metric::ClientCpu => cpu(&repetition.client),
            Metric::ServerCpu => repetition.server.as_ref().and_then(cpu),
        }
    }

    /// Where its true value lies with 95 % confidence; `None` with fewer than three repetitions, or where it is no
    /// number in one of them.
    pub fn ci95(self, repetitions: &[Repetition]) -> Option<Interval> {
        let values: Option<Vec<f64>> = repetitions.iter().map(|r| self.of(r)).collect();
        stats::ci95(&values?)
    }
}

impl Figure {
    /// What stands below the number: its confidence interval, or else its spread or a remark.
    pub fn small_print(&self) -> Option<String> {
        let interval = self.ci95.as_ref().map(|ci95| format!("CI95 {ci95}"));
        interval.or_else(|| self.note.clone())
    }
}

fn confidence(
    repetitions: &[Repetition],
    metric: Metric,
    print: impl Fn(f64) -> String,
) -> Option<String> {
    let Interval { low, high } = metric.ci95(repetitions)?;
    Some(format!("{} to {}", print(low), print(high)))
}

/// A quantile of all repetitions together, with that of each for its interval.
fn time_figure(
    time: Time,
    label: &'static str,
    q: Quantile,
    case: &CaseResult,
    merged: &Merged,
) -> Figure {
    let shown = merged.time(time).map(|timing| timing.shown(q));
    let metric = Metric::Time(time, q);
    Figure {
        label,
        value: shown.map_or_else(|| format::DASH.to_owned(), quantile),
        ci95: confidence(&case.repetitions, metric, duration),
        note: spread(&case.repetitions, |r| metric.of(r), duration),
    }
}

/// A quantile of one repetition, where it is a number.
pub(crate) fn exact(timing: &Timing, quantile: Quantile) -> Option<f64> {
    match timing.shown(quantile) {
        Shown::Exactly(ns) => Some(ns as f64),
        _ => None,
    }
}

/// What a whisker spans: the confidence interval, or with two repetitions both values.
pub(crate) fn whisker(repetitions: &[Repetition], metric: Metric) -> Option<(f64, f64)> {
    match metric.ci95(repetitions) {
        Some(Interval { low, high }) => Some((low, high)),
        None => range(repetitions, |r| metric.of(r)),
    }
}

/// The smallest and the largest over the repetitions, where there are several and all are numbers.
fn range<'a>(
    repetitions: &'a [Repetition],
    value: impl Fn(&'a Repetition) -> Option<f64>,
) -> Option<(f64, f64)> {
    if repetitions.len() < 2 {
        return None;
    }
    let values: Vec<f64> = repetitions.iter().map(value).collect::<Option<_>>()?;
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some((min, max))
}

fn spread<'a>(
    repetitions: &'a [Repetition],
    value: impl Fn(&'a Repetition) -> Option<f64>,
    print: impl Fn(f64) -> String,
) -> Option<String> {
    let (min, max) = range(repetitions, value)?;
    Some(format!("{} to {}", print(min), print(max)))
}

/// Shown where the load asked for more than one percent more, or less, than what was achieved.
fn offered(merged: &Merged) -> Option<Figure> {
    let (offered, achieved) = (merged.offered_per_s, merged.achieved_per_s);
    let differs = (offered - achieved).abs() > 0.01 * offered.abs();
    (offered.is_finite() && (differs || merged.counts.shed > 0)).then(|| Figure {
        label: "offered",
        value: rate(offered),
        ci95: None,
        note: (merged.counts.shed > 0).then(|| format!("{} shed", count(merged.counts.shed))),
    })
}

/// Shown where a call carries more than one message in a direction, or streams are paced.
fn messages(case: &CaseResult, merged: &Merged) -> Option<Figure> {
    let counts = &merged.counts;
    let per_s = |n: u64| n as f64 / merged.measured_s;
    let sent = (counts.messages_sent > counts.started).then(|| per_s(counts.messages_sent));
    let received =
        (counts.messages_received > counts.finished()).then(|| per_s(counts.messages_received));
    let (value, note) = match paced(case, merged).unwrap_or((sent, received)) {
        (Some(out), Some(back)) if (out - back).abs() <= 0.01 * out => (out, "each way".to_owned()),
        (Some(out), Some(back)) => (out, format!("sent, {} received", rate(back))),
        (Some(out), None) => (out, "sent".to_owned()),
        (None, Some(back)) => (back, "received".to_owned()),
        (None, None) => return None,
    };
    Some(Figure {
        label: "messages",
        value: rate(value),
        ci95: None,
        note: Some(note),
    })
}

/// Messages a second of paced streams, by the messages' own times: their calls may last longer than is measured.
fn paced(case: &CaseResult, merged: &Merged) -> Option<(Option<f64>, Option<f64>)> {
    let mut parts = case.repetitions.iter().filter_map(|r| r.paced.as_ref());
    let first = parts.next()?;
    let (sent, answered) = parts.fold((first.sent, first.answered), |(sent, answered), part| {
        (sent + part.sent, answered + part.answered)
    });
    let per_s = |n: u64| n as f64 / merged.measured_s;
    let answered = (answered > 0).then(|| per_s(answered));
    Some((Some(per_s(sent)), answered))
}

/// CPU time per call over all repetitions, each weighed by its calls.
fn cpu(label: &'static str, repetitions: &[Repetition], metric: Metric) -> Option<Figure> {
    let known = repetitions
        .iter()
        .filter_map(|r| Some((metric.of(r)?, r.counts.finished())));
    let (spent, calls) = known.fold((0.0, 0), |(spent, calls), (ns, n)| {
        (spent + ns * n as f64, calls + n)
    });
    (calls > 0).then(|| Figure {
        label,
        value: duration(spent / calls as f64),
        ci95: confidence(repetitions, metric, duration),
        note: spread(repetitions, |r| metric.of(r), duration),
    })
}

fn of_calls(counts: &Counts, bad: u64) -> String {
    let mut text = match bad {
        0 => format!("of {} calls", count(counts.started)),
        _ => format!(
            "{} of {} calls",
            share(counts.error_share()),
            count(counts.started)
        ),
    };
    if counts.cancelled_on_purpose > 0 {
        text += &format!(
            "; {} cancelled on purpose",
            count(counts.cancelled_on_purpose)
        );
    }
    if counts.attempts > counts.started {
        text += &format!("; {} attempts", count(counts.attempts));
    }
    text
}

fn errors(merged: &Merged) -> Figure {
    let counts = &merged.counts;
    let bad = counts.bad();
    Figure {
        label: "errors",
        value: count(bad),
        ci95: None,
        note: Some(of_calls(counts, bad)),
    }
}
