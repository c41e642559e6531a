//! `bench-runner schema`: the JSON Schema of the scenario file.

use crate::exit::{Exit, Failure};
use crate::output;

/// Prints the JSON Schema of the scenario file; save it, and name it in a scenario's first line for your editor:
/// `# yaml-language-server: $schema=schema.json`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Prints that of the gate file instead.
    #[arg(long)]
    gate: bool,
}

/// Prints the schema.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let schema = match args.gate {
        true => scenarios::gate_schema(),
        false => scenarios::schema(),
    };
    let schema = serde_json::to_string_pretty(&schema).map_err(anyhow::Error::from)?;
    output::print(&(schema + "\n"))?;
    Ok(Exit::Good)
}
