//! The interop square: both engines against both faces, every method, sizes from a byte to a mebibyte, windows smaller
//! and larger than a message. Calls, messages and bytes are the same on both sides, exactly.

mod common;

use common::peer::admits_whom_it_is_to;
use common::{Run, Server};
use scenarios::method::Method;

const FACES: [&str; 2] = ["tonic", "raw"];

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
                    let counts = &repetition.counts;
                    assert!(
                        counts.ok > 0,
                        "{what}: {counts:?} {:?}",
                        repetition.failures
                    );
                    assert_eq!(
                        counts.ok, counts.started,
                        "{what}: {:?}",
                        repetition.failures
                    );
                    assert_eq!(
                        repetition.totals.server,
                        Some(repetition.totals.client),
                        "{what}"
                    );
                }
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
    both_faces_admit_calls_by_their_metadata
}
