//! The most that each engine makes of one core.

use reports::model::Ceiling;
use scenarios::units::Nanos;

use super::Bench;
use super::short_run::ShortRun;
use crate::exit::Failure;

/// Channels, and calls in flight on each.
const SHAPES: [(u32, u32); 3] = [(1, 1), (1, 100), (10, 10)];

/// Runs each engine in each shape.
pub(super) fn measure(length: Nanos, bench: &Bench) -> Result<Vec<Ceiling>, Failure> {
    let mut rows = Vec::new();
    for engine in ["raw", "tonic"] {
        for (channels, in_flight) in SHAPES {
            let run = ShortRun {
                engine,
                idle: "timer",
                channels,
                load: format!("{{ closed: {{ in_flight: {in_flight} }} }}"),
                measure: length,
            };
            let made = run.make(bench)?;
            rows.push(Ceiling {
                engine: engine.to_owned(),
                channels,
                in_flight,
                calls_per_s: made.achieved_per_s,
                client_cpu_ns_per_call: made.client.cpu_ns_per_call,
                server_cpu_ns_per_call: made.server.and_then(|server| server.cpu_ns_per_call),
            });
        }
    }
    Ok(rows)
}
