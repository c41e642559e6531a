//! A search for capacity as people see it: what was found in a sentence, a row for each rate, and how it was judged.

use super::format::{self, DASH, plural};
use super::{CaseView, Merged, Time, clean};
use crate::model::{Quantile, RunResult, Says, Search, SearchOutcome, Tried, Verdict};

/// A search and what it found.
#[derive(Clone, Debug)]
pub struct SearchView {
    /// How it ended.
    pub outcome: SearchOutcome,
    /// What was found, in a sentence.
    pub sentence: String,
    /// A row for each rate, from below.
    pub rows: Vec<SearchRow>,
    /// How it was judged.
    pub facts: Vec<String>,
}

/// A rate.
#[derive(Clone, Debug)]
pub struct SearchRow {
    /// Calls per second.
    pub rate_per_s: f64,
    /// What it says.
    pub says: Says,
    /// Whether it is the capacity.
    pub is_capacity: bool,
    /// Calls that ended, per second; NaN where nothing was measured.
    pub achieved_per_s: f64,
    /// Median and 99th percentile of the response time in nanoseconds, where they are numbers.
    pub times_ns: [Option<f64>; 2],
    /// The rate and what was measured there: one for each of [`SEARCH_HEADINGS`].
    pub cells: [String; 5],
    /// What was broken, or why it was not measured.
    pub why: Option<String>,
}

/// What stands over the cells of a row.
pub const SEARCH_HEADINGS: [&str; 5] = [
    "rate",
    "kept in",
    "achieved",
    "response p50",
    "response p99",
];

impl SearchView {
    /// Finds the search in one result; `None` where it is none.
    pub(super) fn find(results: &[RunResult], cases: &[CaseView<'_>]) -> Option<SearchView> {
        let [result] = results else { return None };
        let search = result.search.as_ref()?;
        let mut tried: Vec<(usize, &Tried)> = search.tried.iter().enumerate().collect();
        tried.sort_by(|(_, a), (_, b)| a.rate_per_s.total_cmp(&b.rate_per_s));
        // Every rate that was tried has its case; that of a rate that was not tried to its end is among them too.
        let of = |rate: f64| {
            let is = |case: &&CaseView<'_>| rate_of(case).is_some_and(|r| r == rate);
            cases.iter().find(is).map(|case| &case.merged)
        };
        Some(SearchView {
            outcome: search.outcome,
            sentence: sentence(search),
            rows: tried
                .into_iter()
                .map(|(_, tried)| row(search, tried, of(tried.rate_per_s)))
                .collect(),
            facts: facts(search),
        })
    }
}

/// The worst verdict of any repetition; those of overloaded servers, which are no longer valid, are what a search is for.
pub(super) fn verdict(cases: &[CaseView<'_>]) -> Verdict {
    let worst = cases.iter().map(|case| case.verdict).max();
    worst.unwrap_or(Verdict::Invalid).min(Verdict::Tainted)
}

/// The rate of a point's case.
fn rate_of(case: &CaseView<'_>) -> Option<f64> {
    let text = case.case.point.get("load.open.rate")?.as_str()?;
    text.parse::<scenarios::units::Rate>()
        .ok()
        .map(scenarios::units::Rate::get)
}

fn sentence(search: &Search) -> String {
    let rate = |rate: Option<f64>| rate.map_or(DASH.to_owned(), format::rate);
    let limit = search
        .broken_limit
        .as_deref()
        .map_or("a limit".to_owned(), clean);
    let capacity = rate(search.capacity_per_s);
    let so_far = match search.capacity_per_s {
        Some(_) => format!("the limits hold up to {capacity}"),
        None => "no rate is known at which the limits hold".to_owned(),
    };
    let why = search
        .why
        .as_deref()
        .map_or(String::new(), |why| format!(": {}", clean(why)));
    match search.outcome {
        SearchOutcome::Found => {
            format!("{so_far}; at {} {limit} breaks", rate(search.broken_per_s))
        }
        SearchOutcome::NeverBroken => {
            format!("{so_far}, the highest rate that was to be tried; no limit broke")
        }
        SearchOutcome::BrokenAtOnce => format!(
            "{limit} breaks at the first rate, {}; begin lower (`--from`)",
            rate(search.broken_per_s)
        ),
        SearchOutcome::RunnerLimited if search.capacity_per_s.is_none() => {
            format!("at the first rate the tool and not the server was the limit{why}")
        }
        SearchOutcome::RunnerLimited => format!(
            "{so_far}; beyond, the tool and not the server was the limit, and the server's capacity is not known{why}"
        ),
        SearchOutcome::Interrupted => format!("{so_far}; the search was stopped before its end"),
        SearchOutcome::Failed => format!("{so_far}; then a repetition could not be made{why}"),
    }
}

fn facts(search: &Search) -> Vec<String> {
    let rates: Vec<String> = search
        .tried
        .iter()
        .map(|t| format::rate(t.rate_per_s))
        .collect();
    let limits: Vec<String> = search.limits.iter().map(|limit| clean(limit)).collect();
    vec![
        format!("limits: {}", limits.join(", ")),
        format!(
            "a rate holds where most of {} keep all limits; precision {}",
            plural(u64::from(search.repetitions), "repetition"),
            format::share(search.precision)
        ),
        format!("tried in this order: {}", rates.join(", ")),
    ]
}

fn row(search: &Search, tried: &Tried, measured: Option<&Merged>) -> SearchRow {
    let achieved_per_s = measured.map_or(f64::NAN, |merged| merged.achieved_per_s);
    let shown = [Quantile::P50, Quantile::P99].map(|q| {
        measured
            .and_then(|m| m.time(Time::Response))
            .map(|t| t.shown(q))
    });
    let text = |at: usize| shown[at].map_or(DASH.to_owned(), format::quantile);
    let all = tried.kept + tried.broken + tried.not_measured;
    let seen = tried.seen.as_deref().map(clean);
    SearchRow {
        rate_per_s: tried.rate_per_s,
        says: tried.says,
        is_capacity: search.capacity_per_s == Some(tried.rate_per_s),
        achieved_per_s,
        times_ns: shown.map(|shown| match shown {
            Some(crate::model::Shown::Exactly(ns)) => Some(ns as f64),
            _ => None,
        }),
        cells: [
            format::rate(tried.rate_per_s),
            format!("{} of {all}", tried.kept),
            format::rate(achieved_per_s),
            text(0),
            text(1),
        ],
        why: match (tried.says, &tried.limit, seen) {
            (Says::Breaks, Some(limit), Some(seen)) => {
                Some(format!("{} breaks: {seen}", clean(limit)))
            }
            (Says::NotMeasured, _, Some(seen)) => Some(format!("not measured: {seen}")),
            _ => None,
        },
    }
}

impl SearchRow {
    /// What the rate says, in a word or two.
    pub fn word(&self) -> &'static str {
        match self.says {
            Says::Holds if self.is_capacity => "capacity",
            Says::Holds => "holds",
            Says::Breaks => "breaks",
            Says::NotMeasured => "not measured",
        }
    }
}
