//! Results in the shapes of other tools, for the programs that read those; written only where they are asked for.

use std::fs;
use std::path::Path;

use reports::model::RunResult;

use crate::exit::Failure;
use crate::output;

/// A shape besides those that every run leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Shape {
    /// `<case>.ghz.json`, and with `record: { calls: N }` its calls in it and `<case>.ghz.csv`.
    Ghz,
}

/// Writes the result in these shapes to `to`; call logs lie in `from`.
pub(super) fn write(
    shapes: &[Shape],
    result: &RunResult,
    from: &Path,
    to: &Path,
) -> Result<(), Failure> {
    let log = |file: &str| fs::read_to_string(from.join(file)).ok();
    for shape in shapes {
        let files = match shape {
            Shape::Ghz => reports::ghz::files(result, &log),
        };
        output::write_all(to, &files.map_err(anyhow::Error::from)?)?;
    }
    Ok(())
}
