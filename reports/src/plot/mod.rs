//! Figures: a view in, SVG out. Each is one file, registered in [`PLOTS`], and is left out where it has nothing to show.

mod axis;
mod bars;
mod canvas;
mod capacity;
mod chart;
mod compare;
mod drawing;
mod gate;
mod history;
mod ink;
mod named;
mod percentiles;
mod statuses;
mod sweep;
mod timeline;

pub use drawing::Drawing;
pub use history::history;

use canvas::{Canvas, DrawResult};

use crate::error::ReportError;
use crate::view::{CaseView, View};

/// A figure. Pure: the same view and shape give the same drawing.
pub trait Plot: Sync {
    /// Its name, of which its file name is made.
    fn name(&self) -> &'static str;

    /// The sheet and the words for a view; `None` where there is nothing to show.
    fn plan(&self, view: &View<'_>, shape: Shape) -> Option<Plan>;
}

/// The size of a figure in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

impl Shape {
    /// For a page, a README, a slide.
    pub const WIDE: Shape = Shape {
        width: 640,
        height: 360,
    };
    /// For a row of its own on a wide page.
    pub const BROAD: Shape = Shape {
        width: 1120,
        height: 380,
    };
    /// For a phone.
    pub const NARROW: Shape = Shape {
        width: 360,
        height: 320,
    };
}

/// Draws on a sheet.
type Paint = Box<dyn Fn(&Canvas<'_>) -> DrawResult>;

/// A figure that is ready to be drawn.
pub struct Plan {
    title: String,
    caption: String,
    shape: Shape,
    paint: Paint,
}

/// Every figure, in the order of the page.
pub static PLOTS: &[&dyn Plot] = &[
    &gate::Rounds,
    &capacity::Capacity,
    &compare::Heat,
    &sweep::Throughput,
    &sweep::ResponseTime,
    &compare::ServerCpu,
    &compare::ClientCpu,
    &percentiles::Percentiles,
    &timeline::Throughput,
    &timeline::ResponseTime,
    &statuses::Statuses,
];

/// Draws every figure that has something to show.
///
/// # Errors
///
/// Where the drawing library fails.
pub fn draw_all(view: &View<'_>, shape: Shape) -> Result<Vec<Drawing>, ReportError> {
    PLOTS
        .iter()
        .filter_map(|plot| Some((plot.name(), plot.plan(view, shape)?)))
        .map(|(name, plan)| draw(name, plan))
        .collect()
}

fn draw(name: &'static str, plan: Plan) -> Result<Drawing, ReportError> {
    let svg = canvas::draw(plan.shape, plan.paint).map_err(|reason| ReportError::Figure {
        figure: name,
        reason,
    })?;
    Ok(Drawing {
        name,
        title: plan.title,
        caption: plan.caption,
        shape: plan.shape,
        body: drawing::inner(&svg),
    })
}

/// At most as many cases as there are colours, spread evenly over all of them.
fn few<'v, 'a>(view: &'v View<'a>) -> Vec<&'v CaseView<'a>> {
    let (all, most) = (view.cases.len(), ink::SERIES);
    if all <= most {
        return view.cases.iter().collect();
    }
    (0..most)
        .map(|i| &view.cases[i * (all - 1) / (most - 1)])
        .collect()
}

/// Says so where [`few`] left cases out.
fn few_note(view: &View<'_>) -> String {
    match view.cases.len() {
        all if all > ink::SERIES => format!(" {} of {all} cases are drawn.", ink::SERIES),
        _ => String::new(),
    }
}

/// A time on an axis, where zero needs no unit.
fn time_label(ns: f64) -> String {
    if ns == 0.0 {
        return "0".to_owned();
    }
    crate::view::format::bound(ns)
}

/// A rate on an axis whose title says what it is.
fn rate_label(per_s: f64) -> String {
    let text = crate::view::format::rate(per_s);
    let number = text.trim_end_matches("/s");
    match number.contains('.') {
        true => number
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        false => number.to_owned(),
    }
}

/// The beginning of a text, with an ellipsis where something is left out.
fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width.max(2) {
        return text.to_owned();
    }
    text.chars().take(width.max(2) - 1).chain(['…']).collect()
}
