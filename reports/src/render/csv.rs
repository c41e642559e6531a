//! `results.csv`: one row for each repetition of each case, every figure, units in the names of the columns.
//!
//! A percentile with too few samples beyond it is an empty cell. One that is a lower bound only is named in the column
//! `…_at_least` beside it.

use std::collections::BTreeMap;

use super::{Artifact, Renderer, csv_parts};
use crate::error::ReportError;
use crate::model::{Counts, Quantile, Repetition, Shown, Timing, Verdict, Wire};
use crate::view::yaml::flow;
use crate::view::{CaseView, Metric, Time, View};

/// One row a repetition.
#[derive(Clone, Copy, Debug)]
pub struct Csv;

impl Renderer for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn render(&self, view: &View<'_>) -> Result<Vec<Artifact>, ReportError> {
        let keys = point_keys(view);
        let mut text = String::new();
        let mut header_is_written = false;
        for case in &view.cases {
            for (index, repetition) in case.case.repetitions.iter().enumerate() {
                let row = row(view, case, index, repetition, &keys);
                if !header_is_written {
                    push_line(&mut text, row.iter().map(|(name, _)| name.as_str()));
                    header_is_written = true;
                }
                push_line(&mut text, row.iter().map(|(_, value)| value.as_str()));
            }
        }
        let mut files = vec![Artifact::text("results.csv", text)];
        files.extend(csv_parts::file(view));
        Ok(files)
    }
}

pub(super) type Row = Vec<(String, String)>;

/// Every swept key of any case.
fn point_keys(view: &View<'_>) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for key in view.cases.iter().flat_map(|case| case.case.point.keys()) {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    keys
}

fn row(
    view: &View<'_>,
    case: &CaseView<'_>,
    index: usize,
    repetition: &Repetition,
    keys: &[String],
) -> Row {
    let mut row = Row::new();
    identify(&mut row, view, case, index);
    for key in keys {
        let value = case.case.point.get(key).map(flow);
        put(&mut row, key, value.map(|v| v.trim_matches('"').to_owned()));
    }
    judge(&mut row, repetition);
    rates(&mut row, repetition);
    counts(&mut row, &repetition.counts);
    for time in Time::ALL {
        timing(&mut row, time.field(), time.of(repetition));
    }
    costs(&mut row, repetition);
    wire(&mut row, repetition.wire.as_ref());
    confidence(&mut row, &case.case.repetitions);
    row
}

pub(super) fn put(row: &mut Row, name: &str, value: Option<impl ToString>) {
    let value = value.map(|value| value.to_string()).unwrap_or_default();
    row.push((name.to_owned(), value));
}

pub(super) fn identify(row: &mut Row, view: &View<'_>, case: &CaseView<'_>, index: usize) {
    let result = &view.results[case.result];
    put(row, "run", Some(&view.runs[case.result]));
    put(row, "started_at", Some(&result.started_at));
    put(row, "case", Some(&case.case.name));
    put(row, "repetition", Some(index + 1));
    put(row, "server", Some(&case.case.server));
    put(row, "client", Some(&case.case.client));
    put(row, "fingerprint", Some(&case.case.fingerprint));
}

fn judge(row: &mut Row, repetition: &Repetition) {
    let verdict = match repetition.validity.verdict {
        Verdict::Valid => "valid",
        Verdict::Tainted => "tainted",
        Verdict::Invalid => "invalid",
    };
    put(row, "verdict", Some(verdict));
    put(row, "reasons", Some(repetition.validity.reasons.join("; ")));
}

fn rates(row: &mut Row, repetition: &Repetition) {
    let finite = |value: f64| value.is_finite().then_some(value);
    put(row, "measured_s", finite(repetition.measured_s));
    put(row, "offered_per_s", finite(repetition.offered_per_s));
    put(row, "achieved_per_s", finite(repetition.achieved_per_s));
}

pub(super) fn counts(row: &mut Row, counts: &Counts) {
    put(row, "started", Some(counts.started));
    put(row, "ok", Some(counts.ok));
    put(row, "failed", Some(counts.failed));
    put(row, "deadline_exceeded", Some(counts.deadline_exceeded));
    put(row, "cancelled", Some(counts.cancelled));
    put(row, "unfinished", Some(counts.unfinished));
    put(row, "shed", Some(counts.shed));
    let statuses = counts.by_status.iter();
    let statuses: Vec<String> = statuses.map(|(name, n)| format!("{name}={n}")).collect();
    put(row, "by_status", Some(statuses.join(" ")));
    put(row, "messages_sent", Some(counts.messages_sent));
    put(row, "messages_received", Some(counts.messages_received));
    put(row, "bytes_sent", Some(counts.bytes_sent));
    put(row, "bytes_received", Some(counts.bytes_received));
}

pub(super) fn timing(row: &mut Row, field: &str, timing: &Timing) {
    put(row, &format!("{field}_count"), Some(timing.count));
    put(
        row,
        &format!("{field}_censored"),
        Some(timing.population() - timing.count),
    );
    let mean = timing.mean_ns.map(|mean| format!("{mean:.1}"));
    put(row, &format!("{field}_mean_ns"), mean);
    let mut at_least = Vec::new();
    for quantile in Quantile::ALL {
        let value = match timing.shown(quantile) {
            Shown::Exactly(ns) => Some(ns),
            Shown::AtLeast(ns) => {
                at_least.push(quantile.field());
                Some(ns)
            }
            Shown::TooFew(_) | Shown::Nothing => None,
        };
        put(row, &format!("{field}_{}", quantile.field()), value);
    }
    put(row, &format!("{field}_at_least"), Some(at_least.join(" ")));
}

fn costs(row: &mut Row, repetition: &Repetition) {
    let server = repetition.server.as_ref();
    let client = &repetition.client;
    put(row, "client_cpu_ns_per_call", client.cpu_ns_per_call);
    put(row, "client_peak_rss_bytes", client.peak_rss_bytes);
    put(
        row,
        "server_cpu_ns_per_call",
        server.and_then(|s| s.cpu_ns_per_call),
    );
    put(
        row,
        "server_peak_rss_bytes",
        server.and_then(|s| s.peak_rss_bytes),
    );
}

fn wire(row: &mut Row, wire: Option<&Wire>) {
    let sum = |value: fn(&Wire) -> u64| wire.map(value);
    put(row, "wire_connections", sum(|w| w.connections));
    put(row, "wire_connections_lost", sum(|w| w.connections_lost));
    put(row, "wire_bytes_sent", sum(|w| w.bytes_sent));
    put(row, "wire_bytes_received", sum(|w| w.bytes_received));
    put(row, "wire_frames_sent", sum(|w| w.frames_sent));
    put(row, "wire_frames_received", sum(|w| w.frames_received));
    put(row, "wire_header_bytes_sent", sum(|w| w.header_bytes_sent));
    put(
        row,
        "wire_header_bytes_received",
        sum(|w| w.header_bytes_received),
    );
    let known = |value: fn(&Wire) -> Option<u64>| wire.and_then(value);
    put(
        row,
        "wire_header_list_bytes_sent",
        known(|w| w.header_list_bytes_sent),
    );
    put(
        row,
        "wire_header_list_bytes_received",
        known(|w| w.header_list_bytes_received),
    );
    put(row, "wire_data_bytes_sent", sum(|w| w.data_bytes_sent));
    put(
        row,
        "wire_data_bytes_received",
        sum(|w| w.data_bytes_received),
    );
    put(
        row,
        "wire_window_updates_sent",
        sum(|w| w.window_updates_sent),
    );
    put(
        row,
        "wire_window_updates_received",
        sum(|w| w.window_updates_received),
    );
    put(
        row,
        "wire_stalled_on_stream_window_ns",
        known(|w| w.stalled_on_stream_window_ns),
    );
    put(
        row,
        "wire_stalled_on_connection_window_ns",
        known(|w| w.stalled_on_connection_window_ns),
    );
    let list = |by_reason: &BTreeMap<String, u64>| {
        let said = by_reason.iter().map(|(who, n)| format!("{who}={n}"));
        said.collect::<Vec<_>>().join("; ")
    };
    put(row, "wire_resets", wire.map(|w| list(&w.resets)));
    put(row, "wire_goaway", wire.map(|w| list(&w.goaway)));
    put(row, "wire_handshakes", wire.map(|w| list(&w.handshakes)));
    put(
        row,
        "wire_handshakes_resumed",
        wire.map(|w| w.handshakes_resumed.to_string()),
    );
    let nothing = Timing::default();
    let mut times = |field, value: fn(&Wire) -> &Timing| {
        timing(row, field, wire.map_or(&nothing, value));
    };
    times("wire_connect_time", |w| &w.connect_time);
    times("wire_handshake_time", |w| &w.handshake_time);
    times("wire_ready_time", |w| &w.ready_time);
    times("wire_ping_time", |w| &w.ping_time);
}

/// The same in every row of a case: intervals come from all of its repetitions.
fn confidence(row: &mut Row, repetitions: &[Repetition]) {
    for (metric, name) in Metric::ALL {
        let interval = metric.ci95(repetitions);
        let end = |value: Option<f64>| value.map(|value| format!("{value:.1}"));
        put(
            row,
            &format!("{name}_ci95_low"),
            end(interval.map(|i| i.low)),
        );
        put(
            row,
            &format!("{name}_ci95_high"),
            end(interval.map(|i| i.high)),
        );
    }
}

pub(super) fn push_line<'a>(text: &mut String, fields: impl Iterator<Item = &'a str>) {
    let fields: Vec<String> = fields.map(quote).collect();
    text.push_str(&fields.join(","));
    text.push('\n');
}

/// Quotes as RFC 4180 asks.
fn quote(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
