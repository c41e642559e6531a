//! `result.json`: the result itself.

use super::{Artifact, Renderer};
use crate::error::ReportError;
use crate::view::View;

/// The result as it is; nothing where there are several, because each has its own file already.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl Renderer for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn render(&self, view: &View<'_>) -> Result<Vec<Artifact>, ReportError> {
        Ok(match view.results {
            [only] => vec![Artifact::text("result.json", only.to_json())],
            _ => Vec::new(),
        })
    }
}
