//! Limits: whether every repetition kept what the scenario asks.
//!
//! A number decides; a lower bound decides only what it can. A percentile with too few samples beyond it, or a
//! quantity that nobody measured, leaves the limit open: neither kept nor broken. So does an invalid repetition, in which a
//! limit can be broken, and never kept.

use scenarios::limits::{Limit, Op, Unit};
use scenarios::metric::{CostMetric, CountMetric, Metric, RateMetric, Statistic, TimeMetric};

use crate::model::{
    Cost, LimitOutcome, LimitVerdict, Quantile, Repetition, Shown, Timing, Verdict,
};
use crate::view::Time;
use crate::view::format::{self, bound, count, duration, rate, share, size};

/// Judges each limit over all repetitions: one that breaks it is enough.
pub fn judge_limits(limits: &[Limit], repetitions: &[Repetition]) -> Vec<LimitOutcome> {
    limits
        .iter()
        .map(|limit| judge_limit(limit, repetitions))
        .collect()
}

fn judge_limit(limit: &Limit, repetitions: &[Repetition]) -> LimitOutcome {
    let worst = repetitions
        .iter()
        .map(|repetition| {
            let seen = see(limit.metric, repetition);
            (trusted(judge(limit, &seen), repetition), seen)
        })
        .reduce(|worst, next| worse(limit, worst, next));
    let (outcome, seen) = worst.unwrap_or((LimitVerdict::Inconclusive, Seen::NotMeasured));
    LimitOutcome {
        limit: limit.to_string(),
        seen: seen.text(limit.metric.unit()),
        outcome,
    }
}

/// Numbers that cannot be believed keep no limit.
fn trusted(outcome: LimitVerdict, repetition: &Repetition) -> LimitVerdict {
    match (outcome, repetition.validity.verdict) {
        (LimitVerdict::Kept, Verdict::Invalid) => LimitVerdict::Inconclusive,
        (outcome, _) => outcome,
    }
}

/// What a repetition says about a metric, in base units.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    Exactly(f64),
    AtLeast(f64),
    TooFew(u64),
    NotMeasured,
}

impl Seen {
    fn number(number: Option<f64>) -> Seen {
        number
            .filter(|number| number.is_finite())
            .map_or(Seen::NotMeasured, Seen::Exactly)
    }

    fn text(self, unit: Unit) -> String {
        match self {
            Seen::Exactly(value) => print(value, unit),
            Seen::AtLeast(value) => format!(">= {}", bound(value)),
            Seen::TooFew(beyond) => {
                format!("too few samples: {} beyond", count(beyond))
            }
            Seen::NotMeasured => "not measured".to_owned(),
        }
    }

    /// A place on the line of worse and better.
    fn value(self) -> Option<f64> {
        match self {
            Seen::Exactly(value) | Seen::AtLeast(value) => Some(value),
            Seen::TooFew(_) | Seen::NotMeasured => None,
        }
    }
}

fn judge(limit: &Limit, seen: &Seen) -> LimitVerdict {
    let decided = |holds: bool| {
        if holds {
            LimitVerdict::Kept
        } else {
            LimitVerdict::Broken
        }
    };
    match *seen {
        Seen::Exactly(value) => decided(limit.holds(value)),
        Seen::AtLeast(value) => {
            judge_bound(limit, value).map_or(LimitVerdict::Inconclusive, decided)
        }
        Seen::TooFew(_) | Seen::NotMeasured => LimitVerdict::Inconclusive,
    }
}

/// What follows for a limit from a true value of at least `value`; `None` where it may go either way.
fn judge_bound(limit: &Limit, value: f64) -> Option<bool> {
    let limit_value = limit.value.get();
    match limit.op {
        Op::Less => (value >= limit_value).then_some(false),
        Op::AtMost | Op::Equal => (value > limit_value).then_some(false),
        Op::Greater => (value > limit_value).then_some(true),
        Op::AtLeast => (value >= limit_value).then_some(true),
        Op::NotEqual => (value > limit_value).then_some(true),
    }
}

type Judged = (LimitVerdict, Seen);

/// Broken is worse than undecided, undecided worse than kept; among equals the value nearer to breaking is worse.
fn worse(limit: &Limit, a: Judged, b: Judged) -> Judged {
    let rank = |(verdict, _): &Judged| match verdict {
        LimitVerdict::Kept => 0,
        LimitVerdict::Inconclusive => 1,
        LimitVerdict::Broken => 2,
    };
    if rank(&a) != rank(&b) {
        return if rank(&a) > rank(&b) { a } else { b };
    }
    let (Some(x), Some(y)) = (a.1.value(), b.1.value()) else {
        return if a.1.value().is_some() { b } else { a };
    };
    let distance = |value: f64| (value - limit.value.get()).abs();
    let b_is_worse = match limit.op {
        Op::Less | Op::AtMost => y > x,
        Op::Greater | Op::AtLeast => y < x,
        Op::Equal => distance(y) > distance(x),
        Op::NotEqual => distance(y) < distance(x),
    };
    if b_is_worse { b } else { a }
}

fn see(metric: Metric, repetition: &Repetition) -> Seen {
    let counts = &repetition.counts;
    match metric {
        Metric::Time(time, statistic) => see_time(time_of(time).of(repetition), statistic),
        Metric::Count(of) => Seen::Exactly(count_of(of, repetition) as f64),
        Metric::Rate(RateMetric::Achieved) => Seen::number(Some(repetition.achieved_per_s)),
        Metric::Rate(RateMetric::Offered) => Seen::number(Some(repetition.offered_per_s)),
        // The share of nothing is not zero.
        Metric::ErrorShare => Seen::number((counts.started > 0).then(|| counts.error_share())),
        Metric::Cost(of) => Seen::number(cost_of(of, repetition)),
    }
}

fn see_time(timing: &Timing, statistic: Statistic) -> Seen {
    let quantile = match statistic {
        Statistic::Mean => return see_mean(timing),
        Statistic::Min => Quantile::Min,
        Statistic::P50 => Quantile::P50,
        Statistic::P90 => Quantile::P90,
        Statistic::P99 => Quantile::P99,
        Statistic::P999 => Quantile::P999,
        Statistic::Max => Quantile::Max,
    };
    match timing.shown(quantile) {
        Shown::Nothing => Seen::NotMeasured,
        Shown::Exactly(ns) => Seen::Exactly(ns as f64),
        Shown::AtLeast(ns) => Seen::AtLeast(ns as f64),
        Shown::TooFew(beyond) => Seen::TooFew(beyond),
    }
}

/// The mean of complete calls; with the lower bounds of those that were cut off it is a lower bound itself.
fn see_mean(timing: &Timing) -> Seen {
    let Some(censored) = &timing.censored else {
        return Seen::number(timing.mean_ns);
    };
    let Ok(bounds) = timing.bounds() else {
        return Seen::NotMeasured;
    };
    let complete = timing.mean_ns.unwrap_or(0.0) * timing.count as f64;
    let cut_off = bounds.mean() * censored.count as f64;
    Seen::AtLeast((complete + cut_off) / timing.population() as f64)
}

const fn time_of(metric: TimeMetric) -> Time {
    match metric {
        TimeMetric::ResponseTime => Time::Response,
        TimeMetric::ServiceTime => Time::Service,
        TimeMetric::StartLag => Time::StartLag,
        TimeMetric::TimeToFirstMessage => Time::FirstMessage,
        TimeMetric::MessageGap => Time::MessageGap,
        TimeMetric::ExchangeTime => Time::Exchange,
    }
}

const fn count_of(metric: CountMetric, repetition: &Repetition) -> u64 {
    let counts = &repetition.counts;
    match metric {
        CountMetric::Started => counts.started,
        CountMetric::Ok => counts.ok,
        CountMetric::Failed => counts.failed,
        CountMetric::DeadlineExceeded => counts.deadline_exceeded,
        CountMetric::Cancelled => counts.cancelled,
        CountMetric::Unfinished => counts.unfinished,
        CountMetric::Shed => counts.shed,
        CountMetric::MessagesSent => counts.messages_sent,
        CountMetric::MessagesReceived => counts.messages_received,
        CountMetric::BytesSent => counts.bytes_sent,
        CountMetric::BytesReceived => counts.bytes_received,
    }
}

fn cost_of(metric: CostMetric, repetition: &Repetition) -> Option<f64> {
    let memory = |cost: &Cost| cost.peak_rss_bytes.map(|bytes| bytes as f64);
    let server = repetition.server.as_ref();
    match metric {
        CostMetric::ClientCpu => repetition.client.cpu_ns_per_call,
        CostMetric::ServerCpu => server.and_then(|server| server.cpu_ns_per_call),
        CostMetric::ClientMemory => memory(&repetition.client),
        CostMetric::ServerMemory => server.and_then(memory),
    }
}

fn print(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Time | Unit::Cost => duration(value),
        Unit::Memory => size(value as u64),
        Unit::Count => count(value as u64),
        Unit::Rate => rate(value),
        Unit::Share if value > 0.0 => share(value),
        Unit::Share => format::share(0.0),
    }
}
