//! `bench-runner env`: what is known of this machine.

use crate::exit::{Exit, Failure};
use crate::host::environment;
use crate::output;

/// Prints what every result says of the machine and the software, as JSON.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the environment.
pub fn run(_: &Args) -> Result<Exit, Failure> {
    let text = serde_json::to_string_pretty(&environment::look()).map_err(anyhow::Error::from)?;
    output::print(&(text + "\n"))?;
    Ok(Exit::Good)
}
