//! What a call carries and how it ends, on both engines: metadata and secrets, deadlines, cancellation, attempts, checks.

#[path = "../common/mod.rs"]
mod common;

mod again;
mod carried;
mod checks;
mod deadlines;
mod ended;
mod read;
mod streams;
mod table;
mod witness;

use common::Outcome;
use reports::model::Counts;

/// The faces of the reference server.
const FACES: [&str; 2] = ["tonic", "raw"];

/// The counts of a run that went as it should.
fn counts(outcome: &Outcome, what: &str) -> Counts {
    assert_eq!(outcome.code, Some(0), "{what}: {}", outcome.stderr);
    outcome.repetition().counts.clone()
}
