//! One case as a reader sees it: its headline numbers and its percentile table.

use super::format::{count, quantile};
use super::{Headline, Merged, Time};
use crate::error::ReportError;
use crate::model::{CaseResult, Quantile, Shown, Timing, Verdict};

/// The columns of every percentile table.
pub const COLUMNS: [(Quantile, &str); 5] = [
    (Quantile::P50, "p50"),
    (Quantile::P90, "p90"),
    (Quantile::P99, "p99"),
    (Quantile::P999, "p99.9"),
    (Quantile::Max, "max"),
];

/// One case of one result.
#[derive(Clone, Debug)]
pub struct CaseView<'a> {
    /// Which of the results it belongs to.
    pub result: usize,
    /// Its name among the others, as short as it can be.
    pub label: String,
    /// Its name in file names.
    pub slug: String,
    /// What the result says.
    pub case: &'a CaseResult,
    /// The worst verdict of its repetitions.
    pub verdict: Verdict,
    /// All repetitions together.
    pub merged: Merged,
    /// The numbers to look at first.
    pub headline: Headline,
    /// A row for each time that was measured.
    pub table: Vec<TimeRow>,
}

/// A row of the percentile table.
#[derive(Clone, Debug)]
pub struct TimeRow {
    /// Which time.
    pub time: Time,
    /// Samples, those that were cut off included.
    pub samples: u64,
    /// How many of them were cut off, so that only a lower bound is known.
    pub censored: u64,
    /// One for each of [`COLUMNS`].
    pub cells: Vec<Cell>,
}

/// A quantile in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The value, if there is one that may be shown.
    pub shown: Shown,
    /// Samples beyond it; `None` for the maximum, which has none.
    pub beyond: Option<u64>,
}

impl<'a> CaseView<'a> {
    /// Reads a case; names are given by the caller, who sees the others.
    pub fn new(
        result: usize,
        case: &'a CaseResult,
        label: String,
        slug: String,
    ) -> Result<CaseView<'a>, ReportError> {
        let merged = Merged::new(case)?;
        let verdicts = case.repetitions.iter().map(|r| r.validity.verdict);
        Ok(CaseView {
            result,
            label,
            slug,
            case,
            verdict: verdicts.max().unwrap_or(Verdict::Invalid),
            headline: Headline::new(case, &merged),
            table: table(&merged.times),
            merged,
        })
    }

    /// A text of the case as meant, by its path: `call.method`.
    pub fn setting(&self, path: &str) -> Option<&'a serde_json::Value> {
        path.split('.')
            .try_fold(&self.case.case, |value, key| value.get(key))
    }

    /// What one call is and how the calls come: `SayHello, 10 channels, closed: {in_flight: 10}`.
    pub fn summary(&self) -> String {
        let text = |path| self.setting(path).map(super::yaml::flow);
        let channels = text("client.channels").map(|n| match n.as_str() {
            "1" => "1 channel".to_owned(),
            n => format!("{n} channels"),
        });
        [
            text("call.method").or_else(|| self.mix()),
            channels,
            self.load(),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
    }

    /// The calls of a mix with their weights: `mix hello 9 : stream 1`.
    fn mix(&self) -> Option<String> {
        let calls = self.setting("calls")?.as_array()?;
        let one = |call: &serde_json::Value| {
            let name = call.get("name").and_then(serde_json::Value::as_str);
            let weight = call.get("weight").map(super::yaml::flow);
            Some(format!("{} {}", super::clean(name?), weight?))
        };
        let calls: Option<Vec<String>> = calls.iter().map(one).collect();
        Some(format!("mix {}", calls?.join(" : ")))
    }

    /// How the calls come: `open: {rate: 5000/s}`, or the names of the stages.
    fn load(&self) -> Option<String> {
        let load = self.setting("load")?;
        if let Some(stages) = load.get("stages").and_then(serde_json::Value::as_array) {
            return Some(super::format::plural(stages.len() as u64, "stage"));
        }
        let text = super::yaml::flow(load);
        let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
        Some(inner.unwrap_or(&text).to_owned())
    }

    /// Whether the next call waits for the last one.
    pub fn is_closed_loop(&self) -> bool {
        self.setting("load.closed").is_some()
    }
}

/// The percentile table of some times.
pub fn table(times: &[(Time, Timing)]) -> Vec<TimeRow> {
    times
        .iter()
        .map(|(time, timing)| TimeRow {
            time: *time,
            samples: timing.population(),
            censored: timing.population() - timing.count,
            cells: cells(timing),
        })
        .collect()
}

/// The cells of one row.
pub fn cells(timing: &Timing) -> Vec<Cell> {
    COLUMNS
        .iter()
        .map(|(quantile, _)| Cell {
            shown: timing.shown(*quantile),
            beyond: quantile
                .is_percentile()
                .then(|| quantile.beyond(timing.population())),
        })
        .collect()
}

impl Cell {
    /// The value in full: `18.4 µs`, `>= 1 s`, `too few: 3 beyond`.
    pub fn text(&self) -> String {
        quantile(self.shown)
    }

    /// How many samples lie beyond, where the value does not say it itself.
    pub fn beyond_text(&self) -> Option<String> {
        match self.shown {
            Shown::TooFew(_) | Shown::Nothing => None,
            _ => self.beyond.map(count),
        }
    }
}
