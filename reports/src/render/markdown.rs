//! `summary.md`: what a pull request or the step summary of a CI job shows.

use super::{Artifact, Renderer, ratio, search};
use crate::error::ReportError;
use crate::model::{LimitVerdict, Outcome, Shown, Verdict};
use crate::view::format::{DASH, count};
use crate::view::{
    COLUMNS, CaseView, Cell, Comparison, Figure, GATE_HEADINGS, GateView, HEADINGS, PartTable,
    View, encoding, facts, link,
};

/// Percentile tables beyond so many cases would fill a step summary, which is dropped whole when it is too long.
const MOST_TABLES: usize = 24;

/// GitHub's Markdown.
#[derive(Clone, Copy, Debug)]
pub struct Markdown;

impl Renderer for Markdown {
    fn name(&self) -> &'static str {
        "markdown"
    }

    fn render(&self, view: &View<'_>) -> Result<Vec<Artifact>, ReportError> {
        let mut parts = vec![heading(view)];
        parts.extend(limits(view));
        parts.extend(view.ratios.iter().map(ratio::markdown));
        match &view.comparison {
            Some(comparison) => parts.push(pairs(comparison)),
            None => parts.push(overview(view)),
        }
        for case in view.cases.iter().take(MOST_TABLES) {
            parts.extend(
                case.parts()
                    .iter()
                    .map(|parts| part_table(view, case, parts)),
            );
            parts.push(percentiles(case));
        }
        parts.push(environment(view));
        Ok(vec![Artifact::text("summary.md", parts.join("\n"))])
    }
}

fn heading(view: &View<'_>) -> String {
    let mark = match (&view.gate, view.verdict) {
        (Some(gate), _) => outcome(gate.outcome),
        (None, Verdict::Valid) => "✅ valid",
        (None, Verdict::Tainted) => "⚠️ tainted",
        (None, Verdict::Invalid) => "❌ invalid",
    };
    let mut text = format!("## {}: {mark}\n", escape(&view.title));
    if view.verdict == Verdict::Invalid && view.gate.is_none() {
        text.push_str(
            "\n> [!CAUTION]\n> These numbers are invalid: do not use them. The reasons follow.\n",
        );
    }
    if let Some(about) = &view.about {
        text.push_str(&format!("\n{}\n", escape(about)));
    }
    for caveat in &view.caveats {
        text.push_str(&format!("\n> [!WARNING]\n> {}\n", escape(caveat)));
    }
    text.extend(view.gate.iter().map(|of| format!("\n{}", gate(of))));
    text.extend(
        view.search
            .iter()
            .map(|of| format!("\n{}", search::markdown(of))),
    );
    text.push_str(&reasons(view));
    text
}

fn reasons(view: &View<'_>) -> String {
    let mut text = String::new();
    if !view.reasons.is_empty() {
        text.push('\n');
    }
    for reason in &view.reasons {
        let cases = reason.cases.as_ref();
        let cases = cases.map_or(String::new(), |cases| format!("**{}**: ", escape(cases)));
        text.push_str(&format!("- {cases}{}\n", escape(&reason.text)));
    }
    text
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "✅ pass",
        Outcome::Improved => "✅ improved",
        Outcome::Regressed => "❌ regressed",
        Outcome::Inconclusive => "❔ inconclusive",
        Outcome::Invalid => "❌ invalid",
    }
}

/// A row for each test of a gate, the worst first, and how it was judged.
fn gate(gate: &GateView) -> String {
    let mut text = format!("**{}**\n\n", escape(&gate.sentence));
    for finding in &gate.findings {
        text.push_str(&format!("- ❌ {}\n", escape(finding)));
    }
    let mut header = vec!["Scenario", "Metric", "Verdict"];
    header.extend(GATE_HEADINGS);
    let rows = gate.rows.iter().map(|row| {
        let advisory = if row.advisory { " (advisory)" } else { "" };
        let why = row.why.as_ref().map_or(String::new(), |why| {
            format!("<br><sub>{}</sub>", escape(why))
        });
        let verdict = format!("{}{advisory}{why}", outcome(row.outcome));
        let mut cells = vec![escape(&row.case), code(&row.metric), verdict];
        cells.extend(row.cells.iter().map(|cell| escape(cell)));
        cells
    });
    text.push_str(&table(&header, rows, 3));
    text.push('\n');
    for fact in &gate.facts {
        text.push_str(&format!("- {}\n", escape(fact)));
    }
    text
}

fn limits(view: &View<'_>) -> Option<String> {
    if view.limits.is_empty() {
        return None;
    }
    let several = view.has_several_cases();
    let mut header = vec!["Limit", "Seen", "Outcome"];
    if several {
        header.insert(0, "Case");
    }
    let rows = view.limits.iter().map(|row| {
        let outcome = match row.outcome.outcome {
            LimitVerdict::Kept => "✅ kept",
            LimitVerdict::Broken => "❌ broken",
            LimitVerdict::Inconclusive => "❔ inconclusive",
        };
        let mut cells: Vec<String> = row.cases.iter().map(|cases| escape(cases)).collect();
        cells.push(code(&row.outcome.limit));
        cells.push(escape(&row.outcome.seen));
        cells.push(outcome.to_owned());
        cells
    });
    Some(table(&header, rows, 0))
}

/// A row for each case, a column for each headline number.
fn overview(view: &View<'_>) -> String {
    let columns = view.overview();
    let mut header = vec!["Case"];
    header.extend(columns.iter().map(|column| column.heading()));
    header.push("verdict");
    let rows = view.cases.iter().map(|case| {
        let mut cells = vec![escape(&case.label)];
        let figures = columns.iter().map(|column| case.headline.figure(*column));
        cells.extend(figures.map(figure));
        cells.push(verdict(case.verdict).to_owned());
        cells
    });
    table(&header, rows, 1)
}

/// The table of a comparison for each case, fit for a README; then what is missing, and what may not be concluded.
fn pairs(comparison: &Comparison) -> String {
    let mut text = String::new();
    for group in &comparison.groups {
        if !group.label.is_empty() {
            text.push_str(&format!("**{}**\n\n", escape(&group.label)));
        }
        let mut header = vec!["Client", "Server"];
        header.extend(HEADINGS);
        let rows = group.rows.iter().map(|row| {
            let mut cells = vec![escape(&row.client), escape(&row.server)];
            cells.extend(row.figures.iter().map(|f| figure(Some(f))));
            cells
        });
        text.push_str(&table(&header, rows, 2));
        text.push_str(&format!(
            "\nThe reference is {}. CI95: 95 % confidence interval, from the repetitions.\n\n",
            escape(&group.reference)
        ));
    }
    for refused in &comparison.refused {
        text.push_str(&format!(
            "- **not measured**: {} → {} on {}: {}\n",
            escape(&refused.client),
            escape(&refused.server),
            escape(&refused.case),
            escape(refused.why.lines().next().unwrap_or_default())
        ));
    }
    if !comparison.peers.is_empty() {
        let peers = comparison.peers.iter();
        let peers: Vec<String> = peers
            .map(|(name, version)| escape(&format!("{name}: {version}")))
            .collect();
        text.push_str(&format!("- {}\n", peers.join(" · ")));
    }
    for caution in &comparison.cautions {
        text.push_str(&format!("- {}\n", escape(caution)));
    }
    text
}

fn figure(figure: Option<&Figure>) -> String {
    let Some(figure) = figure else {
        return DASH.to_owned();
    };
    let note = figure.small_print();
    let note = note.map_or(String::new(), |note| {
        format!("<br><sub>{}</sub>", escape(&note))
    });
    format!("{}{note}", escape(&figure.value))
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "valid",
        Verdict::Tainted => "tainted",
        Verdict::Invalid => "invalid",
    }
}

/// The calls of a mix, or the targets, side by side.
fn part_table(view: &View<'_>, case: &CaseView<'_>, parts: &PartTable) -> String {
    let of = match view.has_several_cases() {
        true => format!(" of {}", escape(&case.label)),
        false => String::new(),
    };
    let rows = parts
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| escape(cell)).collect());
    format!(
        "**{}{of}**\n\n{}",
        parts.title,
        table(&parts.headings, rows, 1)
    )
}

/// The percentile table of a case, folded away.
fn percentiles(case: &CaseView<'_>) -> String {
    let mut header = vec!["", "Samples"];
    header.extend(COLUMNS.iter().map(|(_, name)| *name));
    let rows = case.table.iter().map(|row| {
        let mut cells = vec![row.time.name().to_owned(), count(row.samples)];
        cells.extend(row.cells.iter().map(cell));
        cells
    });
    let measured = facts::measured(case.case.repetitions.len(), case.merged.measured_s);
    let summary = escape_html(&case.summary());
    let wire: String = facts::wire_line(&case.case.repetitions)
        .into_iter()
        .chain(encoding::sentence(case))
        .chain(link::window_sentence(case))
        .map(|line| format!("{}\n\n", escape_html(&line)))
        .collect();
    format!(
        "<details><summary>Percentiles of <b>{}</b> ({measured})</summary>\n\n{summary}\n\n{}\n\
         In small print: how many samples lie beyond.\n\n{wire}</details>\n",
        escape_html(&case.label),
        table(&header, rows, 1)
    )
}

fn cell(cell: &Cell) -> String {
    match (cell.shown, cell.beyond_text()) {
        (Shown::Nothing, _) | (_, None) => escape(&cell.text()),
        (_, Some(beyond)) => format!("{} <sub>{beyond}</sub>", escape(&cell.text())),
    }
}

fn environment(view: &View<'_>) -> String {
    let mut text = String::new();
    for (result, run) in view.results.iter().zip(&view.runs) {
        let facts: Vec<String> = facts::environment(result)
            .iter()
            .filter(|fact| fact.value != DASH)
            .map(|fact| format!("{}: {}", fact.name, escape(&fact.value)))
            .collect();
        let run = match view.results.len() {
            1 => String::new(),
            _ => format!("**{}**: ", escape(run)),
        };
        text.push_str(&format!("<sub>{run}{}</sub>\n\n", facts.join(" · ")));
    }
    text
}

/// A table; the first `left` columns are text, the others numbers.
pub(super) fn table(
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
    left: usize,
) -> String {
    let align = |i: usize| if left == 0 || i < left { ":--" } else { "--:" };
    let rule: Vec<&str> = (0..header.len()).map(align).collect();
    let mut text = format!("| {} |\n| {} |\n", header.join(" | "), rule.join(" | "));
    for row in rows {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text
}

/// A text of the scenario or the server without what Markdown or HTML would act on.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in escape_html(text).chars() {
        if "\\`*_|[]~#@".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace(['\n', '\r'], " ")
}

/// A text as code; a bar would end the cell.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|"))
}
