//! Formats of a report: a view in, the bytes of files out.

mod behind;
mod calibration;
mod ci;
mod columns;
mod csv;
mod csv_parts;
mod gate;
mod grid;
mod hgrm;
mod history;
mod html;
mod json;
mod markdown;
mod pairs;
mod ratio;
mod search;
mod svg;
mod terminal;

pub use self::csv::Csv;
pub use calibration::calibration;
pub use ci::{Bencher, BenchmarkAction, Junit, OpenMetrics, github};
pub use hgrm::Hgrm;
pub use history::{history as history_text, history_files};
pub use html::Html;
pub use json::Json;
pub use markdown::Markdown;
pub use svg::Svg;
pub use terminal::Terminal;

use crate::error::ReportError;
use crate::model::RunResult;
use crate::view::View;

/// A file of the run folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its path in the run folder, with `/` between its parts.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A format. Pure: the same view gives the same bytes.
pub trait Renderer: Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// The files that it makes of a view; none where the format does not fit the view.
    ///
    /// # Errors
    ///
    /// Where the view holds what cannot be read or drawn.
    fn render(&self, view: &View<'_>) -> Result<Vec<Artifact>, ReportError>;
}

/// Every format that has files in the run folder, in the order of writing.
pub static RENDERERS: &[&dyn Renderer] = &[
    &Json,
    &Html,
    &Markdown,
    &Csv,
    &Hgrm,
    &Svg,
    &Terminal::PLAIN,
    &Junit,
    &BenchmarkAction,
    &Bencher,
    &OpenMetrics,
];

/// Every file of one run's folder.
///
/// # Errors
///
/// Where the result holds a histogram that cannot be read.
pub fn artifacts(result: &RunResult) -> Result<Vec<Artifact>, ReportError> {
    side_by_side(std::slice::from_ref(result))
}

/// The files of a report on several results. What belongs to one run only (`result.json`, `*.hgrm`) is not among them
/// unless there is only one.
///
/// # Errors
///
/// Where there is no result, or one holds a histogram that cannot be read.
pub fn side_by_side(results: &[RunResult]) -> Result<Vec<Artifact>, ReportError> {
    let view = View::new(results)?;
    let mut artifacts = Vec::new();
    for renderer in RENDERERS {
        artifacts.extend(renderer.render(&view)?);
    }
    Ok(artifacts)
}

/// What `run` and `report` print.
///
/// # Errors
///
/// As [`side_by_side`].
pub fn terminal(results: &[RunResult], color: bool) -> Result<String, ReportError> {
    Ok(Terminal { color }.text(&View::new(results)?))
}

impl Artifact {
    /// A text file.
    pub(crate) fn text(path: impl Into<String>, text: impl Into<String>) -> Artifact {
        Artifact {
            path: path.into(),
            bytes: text.into().into_bytes(),
        }
    }
}
