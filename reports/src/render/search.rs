//! A search for capacity in the terminal and in Markdown: the sentence first, then a row for each rate.

use super::grid::{Entry, Grid, Tone, wrap};
use super::markdown::{escape, table};
use crate::model::{Says, SearchOutcome};
use crate::view::{SEARCH_HEADINGS, SearchRow, SearchView};

/// What was found.
pub(super) fn heading(search: &SearchView, color: bool, width: usize) -> Vec<String> {
    let tone = match search.outcome {
        SearchOutcome::Found => Tone::Strong,
        SearchOutcome::BrokenAtOnce => Tone::Bad,
        _ => Tone::Doubtful,
    };
    let lines = wrap(&search.sentence, width);
    lines.iter().map(|line| tone.paint(line, color)).collect()
}

/// Every rate, with what broke there; then how it was judged.
pub(super) fn lines(search: &SearchView, color: bool, width: usize) -> Vec<String> {
    let faint = |text: &str| Entry::new(text, Tone::Faint);
    let mut header = vec![faint("")];
    header.extend(SEARCH_HEADINGS.map(faint));
    let mut rows = vec![header];
    rows.extend(search.rows.iter().map(entries));
    let mut lines = vec![String::new()];
    lines.extend(Grid { left: 1, rows }.lines(color));
    for row in &search.rows {
        let why = row
            .why
            .iter()
            .map(|why| format!("at {}: {why}", row.cells[0]));
        let wrapped = why.flat_map(|why| wrap(&why, width));
        lines.extend(wrapped.map(|line| tone(row.says).paint(&line, color)));
    }
    let facts = search.facts.iter().flat_map(|fact| wrap(fact, width));
    lines.extend(facts.map(|fact| Tone::Faint.paint(&fact, color)));
    lines
}

fn entries(row: &SearchRow) -> Vec<Entry> {
    let mark = match row.says {
        Says::Holds => "✔",
        Says::Breaks => "✘",
        Says::NotMeasured => "?",
    };
    let mut entries = vec![Entry::new(format!("{mark} {}", row.word()), tone(row.says))];
    let shown = row.cells.iter().enumerate().map(|(i, cell)| {
        let text = cell.replace("too few: ", "few (").replace(" beyond", ")");
        Entry::new(text, if i == 0 { Tone::Strong } else { Tone::Plain })
    });
    entries.extend(shown);
    entries
}

const fn tone(says: Says) -> Tone {
    match says {
        Says::Holds => Tone::Good,
        Says::Breaks => Tone::Bad,
        Says::NotMeasured => Tone::Doubtful,
    }
}

/// The same in Markdown.
pub(super) fn markdown(search: &SearchView) -> String {
    let mut header = vec![""];
    header.extend(SEARCH_HEADINGS);
    let rows = search.rows.iter().map(|row| {
        let mark = match row.says {
            Says::Holds => "✅",
            Says::Breaks => "❌",
            Says::NotMeasured => "❔",
        };
        let why = row.why.as_ref().map_or(String::new(), |why| {
            format!("<br><sub>{}</sub>", escape(why))
        });
        let mut cells = vec![format!("{mark} {}{why}", row.word())];
        cells.extend(row.cells.iter().map(|cell| escape(cell)));
        cells
    });
    let mut text = format!("**{}**\n\n", escape(&search.sentence));
    text.push_str(&table(&header, rows, 1));
    text.push('\n');
    for fact in &search.facts {
        text.push_str(&format!("- {}\n", escape(fact)));
    }
    text
}
