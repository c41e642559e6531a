//! One case as a reader sees it: its headline numbers and its percentile table.

use super::format::{self, count, duration, quantile, rate, share};
use super::{Merged, Time};
use crate::error::ReportError;
use crate::model::{CaseResult, Quantile, Repetition, Shown, Timing, Verdict};

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

/// The numbers to look at first.
#[derive(Clone, Debug)]
pub struct Headline {
    /// Calls that ended OK, a second.
    pub achieved: Figure,
    /// Calls meant to start, a second; only where that is not what was achieved.
    pub offered: Option<Figure>,
    /// Messages a second, where calls carry more than one.
    pub messages: Option<Figure>,
    /// Median response time.
    pub p50: Figure,
    /// 99th percentile of the response time.
    pub p99: Figure,
    /// Calls that did not end OK.
    pub errors: Figure,
}

/// A number for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it is.
    pub label: &'static str,
    /// The number with its unit.
    pub value: String,
    /// Its smallest and largest value over the repetitions, or another remark.
    pub note: Option<String>,
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
        [text("call.method"), channels, self.load()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(", ")
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

impl Headline {
    fn new(case: &CaseResult, merged: &Merged) -> Headline {
        let repetitions = &case.repetitions;
        let response = |q: Quantile| {
            let shown = merged.time(Time::Response).map(|timing| timing.shown(q));
            shown.map_or_else(|| format::DASH.to_owned(), quantile)
        };
        Headline {
            achieved: Figure {
                label: "throughput",
                value: rate(merged.achieved_per_s),
                note: spread(repetitions, |r| Some(r.achieved_per_s), rate),
            },
            offered: offered(merged),
            messages: messages(merged),
            p50: Figure {
                label: "response time p50",
                value: response(Quantile::P50),
                note: spread(repetitions, |r| exact(r, Quantile::P50), duration),
            },
            p99: Figure {
                label: "response time p99",
                value: response(Quantile::P99),
                note: spread(repetitions, |r| exact(r, Quantile::P99), duration),
            },
            errors: errors(merged),
        }
    }

    /// All of them, in the order of reading.
    pub fn figures(&self) -> Vec<&Figure> {
        let mut figures = vec![&self.achieved];
        figures.extend(self.offered.as_ref());
        figures.extend(self.messages.as_ref());
        figures.extend([&self.p50, &self.p99, &self.errors]);
        figures
    }
}

/// A response-time quantile of one repetition, where it is a number.
pub(crate) fn exact(repetition: &Repetition, quantile: Quantile) -> Option<f64> {
    match repetition.response_time.shown(quantile) {
        Shown::Exactly(ns) => Some(ns as f64),
        _ => None,
    }
}

/// The smallest and the largest over the repetitions, where there are several and all are numbers.
pub(crate) fn range(
    repetitions: &[Repetition],
    value: impl Fn(&Repetition) -> Option<f64>,
) -> Option<(f64, f64)> {
    if repetitions.len() < 2 {
        return None;
    }
    let values: Vec<f64> = repetitions.iter().map(value).collect::<Option<_>>()?;
    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Some((min, max))
}

fn spread(
    repetitions: &[Repetition],
    value: impl Fn(&Repetition) -> Option<f64>,
    print: impl Fn(f64) -> String,
) -> Option<String> {
    let (min, max) = range(repetitions, value)?;
    Some(format!("{} to {}", print(min), print(max)))
}

/// Shown where the load asked for more than one percent more, or less, than what was achieved.
fn offered(merged: &Merged) -> Option<Figure> {
    let (offered, achieved) = (merged.offered_per_s, merged.achieved_per_s);
    let differs = (offered - achieved).abs() > 0.01 * offered.abs();
    (offered.is_finite() && (differs || merged.counts.shed > 0)).then(|| Figure {
        label: "offered",
        value: rate(offered),
        note: (merged.counts.shed > 0).then(|| format!("{} shed", count(merged.counts.shed))),
    })
}

/// Shown where a call carries more than one message in a direction.
fn messages(merged: &Merged) -> Option<Figure> {
    let counts = &merged.counts;
    let per_s = |n: u64| n as f64 / merged.measured_s;
    let sent = (counts.messages_sent > counts.started).then(|| per_s(counts.messages_sent));
    let received =
        (counts.messages_received > counts.finished()).then(|| per_s(counts.messages_received));
    let (value, note) = match (sent, received) {
        (Some(out), Some(back)) if (out - back).abs() <= 0.01 * out => (out, "each way".to_owned()),
        (Some(out), Some(back)) => (out, format!("sent, {} received", rate(back))),
        (Some(out), None) => (out, "sent".to_owned()),
        (None, Some(back)) => (back, "received".to_owned()),
        (None, None) => return None,
    };
    Some(Figure {
        label: "messages",
        value: rate(value),
        note: Some(note),
    })
}

fn errors(merged: &Merged) -> Figure {
    let counts = &merged.counts;
    let bad = counts.started.saturating_sub(counts.ok);
    Figure {
        label: "errors",
        value: count(bad),
        note: Some(if bad == 0 {
            format!("of {} calls", count(counts.started))
        } else {
            format!(
                "{} of {} calls",
                share(counts.error_share()),
                count(counts.started)
            )
        }),
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
