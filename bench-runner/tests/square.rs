//! The interop square: both engines against both faces, every method, sizes from a byte to a mebibyte, windows smaller
//! and larger than a message. Calls, messages and bytes are the same on both sides, exactly.

mod common;
#[path = "square/product.rs"]
mod product;

use common::peer::admits_whom_it_is_to;
use common::{Run, Server};
use product::{
    every_encoding_goes_every_way_with_every_method, every_other_encoding_goes_with_every_method,
};
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

/// A case for each method and size, with stream windows of that size on both sides.
fn yaml(face: &str, window: &str) -> String {
    let mut calls = String::new();
    for method in Method::ALL {
        let messages = |streams: bool| if streams { 3 } else { 1 };
        let requests = messages(method.pattern().streams_requests());
        let replies = messages(method == Method::LotsOfReplies);
        for size in ["1B", "16KiB", "1MiB"] {
            calls += &format!(
                "    - {{ method: {method}, request: {{ messages: {requests}, size: {size} }}, \
                 reply: {{ messages: {replies}, size: {size} }} }}\n"
            );
        }
    }
    format!(
        "name: square
target: {{ reference_server: {{ face: {face}, http2: {{ initial_stream_window: {window} }} }} }}
client: {{ channels: 2, http2: {{ initial_stream_window: {window} }} }}
load: {{ closed: {{ in_flight: 3 }} }}
phases: {{ warm_up: 0s, measure: 20ms, drain: 10s }}
matrix:
  call:
{calls}"
    )
}

fn both_faces_count_alike(engine: &str) {
    for face in FACES {
        for window in ["64KiB", "4MiB"] {
            let outcome = Run::new(&yaml(face, window)).engine(engine).finish();
            let repetitions = outcome.repetitions();
            assert_eq!(repetitions.len(), 5 * 3, "{}", outcome.stderr);
            for (case, repetition) in outcome
                .result
                .iter()
                .flat_map(|result| &result.cases)
                .zip(repetitions)
            {
                let what = format!("{engine} on {face}: {}, windows of {window}", case.name);
                count_alike(repetition, &what);
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
    every_encoding_goes_every_way_with_every_method
    every_other_encoding_goes_with_every_method
    both_faces_admit_calls_by_their_metadata
}
