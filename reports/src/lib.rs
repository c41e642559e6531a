//! What came of a run: the result file, its statistics, and what people and machines see of it.
//!
//! Pure data in, bytes out: nothing here measures, waits or prints.
//!
//! # Layout
//!
//! - [`model`]: the result as a file, `result.json`

pub mod model;
