//! A gate round by round: how far the candidate was from its baseline in each, against the tolerance.

use super::canvas::{Anchor, Canvas, DrawResult, Type};
use super::chart::header;
use super::ink::Ink;
use super::{Plan, Plot, Shape, shorten};
use crate::model::Outcome;
use crate::view::{GateRow, View, percent};

/// The change of each round, a panel for each of the worst tests.
pub(super) struct Rounds;

const TITLE: &str = "Change of the candidate, round by round";
/// More panels would be a wall.
const MOST: usize = 8;
const EDGE: f64 = 14.0;
const TOP: f64 = 34.0;
const PANEL: f64 = 92.0;
const LABEL: f64 = 22.0;
/// Where the tolerance stands.
const MARGIN: f64 = 52.0;
/// The zone of a panel ends so many tolerances from no change, unless rounds lie further out.
const REACH: f64 = 1.6;
/// What lies further out is drawn at the edge.
const FURTHEST: f64 = 6.0;

impl Plot for Rounds {
    fn name(&self) -> &'static str {
        "gate-rounds"
    }

    fn plan(&self, view: &View<'_>, shape: Shape) -> Option<Plan> {
        let gate = view.gate.as_ref()?;
        let several = gate.rows.iter().any(|row| row.case != gate.rows[0].case);
        let drawn = |row: &&GateRow| row.changes.iter().any(|change| *change != 0.0);
        let rows: Vec<(String, GateRow)> = gate
            .rows
            .iter()
            .filter(drawn)
            .take(MOST)
            .map(|row| (row.name(several), row.clone()))
            .collect();
        if rows.is_empty() {
            return None;
        }
        let shape = Shape {
            height: (TOP + PANEL * rows.len() as f64) as u32 + 8,
            ..shape
        };
        Some(Plan {
            title: TITLE.to_owned(),
            caption: "A dot is a round: the candidate against the baseline beside it. The line in the middle is no \
                      change, the red one the tolerance. The worst tests come first."
                .to_owned(),
            shape,
            paint: Box::new(move |canvas| {
                let width = f64::from(shape.width);
                header(canvas, TITLE, &[], width)?;
                for (i, (name, row)) in rows.iter().enumerate() {
                    panel(canvas, width, TOP + PANEL * i as f64, name, row)?;
                }
                Ok(())
            }),
        })
    }
}

fn panel(canvas: &Canvas<'_>, width: f64, top: f64, name: &str, row: &GateRow) -> DrawResult {
    let (left, right) = (EDGE, width - EDGE);
    let verdict = format!("{} {}", row.cells[2], row.outcome.name());
    let room = right - left - Type::VALUE.width(&verdict) - 16.0;
    let name = shorten(name, (room / Type::VALUE.width("n")) as usize);
    canvas.text(&name, (left, top + 10.0), Anchor::Start, Type::VALUE)?;
    canvas.text(&verdict, (right, top + 10.0), Anchor::End, Type::VALUE)?;
    let (above, below) = (top + LABEL, top + PANEL - 8.0);
    canvas.bar([(left, above), (right, below)], Ink::Grid, 0.35)?;
    let reach = reach(row);
    let y = |change: f64| {
        let share = (change / reach).clamp(-1.0, 1.0);
        f64::midpoint(above, below) - share * (below - above - 8.0) / 2.0
    };
    let end = right - MARGIN;
    canvas.path(&[(left, y(0.0)), (end, y(0.0))], Ink::Axis, 1.0, 1.0)?;
    canvas.path(
        &[(left, y(row.limit)), (end, y(row.limit))],
        Ink::Bad,
        1.0,
        0.9,
    )?;
    let label = percent(row.limit);
    canvas.text(
        &label,
        (right - 4.0, y(row.limit)),
        Anchor::End,
        Type::LABEL,
    )?;
    let ink = match row.outcome {
        Outcome::Regressed => Ink::Bad,
        _ => Ink::Series(0),
    };
    let step = (end - left) / row.changes.len() as f64;
    for (i, change) in row.changes.iter().enumerate() {
        let at = (left + step * (i as f64 + 0.5), y(*change));
        // What is further out than the panel is a ring at its edge.
        match change.abs() > reach {
            true => canvas.ring(at, 3.5, ink)?,
            false => canvas.dot(at, 2.5, ink)?,
        }
    }
    Ok(())
}

/// What the panel shows above and below no change: the tolerance and most of the rounds.
fn reach(row: &GateRow) -> f64 {
    let tolerance = row.limit.abs();
    let mut distances: Vec<f64> = row.changes.iter().map(|change| change.abs()).collect();
    distances.sort_by(f64::total_cmp);
    let most = distances[distances.len() * 9 / 10];
    (most * 1.2).clamp(tolerance * REACH, tolerance * FURTHEST)
}
