//! What a grpcio server sees of calls besides their messages: binary metadata, to the byte, and that they are given up.

use std::collections::BTreeMap;

use reports::model::Repetition;
use scenarios::method::Method;
use serde::Deserialize;

use crate::common::peer::Peer;
use crate::common::stacks::grpcio;
use crate::common::stock::script;
use crate::common::{Outcome, Run};

/// What the server saw of the calls of one method.
#[derive(Debug, Deserialize)]
struct Seen {
    calls: u64,
    given_up: u64,
    /// The most that were under way at once.
    at_once: u64,
    /// How often each value came, in hexadecimal, by its key.
    metadata: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Binary values and their base64, of every length that padding depends on; without padding, as it may be left out.
const VALUES: [(&str, &str); 6] = [
    ("", "''"),
    ("00", "AA=="),
    ("00ff", "AP8="),
    ("00fffb", "AP/7"),
    ("0a0d207f80", "Cg0gf4A="),
    ("c3a4", "w6Q"),
];

/// Runs calls of every method, each with `more`, twelve times; gives what came of it on both sides.
fn watched(engine: &str, more: &str) -> Option<(Outcome, BTreeMap<String, Seen>)> {
    let server = Peer::start(script(grpcio()?, "full", "watching_server.py"));
    let calls = Method::ALL.map(|method| format!("    - {{ method: {method}, {more} }}\n"));
    let yaml = format!(
        "name: watched
load: {{ open: {{ rate: 30/s, arrivals: uniform }} }}
phases: {{ warm_up: 0s, measure: 400ms, drain: 20s }}
matrix:
  call:
{}",
        calls.concat()
    );
    let outcome = Run::new(&yaml)
        .engine(engine)
        .target(&server.address)
        .finish();
    let seen = serde_json::from_str(&server.stop()).unwrap();
    Some((outcome, seen))
}

/// The repetition of each method.
fn by_method(outcome: &Outcome) -> impl Iterator<Item = (&'static str, &Repetition)> {
    let repetitions = outcome.repetitions();
    assert_eq!(repetitions.len(), 5, "{}", outcome.stderr);
    Method::ALL.map(Method::name).into_iter().zip(repetitions)
}

pub(crate) fn binary_metadata_arrives_to_the_byte(engine: &str) {
    let values = VALUES.map(|(_, base64)| base64).join(", ");
    let more = format!("metadata: {{ x-each-bin: [{values}], x-trace-bin: AAECA/r7/P3+/w== }}");
    let Some((outcome, seen)) = watched(engine, &more) else {
        return;
    };
    for (method, repetition) in by_method(&outcome) {
        assert_eq!(
            repetition.counts.ok, 12,
            "{method}: {:?}",
            repetition.failures
        );
        let each = VALUES.map(|(bytes, _)| (bytes.to_owned(), 2));
        let trace = [("00010203fafbfcfdfeff".to_owned(), 12)];
        let metadata = [
            ("x-each-bin".to_owned(), each.into()),
            ("x-trace-bin".to_owned(), trace.into()),
        ];
        let seen = &seen[method];
        assert_eq!(seen.metadata, metadata.into(), "{method}");
        assert_eq!((seen.calls, seen.given_up), (12, 0), "{method}");
    }
}

pub(crate) fn the_server_sees_that_it_is_given_up(engine: &str) {
    let more = "cancel: { after: 50ms }, metadata: { x-delay-ms: '30000' }";
    let Some((outcome, seen)) = watched(engine, more) else {
        return;
    };
    for (method, repetition) in by_method(&outcome) {
        let counts = &repetition.counts;
        assert_eq!(counts.cancelled_on_purpose, 12, "{method}: {counts:?}");
        let seen = &seen[method];
        assert_eq!((seen.calls, seen.given_up), (12, 12), "{method}");
        // The end of a connection gives up what is on it, too; these went by themselves, before the last ones came.
        assert!(seen.at_once < 12, "{method}: {} at once", seen.at_once);
    }
}
