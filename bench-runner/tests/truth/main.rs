//! The truth suite: each test stands for a way in which load generators lie, and is proved by a mutant that lies so.
//!
//! `docs/truth.md` has the table: lie, test, mutant. What is in `exact` runs a lane over the fake engine on a manual
//! clock, or is arithmetic, and compares to the nanosecond. What is in `real` takes its time: `scripts/truth-suite`.
//! `mutants` runs every test under every mutant that it must notice, and needs the feature of that name.

#![expect(
    clippy::print_stdout,
    reason = "a suite that measures says what it saw"
)]

#[path = "../common/mod.rs"]
mod common;
mod exact;
mod lab;
#[cfg(feature = "mutants")]
mod mutants;
mod real;
mod statistics;
