//! `bench-runner report`: renders results again, or several side by side.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reports::model::RunResult;

use super::shape::{self, Shape};
use crate::exit::{Exit, Failure};
use crate::output;

/// Renders results again, or several side by side.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Result files; `-` is standard input.
    #[arg(required = true, value_name = "RESULT.json")]
    results: Vec<PathBuf>,
    /// Where the report's files go; without it only the summary is printed.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Writes the result in another shape too, as often as needed, with the calls of `*.calls.csv` beside it.
    #[arg(long, value_name = "SHAPE", requires = "out")]
    also: Vec<Shape>,
}

/// Prints the summary, and writes the files where they are wanted.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let results = args
        .results
        .iter()
        .map(|path| read(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    if let Some(out) = &args.out {
        let artifacts = match results.as_slice() {
            [one] => reports::artifacts(one),
            several => reports::side_by_side(several),
        };
        output::write_all(out, &artifacts.map_err(anyhow::Error::from)?)?;
        if let ([path], [result]) = (args.results.as_slice(), results.as_slice()) {
            shape::write(
                &args.also,
                result,
                path.parent().unwrap_or(Path::new(".")),
                out,
            )?;
        } else if !args.also.is_empty() {
            return Err(Failure::usage(
                "expected one result for `--also`: its files are one run's",
            ));
        }
        output::tell(&format!("report: {}", out.join("report.html").display()));
    }
    output::print(&reports::terminal(&results, output::has_color()).map_err(anyhow::Error::from)?)?;
    Ok(Exit::Good)
}

/// Reads a result file.
pub(super) fn read(path: &Path) -> anyhow::Result<RunResult> {
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    RunResult::from_json(&text).with_context(|| format!("{}", path.display()))
}
