//! The metrics of a result that a limit or a gate can name, as they stand in `result.json`.

use std::fmt;
use std::str::FromStr;

use crate::limits::Unit;

/// Defines an enum whose variants have names in the file, and lists them all.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $type { $($(#[$variant_doc])* $variant),+ }

        impl $type {
            /// All of them.
            pub const ALL: &'static [$type] = &[$($type::$variant),+];

            /// The name in files.
            pub const fn name(self) -> &'static str {
                match self { $($type::$variant => $name),+ }
            }
        }
    };
}

named! {
    /// A time of which a histogram is kept.
    TimeMetric {
        /// Done minus intended.
        ResponseTime = "response_time",
        /// Done minus started.
        ServiceTime = "service_time",
        /// Started minus intended.
        StartLag = "start_lag",
        /// First reply minus intended start.
        TimeToFirstMessage = "time_to_first_message",
        /// One reply minus the one before.
        MessageGap = "message_gap",
        /// One exchange on a ping-pong stream, or a paced one.
        ExchangeTime = "exchange_time",
        /// Reply minus the intended time of its request, on paced streams.
        MessageResponseTime = "message_response_time",
    }
}

named! {
    /// What is asked of a histogram.
    Statistic {
        /// The smallest.
        Min = "min",
        /// The mean.
        Mean = "mean",
        /// The median.
        P50 = "p50",
        /// The 90th percentile.
        P90 = "p90",
        /// The 99th percentile.
        P99 = "p99",
        /// The 99.9th percentile.
        P999 = "p999",
        /// The largest.
        Max = "max",
    }
}

named! {
    /// A count of the measured time.
    CountMetric {
        /// Calls started.
        Started = "started",
        /// Calls that ended with OK.
        Ok = "ok",
        /// Calls that ended with another status or a transport error.
        Failed = "failed",
        /// Calls that ran into their deadline.
        DeadlineExceeded = "deadline_exceeded",
        /// Calls that were cancelled, other than on purpose.
        Cancelled = "cancelled",
        /// Calls that had not ended by the end of the drain.
        Unfinished = "unfinished",
        /// Starts that were due and never made.
        Shed = "shed",
        /// Request messages.
        MessagesSent = "messages_sent",
        /// Reply messages.
        MessagesReceived = "messages_received",
        /// Bytes of request messages.
        BytesSent = "bytes_sent",
        /// Bytes of reply messages.
        BytesReceived = "bytes_received",
    }
}

named! {
    /// A rate over the measured time.
    RateMetric {
        /// Calls that ended, per second.
        Achieved = "achieved_per_s",
        /// Calls that the load model asked for, per second.
        Offered = "offered_per_s",
    }
}

named! {
    /// What a call costs its client or its server.
    CostMetric {
        /// CPU time of the client, per call.
        ClientCpu = "client.cpu_ns_per_call",
        /// CPU time of the server, per call.
        ServerCpu = "server.cpu_ns_per_call",
        /// User-space instructions of the server, per call; counted by a gate only.
        ServerInstructions = "server.instructions_per_call",
        /// The client's largest resident set.
        ClientMemory = "client.peak_rss_bytes",
        /// The server's largest resident set.
        ServerMemory = "server.peak_rss_bytes",
    }
}

named! {
    /// What a call costs the network.
    WireMetric {
        /// Bytes on the connections in both directions, frames and all, per call.
        BytesPerCall = "wire.bytes_per_call",
    }
}

/// A number of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// A statistic of a time.
    Time(TimeMetric, Statistic),
    /// A count.
    Count(CountMetric),
    /// A rate.
    Rate(RateMetric),
    /// The share of started calls that did not end with OK.
    ErrorShare,
    /// A cost.
    Cost(CostMetric),
    /// Something of the wire.
    Wire(WireMetric),
}

impl Metric {
    /// Every metric there is.
    pub fn all() -> impl Iterator<Item = Metric> {
        let times = TimeMetric::ALL
            .iter()
            .flat_map(|t| Statistic::ALL.iter().map(|s| Metric::Time(*t, *s)));
        times
            .chain(CountMetric::ALL.iter().copied().map(Metric::Count))
            .chain(RateMetric::ALL.iter().copied().map(Metric::Rate))
            .chain([Metric::ErrorShare])
            .chain(CostMetric::ALL.iter().copied().map(Metric::Cost))
            .chain(WireMetric::ALL.iter().copied().map(Metric::Wire))
    }

    /// What it is counted in.
    pub fn unit(self) -> Unit {
        match self {
            Metric::Time(..) => Unit::Time,
            Metric::Count(_) => Unit::Count,
            Metric::Rate(_) => Unit::Rate,
            Metric::ErrorShare => Unit::Share,
            Metric::Cost(CostMetric::ClientCpu | CostMetric::ServerCpu) => Unit::Cost,
            Metric::Cost(CostMetric::ServerInstructions) => Unit::Count,
            Metric::Cost(CostMetric::ClientMemory | CostMetric::ServerMemory)
            | Metric::Wire(WireMetric::BytesPerCall) => Unit::Memory,
        }
    }
}

impl Metric {
    /// Whether it is kept for each call of a mix, besides all calls together.
    pub fn is_kept_by_call(self) -> bool {
        !matches!(self, Metric::Cost(_) | Metric::Wire(_))
    }
}

/// Which way a metric gets better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Downwards.
    Less,
    /// Upwards.
    More,
}

impl Metric {
    /// Which way it gets better; `None` of what says nothing of a server: how many calls there were, how many were asked for.
    pub fn better(self) -> Option<Better> {
        match self {
            Metric::Count(_) | Metric::Rate(RateMetric::Offered) => None,
            Metric::Rate(RateMetric::Achieved) => Some(Better::More),
            Metric::Time(TimeMetric::StartLag, _) => None,
            Metric::Time(..) | Metric::ErrorShare | Metric::Cost(_) | Metric::Wire(_) => {
                Some(Better::Less)
            }
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Metric::Time(time, statistic) => write!(f, "{}.{}", time.name(), statistic.name()),
            Metric::Count(count) => f.write_str(count.name()),
            Metric::Rate(rate) => f.write_str(rate.name()),
            Metric::ErrorShare => f.write_str("error_share"),
            Metric::Cost(cost) => f.write_str(cost.name()),
            Metric::Wire(wire) => f.write_str(wire.name()),
        }
    }
}

/// Why a text is not a metric.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", unknown_metric(.0))]
pub struct MetricError(String);

impl FromStr for Metric {
    type Err = MetricError;

    fn from_str(text: &str) -> Result<Metric, MetricError> {
        Metric::all()
            .find(|metric| metric.to_string() == text)
            .ok_or_else(|| MetricError(text.to_owned()))
    }
}

/// Says that a metric is unknown, and what there is: the statistics where only they are wrong, else all metrics.
pub(crate) fn unknown_metric(text: &str) -> String {
    let list = |names: Vec<&str>| {
        names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let statistics = || Statistic::ALL.iter().map(|s| s.name()).collect();
    let (family, statistic) = text
        .split_once('.')
        .map_or((text, None), |(family, rest)| (family, Some(rest)));
    let time = TimeMetric::ALL.iter().find(|t| t.name() == family);
    match (time, statistic) {
        (Some(time), None) => {
            format!(
                "`{}` needs a statistic, such as `{0}.p99`: one of {}",
                time.name(),
                list(statistics())
            )
        }
        (Some(_), Some(statistic)) => {
            format!(
                "unknown statistic `{statistic}`, expected one of {}",
                list(statistics())
            )
        }
        (None, _) => {
            let times = TimeMetric::ALL.iter().map(|t| format!("{}.p99", t.name()));
            let others = Metric::all()
                .filter(|m| !matches!(m, Metric::Time(..)))
                .map(|m| m.to_string());
            let names: Vec<String> = times.chain(others).collect();
            format!(
                "unknown metric `{text}`, expected one of {}",
                list(names.iter().map(String::as_str).collect())
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_read_back() {
        for metric in Metric::all() {
            assert_eq!(metric.to_string().parse(), Ok(metric));
        }
        assert_eq!(Metric::all().count(), 7 * 7 + 11 + 2 + 1 + 5 + 1);
    }
}
