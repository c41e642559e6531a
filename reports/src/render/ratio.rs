//! Two results held against each other, in the terminal and in Markdown.

use super::grid::{Entry, Grid, Tone, shorten_middle, wrap};
use super::markdown::{escape, table};
use crate::view::{RATIO_HEADINGS, Ratios};

/// A case's name is at most so long.
const CASE: usize = 24;

/// The ratios of every case, their intervals below them, and what may not be concluded.
pub(super) fn lines(ratios: &Ratios, color: bool, width: usize) -> Vec<String> {
    let mut header = vec![Entry::new("", Tone::Faint)];
    header.extend(RATIO_HEADINGS.map(|name| Entry::new(name, Tone::Faint)));
    let mut rows = vec![header];
    for row in &ratios.rows {
        let mut entries = vec![Entry::new(shorten_middle(&row.case, CASE), Tone::Plain)];
        entries.extend(
            row.ratios
                .iter()
                .map(|ratio| Entry::new(ratio.clone(), Tone::Strong)),
        );
        rows.push(entries);
        let mut below = vec![Entry::new("", Tone::Faint)];
        let interval =
            |interval: &Option<String>| interval.clone().unwrap_or_default().replace('×', "");
        below.extend(
            row.intervals
                .iter()
                .map(|i| Entry::new(interval(i), Tone::Faint)),
        );
        rows.extend(row.intervals.iter().any(Option::is_some).then_some(below));
    }
    let mut lines = vec![String::new(), Tone::Strong.paint(&ratios.title, color)];
    lines.extend(Grid { left: 1, rows }.lines(color));
    let cautions = ratios
        .cautions
        .iter()
        .flat_map(|caution| wrap(caution, width));
    lines.extend(cautions.map(|line| Tone::Doubtful.paint(&line, color)));
    lines
}

/// The same in Markdown.
pub(super) fn markdown(ratios: &Ratios) -> String {
    let mut header = vec!["Case"];
    header.extend(RATIO_HEADINGS);
    let rows = ratios.rows.iter().map(|row| {
        let mut cells = vec![escape(&row.case)];
        cells.extend(
            row.ratios
                .iter()
                .zip(&row.intervals)
                .map(|(ratio, interval)| {
                    let interval = interval.as_ref().map_or(String::new(), |interval| {
                        format!("<br><sub>CI95 {interval}</sub>")
                    });
                    format!("{ratio}{interval}")
                }),
        );
        cells
    });
    let mut text = format!(
        "**{}**\n\n{}\n",
        escape(&ratios.title),
        table(&header, rows, 1)
    );
    for caution in &ratios.cautions {
        text.push_str(&format!("- {}\n", escape(caution)));
    }
    text
}
