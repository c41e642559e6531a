//! The subcommands, a file each: its arguments, and `run`.

pub mod baseline;
pub mod calibrate;
pub mod check;
pub mod compare;
pub mod env;
pub mod gate;
pub mod history;
pub mod import;
pub mod list;
pub mod peers;
pub mod report;
pub mod run;
pub mod schema;
pub mod search;
pub mod serve;
mod shape;

use std::path::Path;

use scenarios::Suite;

use crate::exit::Failure;

/// Reads a scenario: a file, or the name of a built-in one where there is no such file.
fn load(scenario: &str, sets: &[String]) -> Result<Suite, Failure> {
    let path = Path::new(scenario);
    if path.exists() {
        return Ok(Suite::load(path, sets)?);
    }
    match scenarios::catalogue::find(scenario) {
        Some(text) => Ok(Suite::parse(&format!("{scenario}.yaml"), text, sets)?),
        None => Err(Failure::usage(format!(
            "there is no file `{scenario}`, and no built-in scenario of that name; `bench-runner list` shows those"
        ))),
    }
}
