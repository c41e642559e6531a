//! A metric from result to result, with the places where its level changes.

use super::axis::Axis;
use super::chart::{Chart, Mark, Words};
use super::ink::Ink;
use super::{Drawing, Plan, Shape, draw};
use crate::error::ReportError;
use crate::history::Series;
use crate::limits::print;

/// Draws a series.
///
/// # Errors
///
/// Where the drawing library fails.
pub fn history(series: &Series) -> Result<Drawing, ReportError> {
    let values: Vec<f64> = series.points.iter().map(|(_, value)| *value).collect();
    let unit = series.metric.unit();
    let y = Axis::fitting(values.clone(), |value| print(value, unit));
    let last = values.len() - 1;
    let x = Axis::through(
        [0, last]
            .map(|i| {
                (
                    i as f64,
                    super::shorten(&crate::view::clean(&series.points[i].0), 22),
                )
            })
            .to_vec(),
        false,
    );
    let title = format!("{}: {}", super::shorten(&series.case, 48), series.metric);
    let changes: Vec<usize> = series.changes.iter().map(|change| change.at).collect();
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), v| {
            (low.min(*v), high.max(*v))
        });
    let plan = Plan {
        title: title.clone(),
        caption: "A dot is a result. An upright line is a change of level: a trigger to look, and no verdict.".to_owned(),
        shape: Shape::WIDE,
        paint: Box::new(move |canvas| {
            let words = Words {
                title: &title,
                y: "median of a result's repetitions",
                x: "results, in the order in which they began",
                legend: Vec::new(),
            };
            let chart = Chart::begin(canvas, Shape::WIDE, &words, x.clone(), y.clone())?;
            for at in &changes {
                let between = *at as f64 - 0.5;
                chart.line(&[(between, Some(low)), (between, Some(high))], Ink::Bad, 1.5, 0.9)?;
            }
            let points: Vec<_> = values.iter().enumerate().map(|(i, v)| (i as f64, Some(*v))).collect();
            chart.line(&points, Ink::Series(0), 1.2, 0.6)?;
            values
                .iter()
                .enumerate()
                .try_for_each(|(i, v)| chart.mark(i as f64, *v, Ink::Series(0), Mark::Dot))
        }),
    };
    draw("history", plan)
}
