//! The interop square: both engines against both faces, every method, sizes from a byte to a mebibyte, windows smaller
//! and larger than a message. Calls, messages and bytes are the same on both sides, exactly.

mod common;

use common::certificates::Certificates;
use common::peer::admits_whom_it_is_to;
use common::{Run, Server};
use reports::model::Repetition;
use scenarios::method::Method;

const FACES: [&str; 2] = ["tonic", "raw"];

/// Every call ended OK, and both sides count the same.
fn count_alike(repetition: &Repetition, what: &str) {
    let counts = &repetition.counts;
    assert!(
        counts.ok > 0 && counts.ok == counts.started,
        "{what}: {counts:?} {:?}",
        repetition.failures
    );
    assert_eq!(
        repetition.totals.server,
        Some(repetition.totals.client),
        "{what}"
    );
}

fn yaml(engine: &str, face: &str, method: Method, size: &str, window: &str) -> String {
    let requests = if method.pattern().streams_requests() {
        "messages: 3, "
    } else {
        ""
    };
    let replies = if method == Method::LotsOfReplies {
        "messages: 3, "
    } else {
        ""
    };
    format!(
        "name: square
target: {{ reference_server: {{ face: {face}, http2: {{ initial_stream_window: {window} }} }} }}
client: {{ engine: {engine}, channels: 2, http2: {{ initial_stream_window: {window} }} }}
call: {{ method: {method}, request: {{ {requests}size: {size} }}, reply: {{ {replies}size: {size} }} }}
load: {{ closed: {{ in_flight: 3 }} }}
phases: {{ warm_up: 0s, measure: 100ms, drain: 10s }}
"
    )
}

fn both_faces_count_alike(engine: &str) {
    for face in FACES {
        for method in Method::ALL {
            for size in ["1B", "16KiB", "1MiB"] {
                for window in ["64KiB", "4MiB"] {
                    let what = format!("{engine} on {face}: {method}, {size}, windows of {window}");
                    let outcome = Run::new(&yaml(engine, face, method, size, window)).finish();
                    let repetition = outcome.repetition();
                    count_alike(repetition, &what);
                }
            }
        }
    }
}

/// A case for each of plaintext, a Unix socket, TLS and mutual TLS, on either face, with every method.
fn every_way(made: &Certificates) -> String {
    let client_ca = made.file("client_ca", "ca.pem");
    let server = made.pair("server");
    let ways = [
        String::new(),
        "listen: unix".to_owned(),
        format!("tls: {{ {server} }}"),
        format!("tls: {{ {server}, {client_ca} }}"),
    ];
    let mut targets = String::new();
    for face in FACES {
        for way in &ways {
            targets += &format!("    - {{ reference_server: {{ face: {face}, {way} }} }}\n");
        }
    }
    let call = |method: Method| {
        let requests = if method.pattern().streams_requests() {
            3
        } else {
            1
        };
        let replies = if method == Method::LotsOfReplies {
            3
        } else {
            1
        };
        format!(
            "    - {{ method: {method}, request: {{ messages: {requests}, size: 40KiB }}, reply: {{ messages: {replies}, size: 40KiB }} }}\n"
        )
    };
    let (ca, client) = (made.file("ca", "ca.pem"), made.pair("client"));
    format!(
        "name: square
client: {{ channels: 2, tls: {{ {ca}, {client} }} }}
load: {{ closed: {{ in_flight: 3 }} }}
phases: {{ warm_up: 0s, measure: 30ms, drain: 10s }}
matrix:
  target:
{targets}  call:
{}",
        Method::ALL.map(call).concat()
    )
}

fn every_way_there_counts_alike(engine: &str) {
    let made = Certificates::make();
    let outcome = Run::new(&every_way(&made)).engine(engine).finish();
    let result = outcome
        .result
        .as_ref()
        .unwrap_or_else(|| panic!("{}", outcome.stderr));
    assert_eq!(result.cases.len(), 2 * 4 * 5);
    for (case, repetition) in result.cases.iter().zip(outcome.repetitions()) {
        let what = format!("{engine}: {}", case.name);
        count_alike(repetition, &what);
        let wire = repetition.wire.as_ref().unwrap();
        let is_tls = case.case["target"]["reference_server"]["tls"].is_object();
        let handshakes: u64 = wire.handshakes.values().sum();
        let expected = if is_tls { wire.connections } else { 0 };
        assert_eq!(handshakes, expected, "{what}: {:?}", wire.handshakes);
        assert_eq!(wire.handshake_time.count, expected, "{what}");
    }
}

/// All methods in every way to write messages but the plain one, a case each.
fn written(face: &str) -> String {
    let ways = [
        "compression: gzip",
        "compression: deflate",
        "compression: zstd",
        "codec: json",
        "codec: json, compression: zstd",
    ];
    let case = |method: Method, way: &str, asked: &str| {
        let [requests, replies] = [
            method.pattern().streams_requests(),
            method == Method::LotsOfReplies,
        ]
        .map(|streams| if streams { 3 } else { 1 });
        format!(
            "    - {{ method: {method}, {way}, request: {{ messages: {requests}, size: 5KiB }}, \
             reply: {{ {asked} messages: {replies}, size: 20KiB }} }}\n"
        )
    };
    let mut cases: Vec<String> = Method::ALL
        .into_iter()
        .flat_map(|method| ways.map(|way| case(method, way, "")))
        .collect();
    // What goes one way says nothing of what comes the other.
    cases.push(case(
        Method::BidiHello,
        "compression: gzip",
        "compression: zstd,",
    ));
    cases.push(case(
        Method::LotsOfReplies,
        "compression: identity",
        "compression: deflate,",
    ));
    cases.push(case(
        Method::LotsOfGreetings,
        "compression: zstd",
        "compression: identity,",
    ));
    format!(
        "name: encodings
target: {{ reference_server: {{ face: {face} }} }}
client: {{ channels: 2, http2: {{ initial_stream_window: 64KiB }} }}
load: {{ closed: {{ in_flight: 3 }} }}
phases: {{ warm_up: 0s, measure: 30ms, drain: 10s }}
matrix:
  call:
{}",
        cases.concat()
    )
}

/// Whether a direction of a case is compressed.
fn is_compressed(call: &serde_json::Value) -> [bool; 2] {
    [&call["compression"], &call["reply"]["compression"]]
        .map(|compression| !matches!(compression.as_str(), None | Some("identity")))
}

fn both_faces_count_alike_however_messages_are_written(engine: &str) {
    for face in FACES {
        let outcome = Run::new(&written(face)).engine(engine).finish();
        outcome.repetitions();
        for case in &outcome.result.as_ref().unwrap().cases {
            let (call, repetition) = (&case.case["call"], &case.repetitions[0]);
            let what = format!("{engine} on {face}: {call} {:?}", repetition.failures);
            count_alike(repetition, &what);
            let totals = &repetition.totals.client;
            let wire = repetition.wire.as_ref().unwrap();
            // Letters at random take two thirds of their bytes, and the same letter again and again nearly none.
            let [sent, received] = is_compressed(call);
            let went = wire.data_bytes_sent - 5 * totals.requests;
            let came = wire.data_bytes_received - 5 * totals.replies;
            let ratio = |wire: u64, plain: u64| wire as f64 / plain as f64;
            if sent {
                let ratio = ratio(went, totals.request_bytes);
                assert!((0.5..0.75).contains(&ratio), "{what}: {ratio}");
            } else {
                assert_eq!(went, totals.request_bytes, "{what}");
            }
            if received {
                let ratio = ratio(came, totals.reply_bytes);
                assert!(ratio < 0.01, "{what}: {ratio}");
            } else {
                assert_eq!(came, totals.reply_bytes, "{what}");
            }
        }
    }
}

fn both_faces_admit_calls_by_their_metadata(engine: &str) {
    let require = "behaviour.require={ x-tenant: 'blue; not #00f', x-trace-bin: AAECA/r7/P3+/w== }";
    for face in FACES {
        let server = Server::start(&[&format!("face={face}"), require]);
        admits_whom_it_is_to(engine, &server.address);
    }
}

for_both_engines! {
    both_faces_count_alike
    every_way_there_counts_alike
    both_faces_count_alike_however_messages_are_written
    both_faces_admit_calls_by_their_metadata
}
