//! Why a report cannot be made.

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
    /// The page could not be filled in.
    #[error("report.html could not be filled in: {0}")]
    Page(#[from] askama::Error),
    /// There is nothing to report on.
    #[error("expected at least one result")]
    NoResults,
}
