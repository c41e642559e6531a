//! The overview of the terminal: a row for each case, a column for each headline number.

use super::grid::{Entry, Tone, shorten_middle};
use super::terminal::{LABEL, verdict};
use crate::view::format::DASH;
use crate::view::{CaseView, Figure, View};

/// The columns of the overview: only those that some case fills.
pub(super) struct Columns {
    offered: bool,
    messages: bool,
    verdict: bool,
}

impl Columns {
    pub(super) fn of(view: &View<'_>) -> Columns {
        Columns {
            offered: view.cases.iter().any(|c| c.headline.offered.is_some()),
            messages: view.cases.iter().any(|c| c.headline.messages.is_some()),
            verdict: view.cases.iter().any(|c| c.verdict != view.verdict),
        }
    }

    pub(super) fn header(&self) -> Vec<Entry> {
        let mut names = vec!["", "calls OK"];
        names.extend(self.offered.then_some("offered"));
        names.extend(self.messages.then_some("messages"));
        names.extend(["response p50", "response p99", "errors"]);
        names.extend(self.verdict.then_some("verdict"));
        let faint = |name: &str| Entry::new(name, Tone::Faint);
        names.into_iter().map(faint).collect()
    }

    pub(super) fn row(&self, case: &CaseView<'_>) -> Vec<Entry> {
        let h = &case.headline;
        let value = |figure: Option<&Figure>, tone| {
            let text = figure.map_or(DASH, |figure| &figure.value);
            // "too few: 3 beyond" is for tables that have the room.
            let text = text.replace("too few: ", "few (").replace(" beyond", ")");
            Entry::new(text, tone)
        };
        let bad = if h.errors.value == "0" {
            Tone::Plain
        } else {
            Tone::Bad
        };
        let mut row = vec![Entry::new(shorten_middle(&case.label, LABEL), Tone::Plain)];
        row.push(value(Some(&h.achieved), Tone::Strong));
        row.extend(self.offered.then(|| value(h.offered.as_ref(), Tone::Plain)));
        row.extend(
            self.messages
                .then(|| value(h.messages.as_ref(), Tone::Plain)),
        );
        row.push(value(Some(&h.p50), Tone::Strong));
        row.push(value(Some(&h.p99), Tone::Strong));
        row.push(value(Some(&h.errors), bad));
        if self.verdict {
            let (word, tone) = verdict(case.verdict);
            row.push(Entry::new(word, tone));
        }
        row
    }

    /// The spread over repetitions, and what else there is to say; nothing where there is nothing.
    pub(super) fn notes(&self, case: &CaseView<'_>) -> Option<Vec<Entry>> {
        let h = &case.headline;
        let note = |figure: Option<&Figure>| {
            let note = figure.and_then(Figure::small_print);
            Entry::new(note.unwrap_or_default(), Tone::Faint)
        };
        let errors = match h.errors.value.as_str() {
            "0" => Entry::new("", Tone::Faint),
            _ => note(Some(&h.errors)),
        };
        let mut row = vec![Entry::new("", Tone::Faint), note(Some(&h.achieved))];
        row.extend(self.offered.then(|| note(h.offered.as_ref())));
        row.extend(self.messages.then(|| note(h.messages.as_ref())));
        row.extend([note(Some(&h.p50)), note(Some(&h.p99)), errors]);
        row.iter()
            .any(|entry| !entry.text.is_empty())
            .then_some(row)
    }
}
