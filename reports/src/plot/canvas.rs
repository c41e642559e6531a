//! A sheet to draw on, in pixels with fractions.
//!
//! plotters takes whole pixels only, so everything is drawn twice as large and the SVG's `viewBox` scales it down.
//! Text is `<text>` in the viewer's own font; its width can only be estimated.

use plotters::coord::Shift;
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{DrawingArea, IntoDrawingArea, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, ShapeStyle};

use super::Shape;
use super::ink::Ink;

/// Drawn pixels for each pixel of the figure.
const SCALE: f64 = 2.0;
/// plotters divides every font size by this.
const FONT_FACTOR: f64 = 1.24;
/// A character's usual width, as a share of the font size.
const CHARACTER: f64 = 0.6;
const FONT: &str =
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/// What went wrong while drawing, in the library's words.
pub(super) type DrawResult = Result<(), String>;

/// A place on the sheet, from its upper left corner.
pub(super) type Point = (f64, f64);

/// A sheet.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

/// Which part of a text stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type {
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) ink: Ink,
}

impl Type {
    pub(super) const TITLE: Type = Type {
        size: 15.0,
        bold: true,
        ink: Ink::Text,
    };
    pub(super) const LABEL: Type = Type {
        size: 12.0,
        bold: false,
        ink: Ink::Muted,
    };
    pub(super) const VALUE: Type = Type {
        size: 12.0,
        bold: false,
        ink: Ink::Text,
    };

    /// About how wide a text is.
    pub(super) fn width(self, text: &str) -> f64 {
        text.chars().count() as f64 * self.size * CHARACTER
    }
}

/// Draws on a new sheet and gives back its SVG, as plotters writes it.
pub(super) fn draw(
    shape: Shape,
    paint: impl FnOnce(&Canvas<'_>) -> DrawResult,
) -> Result<String, String> {
    let mut svg = String::new();
    let size = (shape.width * SCALE as u32, shape.height * SCALE as u32);
    let canvas = Canvas {
        area: SVGBackend::with_string(&mut svg, size).into_drawing_area(),
    };
    paint(&canvas)?;
    canvas.area.present().map_err(|error| error.to_string())?;
    drop(canvas);
    Ok(svg)
}

fn pixel(point: Point) -> (i32, i32) {
    // Far outside is as good as infinitely far, and fits.
    let whole = |value: f64| (value * SCALE).round().clamp(-1e6, 1e6) as i32;
    (whole(point.0), whole(point.1))
}

fn style(ink: Ink, alpha: f64, width: f64, filled: bool) -> ShapeStyle {
    ShapeStyle {
        color: ink.rgb().mix(alpha),
        filled,
        stroke_width: (width * SCALE).round() as u32,
    }
}

impl Canvas<'_> {
    /// A line through points.
    pub(super) fn path(&self, points: &[Point], ink: Ink, width: f64, alpha: f64) -> DrawResult {
        if points.len() < 2 {
            return Ok(());
        }
        let points: Vec<_> = points.iter().copied().map(pixel).collect();
        let path = PathElement::new(points, style(ink, alpha, width, false));
        self.area.draw(&path).map_err(|error| error.to_string())
    }

    /// A filled area.
    pub(super) fn area(&self, outline: &[Point], ink: Ink, alpha: f64) -> DrawResult {
        if outline.len() < 3 {
            return Ok(());
        }
        let outline: Vec<_> = outline.iter().copied().map(pixel).collect();
        let area = Polygon::new(outline, style(ink, alpha, 0.0, true));
        self.area.draw(&area).map_err(|error| error.to_string())
    }

    /// A filled rectangle between two corners.
    pub(super) fn bar(&self, corners: [Point; 2], ink: Ink, alpha: f64) -> DrawResult {
        let bar = Rectangle::new(corners.map(pixel), style(ink, alpha, 0.0, true));
        self.area.draw(&bar).map_err(|error| error.to_string())
    }

    /// A disc.
    pub(super) fn dot(&self, center: Point, radius: f64, ink: Ink) -> DrawResult {
        let radius = (radius * SCALE).round() as i32;
        let dot = Circle::new(pixel(center), radius, style(ink, 1.0, 0.0, true));
        self.area.draw(&dot).map_err(|error| error.to_string())
    }

    /// A ring.
    pub(super) fn ring(&self, center: Point, radius: f64, ink: Ink) -> DrawResult {
        self.dot(center, radius, ink)?;
        self.dot(center, radius - 1.5, Ink::Ground)
    }

    /// A text whose middle line is at the point's height.
    pub(super) fn text(&self, text: &str, at: Point, anchor: Anchor, kind: Type) -> DrawResult {
        let weight = if kind.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let font = FontDesc::new(
            FontFamily::Name(FONT),
            kind.size * SCALE * FONT_FACTOR,
            weight,
        );
        let h = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let color = kind.ink.rgb();
        let style = plotters::style::TextStyle::from(font)
            .color(&color)
            .pos(Pos::new(h, VPos::Center));
        let text = Text::new(text.to_owned(), pixel(at), style);
        self.area.draw(&text).map_err(|error| error.to_string())
    }
}
