//! A run of the program against a scripted server, and how its result is held against what the server did.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::common::{Outcome, Run};
use crate::server::{Event, Notes, Peer, Server};

/// Three calls at a time on one channel. Nothing is warm-up, so every call that the server saw is in the result.
const SCENARIO: &str = "
name: hostile
load: { closed: { in_flight: 3 } }
phases: { warm_up: 0s, measure: 300ms, drain: 5s }
";
/// How often each row of a table is played.
const TIMES: usize = 3;

/// Runs the program against the server, to its end.
pub(crate) fn run(engine: &str, server: &Server, sets: &[&str]) -> Outcome {
    let run = Run::new(SCENARIO).engine(engine).target(&server.address);
    sets.iter().fold(run, |run, set| run.set(set)).finish()
}

/// A way to misbehave, and what each engine makes of it.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// What the server does, in a few words.
    pub(crate) what: &'static str,
    /// How it does it, to a call.
    pub(crate) act: fn(&mut Peer, u32),
    /// How the call ends on the raw engine.
    pub(crate) raw: Ends,
    /// How it ends on the tonic engine.
    pub(crate) tonic: Ends,
}

/// A status and the words that come with it; nothing where an engine is spared.
pub(crate) type Ends = Option<(&'static str, &'static str)>;

impl Row {
    pub(crate) fn ends(&self, engine: &str) -> Ends {
        match engine {
            "raw" => self.raw,
            _ => self.tonic,
        }
    }
}

/// The rows of a table that an engine is not spared.
pub(crate) fn rows(table: &[Row], engine: &str) -> Vec<Row> {
    let mut rows = table.to_vec();
    rows.retain(|row| row.ends(engine).is_some());
    rows
}

/// A server that plays the rows to one call after the other, each a few times, and then answers as it should.
pub(crate) fn call_by_call(rows: &[Row], settings: &[(u16, u32)], shaped: bool) -> Server {
    let (rows, played) = (rows.to_vec(), AtomicUsize::new(0));
    let played = std::sync::Arc::new(played);
    Server::greeting(settings, shaped, move |_| {
        let (rows, played) = (rows.clone(), played.clone());
        move |peer: &mut Peer, event| {
            let Event::Call(stream) = event else { return };
            let number = played.fetch_add(1, Relaxed);
            if number / TIMES < rows.len() {
                let row = &rows[number / TIMES];
                peer.note(stream, row.what);
                (row.act)(peer, stream);
            } else {
                peer.answer(stream);
            }
        }
    })
}

/// tonic's words for one thing depend on whether the answer had begun, and on whether it read or wrote last.
fn told(message: &str) -> String {
    message
        .replace("error reading a body from connection: ", "http2 error: ")
        .replace("stream closed because of a broken pipe", "connection reset")
}

/// Holds a result against what the server did: every call ended with the status and the words that it should have.
#[track_caller]
pub(crate) fn agree(engine: &str, outcome: &Outcome, notes: &Notes, rows: &[Row]) {
    let repetition = outcome.repetition();
    let mut by_status = BTreeMap::from([("OK".to_owned(), notes.count("OK"))]);
    let mut failures = BTreeMap::<_, u64>::new();
    for row in rows {
        let (Some((status, text)), count) = (row.ends(engine), notes.count(row.what)) else {
            continue;
        };
        assert!(
            count > 0,
            "{}: never done, {notes:?} {:?}",
            row.what,
            repetition.failures
        );
        *by_status.entry(status.to_owned()).or_default() += count;
        if status != "OK" {
            *failures
                .entry((status.to_owned(), text.to_owned()))
                .or_default() += count;
        }
    }
    let mut listed = BTreeMap::<_, u64>::new();
    for failure in &repetition.failures {
        let key = (failure.status.clone(), told(&failure.message));
        *listed.entry(key).or_default() += failure.count;
    }
    assert_eq!(listed, failures, "the failures as told, and as done");
    assert_eq!(repetition.counts.by_status, by_status);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
}
