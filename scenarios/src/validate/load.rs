//! The load, checked.

use crate::load::{Closed, Load, Stage};
use crate::tree::KeyPath;
use crate::units::{Nanos, Rate};

use super::{DAY, Problem, within};

/// The most calls that may be in flight at once over all channels: each holds memory.
const MAX_IN_FLIGHT: u32 = 1_000_000;
const MAX_RATE: f64 = 10e6;

pub(super) fn load(file: Option<Load>, channels: u32) -> Result<Load, Problem> {
    let at = KeyPath::of("load");
    let load = file.unwrap_or(Load::Closed(Closed {
        in_flight: 1,
        think_time: Nanos::ZERO,
    }));
    match load {
        Load::Stages(stages) => stage_list(&at.key("stages"), stages, channels).map(Load::Stages),
        single => {
            model(&at, &single, channels)?;
            Ok(single)
        }
    }
}

/// Checks a single model that stands below `at`.
fn model(at: &KeyPath, load: &Load, channels: u32) -> Result<(), Problem> {
    match load {
        Load::Closed(closed) => {
            let at = at.key("closed");
            within(&at.key("in_flight"), closed.in_flight, 1..=100_000)?;
            within(
                &at.key("think_time"),
                closed.think_time,
                Nanos::ZERO..=Nanos(DAY.0 / 24),
            )?;
            let all = u64::from(closed.in_flight) * u64::from(channels);
            if all > MAX_IN_FLIGHT.into() {
                let message = format!(
                    "expected at most {MAX_IN_FLIGHT} calls in flight over all channels, found {} on each of {channels}",
                    closed.in_flight
                );
                return Err(Problem::new(at.key("in_flight"), message));
            }
        }
        Load::Open(open) => {
            let at = at.key("open");
            rate(&at.key("rate"), open.rate)?;
            within(
                &at.key("max_in_flight"),
                open.max_in_flight,
                1..=MAX_IN_FLIGHT,
            )?;
        }
        Load::Ramp(ramp) => {
            let at = at.key("ramp");
            rate(&at.key("from"), ramp.from)?;
            rate(&at.key("to"), ramp.to)?;
            within(
                &at.key("max_in_flight"),
                ramp.max_in_flight,
                1..=MAX_IN_FLIGHT,
            )?;
        }
        Load::Stages(_) => {
            return Err(Problem::new(
                at.key("stages"),
                "expected a single load, stages do not nest",
            ));
        }
    }
    Ok(())
}

fn rate(at: &KeyPath, rate: Rate) -> Result<(), Problem> {
    within(at, rate.get(), 0.001..=MAX_RATE)
        .map(|_| ())
        .map_err(|problem| {
            let message = format!("expected a rate from 0.001/s to {MAX_RATE}/s, found {rate}");
            Problem { message, ..problem }
        })
}

/// Checks the stages and names those that have no name.
fn stage_list(at: &KeyPath, stages: Vec<Stage>, channels: u32) -> Result<Vec<Stage>, Problem> {
    if !(1..=100).contains(&stages.len()) {
        return Err(Problem::new(
            at.clone(),
            format!("expected 1 to 100 stages, found {}", stages.len()),
        ));
    }
    let mut named: Vec<Stage> = Vec::with_capacity(stages.len());
    for (index, mut stage) in stages.into_iter().enumerate() {
        let at = at.index(index);
        within(
            &at.key("duration"),
            stage.duration,
            Nanos::from_millis(1)..=DAY,
        )?;
        model(&at, &stage.load, channels)?;
        if stage.name.is_empty() {
            stage.name = format!("stage-{}", index + 1);
        }
        if named.iter().any(|other| other.name == stage.name) {
            return Err(Problem::new(
                at.key("name"),
                format!(
                    "expected each stage name once, found `{}` again",
                    stage.name
                ),
            ));
        }
        named.push(stage);
    }
    Ok(named)
}
