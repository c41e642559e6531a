//! `bench-runner baseline`: the runs that `gate --against` holds later ones against.

use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};
use crate::gate::{Store, days_between};
use crate::output;

/// Where stored runs are, unless the command line says otherwise.
const FOLDER: &str = "reports/baselines";

/// Keeps results of gates to hold later ones against.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Keep what a gate found, without its rounds.
    Add {
        /// The gate's result.
        #[arg(required = true, value_name = "RESULT.json")]
        results: Vec<PathBuf>,
        /// The folder of stored runs.
        #[arg(long, value_name = "DIR", default_value = FOLDER)]
        to: PathBuf,
    },
    /// Show the stored runs, with their ages.
    List {
        /// The folder of stored runs.
        #[arg(default_value = FOLDER)]
        folder: PathBuf,
    },
    /// Remove all but the latest runs of each gate and machine.
    Prune {
        /// The folder of stored runs.
        #[arg(default_value = FOLDER)]
        folder: PathBuf,
        /// How many stay.
        #[arg(long, value_name = "N", default_value_t = 40)]
        keep: usize,
        /// Removes also what is older than so many days.
        #[arg(long, value_name = "DAYS")]
        max_age: Option<u32>,
    },
}

/// Does what the command line says.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Command::Add { results, to } => results.iter().try_for_each(|result| add(result, to))?,
        Command::List { folder } => list(folder)?,
        Command::Prune {
            folder,
            keep,
            max_age,
        } => {
            for path in Store::new(folder).prune(*keep, *max_age, &now())? {
                output::print(&format!("removed {}\n", path.display()))?;
            }
        }
    }
    Ok(Exit::Good)
}

fn add(result: &Path, to: &Path) -> Result<(), Failure> {
    let read = super::report::read(result)?;
    let kept = Store::new(to).add(&read);
    let kept =
        kept.map_err(|error| Failure::untrusted(format!("{}: {error:#}", result.display())))?;
    Ok(output::print(&format!("{}\n", kept.display()))?)
}

fn list(folder: &Path) -> Result<(), Failure> {
    for (path, run) in Store::new(folder).all()? {
        let machine = run
            .machine
            .cpu_model
            .as_deref()
            .unwrap_or("unknown processor");
        output::print(&format!(
            "{}  {:>4}  {}  {machine}, {} cores, bench-runner {}  {}\n",
            run.started_at,
            age(&run.started_at),
            run.name,
            run.machine.cores,
            run.machine.bench_runner,
            path.display()
        ))?;
    }
    Ok(())
}

/// `12 d`, or what it is not known of.
fn age(started_at: &str) -> String {
    days_between(started_at, &now()).map_or_else(|| "?".to_owned(), |days| format!("{days} d"))
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}
