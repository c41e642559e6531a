//! When calls start, and for how long: ghz's rate limits, schedules and totals as load models and phases.

use scenarios::ScenarioError;
use scenarios::units::Nanos;
use serde_json::{Map, Value, json};

use super::config::Config;
use super::rates::{Budget, Span, cut};
use super::{entry, workers};

/// What ghz makes where nothing says how many.
const DEFAULT_TOTAL: u64 = 200;
/// As many stages as a load may have.
pub(super) const MAX_STAGES: usize = 100;
/// A scenario's shortest measured time, and nearly its longest: rounding must not lead beyond that.
const MEASURE: std::ops::RangeInclusive<f64> = 0.001..=86_399.0;
/// A scenario's lowest and highest rate.
const RATES: std::ops::RangeInclusive<f64> = 0.001..=10e6;

/// What only a schedule that changes looks at.
const SCHEDULE: [&str; 5] = [
    "load-start",
    "load-step",
    "load-end",
    "load-step-duration",
    "load-max-duration",
];

/// The load of a scenario, and its phases.
pub(super) struct Load {
    pub(super) model: Value,
    pub(super) phases: Value,
}

/// What ends a run.
pub(super) struct Ends {
    /// After so many calls; `None` where it is after a time.
    pub(super) total: Option<u64>,
    /// After so long.
    pub(super) time: Option<Nanos>,
    /// Whether calls in flight at the end are waited for.
    waits: bool,
}

pub(super) fn load(
    config: &mut Config<'_>,
    timeout: Option<Nanos>,
    client: &mut Map<String, Value>,
) -> Result<Load, ScenarioError> {
    let channels = workers::channels(config, client)?;
    let ends = ends(config)?;
    let rates = rates(config)?;
    let (model, measure) = match rates {
        Some(rates) => {
            workers::leave_out(config)?;
            paced(config, &rates, &ends)
        }
        None => workers::closed(config, channels, &ends)?,
    };
    let mut phases = warm_up(config)?;
    if let Some(measure) = measure {
        phases.insert("measure".into(), written(measure).into());
    }
    if ends.waits {
        let drain = timeout.unwrap_or(Nanos::SECOND).as_secs_f64();
        phases.insert("drain".into(), written(drain).into());
    }
    Ok(Load {
        model,
        phases: Value::Object(phases),
    })
}

fn ends(config: &mut Config<'_>) -> Result<Ends, ScenarioError> {
    let some = |time: Option<Nanos>| time.filter(|time| *time > Nanos::ZERO);
    let duration = some(config.duration("duration")?);
    let longest = some(config.duration("max-duration")?);
    let total = config.count("total")?;
    let stop = config.text("duration-stop")?.unwrap_or_default();
    if duration.is_none() {
        if !stop.is_empty() {
            config.leave(
                "duration-stop",
                "without `duration` ghz waits for all calls",
            );
        }
        return Ok(Ends {
            total: Some(total.unwrap_or(DEFAULT_TOTAL)),
            time: longest,
            waits: true,
        });
    }
    if total.is_some() {
        config.leave("total", "`duration` takes precedence in ghz");
    }
    if longest.is_some() {
        config.leave("max-duration", "`duration` takes precedence in ghz");
    }
    let waits = stop.eq_ignore_ascii_case("wait");
    if !waits && !stop.is_empty() {
        config.differs(
            "duration-stop",
            "calls get `phases.drain` to end in, and are `unfinished` after it: counted, and no errors",
        );
    }
    Ok(Ends {
        total: None,
        time: duration,
        waits,
    })
}

/// ghz drops the first results; here the load runs for a while before anything is measured.
fn warm_up(config: &mut Config<'_>) -> Result<Map<String, Value>, ScenarioError> {
    if config.count("skipFirst")?.is_some() {
        config.differs(
            "skipFirst",
            "`phases.warm_up` is a time, after which everything is measured; here a second",
        );
    }
    Ok([("warm_up".to_owned(), Value::from("1s"))]
        .into_iter()
        .collect())
}

/// The rate over time, where there is one: its spans, and the same more coarsely where those are too many.
struct Rates {
    spans: Vec<Span>,
    /// Used where `spans` end before the run does.
    coarse: Option<Vec<Span>>,
}

/// What a schedule says.
#[derive(Debug)]
struct Schedule {
    start: f64,
    step: f64,
    end: Option<f64>,
    step_length: f64,
    longest: f64,
}

fn rates(config: &mut Config<'_>) -> Result<Option<Rates>, ScenarioError> {
    let kind = config.text("load-schedule")?.unwrap_or_default();
    let rps = config.count("rps")?;
    let asynchronous = config.flag("async")?;
    if matches!(kind.as_str(), "" | "const") {
        for key in SCHEDULE {
            config.ignore(key, "`load-schedule` is `const`");
        }
    }
    let schedule = schedule(config)?;
    if !matches!(kind.as_str(), "" | "const" | "step" | "line") {
        let wrong = Value::from(kind);
        return Err(config.wrong("load-schedule", "`const`, `step` or `line`", &wrong));
    }
    if rps.is_some() && matches!(kind.as_str(), "step" | "line") {
        config.leave("rps", "`load-schedule` says how fast");
    }
    let spans = match (kind.as_str(), rps) {
        ("step", _) => schedule.steps(config)?,
        ("line", _) => schedule.line(config)?,
        (_, Some(rps)) => Rates {
            spans: vec![Span::steady(rps as f64)],
            coarse: None,
        },
        (_, None) => {
            if asynchronous {
                config.leave(
                    "async",
                    "without `rps` ghz starts calls without end; a closed loop keeps `concurrency` of them in flight",
                );
            }
            return Ok(None);
        }
    };
    if !asynchronous {
        let key = if kind == "step" || kind == "line" {
            "load-schedule"
        } else {
            "rps"
        };
        config.differs(
            key,
            "ghz holds calls back while all its workers are busy; here they start on time, and their lateness counts",
        );
    }
    Ok(Some(spans))
}

fn schedule(config: &mut Config<'_>) -> Result<Schedule, ScenarioError> {
    let seconds = |time: Option<Nanos>| {
        let time = time.filter(|time| *time > Nanos::ZERO);
        time.map(Nanos::as_secs_f64)
    };
    Ok(Schedule {
        start: config.count("load-start")?.unwrap_or_default() as f64,
        step: config.change("load-step")?.unwrap_or_default() as f64,
        end: config.count("load-end")?.map(|end| end as f64),
        step_length: seconds(config.duration("load-step-duration")?).unwrap_or(0.0),
        longest: seconds(config.duration("load-max-duration")?).unwrap_or(f64::INFINITY),
    })
}

impl Schedule {
    /// What ghz demands too.
    fn check(&self, config: &Config<'_>) -> Result<(), ScenarioError> {
        if self.start == 0.0 {
            return Err(config.refuse("load-start", "expected a rate above 0, as ghz does"));
        }
        if self.step == 0.0 {
            return Err(config.refuse("load-step", "expected a step other than 0, as ghz does"));
        }
        Ok(())
    }

    /// Rises or falls at the end of every step.
    fn steps(&self, config: &Config<'_>) -> Result<Rates, ScenarioError> {
        self.check(config)?;
        if self.step_length == 0.0 {
            let message = "expected the length of a step, as ghz does";
            return Err(config.refuse("load-step-duration", message));
        }
        let (mut spans, mut rate, mut at) = (Vec::new(), self.start, 0.0);
        while spans.len() < MAX_STAGES - 1 && rate > 0.0 && !self.is_over(rate) && at < self.longest
        {
            let length = self.step_length.min(self.longest - at);
            spans.push(Span {
                from: rate,
                slope: 0.0,
                length,
            });
            at += self.step_length;
            rate += self.step;
        }
        let is_whole = self.is_over(rate) || at >= self.longest;
        if is_whole && let Some(rate) = Some(self.end.unwrap_or(rate)).filter(|rate| *rate > 0.0) {
            spans.push(Span::steady(rate));
        }
        let coarse = (!is_whole && rate > 0.0).then(|| self.slope(self.step / self.step_length));
        Ok(Rates { spans, coarse })
    }

    /// Rises or falls all the time: ghz takes a step each second.
    fn line(&self, config: &Config<'_>) -> Result<Rates, ScenarioError> {
        self.check(config)?;
        Ok(Rates {
            spans: self.slope(self.step),
            coarse: None,
        })
    }

    /// Whether a rate has come to where the load stays.
    fn is_over(&self, rate: f64) -> bool {
        let end = self.end.unwrap_or(self.step * f64::INFINITY);
        if self.step > 0.0 {
            rate >= end
        } else {
            rate <= end
        }
    }

    fn slope(&self, slope: f64) -> Vec<Span> {
        let until = |rate: f64| (rate - self.start) / slope;
        let end = self.end.map_or(f64::INFINITY, until);
        // The end lies behind, or the rate comes to nothing.
        let end = if end < 0.0 { 0.0 } else { end };
        let nothing = if slope < 0.0 {
            until(0.0)
        } else {
            f64::INFINITY
        };
        let length = end.min(self.longest).min(nothing);
        let rise = Span {
            from: self.start,
            slope,
            length,
        };
        if length == nothing {
            return vec![rise];
        }
        let after = match self.end {
            Some(end) => end,
            None => rise.to(),
        };
        vec![rise, Span::steady(after)]
    }
}

/// The load model of a rate over time, and how long it is measured; stages have their own lengths.
fn paced(config: &mut Config<'_>, rates: &Rates, ends: &Ends) -> (Value, Option<f64>) {
    let budget = Budget {
        calls: ends.total.map_or(f64::INFINITY, |total| total as f64),
        time: ends
            .time
            .map_or(*MEASURE.end(), Nanos::as_secs_f64)
            .min(*MEASURE.end()),
    };
    let (mut spans, used) = cut(&rates.spans, budget);
    if let Some(coarse) = rates.coarse.as_ref().filter(|_| !used) {
        let why = format!("more than {MAX_STAGES} steps: the rate changes evenly instead");
        config.differs("load-schedule", why);
        spans = cut(coarse, budget).0;
    }
    let length = spans.iter().map(|span| span.length).sum();
    if let Some(total) = ends.total {
        let why = format!(
            "a run lasts for a time: {total} calls at this rate are {}",
            written(length)
        );
        config.differs("total", why);
    }
    within_a_day(config, length);
    if spans.iter().any(|span| span.from > *RATES.end()) {
        config.differs("rps", format!("at most {}/s", RATES.end()));
    }
    match spans.as_slice() {
        [one] => (model(one), Some(one.length)),
        several => (
            stages(several.iter().map(|span| (model(span), span.length))),
            None,
        ),
    }
}

/// Says where a run would be longer than runs can be.
pub(super) fn within_a_day(config: &mut Config<'_>, seconds: f64) {
    if seconds >= *MEASURE.end() {
        let key = if config.wrote("duration") {
            "duration"
        } else {
            "total"
        };
        config.differs(key, "a run lasts a day at the most");
    }
}

/// Stages of a load, named by their number.
pub(super) fn stages(parts: impl Iterator<Item = (Value, f64)>) -> Value {
    let stages = parts.map(|(model, length)| {
        let mut stage: Map<String, Value> = Map::new();
        stage.insert("duration".into(), written(length).into());
        if let Value::Object(model) = model {
            stage.extend(model);
        }
        Value::Object(stage)
    });
    entry("stages", stages.collect::<Vec<_>>())
}

fn model(span: &Span) -> Value {
    if span.slope == 0.0 {
        return json!({ "open": { "rate": rate(span.from), "arrivals": "uniform" } });
    }
    let (from, to) = (rate(span.from), rate(span.to()));
    json!({ "ramp": { "from": from, "to": to, "arrivals": "uniform" } })
}

/// A rate as a scenario has it, to three digits after the point.
pub(super) fn rate(per_s: f64) -> String {
    let rate = per_s.clamp(*RATES.start(), *RATES.end());
    format!("{}/s", (rate * 1000.0).round() / 1000.0)
}

/// Seconds as a scenario has them, to the millisecond, within what it allows.
pub(super) fn written(seconds: f64) -> String {
    let ms = seconds.clamp(*MEASURE.start(), *MEASURE.end()) * 1000.0;
    Nanos::from_millis(ms.round() as u64).to_string()
}
