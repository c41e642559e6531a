//! `bench-runner history`: a series of results, and where it changes.

use std::path::PathBuf;

use reports::model::RunResult;
use scenarios::metric::Metric;

use crate::exit::{Exit, Failure};
use crate::output;

/// Shows a series of results, and where its level changes: a trigger to look, never a gate.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Result files of the same scenario, in any order.
    #[arg(required = true, num_args = 2.., value_name = "RESULT.json")]
    results: Vec<PathBuf>,
    /// Follows this metric, such as `response_time.p99`, and no others; as often as needed.
    #[arg(long = "metric", value_name = "METRIC")]
    metrics: Vec<String>,
    /// Where `history.md` and the figures go; without it only the table is printed.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the table, and writes the files where they are wanted. Whatever changed, that is no failure.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let metrics = metrics(args)?;
    let read = |path: &PathBuf| {
        super::report::read(path).map_err(|error| Failure::untrusted(format!("{error:#}")))
    };
    let results: Vec<RunResult> = args.results.iter().map(read).collect::<Result<_, _>>()?;
    let series = reports::history::history(&results, &metrics);
    if series.is_empty() {
        return Err(Failure::usage(
            "no two of the results have a case in common in which the metric was measured",
        ));
    }
    if let Some(out) = &args.out {
        let files = reports::history_files(&series).map_err(anyhow::Error::from)?;
        output::write_all(out, &files)?;
        output::tell(&format!("history: {}", out.join("history.md").display()));
    }
    output::print(&reports::history_text(&series, output::has_color()))?;
    Ok(Exit::Good)
}

fn metrics(args: &Args) -> Result<Vec<Metric>, Failure> {
    let parse = |name: &str| {
        let metric = name.parse::<Metric>();
        metric.map_err(|error| Failure::usage(error.to_string()))
    };
    match args.metrics.is_empty() {
        true => reports::history::METRICS
            .iter()
            .map(|name| parse(name))
            .collect(),
        false => args.metrics.iter().map(|name| parse(name)).collect(),
    }
}
