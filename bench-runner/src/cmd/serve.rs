//! `bench-runner serve`: the reference server, the same as the `reference-server` binary.

use reference_server::ServeArgs;

use crate::exit::{Exit, Failure};

/// Serves until it is told to stop.
pub fn run(args: &ServeArgs) -> Result<Exit, Failure> {
    match reference_server::serve(args) {
        Ok(()) => Ok(Exit::Good),
        Err(error) if error.exit_code() == Exit::Usage as u8 => {
            Err(Failure::usage(error.to_string()))
        }
        Err(error) => Err(Failure::untrusted(error.to_string())),
    }
}
