//! `bench-runner check`: what scenario files mean, without running them.

use std::time::Duration;

use reports::view::format::plural;
use scenarios::law::Law;
use scenarios::scenario::{Call, Calls, MixedCall, Scenario};
use scenarios::{Case, Suite};

use crate::exit::{Exit, Failure};
use crate::output;
use crate::run::timeline::Timeline;

/// Checks scenario files and shows the cases that they expand to; runs nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scenario files, or names of built-in scenarios.
    #[arg(required = true)]
    scenarios: Vec<String>,
    /// Sets a scenario key by its path, as `run` does.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Prints every setting of every case as JSON, which is YAML, and can be run.
    #[arg(long)]
    json: bool,
}

/// Checks all files; every broken one is told of.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let mut exit = Exit::Good;
    for scenario in &args.scenarios {
        match super::load(scenario, &args.sets) {
            Ok(suite) if args.json => output::print(&json(&suite)?)?,
            Ok(suite) => output::print(&summary(&suite))?,
            Err(failure) => exit = failure.report(),
        }
    }
    Ok(exit)
}

fn json(suite: &Suite) -> Result<String, Failure> {
    let cases: Vec<&Scenario> = suite.cases.iter().map(|case| &case.scenario).collect();
    Ok(serde_json::to_string_pretty(&cases).map_err(anyhow::Error::from)? + "\n")
}

fn summary(suite: &Suite) -> String {
    let total: Duration = suite.cases.iter().map(length).sum();
    let mut text = format!(
        "{}: {} cases, about {:.0?} in all\n",
        suite.name,
        suite.cases.len(),
        total
    );
    if !suite.about.is_empty() {
        text += &format!("  {}\n", suite.about);
    }
    for case in &suite.cases {
        text += &format!(
            "  {}  [{}]\n    {}\n",
            case.name,
            case.fingerprint,
            describe(&case.scenario)
        );
    }
    text
}

/// How long a case takes at the most, without starting servers.
fn length(case: &Case) -> Duration {
    Duration::from(Timeline::new(&case.scenario).drain_end) * case.scenario.repetitions
}

fn describe(scenario: &Scenario) -> String {
    let timeline = Timeline::new(scenario);
    let load = serde_json::to_value(&scenario.load).unwrap_or_default();
    let mut text = format!(
        "{}, {} on {}, load {load}, warm-up {}, measure {}, drain {}",
        calls(&scenario.calls),
        plural(scenario.client.channels.into(), "channel"),
        plural(scenario.client.lanes.into(), "lane"),
        scenario.phases.warm_up,
        timeline.measure_end.since(timeline.measure_start),
        scenario.phases.drain,
    );
    if scenario.repetitions > 1 {
        text += &format!(", {} repetitions", scenario.repetitions);
    }
    if let Some(only) = scenario.calls.only() {
        text += &deadline(only);
    }
    text
}

fn deadline(call: &Call) -> String {
    match &call.deadline {
        None => String::new(),
        Some(Law::Fixed(deadline)) => format!(", deadline {deadline}"),
        Some(drawn) => {
            let law = serde_json::to_value(drawn).unwrap_or_default();
            format!(", deadline {law}")
        }
    }
}

/// `SayHello (unary)`, or of a mix each call with its share: `9 of 10 hello: SayHello (unary)`.
fn calls(calls: &Calls) -> String {
    let one = |call: &Call| {
        let pattern = call.method.pattern();
        let pattern = pattern.map_or_else(String::new, |pattern| format!(" ({pattern})"));
        format!("{}{pattern}", call.method)
    };
    if let Some(only) = calls.only() {
        return one(only);
    }
    let all: u32 = calls.mix().iter().map(|mixed| mixed.weight).sum();
    let mixed = calls.mix().iter().map(|mixed| {
        let MixedCall { name, weight, call } = mixed;
        format!("{weight} of {all} {name}: {}{}", one(call), deadline(call))
    });
    mixed.collect::<Vec<_>>().join("; ")
}
