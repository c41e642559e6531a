//! Why a report cannot be made.

use crate::ghz::LogError;
use crate::model::HistogramError;

/// Why a report cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A result holds a histogram that cannot be read.
    #[error("case `{case}`, {field}: {source}")]
    Histogram {
        /// The case.
        case: String,
        /// The field of the result.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        source: HistogramError,
    },
    /// A figure could not be drawn.
    #[error("the figure `{figure}` could not be drawn: {reason}")]
    Figure {
        /// The figure.
        figure: &'static str,
        /// What the drawing library says.
        reason: String,
    },
    /// A call log cannot be read.
    #[error("`{file}` is no call log: {source}")]
    CallLog {
        /// The file of the run folder.
        file: String,
        /// What is wrong with it.
        #[source]
        source: LogError,
    },
    /// The page could not be filled in.
    #[error("report.html could not be filled in: {0}")]
    Page(#[from] askama::Error),
    /// There is nothing to report on.
    #[error("expected at least one result")]
    NoResults,
}
