//! `bench-runner schema`: the JSON Schema of the scenario file.

use crate::exit::{Exit, Failure};
use crate::output;

/// Prints the JSON Schema of the scenario file; save it, and name it in a scenario's first line for your editor:
/// `# yaml-language-server: $schema=schema.json`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the schema.
pub fn run(_: &Args) -> Result<Exit, Failure> {
    let schema = serde_json::to_string_pretty(&scenarios::schema()).map_err(anyhow::Error::from)?;
    output::print(&(schema + "\n"))?;
    Ok(Exit::Good)
}
