//! How far identical runs differ: the same seed, a fresh server process and fresh channels each time.

use reports::model::{Noise, Repetition};
use reports::noise::MetricNoise;
use scenarios::units::Nanos;

use super::Bench;
use super::short_run::ShortRun;
use crate::exit::Failure;

const CHANNELS: u32 = 1;
const IN_FLIGHT: u32 = 100;

/// A measure: its name in limits, and where it stands in a repetition.
type Measure = (&'static str, fn(&Repetition) -> Option<f64>);

const MEASURES: [Measure; 5] = [
    ("achieved_per_s", |made| Some(made.achieved_per_s)),
    ("client.cpu_ns_per_call", |made| made.client.cpu_ns_per_call),
    ("server.cpu_ns_per_call", |made| {
        made.server.as_ref()?.cpu_ns_per_call
    }),
    ("response_time.p50", |made| {
        Some(made.response_time.p50_ns? as f64)
    }),
    ("response_time.p99", |made| {
        Some(made.response_time.p99_ns? as f64)
    }),
];

/// Makes the runs, and works out their noise.
pub(super) fn measure(length: Nanos, runs: u32, bench: &Bench) -> Result<Noise, Failure> {
    let run = ShortRun {
        engine: "raw",
        idle: "timer",
        channels: CHANNELS,
        load: format!("{{ closed: {{ in_flight: {IN_FLIGHT} }} }}"),
        measure: length,
    };
    let made = (0..runs)
        .map(|_| run.make(bench))
        .collect::<Result<Vec<_>, _>>()?;
    let noise = |(name, measure): &Measure| {
        let values: Option<Vec<f64>> = made.iter().map(measure).collect();
        MetricNoise::of(name, values?)
    };
    Ok(Noise {
        channels: CHANNELS,
        in_flight: IN_FLIGHT,
        runs,
        measured_s: length.as_secs_f64(),
        metrics: MEASURES.iter().filter_map(noise).collect(),
    })
}
