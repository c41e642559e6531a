//! The command line: one file per subcommand in [`crate::cmd`].

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cmd;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  # Five methods against the built-in server, under a minute
  bench-runner run quickstart
  # A scenario of your own against a server of your own, at another rate
  bench-runner run my.yaml --target http://127.0.0.1:50051 --set load.open.rate=2000/s
  # tonic and Python's grpcio, servers and clients, set up on first use
  bench-runner compare unary-latency --servers tonic,grpcio,grpcio-aio --clients tonic,grpcio
  # Two results side by side
  bench-runner report before/result.json after/result.json --out side-by-side

Exit codes: 0 all good, 1 a limit was broken, 2 usage or scenario error, 3 inconclusive,
4 the run cannot be trusted or could not be made.";

/// Load-tests and benchmarks gRPC servers, and says when its own numbers are not to be trusted.
#[derive(Debug, Parser)]
#[command(name = "bench-runner", version, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario and report what came of it.
    Run(cmd::run::Args),
    /// Compare stacks: every client against every server, on the same work.
    Compare(cmd::compare::Args),
    /// Judge a candidate against its baseline; fails where it is worse.
    Gate(cmd::gate::Args),
    /// Find the highest rate at which a scenario's limits still hold.
    Search(cmd::search::Args),
    /// Keep results of gates, for `gate --against`.
    Baseline(cmd::baseline::Args),
    /// Make one call and show all that comes back, for a look before the load.
    Call(cmd::call::Args),
    /// Ask a server what it offers, and write a first scenario for it.
    Init(cmd::init::Args),
    /// Check scenario files and show the cases that they expand to; runs nothing.
    Check(cmd::check::Args),
    /// List the built-in scenarios, or those of a folder.
    List(cmd::list::Args),
    /// Print the JSON Schema of the scenario file, for editors.
    Schema(cmd::schema::Args),
    /// Serve the reference Greeter until SIGTERM or Ctrl-C.
    Serve(reference_server::ServeArgs),
    /// Make a scenario of another generator's configuration.
    Import(cmd::import::Args),
    /// Render results again, or several side by side.
    Report(cmd::report::Args),
    /// Show a series of results, and where it changes: a trigger to look, never a gate.
    History(cmd::history::Args),
    /// Show the other stacks of the gRPC family, or set them up.
    Peers(cmd::peers::Args),
    /// Measure what this machine and this harness can do; reports quote it.
    Calibrate(cmd::calibrate::Args),
    /// Show what is known of this machine.
    Env(cmd::env::Args),
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(args) => cmd::run::run(&args),
        Command::Compare(args) => cmd::compare::run(&args),
        Command::Gate(args) => cmd::gate::run(&args),
        Command::Search(args) => cmd::search::run(&args),
        Command::Baseline(args) => cmd::baseline::run(&args),
        Command::Call(args) => cmd::call::run(&args),
        Command::Init(args) => cmd::init::run(&args),
        Command::Check(args) => cmd::check::run(&args),
        Command::List(args) => cmd::list::run(&args),
        Command::Schema(args) => cmd::schema::run(&args),
        Command::Serve(args) => cmd::serve::run(&args),
        Command::Import(args) => cmd::import::run(&args),
        Command::Report(args) => cmd::report::run(&args),
        Command::History(args) => cmd::history::run(&args),
        Command::Peers(args) => cmd::peers::run(&args),
        Command::Calibrate(args) => cmd::calibrate::run(&args),
        Command::Env(args) => cmd::env::run(&args),
    };
    outcome.unwrap_or_else(|failure| failure.report()).into()
}

/// How a command ended.
impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
