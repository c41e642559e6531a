//! A gate in the terminal: the verdict first and last, a row for each test.

use super::grid::{Entry, Grid, Tone, shorten_middle, wrap};
use crate::model::Outcome;
use crate::view::{GateRow, GateView};

/// Tests for so many rows; the page has them all.
const MOST_ROWS: usize = 24;
/// The name of a case is at most so long.
const CASE: usize = 24;
/// Which of a row's cells there is room for, and what stands over them.
const COLUMNS: [(&str, usize); 4] = [
    ("change", 2),
    ("95 % interval", 3),
    ("tolerance", 4),
    ("rounds", 6),
];

/// The verdict and what forbids one.
pub(super) fn heading(gate: &GateView, color: bool, width: usize) -> Vec<String> {
    let mut lines = vec![verdict(gate, color)];
    for finding in &gate.findings {
        let text = wrap(finding, width - 2);
        lines.extend(text.iter().enumerate().map(|(i, line)| {
            let mark = if i == 0 { "✘ " } else { "  " };
            Tone::Bad.paint(&format!("{mark}{line}"), color)
        }));
    }
    lines
}

/// The verdict in a line.
pub(super) fn verdict(gate: &GateView, color: bool) -> String {
    let word = gate.outcome.name().to_uppercase();
    tone(gate.outcome).paint(&format!("{word}: {}", gate.sentence), color)
}

/// Every test, with what is to say about it.
pub(super) fn table(gate: &GateView, color: bool, width: usize) -> Vec<String> {
    let several = gate.rows.iter().any(|row| row.case != gate.rows[0].case);
    let mut header = vec![
        Entry::new("", Tone::Faint),
        Entry::new("metric", Tone::Faint),
    ];
    header.extend(several.then(|| Entry::new("case", Tone::Faint)));
    let left = header.len();
    header.extend(COLUMNS.map(|(name, _)| Entry::new(name, Tone::Faint)));
    let mut rows = vec![header];
    rows.extend(
        gate.rows
            .iter()
            .take(MOST_ROWS)
            .map(|row| entries(row, several)),
    );
    let mut lines = vec![String::new()];
    lines.extend(Grid { left, rows }.lines(color));
    if let Some(more) = gate.rows.len().checked_sub(MOST_ROWS).filter(|n| *n > 0) {
        lines.push(Tone::Faint.paint(&format!("  and {more} more, in report.html"), color));
    }
    for row in gate.rows.iter().take(MOST_ROWS).filter(|row| !row.advisory) {
        let why = row
            .why
            .iter()
            .map(|why| format!("{}: {why}", row.name(several)));
        let wrapped = why.flat_map(|why| wrap(&why, width));
        lines.extend(wrapped.map(|line| tone(row.outcome).paint(&line, color)));
    }
    for fact in &gate.facts {
        lines.extend(
            wrap(fact, width)
                .iter()
                .map(|line| Tone::Faint.paint(line, color)),
        );
    }
    lines
}

fn entries(row: &GateRow, several: bool) -> Vec<Entry> {
    let mark = match row.outcome {
        Outcome::Pass => "✔ pass",
        Outcome::Improved => "✔ improved",
        Outcome::Regressed => "✘ regressed",
        Outcome::Inconclusive => "? inconclusive",
        Outcome::Invalid => "✘ invalid",
    };
    let mark = match row.advisory {
        true => Entry::new(
            format!("({})", &mark[mark.find(' ').map_or(0, |at| at + 1)..]),
            Tone::Faint,
        ),
        false => Entry::new(mark, tone(row.outcome)),
    };
    let mut entries = vec![mark, Entry::new(row.metric.clone(), Tone::Plain)];
    entries.extend(several.then(|| Entry::new(shorten_middle(&row.case, CASE), Tone::Plain)));
    entries.extend(COLUMNS.map(|(_, at)| Entry::new(row.cells[at].clone(), Tone::Plain)));
    entries
}

pub(super) const fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Pass | Outcome::Improved => Tone::Good,
        Outcome::Inconclusive => Tone::Doubtful,
        Outcome::Regressed | Outcome::Invalid => Tone::Bad,
    }
}
