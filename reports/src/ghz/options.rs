//! The settings of a case under the names of ghz's options.
//!
//! Metadata is not among them: it may hold secrets.

use scenarios::units::Nanos;
use serde::Serialize;

use crate::model::RunResult;
use crate::view::CaseView;

/// What ghz repeats of its settings; durations in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Options {
    #[serde(skip_serializing_if = "String::is_empty")]
    call: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    host: String,
    insecure: bool,
    #[serde(skip_serializing_if = "is_zero")]
    rps: u64,
    load_schedule: &'static str,
    load_start: u64,
    load_end: u64,
    load_step: u64,
    load_step_duration: u64,
    load_max_duration: u64,
    #[serde(skip_serializing_if = "is_zero")]
    concurrency: u64,
    concurrency_schedule: &'static str,
    concurrency_start: u64,
    concurrency_end: u64,
    concurrency_step: u64,
    concurrency_step_duration: u64,
    concurrency_max_duration: u64,
    #[serde(skip_serializing_if = "is_zero")]
    connections: u64,
    #[serde(skip_serializing_if = "is_zero")]
    duration: u64,
    #[serde(skip_serializing_if = "is_zero")]
    timeout: u64,
    binary: bool,
    #[serde(rename = "CPUs")]
    cpus: u32,
    name: String,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

pub(super) fn options(result: &RunResult, case: &CaseView<'_>) -> Options {
    let text = |path: &str| case.setting(path).and_then(|value| value.as_str());
    let number = |path: &str| case.setting(path).and_then(|value| value.as_u64());
    let time = |path: &str| {
        let time = text(path).and_then(|text| text.parse::<Nanos>().ok());
        time.map_or(0, |time| time.0)
    };
    let rate = |path: &str| text(path).map_or(0, whole_rate);
    let channels = number("client.channels").unwrap_or(1);
    let address = text("target.address").unwrap_or(&case.case.server);
    let method = text("call.method").unwrap_or_default();
    let service = text("call.service").unwrap_or("helloworld.Greeter");
    Options {
        call: format!("{service}.{method}"),
        host: address
            .split_once("://")
            .map_or(address, |(_, host)| host)
            .to_owned(),
        insecure: !address.starts_with("https:"),
        rps: rate("load.open.rate"),
        load_schedule: if case.setting("load.ramp").is_some() {
            "line"
        } else {
            "const"
        },
        load_start: rate("load.ramp.from"),
        load_end: rate("load.ramp.to"),
        concurrency: number("load.closed.in_flight").unwrap_or_default() * channels,
        concurrency_schedule: "const",
        connections: channels,
        duration: time("phases.measure"),
        timeout: time("call.deadline"),
        cpus: result.environment.cpu.cores,
        name: case.case.name.clone(),
        ..Options::default()
    }
}

/// A rate as a whole number, which ghz's are.
fn whole_rate(text: &str) -> u64 {
    let rate = text.parse::<scenarios::units::Rate>();
    rate.map_or(0, |rate| rate.get().round() as u64)
}
