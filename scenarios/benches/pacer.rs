//! What an arrival costs.
fn main() {}
