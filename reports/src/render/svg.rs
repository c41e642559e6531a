//! `plots/*.svg`: every figure as a file of its own, on a light ground.

use super::{Artifact, Renderer};
use crate::error::ReportError;
use crate::plot::{self, Shape};
use crate::view::View;

/// Every figure that has something to show.
#[derive(Clone, Copy, Debug)]
pub struct Svg;

impl Renderer for Svg {
    fn name(&self) -> &'static str {
        "svg"
    }

    fn render(&self, view: &View<'_>) -> Result<Vec<Artifact>, ReportError> {
        let drawings = plot::draw_all(view, Shape::WIDE)?;
        Ok(drawings
            .into_iter()
            .map(|drawing| {
                Artifact::text(format!("plots/{}.svg", drawing.name), drawing.standalone())
            })
            .collect())
    }
}
