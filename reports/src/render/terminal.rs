//! The summary that `run` and `report` print: what people look at first.

use super::columns::Columns;
use super::grid::{Entry, Grid, Tone, shorten, shorten_middle, wrap};
use super::{Artifact, Renderer, gate, pairs, ratio, search};
use crate::error::ReportError;
use crate::model::{LimitVerdict, Shown, Verdict};
use crate::view::format::{count, plural};
use crate::view::{COLUMNS, CaseView, PartTable, TimeRow, View, clean, encoding, facts, link};

/// Lines are at most about this long.
const WIDTH: usize = 100;
/// Percentile tables for so many cases; the page has them all.
const MOST_TABLES: usize = 6;
/// Reasons above the table of a comparison; the page has them all.
const MOST_REASONS: usize = 6;
/// A case's name is at most so long.
pub(super) const LABEL: usize = 44;
/// Kinds of failure for each case.
const MOST_FAILURES: usize = 5;

/// Text for a terminal; without colour also a file, `summary.txt`.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Whether to use ANSI colours.
    pub color: bool,
}

impl Terminal {
    /// Without colours.
    pub const PLAIN: Terminal = Terminal { color: false };

    /// The whole summary.
    pub fn text(&self, view: &View<'_>) -> String {
        let mut lines = self.heading(view);
        lines.extend(self.limits(view));
        lines.extend(
            view.gate
                .iter()
                .flat_map(|gate| gate::table(gate, self.color, WIDTH)),
        );
        let ratios = view.ratios.iter();
        lines.extend(ratios.flat_map(|ratios| ratio::lines(ratios, self.color, WIDTH)));
        match &view.comparison {
            Some(comparison) => lines.extend(pairs::lines(comparison, view, self.color, WIDTH)),
            None if view.search.is_some() => {
                let found = view.search.iter();
                lines.extend(found.flat_map(|found| search::lines(found, self.color, WIDTH)));
            }
            None if view.gate.is_some() => {
                lines.extend(self.overview(view));
                lines.push(String::new());
                lines.extend(self.reasons(view));
            }
            None => {
                lines.extend(self.overview(view));
                for case in view.cases.iter().take(MOST_TABLES) {
                    lines.extend(self.percentiles(view, case));
                    lines.extend(self.parts(case));
                }
            }
        }
        for case in &view.cases {
            lines.extend(self.failures(view, case));
        }
        lines.extend(self.legend(view));
        // The end of a long summary is what a terminal shows.
        lines.extend(self.warning(view));
        lines.extend(view.gate.iter().map(|gate| gate::verdict(gate, self.color)));
        lines.join("\n") + "\n"
    }

    fn paint(self, text: &str, tone: Tone) -> String {
        tone.paint(text, self.color)
    }

    fn heading(self, view: &View<'_>) -> Vec<String> {
        let (word, tone) = match &view.gate {
            Some(gate) => (gate.outcome.name(), gate::tone(gate.outcome)),
            None => verdict(view.verdict),
        };
        let title = shorten(&view.title, WIDTH - 16);
        let mut lines = vec![format!(
            "{}  {}",
            self.paint(&title, Tone::Strong),
            self.paint(&word.to_uppercase(), tone)
        )];
        lines.extend(self.warning(view));
        lines.extend(view.about.iter().flat_map(|about| wrap(about, WIDTH)));
        for caveat in &view.caveats {
            let text = wrap(&format!("! {caveat}"), WIDTH).into_iter();
            lines.extend(text.map(|line| self.paint(&line, Tone::Doubtful)));
        }
        if let Some(gate) = &view.gate {
            lines.extend(gate::heading(gate, self.color, WIDTH));
            return lines;
        }
        let found = view.search.iter();
        lines.extend(found.flat_map(|found| search::heading(found, self.color, WIDTH)));
        lines.extend(self.reasons(view));
        if let [only] = &view.cases[..] {
            let about = shorten(&about_case(only), WIDTH);
            lines.push(self.paint(&about, Tone::Faint));
        }
        lines
    }

    /// Why the numbers are not valid. Of comparisons and gates there may be some for each run, and their table is what
    /// people came for.
    fn reasons(self, view: &View<'_>) -> Vec<String> {
        let (_, tone) = verdict(view.verdict);
        let most = match (&view.comparison, &view.gate, &view.search) {
            (None, None, None) => usize::MAX,
            _ => MOST_REASONS,
        };
        let mut lines = Vec::new();
        for reason in view.reasons.iter().take(most) {
            let cases = reason.cases.as_ref();
            let cases = cases.map_or(String::new(), |cases| format!("{cases}: "));
            let text = wrap(&format!("{cases}{}", reason.text), WIDTH - 2);
            for (i, line) in text.iter().enumerate() {
                let mark = if i == 0 { "! " } else { "  " };
                lines.push(self.paint(&format!("{mark}{line}"), tone));
            }
        }
        if let Some(more) = view
            .reasons
            .len()
            .checked_sub(most)
            .filter(|more| *more > 0)
        {
            let text = format!(
                "! and {} more, in report.html",
                plural(more as u64, "reason")
            );
            lines.push(self.paint(&text, tone));
        }
        lines
    }

    /// What nobody may miss.
    fn warning(self, view: &View<'_>) -> Option<String> {
        let text = "INVALID: do not use these numbers; the reasons come first.";
        (view.verdict == Verdict::Invalid && view.gate.is_none())
            .then(|| self.paint(text, Tone::Bad))
    }

    fn limits(self, view: &View<'_>) -> Vec<String> {
        if view.limits.is_empty() {
            return Vec::new();
        }
        let rows = view.limits.iter().map(|row| {
            let (mark, tone) = match row.outcome.outcome {
                LimitVerdict::Kept => ("✔ kept", Tone::Good),
                LimitVerdict::Broken => ("✘ broken", Tone::Bad),
                LimitVerdict::Inconclusive => ("? inconclusive", Tone::Doubtful),
            };
            let case = row.cases.as_deref().unwrap_or_default();
            vec![
                Entry::new(mark, tone),
                Entry::new(shorten(&clean(&row.outcome.limit), 48), Tone::Plain),
                Entry::new(
                    format!("seen {}", shorten(&clean(&row.outcome.seen), 32)),
                    Tone::Plain,
                ),
                Entry::new(shorten(case, 36), Tone::Faint),
            ]
        });
        let grid = Grid {
            left: 4,
            rows: rows.collect(),
        };
        let mut lines = vec![String::new(), self.paint("Limits", Tone::Strong)];
        lines.extend(grid.lines(self.color));
        lines
    }

    /// A row for each case, a column for each headline number; their spread in a row below.
    fn overview(self, view: &View<'_>) -> Vec<String> {
        let columns = Columns::of(view);
        let mut rows = vec![columns.header()];
        for case in &view.cases {
            rows.push(columns.row(case));
            rows.extend(columns.notes(case));
        }
        let mut lines = vec![String::new()];
        lines.extend(Grid { left: 1, rows }.lines(self.color));
        lines
    }

    fn percentiles(self, view: &View<'_>, case: &CaseView<'_>) -> Vec<String> {
        if case.table.is_empty() {
            return Vec::new();
        }
        let mut rows = vec![table_header()];
        let mut last_samples = None;
        for row in &case.table {
            rows.push(table_row(row));
            if last_samples != Some(row.samples) {
                rows.push(beyond_row(row));
                last_samples = Some(row.samples);
            }
        }
        let mut lines = vec![String::new()];
        if view.has_several_cases() {
            let label = shorten_middle(&case.label, LABEL);
            let room = WIDTH - label.chars().count() - 2;
            let about = shorten(&about_case(case), room);
            let (label, about) = (
                self.paint(&label, Tone::Strong),
                self.paint(&about, Tone::Faint),
            );
            lines.push(format!("{label}  {about}"));
        }
        lines.extend(Grid { left: 1, rows }.lines(self.color));
        let cost: Vec<String> = case
            .headline
            .cost()
            .map(|f| format!("{} {}", f.label, f.value))
            .collect();
        let cost = (!cost.is_empty()).then(|| cost.join(", "));
        let window = link::window_sentence(case);
        for line in cost
            .into_iter()
            .chain(facts::wire_line(&case.case.repetitions))
            .chain(encoding::sentence(case))
            .chain(window.iter().flat_map(|sentence| wrap(sentence, WIDTH - 2)))
        {
            lines.push(self.paint(&format!("  {line}"), Tone::Faint));
        }
        lines
    }

    /// The parts that a case's calls are told apart by.
    fn parts(self, case: &CaseView<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        for PartTable {
            title,
            headings,
            rows,
        } in case.parts()
        {
            lines.extend([String::new(), self.paint(title, Tone::Strong)]);
            let header = headings.iter().map(|name| Entry::new(*name, Tone::Faint));
            let mut grid = vec![header.collect::<Vec<_>>()];
            grid.extend(rows.into_iter().map(|row| {
                let cells = row.into_iter().enumerate();
                let cell = |(i, text): (usize, String)| match i {
                    0 => Entry::new(shorten_middle(&text, LABEL), Tone::Plain),
                    _ => Entry::new(text, Tone::Plain),
                };
                cells.map(cell).collect()
            }));
            lines.extend(
                Grid {
                    left: 1,
                    rows: grid,
                }
                .lines(self.color),
            );
        }
        lines
    }

    fn failures(self, view: &View<'_>, case: &CaseView<'_>) -> Vec<String> {
        let failures = &case.merged.failures;
        if failures.is_empty() {
            return Vec::new();
        }
        let of = match view.has_several_cases() {
            true => format!("Failures of {}", shorten_middle(&case.label, LABEL)),
            false => "Failures".to_owned(),
        };
        let rows = failures.iter().take(MOST_FAILURES).map(|failure| {
            vec![
                Entry::new(shorten(&clean(&failure.status), 20), Tone::Bad),
                Entry::new(format!("{:>9}", count(failure.count)), Tone::Plain),
                Entry::new(shorten(&clean(&failure.message), 62), Tone::Faint),
            ]
        });
        let grid = Grid {
            left: 3,
            rows: rows.collect(),
        };
        let mut lines = vec![String::new(), self.paint(&of, Tone::Strong)];
        lines.extend(grid.lines(self.color));
        lines
    }

    /// What a reader needs to know of the tables above, and nothing of what is not in them.
    fn legend(self, view: &View<'_>) -> Vec<String> {
        // Comparisons, gates and searches have no percentile tables here.
        let tables = if view.comparison.is_some() || view.gate.is_some() || view.search.is_some() {
            0
        } else {
            MOST_TABLES
        };
        let cells = || {
            let shown = view.cases.iter().take(tables);
            shown
                .flat_map(|case| &case.table)
                .flat_map(|row| &row.cells)
        };
        let mut notes = Vec::new();
        if cells().any(|cell| matches!(cell.shown, Shown::TooFew(_))) {
            notes.push("few (n): only n samples lie beyond, too few for a number.".to_owned());
        }
        if cells().any(|cell| matches!(cell.shown, Shown::AtLeast(_))) {
            notes.push(">=: calls were cut off there, the true value is no smaller.".to_owned());
        }
        if view
            .cases
            .iter()
            .any(|c| c.headline.achieved.ci95.is_some())
        {
            notes.push("CI95: 95 % confidence interval, from the repetitions.".to_owned());
        }
        if view.has_closed_loop() && view.comparison.is_none() {
            notes.push(
                "Closed loop: at saturation the response time is mostly queueing.".to_owned(),
            );
        }
        if view.comparison.is_some() {
            notes.push(
                "p99.9, memory and all intervals are in report.html and summary.md.".to_owned(),
            );
        } else if view.cases.len() > tables {
            let rest = (view.cases.len() - tables) as u64;
            notes.push(format!(
                "Percentiles of {} more are in report.html.",
                plural(rest, "case")
            ));
        }
        if let [only] = view.results
            && let Some(calibration) = &only.environment.calibration
        {
            notes.extend(wrap(&facts::calibrated(calibration), WIDTH));
        }
        let mut lines = Vec::new();
        if !notes.is_empty() {
            lines.push(String::new());
            lines.extend(notes.iter().map(|note| self.paint(note, Tone::Faint)));
        }
        lines
    }
}

impl Renderer for Terminal {
    fn name(&self) -> &'static str {
        "terminal"
    }

    fn render(&self, view: &View<'_>) -> Result<Vec<Artifact>, ReportError> {
        Ok(vec![Artifact::text("summary.txt", self.text(view))])
    }
}

pub(super) const fn verdict(verdict: Verdict) -> (&'static str, Tone) {
    match verdict {
        Verdict::Valid => ("valid", Tone::Good),
        Verdict::Tainted => ("tainted", Tone::Doubtful),
        Verdict::Invalid => ("invalid", Tone::Bad),
    }
}

/// `SayHello, 10 channels, closed: {in_flight: 10} · 5 s · tonic to reference-server`.
fn about_case(case: &CaseView<'_>) -> String {
    let who = match (case.case.client.as_str(), case.case.server.as_str()) {
        ("", "") => String::new(),
        (client, "") => clean(client),
        ("", server) => format!("to {}", clean(server)),
        (client, server) => format!("{} to {}", clean(client), clean(server)),
    };
    let measured = facts::measured(case.case.repetitions.len(), case.merged.measured_s);
    let parts = [case.summary(), measured, who];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" · ")
}

fn table_header() -> Vec<Entry> {
    let mut row = vec![Entry::new("", Tone::Faint)];
    row.extend(
        COLUMNS
            .iter()
            .map(|(_, name)| Entry::new(*name, Tone::Faint)),
    );
    row.push(Entry::new("samples", Tone::Faint));
    row
}

fn table_row(row: &TimeRow) -> Vec<Entry> {
    let mut entries = vec![Entry::new(row.time.name(), Tone::Plain)];
    entries.extend(row.cells.iter().map(|cell| match cell.shown {
        Shown::TooFew(beyond) => Entry::new(format!("few ({})", count(beyond)), Tone::Doubtful),
        Shown::AtLeast(_) => Entry::new(cell.text(), Tone::Doubtful),
        _ => Entry::new(cell.text(), Tone::Plain),
    }));
    let samples = match row.censored {
        0 => count(row.samples),
        cut => format!("{}, {} cut off", count(row.samples), count(cut)),
    };
    entries.push(Entry::new(samples, Tone::Plain));
    entries
}

fn beyond_row(row: &TimeRow) -> Vec<Entry> {
    let mut entries = vec![Entry::new("  samples beyond", Tone::Faint)];
    let beyond = row.cells.iter().map(|cell| cell.beyond_text());
    entries.extend(beyond.map(|text| Entry::new(text.unwrap_or_default(), Tone::Faint)));
    entries
}
