//! What continuous integration is told of a gate: by the environment of a step, and by the examples to copy.

mod examples;
mod step;

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_bench-runner");
