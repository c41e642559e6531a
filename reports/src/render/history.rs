//! A history as text and as figures.

use super::Artifact;
use super::grid::{Entry, Grid, Tone, shorten_middle, wrap};
use super::markdown::{escape, table};
use crate::error::ReportError;
use crate::history::Series;
use crate::limits::print;
use crate::plot;
use crate::view::{clean, percent};

const WIDTH: usize = 100;
/// A case's name is at most so long.
const CASE: usize = 30;
const HEADINGS: [&str; 6] = ["metric", "results", "first", "last", "changes at", "by"];
const NO_GATE: &str = "A change is a trigger to look, and no verdict: machines, kernels and neighbours change too. Hold the version \
                       before against the one after with `bench-runner gate`.";

/// What `history` prints.
pub fn history(series: &[Series], color: bool) -> String {
    let mut header = vec![Entry::new("", Tone::Faint)];
    header.extend(HEADINGS.map(|name| Entry::new(name, Tone::Faint)));
    let mut rows = vec![header];
    for (i, of) in series.iter().enumerate() {
        let is_new = i == 0 || series[i - 1].case != of.case;
        let case = if is_new {
            shorten_middle(&of.case, CASE)
        } else {
            String::new()
        };
        for (j, cells) in cells(of).into_iter().enumerate() {
            let tone = if of.changes.is_empty() {
                Tone::Plain
            } else {
                Tone::Doubtful
            };
            let case = if j == 0 { case.clone() } else { String::new() };
            let mut row = vec![Entry::new(case, Tone::Strong)];
            row.extend(cells.map(|cell| Entry::new(cell, tone)));
            rows.push(row);
        }
    }
    let mut lines = Grid { left: 2, rows }.lines(color);
    lines.extend(
        wrap(NO_GATE, WIDTH)
            .iter()
            .map(|line| Tone::Faint.paint(line, color)),
    );
    lines.join("\n") + "\n"
}

/// A row, and another one for each change after the first.
fn cells(series: &Series) -> Vec<[String; 6]> {
    let text = |value: f64| print(value, series.metric.unit());
    let at = |i: usize| text(series.points[i].1);
    let start = [
        series.metric.to_string(),
        series.points.len().to_string(),
        at(0),
        at(series.points.len() - 1),
    ];
    let none = ("none".to_owned(), String::new());
    let mut changes: Vec<(String, String)> = series
        .changes
        .iter()
        .map(|change| (clean(&series.points[change.at].0), percent(change.change)))
        .collect();
    if changes.is_empty() {
        changes.push(none);
    }
    changes
        .into_iter()
        .enumerate()
        .map(|(i, (when, by))| {
            let [metric, count, first, last] = if i == 0 {
                start.clone()
            } else {
                Default::default()
            };
            [metric, count, first, last, when, by]
        })
        .collect()
}

/// `history.md` and a figure for each series.
///
/// # Errors
///
/// Where the drawing library fails.
pub fn history_files(series: &[Series]) -> Result<Vec<Artifact>, ReportError> {
    let mut header = vec!["Case"];
    header.extend(HEADINGS);
    let rows = series.iter().flat_map(|of| {
        cells(of).into_iter().map(|cells| {
            let mut row = vec![escape(&of.case)];
            row.extend(cells.iter().map(|cell| escape(cell)));
            row
        })
    });
    let text = format!("## History\n\n{}\n{NO_GATE}\n", table(&header, rows, 2));
    let mut files = vec![Artifact::text("history.md", text)];
    for (i, of) in series.iter().enumerate() {
        let path = format!("plots/history-{:02}-{}.svg", i + 1, of.metric);
        files.push(Artifact::text(path, plot::history(of)?.standalone()));
    }
    Ok(files)
}
