//! `bench-runner list`: the scenarios that there are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use scenarios::Suite;

use crate::exit::{Exit, Failure};
use crate::output;

/// Lists the built-in scenarios, or those of a folder.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A folder of scenario files; without it, the built-in ones.
    folder: Option<PathBuf>,
}

/// Prints a line for each scenario: its name, its cases, and what it is about.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let named: Vec<String> = match &args.folder {
        None => scenarios::catalogue::ALL
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect(),
        Some(folder) => files(folder)?,
    };
    let width = named.iter().map(String::len).max().unwrap_or(0);
    for scenario in named {
        let about = match super::load(&scenario, &[]) {
            Ok(suite) => describe(&suite),
            Err(failure) => format!("(broken: {failure})"),
        };
        output::print(&format!("{scenario:width$}  {about}\n"))?;
    }
    Ok(Exit::Good)
}

fn describe(suite: &Suite) -> String {
    match suite.cases.len() {
        1 => suite.about.clone(),
        cases => format!("{} [{cases} cases]", suite.about),
    }
}

fn files(folder: &Path) -> anyhow::Result<Vec<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml" || extension == "yml")
        })
        .map(|path| path.display().to_string())
        .collect();
    files.sort();
    Ok(files)
}
