//! A figure with two axes: title, legend, grid, labels, and a place for data that is given in its own units.

use super::Shape;
use super::axis::Axis;
use super::canvas::{Anchor, Canvas, DrawResult, Point, Type};
use super::ink::Ink;

/// The words around the data.
#[derive(Clone, Debug, Default)]
pub(super) struct Words<'a> {
    pub(super) title: &'a str,
    /// What the upright axis shows.
    pub(super) y: &'a str,
    /// What the other axis shows.
    pub(super) x: &'a str,
    /// A colour and a mark for each series; left out where there is one only.
    pub(super) legend: Vec<Key>,
}

/// One entry of a legend.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) ink: Ink,
    pub(super) mark: Mark,
    pub(super) label: String,
}

/// How a series looks in the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Line,
    Dot,
    Ring,
}

const EDGE: f64 = 14.0;
const LEGEND_TOP: f64 = 43.0;
const LEGEND_ROW: f64 = 19.0;

/// The place for data.
pub(super) struct Chart<'c, 'a> {
    canvas: &'c Canvas<'a>,
    x: Axis,
    y: Axis,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl<'c, 'a> Chart<'c, 'a> {
    /// Draws everything but the data.
    pub(super) fn begin(
        canvas: &'c Canvas<'a>,
        shape: Shape,
        words: &Words<'_>,
        x: Axis,
        y: Axis,
    ) -> Result<Chart<'c, 'a>, String> {
        let (width, height) = (f64::from(shape.width), f64::from(shape.height));
        let legend_ends = header(canvas, words.title, &words.legend, width)?;
        let y_labels = y.ticks.iter().map(|(_, label)| Type::LABEL.width(label));
        let chart = Chart {
            canvas,
            left: EDGE + y_labels.fold(0.0, f64::max) + 8.0,
            right: width - EDGE - last_label_overhang(&x),
            top: legend_ends + 36.0,
            bottom: height - 50.0,
            x,
            y,
        };
        chart.y_axis(words.y)?;
        chart.x_axis(words.x)?;
        Ok(chart)
    }

    /// Where a pair of values stands on the sheet.
    pub(super) fn place(&self, x: f64, y: f64) -> Point {
        (
            self.left + self.x.at(x) * (self.right - self.left),
            self.bottom - self.y.at(y) * (self.bottom - self.top),
        )
    }

    fn y_axis(&self, title: &str) -> DrawResult {
        let scale = if self.y.is_log() { ", log scale" } else { "" };
        let at = (EDGE, self.top - 20.0);
        self.canvas
            .text(&format!("{title}{scale}"), at, Anchor::Start, Type::LABEL)?;
        for (i, (value, label)) in self.y.ticks.iter().enumerate() {
            let (_, y) = self.place(0.0, *value);
            let ink = if i == 0 { Ink::Axis } else { Ink::Grid };
            self.canvas
                .path(&[(self.left, y), (self.right, y)], ink, 1.0, 1.0)?;
            self.canvas
                .text(label, (self.left - 8.0, y), Anchor::End, Type::LABEL)?;
        }
        Ok(())
    }

    /// Labels that would touch the one before them are left out; the last one always stands.
    fn x_axis(&self, title: &str) -> DrawResult {
        let y = self.bottom;
        let x_of = |value: f64| self.place(value, 0.0).0;
        let half = |label: &str| Type::LABEL.width(label) / 2.0;
        let last = self
            .x
            .ticks
            .last()
            .map(|(value, label)| x_of(*value) - half(label));
        let mut free_from = f64::NEG_INFINITY;
        for (i, (value, label)) in self.x.ticks.iter().enumerate() {
            let x = x_of(*value);
            self.canvas
                .path(&[(x, y), (x, y + 4.0)], Ink::Axis, 1.0, 1.0)?;
            let is_last = i + 1 == self.x.ticks.len();
            let room_to_last = last.is_none_or(|last| x + half(label) + 8.0 <= last);
            if x - half(label) < free_from || !(is_last || room_to_last) {
                continue;
            }
            self.canvas
                .text(label, (x, y + 15.0), Anchor::Middle, Type::LABEL)?;
            free_from = x + half(label) + 8.0;
        }
        let at = ((self.left + self.right) / 2.0, y + 35.0);
        self.canvas.text(title, at, Anchor::Middle, Type::LABEL)
    }

    /// A line, broken where a value is missing; a value alone is a dot.
    pub(super) fn line(
        &self,
        points: &[(f64, Option<f64>)],
        ink: Ink,
        width: f64,
        alpha: f64,
    ) -> DrawResult {
        for run in points.split(|(_, value)| value.is_none()) {
            let run: Vec<Point> = run
                .iter()
                .filter_map(|(x, y)| y.map(|y| self.place(*x, y)))
                .collect();
            match run[..] {
                [alone] => self.canvas.dot(alone, 2.5, ink)?,
                _ => self.canvas.path(&run, ink, width, alpha)?,
            }
        }
        Ok(())
    }

    /// The area between a lower and an upper line.
    pub(super) fn band(&self, points: &[(f64, f64, f64)], ink: Ink) -> DrawResult {
        let lower = points.iter().map(|(x, low, _)| self.place(*x, *low));
        let upper = points
            .iter()
            .rev()
            .map(|(x, _, high)| self.place(*x, *high));
        self.canvas
            .area(&lower.chain(upper).collect::<Vec<_>>(), ink, 0.18)
    }

    /// A value with a mark.
    pub(super) fn mark(&self, x: f64, y: f64, ink: Ink, mark: Mark) -> DrawResult {
        let at = self.place(x, y);
        match mark {
            Mark::Line => Ok(()),
            Mark::Dot => self.canvas.dot(at, 3.5, ink),
            Mark::Ring => self.canvas.ring(at, 3.5, ink),
        }
    }

    /// The smallest and the largest value over the repetitions.
    pub(super) fn whisker(&self, x: f64, (low, high): (f64, f64), ink: Ink) -> DrawResult {
        let (a, b) = (self.place(x, low), self.place(x, high));
        self.canvas.path(&[a, b], ink, 1.5, 0.8)?;
        for (x, y) in [a, b] {
            self.canvas
                .path(&[(x - 4.0, y), (x + 4.0, y)], ink, 1.5, 0.8)?;
        }
        Ok(())
    }
}

/// Title and legend; gives back where they end.
pub(super) fn header(
    canvas: &Canvas<'_>,
    title: &str,
    legend: &[Key],
    width: f64,
) -> Result<f64, String> {
    canvas.text(title, (EDGE, 19.0), Anchor::Start, Type::TITLE)?;
    let mut end = 28.0;
    for (key, (label, at)) in legend.iter().zip(places(legend, width)) {
        swatch(canvas, at, key)?;
        canvas.text(&label, (at.0 + 18.0, at.1), Anchor::Start, Type::VALUE)?;
        end = at.1 + 6.0;
    }
    Ok(end)
}

/// The shape with so much more height as the legend needs rows beyond the first.
pub(super) fn with_room(shape: Shape, legend: &[Key]) -> Shape {
    let last = places(legend, f64::from(shape.width)).pop();
    let more = last.map_or(0.0, |(_, (_, y))| y - LEGEND_TOP);
    Shape {
        height: shape.height + more as u32,
        ..shape
    }
}

/// What each entry of a legend says, and where it stands.
fn places(legend: &[Key], width: f64) -> Vec<(String, Point)> {
    let (mut x, mut y) = (EDGE, LEGEND_TOP);
    let mut places = Vec::with_capacity(legend.len());
    for key in legend {
        let label = super::shorten(&key.label, ((width - 60.0) / 6.7) as usize);
        let needed = 18.0 + Type::VALUE.width(&label) + 12.0;
        if x > EDGE && x + needed > width - EDGE {
            (x, y) = (EDGE, y + LEGEND_ROW);
        }
        places.push((label, (x, y)));
        x += needed;
    }
    places
}

fn swatch(canvas: &Canvas<'_>, (x, y): Point, key: &Key) -> DrawResult {
    match key.mark {
        Mark::Line => canvas.path(&[(x, y), (x + 13.0, y)], key.ink, 3.0, 1.0),
        Mark::Dot => canvas.dot((x + 6.0, y), 4.0, key.ink),
        Mark::Ring => canvas.ring((x + 6.0, y), 4.0, key.ink),
    }
}

/// How far the last label of the axis stands out beyond its tick at most.
fn last_label_overhang(x: &Axis) -> f64 {
    x.ticks.last().map_or(0.0, |(value, label)| {
        (Type::LABEL.width(label) / 2.0) * x.at(*value)
    })
}
