//! Everything with everything: faces, ways there, encodings and methods, each cell a few calls whose number is known
//! beforehand. What works in one dimension alone may still fail in a corner.

use reports::model::{CaseResult, MethodCounts, Wire};
use scenarios::method::Method;

use super::common::Run;
use super::common::certificates::Certificates;
use super::{FACES, count_alike};

/// As many calls as each case makes: the rate for the measured time.
const CALLS: u64 = 12;

/// Letters at random take two thirds of their bytes, and the same letter again and again nearly none.
const LETTERS: std::ops::Range<f64> = 0.5..0.75;
const SAME_LETTER: std::ops::Range<f64> = 0.0..0.01;

/// How messages are written in every way there: what the call says, and what it asks of replies.
const EVERYWHERE: [(&str, &str); 3] = [
    ("compression: identity", ""),
    ("compression: gzip", ""),
    ("compression: zstd", ""),
];

/// How they are written in plaintext besides: what goes one way says nothing of what comes the other.
const BESIDES: [(&str, &str); 3] = [
    ("compression: deflate", "compression: zstd,"),
    ("codec: json", "compression: deflate,"),
    ("codec: json, compression: zstd", "compression: identity,"),
];

pub(crate) fn every_encoding_goes_every_way_with_every_method(engine: &str) {
    let made = Certificates::make();
    let (server, client_ca) = (made.pair("server"), made.file("client_ca", "ca.pem"));
    let ways = [
        String::new(),
        "listen: unix".to_owned(),
        format!("tls: {{ {server} }}"),
        format!("tls: {{ {server}, {client_ca} }}"),
    ];
    all_cells(engine, &made, &ways, &EVERYWHERE);
}

pub(crate) fn every_other_encoding_goes_with_every_method(engine: &str) {
    all_cells(engine, &Certificates::make(), &[String::new()], &BESIDES);
}

/// Plays every cell of faces x ways x encodings x methods.
fn all_cells(engine: &str, made: &Certificates, ways: &[String], encodings: &[(&str, &str)]) {
    let outcome = Run::new(&yaml(made, ways, encodings))
        .engine(engine)
        .finish();
    outcome.repetitions();
    let cases = &outcome.result.as_ref().unwrap().cases;
    let expected = FACES.len() * ways.len() * encodings.len() * Method::ALL.len();
    assert_eq!(cases.len(), expected);
    for case in cases {
        is_exact(case, &format!("{engine}: {}", case.name));
    }
}

fn yaml(made: &Certificates, ways: &[String], encodings: &[(&str, &str)]) -> String {
    let mut targets = String::new();
    for face in FACES {
        for way in ways {
            targets += &format!("    - {{ reference_server: {{ face: {face}, {way} }} }}\n");
        }
    }
    let (ca, client) = (made.file("ca", "ca.pem"), made.pair("client"));
    format!(
        "name: product
client: {{ channels: 2, http2: {{ initial_stream_window: 64KiB }}, tls: {{ {ca}, {client} }} }}
load: {{ open: {{ rate: 1000/s, arrivals: uniform }} }}
phases: {{ warm_up: 0s, measure: {CALLS}ms, drain: 20s }}
matrix:
  target:
{targets}  call:
{}",
        calls(encodings)
    )
}

/// A line for each method in each encoding.
fn calls(encodings: &[(&str, &str)]) -> String {
    let mut calls = String::new();
    for method in Method::ALL {
        let [requests, replies] = messages(method);
        // A bidirectional call is answered message by message.
        let replies = if method == Method::BidiHello {
            1
        } else {
            replies
        };
        for (written, asked) in encodings {
            calls += &format!(
                "    - {{ method: {method}, {written}, request: {{ messages: {requests}, size: 5KiB }}, \
                 reply: {{ {asked} messages: {replies}, size: 20KiB }} }}\n"
            );
        }
    }
    calls
}

/// Requests and replies of one call.
fn messages(method: Method) -> [u64; 2] {
    let pattern = method.pattern();
    [pattern.streams_requests(), pattern.streams_replies()].map(
        |streams| {
            if streams { 3 } else { 1 }
        },
    )
}

fn is_exact(case: &CaseResult, what: &str) {
    let repetition = &case.repetitions[0];
    count_alike(repetition, what);
    assert_eq!(repetition.counts.ok, CALLS, "{what}");
    let call = &case.case["call"];
    let method: Method = serde_json::from_value(call["method"].clone()).unwrap();
    let totals = &repetition.totals.client;
    let counted = [totals.calls, totals.requests, totals.replies];
    let [requests, replies] = messages(method).map(|messages| messages * CALLS);
    assert_eq!(counted, [CALLS, requests, replies], "{what}");
    let wire = repetition.wire.as_ref().unwrap();
    is_written_as_asked(call, totals, wire, what);
    is_secured_as_asked(case, wire, what);
}

/// What went over the wire is as small as its compression makes it, in both directions.
fn is_written_as_asked(call: &serde_json::Value, totals: &MethodCounts, wire: &Wire, what: &str) {
    let is_compressed =
        |compression: &serde_json::Value| !matches!(compression.as_str(), None | Some("identity"));
    let went = wire.data_bytes_sent - 5 * totals.requests;
    let came = wire.data_bytes_received - 5 * totals.replies;
    let directions = [
        (&call["compression"], went, totals.request_bytes, LETTERS),
        (
            &call["reply"]["compression"],
            came,
            totals.reply_bytes,
            SAME_LETTER,
        ),
    ];
    for (compression, wire, plain, range) in directions {
        if is_compressed(compression) {
            let ratio = wire as f64 / plain as f64;
            assert!(range.contains(&ratio), "{what}: {ratio}");
        } else {
            assert_eq!(wire, plain, "{what}");
        }
    }
}

/// Every connection shook hands, or none did.
fn is_secured_as_asked(case: &CaseResult, wire: &Wire, what: &str) {
    let is_tls = case.case["target"]["reference_server"]["tls"].is_object();
    let expected = if is_tls { wire.connections } else { 0 };
    let handshakes: u64 = wire.handshakes.values().sum();
    assert_eq!(handshakes, expected, "{what}: {:?}", wire.handshakes);
    assert_eq!(wire.handshake_time.count, expected, "{what}");
}
