//! Facts about a run in two columns: the machine, the software, what it cost; what went over the wire is in [`wire`].

mod wire;

pub use wire::{wire, wire_line, wire_settings, wire_traffic};

use super::format::{DASH, count, duration, or_dash, rate, seconds, share, size};
use super::names::clean;
use crate::model::{CalibrationSummary, Cost, Environment, MethodCounts, Repetition, RunResult};

/// A name and a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub name: &'static str,
    /// The value with its unit.
    pub value: String,
}

fn fact(name: &'static str, value: impl Into<String>) -> Fact {
    Fact {
        name,
        value: value.into(),
    }
}

/// Two sides of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What it is.
    pub name: &'static str,
    /// The client's.
    pub client: String,
    /// The server's.
    pub server: String,
}

/// The machine and the software.
pub fn environment(result: &RunResult) -> Vec<Fact> {
    let Environment {
        cpu,
        machine,
        software,
        calibration,
    } = &result.environment;
    let text = |value: &Option<String>| or_dash(value.as_deref(), clean);
    let yes_no = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let commit = match (&software.git_commit, software.git_dirty) {
        (Some(commit), Some(true)) => format!("{} with uncommitted changes", clean(commit)),
        (commit, _) => text(commit),
    };
    vec![
        fact("started", or_dash(some(&result.started_at), clean)),
        fact("processor", text(&cpu.model)),
        fact(
            "cores",
            if cpu.cores == 0 {
                DASH.into()
            } else {
                count(cpu.cores.into())
            },
        ),
        fact("frequency governor", text(&cpu.governor)),
        fact("virtual machine", or_dash(cpu.virtualized, yes_no)),
        fact("memory", or_dash(machine.memory_bytes, size)),
        fact("system", clean(&format!("{} {}", machine.os, machine.arch))),
        fact("kernel", text(&machine.kernel)),
        fact("clock source", text(&machine.clock_source)),
        fact(
            "reading the clock",
            or_dash(machine.clock_cost_ns, |ns| duration(ns as f64)),
        ),
        fact(
            "bench-runner",
            clean(&format!(
                "{} ({})",
                software.bench_runner, software.build_profile
            )),
        ),
        fact("git commit", commit),
        fact(
            "calibration",
            calibration.as_ref().map_or_else(String::new, calibrated),
        ),
        fact("seed", result.seed.to_string()),
    ]
    .into_iter()
    .filter(|fact| !fact.value.is_empty())
    .collect()
}

/// What a calibration says of the figures beside it, in one sentence.
pub fn calibrated(summary: &CalibrationSummary) -> String {
    let day = summary.calibrated_at.split('T').next().unwrap_or_default();
    let quick = if summary.quick { " (quickly)" } else { "" };
    let mut parts = Vec::new();
    parts.extend(
        summary
            .timer_p99_ns
            .map(|ns| format!("timer p99 {}", time(ns))),
    );
    parts.extend(
        summary
            .spin_p99_ns
            .map(|ns| format!("{} with the spin", time(ns))),
    );
    let ceilings = summary.most_calls_per_s.iter();
    parts.extend(
        ceilings.map(|(engine, most)| {
            format!("{} engine at most {} a core", clean(engine), rate(*most))
        }),
    );
    parts.extend(smallest_changes(summary));
    let found = parts.join(", ");
    format!("this machine, calibrated {}{quick}: {found}", clean(day))
}

/// The changes that nobody should claim to have seen; `None` where they are not known.
fn smallest_changes(summary: &CalibrationSummary) -> Option<String> {
    const QUOTED: [(&str, &str); 3] = [
        ("achieved_per_s", "throughput"),
        ("server.cpu_ns_per_call", "server CPU a call"),
        ("response_time.p99", "p99"),
    ];
    let change = |(metric, name)| {
        let change: &f64 = summary.smallest_change.get(metric)?;
        Some(format!("{} of {name}", share(*change)))
    };
    let changes: Vec<String> = QUOTED.into_iter().filter_map(change).collect();
    let pairs = summary.pairs;
    (!changes.is_empty()).then(|| {
        let changes = changes.join(", ");
        format!("changes under {changes} cannot be seen in {pairs} pairs")
    })
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Both sides' counts over the whole repetition; `None` where nobody counted.
pub fn totals(repetition: &Repetition) -> Option<Vec<Pair>> {
    let (client, server) = (&repetition.totals.client, &repetition.totals.server);
    if *client == MethodCounts::default() && server.is_none() {
        return None;
    }
    let pair = |name, value: fn(&MethodCounts) -> u64| Pair {
        name,
        client: count(value(client)),
        server: or_dash(server.as_ref(), |server| count(value(server))),
    };
    Some(vec![
        pair("calls", |side| side.calls),
        pair("request messages", |side| side.requests),
        pair("reply messages", |side| side.replies),
        pair("request bytes", |side| side.request_bytes),
        pair("reply bytes", |side| side.reply_bytes),
    ])
}

/// Whether both sides counted the same; `None` where the server did not count.
pub fn totals_agree(repetition: &Repetition) -> Option<bool> {
    let server = repetition.totals.server?;
    Some(server == repetition.totals.client)
}

/// What each side cost.
pub fn costs(repetition: &Repetition) -> Vec<Pair> {
    let cpu = |cost: &Cost| or_dash(cost.cpu_ns_per_call, duration);
    let memory = |cost: &Cost| or_dash(cost.peak_rss_bytes, size);
    let server = repetition.server.as_ref();
    let encoding = repetition.client.encode_ns_per_call.map(|ns| Pair {
        name: "of it encoding messages",
        client: duration(ns),
        server: DASH.to_owned(),
    });
    let mut pairs = vec![
        Pair {
            name: "CPU time per call",
            client: cpu(&repetition.client),
            server: or_dash(server, cpu),
        },
        Pair {
            name: "peak memory",
            client: memory(&repetition.client),
            server: or_dash(server, memory),
        },
    ];
    pairs.splice(1..1, encoding);
    pairs
}

fn time(ns: u64) -> String {
    duration(ns as f64)
}

/// How long a case was measured: `5 s`, `3 repetitions, 15 s in all`.
pub fn measured(repetitions: usize, measured_s: f64) -> String {
    if repetitions == 1 {
        seconds(measured_s)
    } else {
        format!("{repetitions} repetitions, {} in all", seconds(measured_s))
    }
}
