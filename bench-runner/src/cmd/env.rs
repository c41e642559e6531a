//! `bench-runner env`: what is known of this machine.

use crate::calibrate::kept::{self, Kept};
use crate::exit::{Exit, Failure};
use crate::host::environment;
use crate::output;

/// Prints what every result says of the machine and the software, as JSON; whether there is a calibration that holds,
/// on standard error.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Prints the environment.
pub fn run(_: &Args) -> Result<Exit, Failure> {
    let mut environment = environment::look();
    match kept::find(&environment) {
        Kept::Fits(calibration) => environment.calibration = Some(calibration.summary()),
        Kept::Unfit(why) => output::tell(&format!(
            "calibration: not quoted, {why}; `bench-runner calibrate` makes a new one"
        )),
        Kept::Nothing => output::tell("calibration: none; `bench-runner calibrate` makes one"),
    }
    let text = serde_json::to_string_pretty(&environment).map_err(anyhow::Error::from)?;
    output::print(&(text + "\n"))?;
    Ok(Exit::Good)
}
