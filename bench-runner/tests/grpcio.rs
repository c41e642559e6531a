//! grpcio interoperates, in both directions: the classic `greeter_server.py` / `greeter_client.py` pair with its
//! two-field messages, and a pair that knows all five methods, whose server also takes channel options and sends metadata
//! back. They run on what the peer grpcio is set up with; `tests/compare.rs` has the peer itself.
//!
//! Needs Python 3. Where it is missing the tests say so and are skipped; in CI (`CI` is set) they must run.

mod common;
#[path = "grpcio/stranger.rs"]
mod stranger;
#[path = "grpcio/watched.rs"]
mod watched;

use std::path::Path;

use common::certificates::Certificates;
use common::peer::{
    calls_both_faces, compresses_as_the_engine_does, counts_as_the_engine_does, misses_the_deadline,
};
use common::stacks::{PEERS, compare, grpcio};
use common::stock::{script, server};
use common::{Run, Server};
use reports::model::Repetition;
use scenarios::method::Method;

/// Windows that are far smaller than a message, and do not grow by themselves.
const SMALL_WINDOWS: &str = r#"{ "grpc.http2.bdp_probe": 0, "grpc.http2.lookahead_bytes": 4096 }"#;

#[test]
fn a_stock_grpcio_client_calls_both_faces_of_the_reference_server() {
    let Some(environment) = grpcio() else {
        return;
    };
    for face in ["face=tonic", "face=raw"] {
        let server = Server::start(&[face]);
        let output = script(environment, "stock", "greeter_client.py")
            .arg(server.address.replace("http://", ""))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            said.trim(),
            "Greeter client received: Hello, you!",
            "{face}: {errors}"
        );
    }
}

#[test]
fn a_grpcio_client_calls_all_methods_of_both_faces() {
    let Some(environment) = grpcio() else {
        return;
    };
    let client = |compression| {
        let mut client = script(environment, "full", "all_methods_client.py");
        client.arg(compression);
        client
    };
    for compression in ["NoCompression", "Deflate"] {
        calls_both_faces(|| client(compression), &[], 279);
    }
    // Encrypted and compressed at once.
    let made = Certificates::make();
    let secured = || {
        let mut client = client("Gzip");
        client.arg(made.path(""));
        client
    };
    calls_both_faces(secured, &[&made.of_server()], 279);
}

fn the_runner_calls_a_stock_grpcio_server(engine: &str) {
    let Some(environment) = grpcio() else {
        return;
    };
    let server = server(environment);
    let outcome = Run::new("name: stock\nclient: { channels: 2 }\nphases: { warm_up: 100ms, measure: 1s, drain: 2s }\n")
        .engine(engine)
        .target(&server.address)
        .finish();
    server.stop();
    let repetition = outcome.repetition();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(repetition.counts.ok > 100, "{:?}", repetition.counts);
    assert_eq!(
        repetition.counts.ok, repetition.counts.started,
        "{:?}",
        repetition.failures
    );
    assert_eq!(
        repetition.totals.server, None,
        "a stock server gives no counts"
    );
}

fn a_grpcio_server_counts_as_the_engine_does(engine: &str) {
    let Some(environment) = grpcio() else {
        return;
    };
    let server = |options: &str| {
        let mut server = script(environment, "full", "all_methods_server.py");
        server.arg(options);
        server
    };
    counts_as_the_engine_does(engine, server, SMALL_WINDOWS);
    misses_the_deadline(engine, server("{}"));
    // GRPC_COMPRESS_DEFLATE and GRPC_COMPRESS_GZIP, the latter encrypted as well.
    let made = Certificates::make();
    for (compression, algorithm, secured) in [("deflate", 1, None), ("gzip", 2, Some(&made))] {
        let options = format!(r#"{{ "grpc.default_compression_algorithm": {algorithm} }}"#);
        let mut server = server(&options);
        server.args(secured.map(|made| made.path("")));
        compresses_as_the_engine_does(engine, server, compression, secured);
    }
}

/// The calls of a matrix, one for each method.
fn calls() -> String {
    let call = |method: Method| {
        let many = |streams: bool| if streams { 3 } else { 1 };
        let requests = many(method.pattern().streams_requests());
        let replies = many(method == Method::LotsOfReplies);
        format!(
            "    - {{ method: {method}, request: {{ size: 20KiB, messages: {requests} }}, reply: {{ size: 20KiB, messages: {replies} }} }}\n"
        )
    };
    Method::ALL.map(call).concat()
}

/// The peer's server, with certificates made for the run; with mutual TLS it asks for the client's.
fn a_grpcio_server_answers_over_tls(engine: &str) {
    if grpcio().is_none() {
        return;
    }
    let yaml = format!(
        "name: tls
target: {{ peer: {{ name: grpcio, tls: {{ mutual: true }} }} }}
client: {{ channels: 2 }}
load: {{ closed: {{ in_flight: 3 }} }}
phases: {{ warm_up: 0s, measure: 100ms, drain: 20s }}
matrix:
  call:
{}",
        calls()
    );
    let one_sided = yaml
        .replace("mutual: true", "")
        .split("matrix:")
        .next()
        .map(str::to_owned);
    for (yaml, cases) in [(yaml, 5), (one_sided.unwrap(), 1)] {
        let outcome = Run::new(&yaml)
            .engine(engine)
            .env("BENCH_RUNNER_PEERS", PEERS)
            .finish();
        let repetitions = outcome.repetitions();
        assert_eq!(repetitions.len(), cases, "{}", outcome.stderr);
        for repetition in repetitions {
            counted_alike(repetition);
            let wire = repetition.wire.as_ref().unwrap();
            assert_eq!(wire.handshakes.values().sum::<u64>(), 2, "{wire:?}");
        }
    }
}

fn counted_alike(repetition: &Repetition) {
    let counts = &repetition.counts;
    assert!(counts.ok > 0, "{counts:?} {:?}", repetition.failures);
    assert_eq!(counts.ok, counts.started, "{:?}", repetition.failures);
    assert_eq!(repetition.totals.server, Some(repetition.totals.client));
}

/// The peer's clients, blocking and asyncio, against mutual TLS.
#[test]
fn a_grpcio_client_calls_over_tls() {
    if grpcio().is_none() {
        return;
    }
    for (client, face, calls, cells) in [
        ("grpcio", "raw", calls(), 5),
        (
            "grpcio-aio",
            "tonic",
            "    - { method: BidiHello }\n".to_owned(),
            1,
        ),
    ] {
        let yaml = format!(
            "name: tls
target: {{ reference_server: {{ tls: {{ mutual: true }} }} }}
client: {{ channels: 2 }}
load: {{ closed: {{ in_flight: 3 }} }}
phases: {{ measure: 200ms, drain: 20s }}
matrix:
  call:
{calls}"
        );
        let pair = [
            "--quiet",
            "--warm-up",
            "0s",
            "--servers",
            face,
            "--clients",
            client,
        ];
        let told = compare(Path::new(PEERS), &yaml, &pair);
        let cases = &told.result().cases;
        assert_eq!(cases.len(), cells, "{}", told.stderr);
        for repetition in cases.iter().flat_map(|case| &case.repetitions) {
            counted_alike(repetition);
        }
    }
}

/// A stack whose folder knows no TLS is refused, and not called in plaintext.
#[test]
fn a_peer_without_tls_is_refused() {
    let outcome = Run::new("name: plain\ntarget: { peer: { name: grpc-ruby, tls: {} } }\n")
        .env("BENCH_RUNNER_PEERS", PEERS)
        .finish();
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    let expected = "the server of the peer `grpc-ruby` speaks plaintext only";
    assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
}

#[test]
fn a_call_of_a_strangers_service_shows_all_that_comes_back() {
    stranger::a_call_shows_all_that_comes_back();
}

#[test]
fn a_new_user_goes_from_an_address_to_a_load() {
    stranger::a_new_user_goes_from_an_address_to_a_load();
}

#[test]
fn a_server_without_reflection_is_told_of_with_the_remedy() {
    stranger::a_server_without_reflection_is_told_of_with_the_remedy();
}

use watched::{binary_metadata_arrives_to_the_byte, the_server_sees_that_it_is_given_up};

use stranger::{
    every_field_arrives_as_it_was_written, files_are_sent_and_replies_checked,
    fresh_messages_are_encoded_as_calls_start, streams_are_paced,
    streams_send_their_messages_in_turn,
};

for_both_engines! {
    the_runner_calls_a_stock_grpcio_server
    a_grpcio_server_counts_as_the_engine_does
    every_field_arrives_as_it_was_written
    streams_send_their_messages_in_turn
    streams_are_paced
    fresh_messages_are_encoded_as_calls_start
    files_are_sent_and_replies_checked
    a_grpcio_server_answers_over_tls
    binary_metadata_arrives_to_the_byte
    the_server_sees_that_it_is_given_up
}
