//! The subcommands, a file each: its arguments, and `run`.

pub mod baseline;
pub mod calibrate;
pub mod call;
pub mod check;
pub mod compare;
pub mod env;
pub mod gate;
pub mod history;
pub mod import;
pub mod init;
pub mod list;
pub mod peers;
pub mod report;
pub mod run;
pub mod schema;
pub mod search;
mod secured;
pub mod serve;
mod shape;

use std::path::Path;

use scenarios::scenario;
use scenarios::service::Description;
use scenarios::{Case, KeyPath, Suite};

use crate::call::{Call, Known};
use crate::exit::Failure;

/// Reads a scenario: a file, or the name of a built-in one where there is no such file.
fn load(scenario: &str, sets: &[String]) -> Result<Suite, Failure> {
    let path = Path::new(scenario);
    let suite = if path.exists() {
        Suite::load(path, sets)?
    } else if let Some(text) = scenarios::catalogue::find(scenario) {
        Suite::parse(&format!("{scenario}.yaml"), text, sets)?
    } else {
        return Err(Failure::usage(format!(
            "there is no file `{scenario}`, and no built-in scenario of that name; `bench-runner list` shows those"
        )));
    };
    suite.cases.iter().try_for_each(check_messages)?;
    Ok(suite)
}

/// Holds the messages of a foreign service against its description, where that is in files: before anything is started.
pub(crate) fn check_messages(case: &Case) -> Result<(), Failure> {
    let calls = &case.scenario.calls;
    let mut numbered = calls.iter().enumerate();
    numbered.try_for_each(|(number, call)| check_call(case, call, &calls.path(number)))
}

fn check_call(case: &Case, call: &scenario::Call, at: &KeyPath) -> Result<(), Failure> {
    let Some(foreign) = call.method.foreign() else {
        return Ok(());
    };
    if foreign.description() == Description::Reflection {
        return Ok(());
    }
    let known = Known {
        origin: Some(&case.origin),
        ..Known::default()
    };
    match Call::prepare(call, case.scenario.seed, &known) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.in_case(case, at).into()),
    }
}
