//! Workers and connections: ghz's concurrency as a closed loop.

use scenarios::ScenarioError;
use scenarios::units::Nanos;
use serde_json::{Map, Value, json};

use super::config::Config;
use super::load::{Ends, MAX_STAGES, stages, within_a_day};

/// ghz's own.
const DEFAULT_WORKERS: u64 = 50;
/// As many as a scenario may have.
const MAX_CHANNELS: u64 = 10_000;
/// As many as all channels together may have in flight.
const MAX_WORKERS: u64 = 1_000_000;
/// What is measured where only a number of calls is given.
const MEASURE_S: f64 = 5.0;
/// The longest run, less what rounding may add.
const LONGEST_S: f64 = 86_399.0;
/// The length of a worker's step where the line rises.
const LINE_STEP_S: f64 = 1.0;

/// What only a schedule that changes looks at.
const SCHEDULE: [&str; 5] = [
    "concurrency-start",
    "concurrency-step",
    "concurrency-end",
    "concurrency-step-duration",
    "concurrency-max-duration",
];

/// The connections, which are a scenario's channels.
pub(super) fn channels(
    config: &mut Config<'_>,
    client: &mut Map<String, Value>,
) -> Result<u64, ScenarioError> {
    let wanted = config.count("connections")?.unwrap_or(1);
    let channels = wanted.min(MAX_CHANNELS);
    if channels < wanted {
        config.differs("connections", format!("at most {MAX_CHANNELS} channels"));
    }
    if channels > 1 {
        client.insert("channels".into(), channels.into());
    }
    Ok(channels)
}

/// Workers have no meaning where calls start on time.
pub(super) fn leave_out(config: &mut Config<'_>) -> Result<(), ScenarioError> {
    let schedule = Workers::read(config)?;
    if schedule.is_given {
        config.leave(
            "concurrency",
            "calls that start at a rate need no workers; `max_in_flight` of the load bounds what may wait",
        );
    }
    Ok(())
}

/// The closed loop, and how long it is measured; stages have their own lengths.
pub(super) fn closed(
    config: &mut Config<'_>,
    channels: u64,
    ends: &Ends,
) -> Result<(Value, Option<f64>), ScenarioError> {
    let workers = Workers::read(config)?;
    let steps = workers.steps(config)?;
    let time = ends.time.map(Nanos::as_secs_f64);
    within_a_day(config, time.unwrap_or_default());
    if let Some(total) = ends.total {
        let how = match time {
            Some(_) => "`max-duration` says how long".to_owned(),
            None => format!("write into `phases.measure` how long {total} calls take"),
        };
        config.differs(
            "total",
            format!(
                "a run lasts for a time, and how fast the server is nobody knows before: {how}"
            ),
        );
    }
    let in_flight = |config: &mut Config<'_>, workers: u64| {
        let each = workers
            .min(MAX_WORKERS)
            .div_ceil(channels)
            .clamp(1, MAX_WORKERS / channels);
        let each = each.min(100_000);
        if each * channels != workers {
            let why = format!("{each} calls in flight on each of {channels} channels");
            config.differs("concurrency", format!("{why}, for {workers} workers"));
        }
        json!({ "closed": { "in_flight": each } })
    };
    if let [(workers, _)] = steps.as_slice() {
        return Ok((in_flight(config, *workers), time.or(Some(MEASURE_S))));
    }
    let mut left = time.unwrap_or(LONGEST_S).min(LONGEST_S);
    let mut parts = Vec::new();
    for (workers, length) in steps {
        let length = length.unwrap_or(if time.is_some() { left } else { MEASURE_S });
        let length = length.min(left);
        if length <= 0.0 {
            break;
        }
        left -= length;
        parts.push((in_flight(config, workers), length));
    }
    Ok((stages(parts.into_iter()), None))
}

/// How many workers there are, and how that changes.
struct Workers {
    is_given: bool,
    kind: String,
    number: u64,
    start: u64,
    step: i64,
    end: Option<u64>,
    step_length: f64,
    longest: f64,
}

impl Workers {
    fn read(config: &mut Config<'_>) -> Result<Workers, ScenarioError> {
        let is_given = ["concurrency", "concurrency-schedule"]
            .iter()
            .any(|key| config.has(key));
        let kind = config.text("concurrency-schedule")?.unwrap_or_default();
        if !matches!(kind.as_str(), "" | "const" | "step" | "line") {
            let wrong = Value::from(kind);
            return Err(config.wrong("concurrency-schedule", "`const`, `step` or `line`", &wrong));
        }
        let seconds = |time: Option<Nanos>| {
            let time = time.filter(|time| *time > Nanos::ZERO);
            time.map(Nanos::as_secs_f64)
        };
        if kind.is_empty() || kind == "const" {
            for key in SCHEDULE {
                config.ignore(key, "`concurrency-schedule` is `const`");
            }
        } else if config.wrote("concurrency") {
            config.ignore("concurrency", "`concurrency-schedule` says how many");
        }
        Ok(Workers {
            is_given,
            kind,
            number: config.count("concurrency")?.unwrap_or(DEFAULT_WORKERS),
            start: config.count("concurrency-start")?.unwrap_or(1),
            step: config.change("concurrency-step")?.unwrap_or(1),
            end: config.count("concurrency-end")?,
            step_length: seconds(config.duration("concurrency-step-duration")?)
                .unwrap_or(LINE_STEP_S),
            longest: seconds(config.duration("concurrency-max-duration")?).unwrap_or(f64::INFINITY),
        })
    }

    /// Numbers of workers, each for so many seconds; the last for as long as the run lasts.
    fn steps(&self, config: &mut Config<'_>) -> Result<Vec<(u64, Option<f64>)>, ScenarioError> {
        if self.kind != "step" && self.kind != "line" {
            return Ok(vec![(self.number, None)]);
        }
        let length = if self.kind == "line" {
            LINE_STEP_S
        } else {
            self.step_length
        };
        let (mut steps, mut workers, mut at) = (Vec::new(), self.start, 0.0);
        while !self.is_over(workers) && at < self.longest {
            if steps.len() == MAX_STAGES - 1 {
                let why = format!("only the first {MAX_STAGES} steps: a load has no more stages");
                config.differs("concurrency-schedule", why);
                break;
            }
            steps.push((workers, Some(length.min(self.longest - at))));
            at += length;
            let next = workers.saturating_add_signed(self.step);
            if next == 0 || next == workers {
                break;
            }
            workers = next;
        }
        steps.push((self.end.unwrap_or(workers), None));
        Ok(steps)
    }

    fn is_over(&self, workers: u64) -> bool {
        match self.end {
            None => false,
            Some(end) if self.step > 0 => workers >= end,
            Some(end) => workers <= end,
        }
    }
}
