//! The only place of this library that prints: results to standard output, notices to standard error.

use std::io::{self, Write};

/// Prints one line of a result, at once.
pub(crate) fn result(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Prints one line for the person who watches; a closed standard error is no reason to stop.
pub(crate) fn notice(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
