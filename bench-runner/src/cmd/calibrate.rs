//! `bench-runner calibrate`: what this machine and this harness can do.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reports::model::HarnessCost;

use crate::calibrate::{self, Effort, kept};
use crate::exit::{Exit, Failure};
use crate::host::environment;
use crate::output;

/// Measures what this machine and this harness can do, in under a minute: how precisely they wait, what the harness
/// costs, the most that each engine makes of one core, how far identical runs differ, and so the smallest change that
/// can be seen here. Kept for reports to quote, in $BENCH_RUNNER_STATE or ~/.local/state/bench-runner. Leave the machine
/// alone meanwhile.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Takes a quarter of the time, for rougher figures.
    #[arg(long)]
    quick: bool,
    /// Measures only what the harness itself costs per call, once, and keeps nothing.
    #[arg(long, conflicts_with_all = ["quick", "out"])]
    harness: bool,
    /// Prints JSON instead of tables.
    #[arg(long)]
    json: bool,
    /// Writes the JSON here too: a file, or a folder that is there.
    #[arg(long, value_name = "FILE|DIR")]
    out: Option<PathBuf>,
}

/// Calibrates, keeps what came of it, and prints it.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    if args.harness {
        return harness(args.json);
    }
    let effort = if args.quick {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    let program = std::env::current_exe().context("cannot tell which program this is")?;
    let environment = environment::look();
    let calibration = calibrate::measure(&effort, &environment, program, &mut output::tell)?;
    let kept = kept::keep(&calibration)?;
    output::tell(&format!("kept in {}", kept.display()));
    let json = calibration.to_json();
    if let Some(out) = &args.out {
        output::write(&file(out), json.as_bytes())?;
    }
    let text = if args.json {
        json
    } else {
        reports::calibration(&calibration, output::has_color())
    };
    output::print(&text)?;
    Ok(Exit::Good)
}

fn harness(is_json: bool) -> Result<Exit, Failure> {
    let costs = calibrate::harness(1)?;
    let text = if is_json {
        serde_json::to_string_pretty(&costs).context("no JSON of the costs")? + "\n"
    } else {
        let line =
            |cost: &HarnessCost| format!("{:.0} ns a call, {}\n", cost.cpu_ns_per_call, cost.load);
        costs.iter().map(line).collect()
    };
    output::print(&text)?;
    Ok(Exit::Good)
}

fn file(out: &Path) -> PathBuf {
    if out.is_dir() {
        out.join(kept::FILE)
    } else {
        out.to_owned()
    }
}
