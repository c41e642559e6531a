//! A result in the shape of ghz's reports, for programs that read those: `<case>.ghz.json` and `<case>.ghz.csv`.
//!
//! Names and units are ghz's (nanoseconds, and seconds for the marks of its histogram). What they mean is ours: every
//! latency is a response time, counted from the intended start.
//!
//! # Source
//!
//! ghz's `runner/reporter.go` and `printer/printer.go`.

mod details;
mod distribution;
mod options;
mod report;
mod status;

use crate::error::ReportError;
use crate::model::RunResult;
use crate::render::Artifact;
use crate::view::View;

pub use details::{Detail, LogError};

/// The files of every case. `log` gives the text of a file of the run folder: where a case has a call log,
/// `<case>.calls.csv`, its calls are listed one by one, and only then is there a CSV.
///
/// # Errors
///
/// Where a histogram or a call log cannot be read.
pub fn files(
    result: &RunResult,
    log: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Artifact>, ReportError> {
    let view = View::new(std::slice::from_ref(result))?;
    let mut files = Vec::new();
    for case in &view.cases {
        let name = format!("{}.calls.csv", case.slug);
        let details = log(&name)
            .map(|text| details::read(&text, &case.case.repetitions, &result.started_at))
            .transpose()
            .map_err(|source| ReportError::CallLog { file: name, source })?;
        if let Some(details) = &details {
            let csv = details::csv(details);
            files.push(Artifact::text(format!("{}.ghz.csv", case.slug), csv));
        }
        let report = report::report(result, case, details.unwrap_or_default())?;
        let json = serde_json::to_string_pretty(&report)
            .expect("a report has string keys and no floats that JSON lacks");
        files.push(Artifact::text(
            format!("{}.ghz.json", case.slug),
            json + "\n",
        ));
    }
    Ok(files)
}
