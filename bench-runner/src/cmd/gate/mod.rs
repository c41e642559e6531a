//! `bench-runner gate`: fails where a candidate is worse than its baseline, and for nothing else.

mod against;
mod measure;

use std::path::{Path, PathBuf};

use reports::model::{Outcome, RunResult};
use scenarios::gate::Budget;

use self::against::hold_against;
use self::measure::measure;
use crate::exit::{Exit, Failure};
use crate::github::Step;
use crate::output;

/// Judges a candidate against its baseline, in rounds in which both run.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A gate file, or a scenario file that has a `gate`.
    #[arg(required_unless_present = "replay", conflicts_with = "replay")]
    gate: Option<PathBuf>,
    /// Judges the rounds of this result again, and measures nothing.
    #[arg(long, value_name = "RESULT.json")]
    replay: Option<PathBuf>,
    /// Holds the candidate against the stored runs of this folder: the gate's baseline is then a control, a server that
    /// stays the same. See `bench-runner baseline`.
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Where the result's files go; without it, a new folder in reports/runs, and none for a replay.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Sets a key of every scenario by its path, as often as needed: `--set phases.measure=2s`.
    #[arg(long = "set", value_name = "KEY=VALUE", conflicts_with = "replay")]
    sets: Vec<String>,
    /// How long it may take, or how many rounds: `10m`, `30 rounds`; without it the gate file's.
    #[arg(long, value_name = "BUDGET", conflicts_with = "replay")]
    budget: Option<Budget>,
    /// What exit code an inconclusive gate has: 3, or 0.
    #[arg(long, value_name = "WHAT", default_value = "fail")]
    on_inconclusive: OnInconclusive,
    /// Shows no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// What an inconclusive gate does to a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum OnInconclusive {
    /// Exit code 3.
    Fail,
    /// Exit code 0; it still says `inconclusive`.
    Neutral,
}

/// A result that was judged, and where its report is.
struct Judged {
    result: RunResult,
    folder: Option<PathBuf>,
}

/// Runs the gate, or judges a result again, and reports.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let step = Step::of_environment();
    let file = args.gate.as_deref();
    let judged = judge(args).inspect_err(|failure| {
        step.tell_failure(&failure.to_string(), file, failure.exit());
    })?;
    let exit = exit(outcome(&judged.result), args.on_inconclusive);
    step.tell(&judged.result, file, judged.folder.as_deref(), exit);
    Ok(exit)
}

fn judge(args: &Args) -> Result<Judged, Failure> {
    match (&args.gate, &args.replay) {
        (_, Some(result)) => replay(result, args),
        (Some(gate), None) => measure(gate, args),
        (None, None) => Err(Failure::usage(
            "name a gate file, or a result with --replay",
        )),
    }
}

fn exit(outcome: Outcome, on_inconclusive: OnInconclusive) -> Exit {
    match (outcome, on_inconclusive) {
        (Outcome::Pass | Outcome::Improved, _) => Exit::Good,
        (Outcome::Regressed, _) => Exit::Broken,
        (Outcome::Inconclusive, OnInconclusive::Neutral) => Exit::Good,
        (Outcome::Inconclusive, OnInconclusive::Fail) => Exit::Inconclusive,
        (Outcome::Invalid, _) => Exit::Untrusted,
    }
}

fn replay(path: &Path, args: &Args) -> Result<Judged, Failure> {
    let mut result = crate::cmd::report::read(path)?;
    if result.gate.is_none() {
        return Err(Failure::usage(format!(
            "{} is no result of a gate",
            path.display()
        )));
    }
    hold_against(&mut result, args.against.as_deref())?;
    reports::gate::judge_again(&mut result);
    match &args.out {
        Some(folder) => crate::cmd::run::publish(&result, folder)?,
        None => output::print(
            &reports::terminal(std::slice::from_ref(&result), output::has_color())
                .map_err(anyhow::Error::from)?,
        )?,
    }
    let folder = args.out.clone();
    Ok(Judged { result, folder })
}

fn outcome(result: &RunResult) -> Outcome {
    result
        .gate
        .as_ref()
        .map_or(Outcome::Invalid, |gate| gate.outcome)
}
