//! Horizontal bars under their own names: names may be long, and a phone is narrow.

use super::canvas::{Anchor, Canvas, DrawResult, Type};
use super::chart::{Key, header};
use super::ink::Ink;
use super::{Shape, shorten};

/// A bar, or two points with a line between them.
#[derive(Clone, Debug)]
pub(super) struct Bar {
    pub(super) name: String,
    /// The value for people, to the right of the name.
    pub(super) value: String,
    /// From where to where, as shares of the width.
    pub(super) reach: Reach,
    /// The smallest and the largest over the repetitions, as shares of the width.
    pub(super) whisker: Option<(f64, f64)>,
}

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reach {
    /// From zero.
    To(f64, Ink),
    /// Two values, either of which may be missing.
    Between(Option<f64>, Option<f64>),
    /// No value.
    Nothing,
}

const ROW: u32 = 42;
const EDGE: f64 = 14.0;

/// The shape that so many bars need.
pub(super) fn shape(bars: usize, has_legend: bool, shape: Shape) -> Shape {
    let top = if has_legend { 64 } else { 44 };
    Shape {
        width: shape.width,
        height: top + ROW * bars as u32 + 10,
    }
}

/// Draws the bars.
pub(super) fn draw(
    canvas: &Canvas<'_>,
    shape: Shape,
    title: &str,
    legend: &[Key],
    bars: &[Bar],
) -> DrawResult {
    let width = f64::from(shape.width);
    let top = header(canvas, title, legend, width)? + 22.0;
    for (i, bar) in bars.iter().enumerate() {
        row(canvas, width, top + f64::from(ROW) * i as f64, bar)?;
    }
    Ok(())
}

fn row(canvas: &Canvas<'_>, width: f64, y: f64, bar: &Bar) -> DrawResult {
    let (left, right) = (EDGE, width - EDGE);
    let x = |share: f64| left + share.clamp(0.0, 1.0) * (right - left);
    let room = right - left - Type::VALUE.width(&bar.value) - 16.0;
    let name = shorten(&bar.name, (room / Type::VALUE.width("n")) as usize);
    canvas.text(&name, (left, y), Anchor::Start, Type::VALUE)?;
    canvas.text(&bar.value, (right, y), Anchor::End, Type::VALUE)?;
    let (top, bottom) = (y + 10.0, y + 20.0);
    let middle = (top + bottom) / 2.0;
    match bar.reach {
        Reach::To(end, ink) => {
            canvas.bar([(left, top), (right, bottom)], Ink::Grid, 0.6)?;
            let end = x(end).max(left + 1.5);
            canvas.bar([(left, top), (end, bottom)], ink, 1.0)?;
        }
        Reach::Between(from, to) => {
            canvas.path(&[(left, middle), (right, middle)], Ink::Grid, 2.0, 1.0)?;
            let ends: Vec<_> = [from, to]
                .into_iter()
                .flatten()
                .map(|at| (x(at), middle))
                .collect();
            canvas.path(&ends, Ink::Axis, 3.0, 1.0)?;
            for (n, end) in [from, to].into_iter().enumerate() {
                if let Some(at) = end {
                    canvas.dot((x(at), middle), 5.0, Ink::Series(n))?;
                }
            }
        }
        Reach::Nothing => canvas.path(&[(left, middle), (right, middle)], Ink::Grid, 2.0, 1.0)?,
    }
    let Some((low, high)) = bar.whisker else {
        return Ok(());
    };
    canvas.path(&[(x(low), middle), (x(high), middle)], Ink::Text, 1.5, 0.9)?;
    for end in [low, high] {
        canvas.path(&[(x(end), top), (x(end), bottom)], Ink::Text, 1.5, 0.9)?;
    }
    Ok(())
}
