//! What came of a run: the result file, its statistics, and what people and machines see of it.
//!
//! Pure data in, bytes out: nothing here measures, waits or prints.
//!
//! # Layout
//!
//! - [`model`]: the result as a file, `result.json`
//! - [`limits`]: whether a result keeps what its scenario asks
//! - [`gate`]: whether a candidate is worse than its baseline
//! - [`search`]: whether the limits hold at a rate
//! - [`history`]: where a series of results changes
//! - [`stats`]: confidence intervals over repetitions
//! - [`noise`]: how far identical runs differ, and what change can be told from that
//! - [`view`]: results as people see them: numbers with units, names, verdicts
//! - [`render`]: a view as text, a page, a table: one file a format
//! - [`ghz`]: a result in the shape of ghz's reports
//! - [`plot`]: a view as figures: one file a figure
//! - [`mutant`]: lies that the truth suite must notice; nothing in a release

pub mod error;
pub mod gate;
pub mod ghz;
pub mod history;
pub mod limits;
pub mod model;
pub mod mutant;
pub mod noise;
pub mod plot;
pub mod render;
pub mod search;
mod seen;
pub mod stats;
pub mod view;

pub use error::ReportError;
pub use limits::judge_limits;
pub use render::{
    Artifact, artifacts, calibration, history_files, history_text, side_by_side, terminal,
};
