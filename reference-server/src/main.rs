//! The reference server as a program of its own; `bench-runner serve` is the same.

use std::process::ExitCode;

use clap::Parser;

/// The Greeter to run against: shaped replies, behaviours, and its own counts.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    serve: reference_server::ServeArgs,
}

const EXAMPLES: &str = "\
Examples:
  reference-server
  reference-server --listen 127.0.0.1:0 --threads 2
  reference-server --set behaviour.delay=2ms --set http2.initial_stream_window=64KiB

The first line on standard output is the address; on SIGTERM or Ctrl-C the server finishes the calls in flight and \
prints what it counted as one line of JSON.";

fn main() -> ExitCode {
    match reference_server::serve(&Cli::parse().serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            // Nothing is left to do where even standard error is gone.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
