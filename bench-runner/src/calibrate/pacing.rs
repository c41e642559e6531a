//! How well the open loop keeps its schedule: Poisson arrivals, one lane, one channel.

use reports::model::Pacing;
use scenarios::units::Nanos;

use super::short_run::ShortRun;
use super::{Bench, ways};
use crate::exit::Failure;

/// Calls a second.
const RATES: [u64; 3] = [1_000, 10_000, 100_000];

/// Runs each rate, waiting in each way.
pub(super) fn measure(length: Nanos, bench: &Bench) -> Result<Vec<Pacing>, Failure> {
    let mut rows = Vec::new();
    for (_, idle) in ways() {
        for rate_per_s in RATES {
            let run = ShortRun {
                engine: "raw",
                idle,
                channels: 1,
                load: format!("{{ open: {{ rate: {rate_per_s}/s }} }}"),
                measure: length,
            };
            let made = run.make(bench)?;
            rows.push(Pacing {
                idle: idle.to_owned(),
                rate_per_s,
                started_per_s: made.counts.started as f64 / made.measured_s,
                p50_ns: made.start_lag.p50_ns,
                p99_ns: made.start_lag.p99_ns,
                max_ns: made.start_lag.max_ns,
                client_cpu_ns_per_call: made.client.cpu_ns_per_call,
            });
        }
    }
    Ok(rows)
}
