//! What a repetition says about a metric: a number, a bound, or nothing that can be used.

use scenarios::limits::Limit;
use scenarios::metric::{CostMetric, CountMetric, Metric, RateMetric, Statistic, WireMetric};

use crate::model::{CallStats, Cost, Counts, Quantile, Repetition, Shown, Timing};
use crate::view::Time;

/// What a repetition says about a metric, in base units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Seen {
    /// This.
    Exactly(f64),
    /// At least this.
    AtLeast(f64),
    /// Too few samples beyond it: so many.
    TooFew(u64),
    /// Nobody measured it.
    NotMeasured,
}

impl Seen {
    fn number(number: Option<f64>) -> Seen {
        number
            .filter(|number| number.is_finite())
            .map_or(Seen::NotMeasured, Seen::Exactly)
    }
}

/// What a repetition says about a metric.
pub(crate) fn see(metric: Metric, repetition: &Repetition) -> Seen {
    let counts = &repetition.counts;
    match metric {
        Metric::Time(time, statistic) => see_time(Time::from(time).of(repetition), statistic),
        Metric::Count(of) => Seen::Exactly(count_of(of, counts) as f64),
        Metric::Rate(RateMetric::Achieved) => Seen::number(Some(repetition.achieved_per_s)),
        Metric::Rate(RateMetric::Offered) => Seen::number(Some(repetition.offered_per_s)),
        Metric::ErrorShare => see_errors(counts),
        Metric::Cost(of) => Seen::number(cost_of(of, repetition)),
        Metric::Wire(WireMetric::BytesPerCall) => Seen::number(bytes_per_call(repetition)),
    }
}

/// What a repetition says of what a limit looks at, by this metric: of all calls, or of one of the mix.
pub(crate) fn see_limited(limit: &Limit, metric: Metric, repetition: &Repetition) -> Seen {
    let Some(name) = &limit.call else {
        return see(metric, repetition);
    };
    let call = repetition.calls.iter().find(|call| call.name == *name);
    call.map_or(Seen::NotMeasured, |call| see_call(metric, call))
}

fn see_call(metric: Metric, call: &CallStats) -> Seen {
    match metric {
        Metric::Time(time, statistic) => see_time(Time::from(time).of_call(call), statistic),
        Metric::Count(of) => Seen::Exactly(count_of(of, &call.counts) as f64),
        Metric::Rate(RateMetric::Achieved) => Seen::number(Some(call.achieved_per_s)),
        Metric::Rate(RateMetric::Offered) => Seen::number(Some(call.offered_per_s)),
        Metric::ErrorShare => see_errors(&call.counts),
        // Nobody can tell which call took them.
        Metric::Cost(_) | Metric::Wire(_) => Seen::NotMeasured,
    }
}

/// The share of nothing is not zero.
fn see_errors(counts: &Counts) -> Seen {
    Seen::number((counts.started > 0).then(|| counts.error_share()))
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

const fn count_of(metric: CountMetric, counts: &Counts) -> u64 {
    match metric {
        CountMetric::Started => counts.started,
        CountMetric::Ok => counts.ok,
        CountMetric::Failed => counts.failed,
        CountMetric::DeadlineExceeded => counts.deadline_exceeded,
        CountMetric::Cancelled => counts.cancelled.saturating_sub(counts.cancelled_on_purpose),
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
        // Valgrind counts them, and nothing else can be measured under it.
        CostMetric::ServerInstructions => None,
        CostMetric::ClientMemory => memory(&repetition.client),
        CostMetric::ServerMemory => server.and_then(memory),
    }
}

/// Everything on the connections, frames and all, over all calls of the repetition.
fn bytes_per_call(repetition: &Repetition) -> Option<f64> {
    let wire = repetition.wire.as_ref()?;
    let calls = repetition.totals.client.calls;
    (calls > 0).then(|| (wire.bytes_sent + wire.bytes_received) as f64 / calls as f64)
}
