//! What a machine and this harness can do: the file that `bench-runner calibrate` keeps, and what results quote of it.
//!
//! Like results: names and units are a contract, fields are added, never renamed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Environment;
use crate::noise::MetricNoise;

/// The name and version of the file format.
pub const CALIBRATION_SCHEMA: &str = "bench-runner/calibration/v1";
/// How many pairs a summary speaks of.
pub const QUOTED_PAIRS: u32 = 5;

/// What one calibration found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calibration {
    /// [`CALIBRATION_SCHEMA`].
    pub schema: String,
    /// When it began, RFC 3339.
    pub calibrated_at: String,
    /// How long it took.
    pub took_s: f64,
    /// Whether it was cut short, which makes its figures rougher.
    pub quick: bool,
    /// What it holds for.
    pub holds_for: Fingerprint,
    /// Where both sides ran.
    pub cores: Placement,
    /// The clock.
    pub clock: ClockFigures,
    /// How late waits end.
    pub timer: Vec<Wakes>,
    /// What the harness itself costs.
    pub harness: Vec<HarnessCost>,
    /// The most that each engine makes of one core.
    pub ceilings: Vec<Ceiling>,
    /// How well the open loop keeps its schedule.
    pub pacing: Vec<Pacing>,
    /// How far identical runs differ.
    pub noise: Noise,
}

/// What a calibration depends on: where one of these differs, it does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fingerprint {
    /// The processor, as the kernel names it.
    pub cpu_model: Option<String>,
    /// Cores that the program may use.
    pub cores: u32,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// Our version.
    pub bench_runner: String,
    /// `release` or `debug`.
    pub build_profile: String,
}

/// The cores that both sides were kept on; `None` where there was only one to share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Placement {
    /// The client's.
    pub client: Option<usize>,
    /// The server's.
    pub server: Option<usize>,
}

/// The clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClockFigures {
    /// What the kernel tells the time by.
    pub source: Option<String>,
    /// What one reading costs.
    pub cost_ns: u64,
    /// The smallest step between two different readings.
    pub step_ns: u64,
}

/// How late waits for points in time ended, with nothing else to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wakes {
    /// `timer` or `spin`, as `client.idle`.
    pub idle: String,
    /// Waits a second.
    pub rate_per_s: u64,
    /// How many there were.
    pub count: u64,
    /// Median lateness.
    pub p50_ns: u64,
    /// Its 99th percentile.
    pub p99_ns: u64,
    /// The largest.
    pub max_ns: u64,
    /// The share of a core that the waiting took.
    pub cpu_share: f64,
}

/// What the harness costs per call without any engine or socket: pacing, routing, deadlines, recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HarnessCost {
    /// The load model.
    pub load: String,
    /// CPU time a call.
    pub cpu_ns_per_call: f64,
}

/// The most that an engine makes of one core, in a closed loop against the raw face of the reference server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ceiling {
    /// The engine.
    pub engine: String,
    /// Channels.
    pub channels: u32,
    /// Calls in flight on each.
    pub in_flight: u32,
    /// Calls a second.
    pub calls_per_s: f64,
    /// The client's CPU time a call.
    pub client_cpu_ns_per_call: Option<f64>,
    /// The server's.
    pub server_cpu_ns_per_call: Option<f64>,
}

/// How well the open loop keeps a Poisson schedule: one lane of the raw engine against the raw face.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pacing {
    /// `timer` or `spin`, as `client.idle`.
    pub idle: String,
    /// Calls a second that were asked for.
    pub rate_per_s: u64,
    /// Calls a second that were started.
    pub started_per_s: f64,
    /// Median start lag.
    pub p50_ns: Option<u64>,
    /// Its 99th percentile.
    pub p99_ns: Option<u64>,
    /// The largest.
    pub max_ns: Option<u64>,
    /// The client's CPU time a call.
    pub client_cpu_ns_per_call: Option<f64>,
}

/// How far identical runs differ: each with a fresh server and fresh channels, the raw engine in a closed loop.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Noise {
    /// Channels.
    pub channels: u32,
    /// Calls in flight on each.
    pub in_flight: u32,
    /// How many runs.
    pub runs: u32,
    /// The measured time of each.
    pub measured_s: f64,
    /// Each measure by its name in limits.
    pub metrics: Vec<MetricNoise>,
}

/// What results quote of a calibration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CalibrationSummary {
    /// When, RFC 3339.
    pub calibrated_at: String,
    /// Whether it was cut short.
    pub quick: bool,
    /// How late waits on the timer end: the worst 99th percentile over the rates.
    pub timer_p99_ns: Option<u64>,
    /// The same with the spin.
    pub spin_p99_ns: Option<u64>,
    /// The most calls a second that each engine makes of one core.
    pub most_calls_per_s: BTreeMap<String, f64>,
    /// How many pairs of runs the next is for.
    pub pairs: u32,
    /// The smallest change, as a share, that so many pairs can tell from noise, by measure.
    pub smallest_change: BTreeMap<String, f64>,
}

impl Calibration {
    /// What results quote of it.
    pub fn summary(&self) -> CalibrationSummary {
        let worst = |idle: &str| {
            let rows = self.timer.iter().filter(|row| row.idle == idle);
            rows.map(|row| row.p99_ns).max()
        };
        let mut most_calls_per_s = BTreeMap::new();
        for row in &self.ceilings {
            let most: &mut f64 = most_calls_per_s.entry(row.engine.clone()).or_default();
            *most = most.max(row.calls_per_s);
        }
        let changes = self.noise.metrics.iter().filter_map(|noise| {
            let change = noise.smallest_change(QUOTED_PAIRS)?;
            Some((noise.metric.clone(), change))
        });
        CalibrationSummary {
            calibrated_at: self.calibrated_at.clone(),
            quick: self.quick,
            timer_p99_ns: worst("timer"),
            spin_p99_ns: worst("spin"),
            most_calls_per_s,
            pairs: QUOTED_PAIRS,
            smallest_change: changes.collect(),
        }
    }

    /// Prints the calibration as JSON that a person can read too.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a calibration has string keys") + "\n"
    }
}

impl Fingerprint {
    /// What a calibration made here and now would hold for.
    pub fn of(environment: &Environment) -> Fingerprint {
        Fingerprint {
            cpu_model: environment.cpu.model.clone(),
            cores: environment.cpu.cores,
            kernel: environment.machine.kernel.clone(),
            bench_runner: environment.software.bench_runner.clone(),
            build_profile: environment.software.build_profile.clone(),
        }
    }

    /// What differs from `now`: `kernel: 6.18.1 then, 6.19.0 now`; `None` where nothing does.
    pub fn difference(&self, now: &Fingerprint) -> Option<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
        let facts = |print: &Fingerprint| {
            [
                ("processor", text(&print.cpu_model)),
                ("cores", print.cores.to_string()),
                ("kernel", text(&print.kernel)),
                ("bench-runner", print.bench_runner.clone()),
                ("build", print.build_profile.clone()),
            ]
        };
        let mut both = facts(self).into_iter().zip(facts(now));
        both.find(|(then, now)| then != now)
            .map(|((name, then), (_, now))| format!("{name}: {then} then, {now} now"))
    }
}
