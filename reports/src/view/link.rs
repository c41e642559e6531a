//! What an emulated network carried, and what it asks of flow-control windows, in words.

use scenarios::units::{Bandwidth, Bytes, Nanos};

use super::CaseView;
use super::facts::Fact;
use super::format::{bandwidth, count, duration, or_dash, share, size};
use crate::model::{Network, Quantile, Repetition, Shown};

/// The link of a case as the scenario asks for it.
#[derive(Clone, Copy, Debug)]
struct Link {
    rtt: Nanos,
    bandwidth: Option<Bandwidth>,
}

/// Which way the bulk of the bytes goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    ToServer,
    ToClient,
}

/// A sentence on the window that the link needs and on the one that it has; `None` where there is no link with a delay.
///
/// A sender may have one window in flight, and hears of more after a round trip: throughput is at most window / round trip.
/// A link is full when bandwidth x round trip is in flight, its bandwidth-delay product.
pub fn window_sentence(case: &CaseView<'_>) -> Option<String> {
    let link = Link::of(case).filter(|link| link.rtt > Nanos(0))?;
    let way = Way::of(&case.case.repetitions);
    let window = way.window(case);
    let at_most = window.map(|window| window.0 as f64 / (link.rtt.0 as f64 / 1e9));
    let whose = way.receiver();
    let Some(full) = link.bandwidth else {
        let at_most = bandwidth(at_most?);
        return Some(format!(
            "a round trip of {} lets a stream have at most {at_most} under the {whose}'s stream window of {}; twice the window, twice that",
            time(link.rtt),
            size(window?.0)
        ));
    };
    let holds = full.over(link.rtt);
    let needs = format!(
        "{} with a round trip of {} holds {}: a stream fills it with a window of at least that",
        full,
        time(link.rtt),
        size(holds.0)
    );
    let has = match (window, at_most) {
        (Some(window), Some(at_most)) if window < holds => format!(
            "; the {whose}'s stream window of {} lets it have {}, {} of the link",
            size(window.0),
            bandwidth(at_most),
            share(at_most / (full.0 as f64 / 8.0))
        ),
        (Some(window), _) => format!(
            "; the {whose}'s stream window of {} is enough",
            size(window.0)
        ),
        (None, _) => format!("; the {whose}'s is not known"),
    };
    Some(needs + &has)
}

/// What the link did in a repetition; empty where there was none.
pub(crate) fn carried(case: &CaseView<'_>, repetition: &Repetition) -> Vec<Fact> {
    let Some(network) = &repetition.network else {
        return Vec::new();
    };
    let link = Link::of(case);
    let through = |bytes: u64| {
        let each_s = bytes as f64 / repetition.measured_s;
        match link.and_then(|link| link.bandwidth) {
            Some(full) => format!(
                "{}, {} of it",
                bandwidth(each_s),
                share(each_s / (full.0 as f64 / 8.0))
            ),
            None => bandwidth(each_s),
        }
    };
    let late = match network.lateness.shown(Quantile::P99) {
        Shown::Exactly(ns) => Some(format!("99 % up to {}", time(Nanos(ns)))),
        _ => None,
    };
    vec![
        fact("asked for", or_dash(link, Link::text)),
        fact("to the server", through(network.bytes_to_server)),
        fact("to the client", through(network.bytes_to_client)),
        fact("connections reset, of", resets(network)),
        fact("let packets go late", or_dash(late, |late| late)),
    ]
}

fn fact(name: &'static str, value: String) -> Fact {
    Fact { name, value }
}

fn resets(network: &Network) -> String {
    format!(
        "{} of {}",
        count(network.resets),
        count(network.connections)
    )
}

fn time(time: Nanos) -> String {
    duration(time.0 as f64)
}

impl Link {
    fn of(case: &CaseView<'_>) -> Option<Link> {
        let text = |key: &str| case.setting(&format!("network.{key}"))?.as_str();
        Some(Link {
            rtt: text("rtt")?.parse().ok()?,
            bandwidth: text("bandwidth").and_then(|text| text.parse().ok()),
        })
    }

    fn text(self) -> String {
        let bandwidth = self.bandwidth.map_or_else(
            || "as much as it is given".to_owned(),
            |bandwidth| bandwidth.to_string(),
        );
        format!("{bandwidth}, round trip {}", time(self.rtt))
    }
}

impl Way {
    fn of(repetitions: &[Repetition]) -> Way {
        let sum = |bytes: fn(&Network) -> u64| -> u64 {
            let networks = repetitions.iter().filter_map(|r| r.network.as_ref());
            networks.map(bytes).sum()
        };
        match sum(|network| network.bytes_to_server) > sum(|network| network.bytes_to_client) {
            true => Way::ToServer,
            false => Way::ToClient,
        }
    }

    const fn receiver(self) -> &'static str {
        match self {
            Way::ToServer => "server",
            Way::ToClient => "client",
        }
    }

    /// The stream window that the receiver was told to grant.
    fn window(self, case: &CaseView<'_>) -> Option<Bytes> {
        let path = match self {
            Way::ToServer => "target.reference_server.http2.initial_stream_window",
            Way::ToClient => "client.http2.initial_stream_window",
        };
        case.setting(path)?.as_str()?.parse().ok()
    }
}
