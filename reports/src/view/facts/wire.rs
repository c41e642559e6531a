//! What went over the wire: settings, traffic, connections, and what came with the first reply.

use std::collections::BTreeMap;

use super::{Fact, Pair, fact, time};
use crate::model::{FirstReply, Quantile, Repetition, Shown, Timing, Wire, WireSettings};
use crate::view::format::{DASH, count, or_dash, size};
use crate::view::names::clean;

/// What each side announced on the first connection.
pub fn wire_settings(wire: &Wire) -> Vec<Pair> {
    const DEFAULT: &str = "protocol default";
    let print = |value: Option<u32>, is_size: bool| match value {
        None => DEFAULT.to_owned(),
        Some(value) if is_size => size(value.into()),
        Some(value) => count(value.into()),
    };
    let pair = |name, is_size, value: fn(&WireSettings) -> Option<u32>| Pair {
        name,
        client: print(value(&wire.client_settings), is_size),
        server: print(value(&wire.server_settings), is_size),
    };
    vec![
        pair("initial stream window", true, |s| s.initial_stream_window),
        pair("initial connection window", true, |s| {
            s.initial_connection_window
        }),
        pair("max frame size", true, |s| s.max_frame_size),
        pair("header table size", true, |s| s.header_table_size),
        pair("max concurrent streams", false, |s| {
            s.max_concurrent_streams
        }),
    ]
}

/// What each side sent over the connections.
pub fn wire_traffic(wire: &Wire) -> Vec<Pair> {
    let pair = |name, client, server| Pair {
        name,
        client,
        server,
    };
    let said = |name, by_reason| {
        pair(
            name,
            by_sender(by_reason, "client"),
            by_sender(by_reason, "server"),
        )
    };
    vec![
        pair("bytes", size(wire.bytes_sent), size(wire.bytes_received)),
        pair(
            "frames",
            count(wire.frames_sent),
            count(wire.frames_received),
        ),
        pair(
            "header blocks",
            size(wire.header_bytes_sent),
            size(wire.header_bytes_received),
        ),
        pair(
            "the same before HPACK",
            or_dash(wire.header_list_bytes_sent, size),
            or_dash(wire.header_list_bytes_received, size),
        ),
        pair(
            "WINDOW_UPDATE",
            count(wire.window_updates_sent),
            count(wire.window_updates_received),
        ),
        said("RST_STREAM", &wire.resets),
        said("GOAWAY", &wire.goaway),
    ]
}

/// `CANCEL: 3; REFUSED_STREAM: 1` of what `server CANCEL` and the like counts; `0` where that side said nothing.
fn by_sender(by_reason: &BTreeMap<String, u64>, sender: &str) -> String {
    let said: Vec<String> = by_reason
        .iter()
        .filter_map(|(reason, times)| Some((reason.strip_prefix(sender)?.trim_start(), times)))
        .map(|(reason, times)| format!("{}: {}", clean(reason), count(*times)))
        .collect();
    if said.is_empty() {
        count(0)
    } else {
        said.join("; ")
    }
}

/// What happened to the connections, how late the server was, and what came with the first reply.
pub fn wire(repetition: &Repetition) -> Vec<Fact> {
    let mut facts = repetition
        .wire
        .as_ref()
        .map(connections)
        .unwrap_or_default();
    if let Some(late) = &repetition.release_lateness {
        let [p50, p99, max] = [late.p50_ns, late.p99_ns, late.max_ns].map(|ns| or_dash(ns, time));
        facts.push(fact(
            "released late by the server itself",
            format!("half up to {p50}, 99 % up to {p99}, at most {max}"),
        ));
    }
    if let Some(FirstReply { metadata, trailers }) = &repetition.first_reply {
        facts.push(fact("first reply's metadata", pairs(metadata)));
        facts.push(fact("first reply's trailers", pairs(trailers)));
    }
    facts
}

fn pairs(map: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = map
        .iter()
        .map(|(k, v)| format!("{}: {}", clean(k), clean(v)))
        .collect();
    or_dash((!pairs.is_empty()).then_some(pairs), |pairs| {
        pairs.join("; ")
    })
}

fn connections(wire: &Wire) -> Vec<Fact> {
    let mut facts = vec![
        fact("connections", count(wire.connections)),
        fact("connections lost", count(wire.connections_lost)),
        fact("connected after", spread(&wire.connect_time)),
    ];
    facts.extend(secured(wire));
    facts.extend([
        fact("HTTP/2 ready after", spread(&wire.ready_time)),
        fact("PING and back", spread(&wire.ping_time)),
        fact(
            "stalled on stream windows",
            or_dash(wire.stalled_on_stream_window_ns, time),
        ),
        fact(
            "stalled on the connection window",
            or_dash(wire.stalled_on_connection_window_ns, time),
        ),
    ]);
    facts
}

/// What TLS came to; nothing where there was none.
fn secured(wire: &Wire) -> Vec<Fact> {
    if wire.handshakes.is_empty() {
        return Vec::new();
    }
    let agreed = wire.handshakes.iter();
    let agreed: Vec<String> = agreed
        .map(|(suite, times)| format!("{}: {}", clean(suite), count(*times)))
        .collect();
    let all = wire.handshakes.values().sum();
    vec![
        fact("TLS handshake took", spread(&wire.handshake_time)),
        fact("TLS", agreed.join("; ")),
        fact(
            "TLS sessions resumed",
            format!("{} of {}", count(wire.handshakes_resumed), count(all)),
        ),
    ]
}

/// `min 80 µs, p50 120 µs, p99 few (2), max 1.2 ms, of 200`.
fn spread(timing: &Timing) -> String {
    if timing.count == 0 {
        return DASH.to_owned();
    }
    let shown = [
        (Quantile::Min, "min"),
        (Quantile::P50, "p50"),
        (Quantile::P99, "p99"),
        (Quantile::Max, "max"),
    ]
    .map(|(quantile, name)| match timing.shown(quantile) {
        Shown::Nothing => format!("{name} {DASH}"),
        Shown::Exactly(ns) => format!("{name} {}", time(ns)),
        Shown::AtLeast(ns) => format!("{name} >= {}", time(ns)),
        Shown::TooFew(beyond) => format!("{name} few ({})", count(beyond)),
    });
    format!("{}, of {}", shown.join(", "), count(timing.count))
}

/// What went over the wire in all repetitions of a case, as one line; `None` where nobody looked.
pub fn wire_line(repetitions: &[Repetition]) -> Option<String> {
    let mut wire = Wire::default();
    let seen = repetitions.iter().filter_map(|r| r.wire.as_ref());
    seen.for_each(|other| wire.add(other));
    if wire.connections == 0 {
        return None;
    }
    let mut parts = vec![format!(
        "{} out, {} in",
        size(wire.bytes_sent),
        size(wire.bytes_received)
    )];
    if let Shown::Exactly(longest) = wire.handshake_time.shown(Quantile::Max) {
        parts.push(format!(
            "TLS handshakes {} ({} resumed) of up to {}",
            count(wire.handshakes.values().sum()),
            count(wire.handshakes_resumed),
            time(longest)
        ));
    }
    if let Shown::Exactly(ns) = wire.ping_time.shown(Quantile::P50) {
        parts.push(format!("PING p50 {}", time(ns)));
    }
    for (stalled, which) in [
        (wire.stalled_on_stream_window_ns, "stream windows"),
        (
            wire.stalled_on_connection_window_ns,
            "the connection window",
        ),
    ] {
        if let Some(ns @ 1..) = stalled {
            parts.push(format!("stalled on {which} {}", time(ns)));
        }
    }
    if wire.connections_lost > 0 {
        parts.push(format!("connections lost {}", count(wire.connections_lost)));
    }
    Some(format!("wire {}", parts.join(", ")))
}
