//! The subcommands, a file each: its arguments, and `run`.

pub mod check;
pub mod env;
pub mod list;
pub mod report;
pub mod run;
pub mod schema;
pub mod serve;

use std::path::Path;

use scenarios::{ScenarioError, Suite};

/// Reads a scenario: a file, or the name of a built-in one where there is no such file.
fn load(scenario: &str, sets: &[String]) -> Result<Suite, ScenarioError> {
    let path = Path::new(scenario);
    match scenarios::catalogue::find(scenario) {
        Some(text) if !path.exists() => Suite::parse(&format!("{scenario}.yaml"), text, sets),
        _ => Suite::load(path, sets),
    }
}
