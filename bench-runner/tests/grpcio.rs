//! grpcio interoperates, in both directions: the classic `greeter_server.py` / `greeter_client.py` pair with its
//! two-field messages, and a pair that knows all five methods, whose server also takes channel options and sends metadata
//! back. They run on what the peer grpcio is set up with; `tests/compare.rs` has the peer itself.
//!
//! Needs Python 3. Where it is missing the tests say so and are skipped; in CI (`CI` is set) they must run.

mod common;
#[path = "grpcio/stranger.rs"]
mod stranger;

use common::peer::{
    calls_both_faces, compresses_as_the_engine_does, counts_as_the_engine_does, misses_the_deadline,
};
use common::stacks::grpcio;
use common::stock::{script, server};
use common::{Run, Server};

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
    for compression in [None, Some("Gzip"), Some("Deflate")] {
        let client = || {
            let mut client = script(environment, "full", "all_methods_client.py");
            client.args(compression);
            client
        };
        calls_both_faces(client, 279);
    }
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
    // GRPC_COMPRESS_DEFLATE and GRPC_COMPRESS_GZIP.
    for (compression, algorithm) in [("deflate", 1), ("gzip", 2)] {
        let options = format!(r#"{{ "grpc.default_compression_algorithm": {algorithm} }}"#);
        compresses_as_the_engine_does(engine, server(&options), compression);
    }
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

use stranger::{every_field_arrives_as_it_was_written, streams_send_their_messages_in_turn};

for_both_engines! {
    the_runner_calls_a_stock_grpcio_server
    a_grpcio_server_counts_as_the_engine_does
    every_field_arrives_as_it_was_written
    streams_send_their_messages_in_turn
}
