//! The overview of the terminal: a row for each case, a column for each headline number but those of cost.

use super::grid::{Entry, Tone, shorten_middle};
use super::terminal::{LABEL, verdict};
use crate::view::format::DASH;
use crate::view::{CaseView, Column, Figure, View};

/// The columns of the overview: only those that some case fills.
pub(super) struct Columns {
    numbers: Vec<Column>,
    verdict: bool,
}

impl Columns {
    pub(super) fn of(view: &View<'_>) -> Columns {
        let mut numbers = view.overview();
        numbers.retain(|column| !column.is_cost());
        Columns {
            numbers,
            verdict: view.cases.iter().any(|c| c.verdict != view.verdict),
        }
    }

    pub(super) fn header(&self) -> Vec<Entry> {
        let mut names = vec![""];
        names.extend(self.numbers.iter().map(|column| column.heading()));
        names.extend(self.verdict.then_some("verdict"));
        let faint = |name: &str| Entry::new(name, Tone::Faint);
        names.into_iter().map(faint).collect()
    }

    pub(super) fn row(&self, case: &CaseView<'_>) -> Vec<Entry> {
        let mut row = vec![Entry::new(shorten_middle(&case.label, LABEL), Tone::Plain)];
        row.extend(self.numbers.iter().map(|column| {
            let figure = case.headline.figure(*column);
            let text = figure.map_or(DASH, |figure| &figure.value);
            // "too few: 3 beyond" is for tables that have the room.
            let text = text.replace("too few: ", "few (").replace(" beyond", ")");
            Entry::new(text, tone(*column, figure))
        }));
        if self.verdict {
            let (word, tone) = verdict(case.verdict);
            row.push(Entry::new(word, tone));
        }
        row
    }

    /// The spread over repetitions, and what else there is to say; nothing where there is nothing.
    pub(super) fn notes(&self, case: &CaseView<'_>) -> Option<Vec<Entry>> {
        let note = |column: &Column| {
            let figure = case.headline.figure(*column);
            let figure = figure.filter(|f| *column != Column::Errors || f.value != "0");
            let note = figure.and_then(Figure::small_print);
            Entry::new(note.unwrap_or_default(), Tone::Faint)
        };
        let mut row = vec![Entry::new("", Tone::Faint)];
        row.extend(self.numbers.iter().map(note));
        row.iter()
            .any(|entry| !entry.text.is_empty())
            .then_some(row)
    }
}

fn tone(column: Column, figure: Option<&Figure>) -> Tone {
    match column {
        Column::Errors if figure.is_some_and(|figure| figure.value != "0") => Tone::Bad,
        Column::Achieved | Column::MessageP50 | Column::MessageP99 | Column::P50 | Column::P99 => {
            Tone::Strong
        }
        _ => Tone::Plain,
    }
}
