//! Deadlines that are drawn, as the server saw them.

use std::collections::BTreeSet;

use super::common::Run;
use super::{FACES, counts};
use crate::for_both_engines;

fn drawn_deadlines_reach_the_server(engine: &str) {
    for face in FACES {
        let yaml = format!(
            "
name: deadlines
target: {{ reference_server: {{ face: {face} }} }}
call: {{ stamps: true, deadline: {{ uniform: {{ min: 2s, max: 4s }} }} }}
load: {{ closed: {{ in_flight: 2 }} }}
phases: {{ warm_up: 0s, measure: 150ms }}
record: {{ calls: 5000 }}
"
        );
        let outcome = Run::new(&yaml).engine(engine).finish();
        let what = format!("{engine} on {face}");
        let counts = counts(&outcome, &what);
        assert_eq!(counts.ok, counts.started, "{what}");
        let log = std::fs::read_to_string(outcome.path("deadlines.calls.csv")).unwrap();
        let mut rows = log.lines().map(|row| row.rsplit(',').next().unwrap());
        assert_eq!(rows.next(), Some("server_timeout_ns"));
        let seen: Vec<u64> = rows.map(|ns| ns.parse().unwrap()).collect();
        assert_eq!(seen.len() as u64, counts.started);
        // grpc-timeout has eight digits: microseconds here, rounded up.
        let range = 2_000_000_000..=4_000_001_000;
        assert!(seen.iter().all(|ns| range.contains(ns)), "{what}");
        let different: BTreeSet<&u64> = seen.iter().collect();
        let expected = seen.len().min(1024) * 9 / 10;
        assert!(
            different.len() > expected,
            "{what}: {} of {}",
            different.len(),
            seen.len()
        );
    }
}

fn a_drawn_deadline_is_enforced_call_by_call(engine: &str) {
    let yaml = "
name: deadlines
target: { reference_server: { behaviour: { delay: 50ms } } }
call: { deadline: { weighted: [ { value: 10ms, weight: 1 }, { value: 2s, weight: 1 } ] } }
load: { open: { rate: 400/s } }
phases: { warm_up: 0s, measure: 250ms, drain: 3s }
";
    let outcome = Run::new(yaml).engine(engine).finish();
    let counts = outcome.repetition().counts.clone();
    // 100 calls, each with even chances.
    assert_eq!(
        counts.ok + counts.deadline_exceeded,
        counts.started,
        "{counts:?}"
    );
    assert!((25..=75).contains(&counts.deadline_exceeded), "{counts:?}");
}

for_both_engines! {
    drawn_deadlines_reach_the_server
    a_drawn_deadline_is_enforced_call_by_call
}
