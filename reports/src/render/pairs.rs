//! A comparison's table in the terminal.

use super::grid::{Entry, Grid, Tone, shorten_middle, wrap};
use super::terminal::verdict;
use crate::view::{Comparison, Figure, Group, View};

/// What there is room for: the heading, and which of the row's figures it is. The page has all of them.
const COLUMNS: [(&str, usize); 6] = [
    ("calls OK", 0),
    ("× ref", 1),
    ("srv CPU", 2),
    ("cli CPU", 3),
    ("p50", 4),
    ("p99", 5),
];
/// The names of a pair are at most so long.
const PAIR: usize = 24;

/// The table of every case, the pairs that are missing, and what may not be concluded.
pub(super) fn lines(
    comparison: &Comparison,
    view: &View<'_>,
    color: bool,
    width: usize,
) -> Vec<String> {
    let mut lines = Vec::new();
    for group in &comparison.groups {
        lines.push(String::new());
        if !group.label.is_empty() {
            lines.push(Tone::Strong.paint(&group.label, color));
        }
        let rows = rows(group, view);
        lines.extend(Grid { left: 1, rows }.lines(color));
    }
    lines.push(String::new());
    for refused in &comparison.refused {
        let (client, server, case) = (&refused.client, &refused.server, &refused.case);
        let mut why = refused.why.lines();
        let first = why.next().unwrap_or_default();
        let text = format!("not measured: {client} → {server} on {case}: {first}");
        for line in wrap(&text, width) {
            lines.push(Tone::Bad.paint(&line, color));
        }
        lines.extend(why.map(|line| Tone::Faint.paint(line, color)));
    }
    for (name, version) in &comparison.peers {
        lines.push(Tone::Faint.paint(&format!("{name}: {version}"), color));
    }
    for caution in &comparison.cautions {
        lines.extend(
            wrap(caution, width)
                .iter()
                .map(|line| Tone::Faint.paint(line, color)),
        );
    }
    lines
}

fn rows(group: &Group, view: &View<'_>) -> Vec<Vec<Entry>> {
    let mut header = vec![Entry::new("client → server", Tone::Faint)];
    header.extend(COLUMNS.map(|(name, _)| Entry::new(name, Tone::Faint)));
    let mut rows = vec![header];
    for row in &group.rows {
        let mut entries = vec![Entry::new(shorten_middle(&row.pair(), PAIR), Tone::Plain)];
        entries.extend(COLUMNS.map(|(_, at)| {
            let text = row.figures[at]
                .value
                .replace("too few: ", "few (")
                .replace(" beyond", ")");
            Entry::new(text, Tone::Plain)
        }));
        let case = &view.cases[row.case];
        if case.verdict != crate::model::Verdict::Valid {
            let (word, tone) = verdict(case.verdict);
            entries.push(Entry::new(word, tone));
        }
        rows.push(entries);
        rows.extend(interval(&row.figures[1]));
    }
    rows
}

/// The interval of the ratio, in a row of its own.
fn interval(ratio: &Figure) -> Option<Vec<Entry>> {
    let interval = ratio.ci95.as_ref()?;
    let row = ["", "", interval.as_str()];
    Some(row.map(|text| Entry::new(text, Tone::Faint)).to_vec())
}
