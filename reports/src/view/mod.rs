//! What reports show: one model made from one or several results, which every renderer and every figure reads.

mod around;
mod case;
mod caveat;
mod comparison;
pub mod encoding;
pub mod facts;
pub mod format;
mod gate;
mod headline;
pub mod link;
mod merged;
mod names;
mod overview;
mod parts;
mod ratio;
mod search;
mod sweep;
mod time;
pub mod yaml;

pub(crate) use around::around;
pub use case::{COLUMNS, CaseView, Cell, TimeRow, cells, table};
pub(crate) use comparison::heat;
pub use comparison::{Comparison, Group, HEADINGS, Row};
pub use gate::{GATE_HEADINGS, GateRow, GateView};
pub(crate) use gate::{percent, shown};
pub(crate) use headline::whisker;
pub use headline::{Figure, Headline, Metric};
pub use merged::Merged;
pub(crate) use names::{clean, last_key};
pub use overview::Column;
pub use parts::PartTable;
pub use ratio::{RATIO_HEADINGS, RatioRow, Ratios};
pub use search::{SEARCH_HEADINGS, SearchRow, SearchView};
pub use sweep::{Scale, Sweep, SweepSeries, SweepValue};
pub use time::Time;

use serde_json::Value;

use crate::error::ReportError;
use crate::model::{CaseResult, Finding, LimitOutcome, LimitVerdict, Outcome, RunResult, Verdict};

/// One or several results, ready to be shown.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The results themselves.
    pub results: &'a [RunResult],
    /// What each run is called.
    pub runs: Vec<String>,
    /// The scenario's name, or all of them.
    pub title: String,
    /// One sentence about the scenario.
    pub about: Option<String>,
    /// What to know before the numbers, though they are valid.
    pub caveats: Vec<String>,
    /// The worst verdict of any repetition.
    pub verdict: Verdict,
    /// Why it is not valid.
    pub reasons: Vec<Reason>,
    /// Every limit of every case.
    pub limits: Vec<LimitRow<'a>>,
    /// Every case of every result.
    pub cases: Vec<CaseView<'a>>,
    /// How the cases stand side by side.
    pub sweep: Option<Sweep>,
    /// Stacks side by side, where the result is of a comparison.
    pub comparison: Option<Comparison>,
    /// The verdict on a candidate, where the result is of a gate.
    pub gate: Option<GateView>,
    /// How far the limits hold, where the result is of a search.
    pub search: Option<SearchView>,
    /// How many times as much the second result is, where there are two of the same work.
    pub ratios: Option<Ratios>,
}

/// Why a case is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The cases, where not all have this reason.
    pub cases: Option<String>,
    /// What was seen, and what to do about it.
    pub text: String,
}

/// A limit of one or several cases.
#[derive(Clone, Debug)]
pub struct LimitRow<'a> {
    /// The cases, where there are several.
    pub cases: Option<String>,
    /// The limit and what was seen.
    pub outcome: &'a LimitOutcome,
}

impl<'a> View<'a> {
    /// Reads results side by side.
    ///
    /// # Errors
    ///
    /// Where there is no result, or one holds a histogram that cannot be read.
    pub fn new(results: &'a [RunResult]) -> Result<View<'a>, ReportError> {
        let first = results.first().ok_or(ReportError::NoResults)?;
        let runs = names::run_labels(results);
        let cases = case_views(results, &runs)?;
        let about = first.scenario.get("about").and_then(Value::as_str);
        let comparison = Comparison::find(results, &cases);
        let gate = GateView::find(results);
        let search = SearchView::find(results, &cases);
        let reasons = match (&comparison, &gate, &search) {
            (None, None, None) => reasons(&cases),
            _ => reasons_by_rule(&cases),
        };
        Ok(View {
            title: title(results),
            about: about
                .filter(|about| results.len() == 1 && !about.is_empty())
                .map(clean),
            caveats: caveat::caveats(&cases),
            verdict: match &search {
                Some(_) => search::verdict(&cases),
                None => verdict(&cases, gate.as_ref()),
            },
            reasons,
            // A search judges limits rate by rate, in its own table.
            limits: match search {
                Some(_) => Vec::new(),
                None => limits(&cases),
            },
            sweep: match (&gate, &search) {
                (None, None) => Sweep::find(&cases, &runs),
                _ => None,
            },
            comparison,
            gate,
            search,
            ratios: Ratios::find(results, &cases, &runs),
            cases,
            runs,
            results,
        })
    }

    /// Whether any case is closed loop, which readers of response times should know.
    pub fn has_closed_loop(&self) -> bool {
        self.cases.iter().any(CaseView::is_closed_loop)
    }

    /// Whether there are several cases to hold side by side.
    pub fn has_several_cases(&self) -> bool {
        self.cases.len() > 1
    }
}

/// The worst verdict of any repetition. A gate drops invalid rounds in pairs, and says itself when they are too many.
fn verdict(cases: &[CaseView<'_>], gate: Option<&GateView>) -> Verdict {
    let worst = cases.iter().map(|c| c.verdict).max();
    match gate.map(|gate| gate.outcome) {
        None => worst.unwrap_or(Verdict::Invalid),
        Some(Outcome::Invalid) => Verdict::Invalid,
        Some(_) => worst.unwrap_or(Verdict::Invalid).min(Verdict::Tainted),
    }
}

fn case_views<'a>(
    results: &'a [RunResult],
    runs: &[String],
) -> Result<Vec<CaseView<'a>>, ReportError> {
    let cases: Vec<(usize, &CaseResult)> = results
        .iter()
        .enumerate()
        .flat_map(|(i, result)| result.cases.iter().map(move |case| (i, case)))
        .collect();
    let all: Vec<&CaseResult> = cases.iter().map(|(_, case)| *case).collect();
    let labels = names::case_labels(results, runs);
    let slugs = names::slugs(&all);
    cases
        .into_iter()
        .zip(labels.into_iter().zip(slugs))
        .map(|((result, case), (label, slug))| CaseView::new(result, case, label, slug))
        .collect()
}

/// The part of a file name that stands for each case of a result.
pub fn file_names(cases: &[CaseResult]) -> Vec<String> {
    names::slugs(&cases.iter().collect::<Vec<_>>())
}

/// The names of all scenarios, each once.
fn title(results: &[RunResult]) -> String {
    let mut names: Vec<String> = Vec::new();
    for result in results {
        let name = clean(result.name());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// Each reason once, with the cases that have it.
fn reasons(cases: &[CaseView<'_>]) -> Vec<Reason> {
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    for case in cases {
        for text in case
            .case
            .repetitions
            .iter()
            .flat_map(|r| &r.validity.reasons)
        {
            let text = clean(text);
            match found.iter_mut().find(|(known, _)| *known == text) {
                Some((_, having)) if having.last() != Some(&case.label.as_str()) => {
                    having.push(&case.label);
                }
                Some(_) => {}
                None => found.push((text, vec![&case.label])),
            }
        }
    }
    let reason = |(text, having): (String, Vec<&str>)| Reason {
        cases: (having.len() < cases.len()).then(|| having.join(", ")),
        text,
    };
    let mut reasons: Vec<Reason> = found.into_iter().map(reason).collect();
    for case in cases.iter().filter(|case| case.case.repetitions.is_empty()) {
        reasons.push(Reason {
            cases: (cases.len() > 1).then(|| case.label.clone()),
            text: "nothing was measured".to_owned(),
        });
    }
    if cases.is_empty() {
        reasons.push(Reason {
            cases: None,
            text: "the result has no case".to_owned(),
        });
    }
    reasons
}

/// Each rule once, the worst verdicts first, with the pairs that it spoke of and what it said of the first. Of a comparison
/// there is a sentence for nearly every run otherwise, and they differ in their figures only.
fn reasons_by_rule(cases: &[CaseView<'_>]) -> Vec<Reason> {
    let mut found: Vec<(&Finding, Vec<&str>, usize)> = Vec::new();
    for case in cases {
        let findings = case
            .case
            .repetitions
            .iter()
            .flat_map(|r| &r.validity.findings);
        for finding in findings {
            let Some((_, having, runs)) = found
                .iter_mut()
                .find(|(known, ..)| known.rule == finding.rule)
            else {
                found.push((finding, vec![&case.label], 1));
                continue;
            };
            *runs += 1;
            if having.last() != Some(&case.label.as_str()) {
                having.push(&case.label);
            }
        }
    }
    found.sort_by_key(|(finding, ..)| std::cmp::Reverse(finding.verdict));
    let all: usize = cases.iter().map(|case| case.case.repetitions.len()).sum();
    let reason = |(finding, having, runs): (&Finding, Vec<&str>, usize)| {
        let pairs = match having.len() {
            n if n > 3 => format!("{} and {} more", having[..2].join(", "), n - 2),
            _ => having.join(", "),
        };
        let text = clean(&format!("{}; {}", finding.seen, finding.remedy));
        let first = if runs > 1 { "the first: " } else { "" };
        Reason {
            cases: Some(format!("{pairs}, {runs} of {all} runs")),
            text: format!("{first}{text}"),
        }
    };
    found.into_iter().map(reason).collect()
}

/// The broken limits first, then those that cannot be told, then those that are kept. A limit that came out the same in
/// several cases is one row.
fn limits<'a>(cases: &[CaseView<'a>]) -> Vec<LimitRow<'a>> {
    let mut found: Vec<(&'a LimitOutcome, Vec<&str>)> = Vec::new();
    for view in cases {
        let case: &'a CaseResult = view.case;
        for outcome in &case.limits {
            match found.iter_mut().find(|(known, _)| *known == outcome) {
                Some((_, having)) => having.push(&view.label),
                None => found.push((outcome, vec![&view.label])),
            }
        }
    }
    let row = |(outcome, having): (&'a LimitOutcome, Vec<&str>)| LimitRow {
        cases: (cases.len() > 1).then(|| match having.len() {
            n if n == cases.len() => format!("all {n} cases"),
            n if n > 4 => format!("{} and {} more", having[..3].join(", "), n - 3),
            _ => having.join(", "),
        }),
        outcome,
    };
    let mut rows: Vec<LimitRow<'a>> = found.into_iter().map(row).collect();
    rows.sort_by_key(|row| match row.outcome.outcome {
        LimitVerdict::Broken => 0,
        LimitVerdict::Inconclusive => 1,
        LimitVerdict::Kept => 2,
    });
    rows
}
