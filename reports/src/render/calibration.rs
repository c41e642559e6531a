//! What `bench-runner calibrate` prints.

use super::grid::{Entry, Grid, Tone, wrap};
use crate::model::{Calibration, Ceiling, HarnessCost, Pacing, Wakes};
use crate::noise::{MetricNoise, SmallestChange};
use crate::view::clean;
use crate::view::facts::calibrated;
use crate::view::format::{count, duration, or_dash, plural, rate, seconds, share};

/// Lines are at most about this long.
const WIDTH: usize = 100;

/// A calibration as text for a terminal.
pub fn calibration(calibration: &Calibration, color: bool) -> String {
    let page = Page { color };
    let mut lines = page.heading(calibration);
    lines.extend(page.timer(&calibration.timer));
    lines.extend(page.harness(&calibration.harness));
    lines.extend(page.ceilings(&calibration.ceilings));
    lines.extend(page.pacing(&calibration.pacing));
    lines.extend(page.noise(calibration));
    lines.push(String::new());
    lines.extend(wrap(&calibrated(&calibration.summary()), WIDTH));
    lines.join("\n") + "\n"
}

#[derive(Clone, Copy)]
struct Page {
    color: bool,
}

impl Page {
    /// A table under a title, with a sentence on what it is.
    fn table(
        self,
        title: &str,
        about: &str,
        header: &[&str],
        rows: Vec<Vec<String>>,
    ) -> Vec<String> {
        if rows.is_empty() {
            return Vec::new();
        }
        let faint = |text: &&str| Entry::new(*text, Tone::Faint);
        let plain = |row: Vec<String>| {
            let entries = row.into_iter().map(|text| Entry::new(text, Tone::Plain));
            entries.collect()
        };
        let mut all = vec![header.iter().map(faint).collect()];
        all.extend(rows.into_iter().map(plain));
        let title = Tone::Strong.paint(title, self.color);
        let about = Tone::Faint.paint(about, self.color);
        let mut lines = vec![String::new(), format!("{title}  {about}")];
        lines.extend(Grid { left: 1, rows: all }.lines(self.color));
        lines
    }

    fn heading(self, calibration: &Calibration) -> Vec<String> {
        let machine = &calibration.holds_for;
        let cores = match (calibration.cores.client, calibration.cores.server) {
            (Some(client), Some(server)) => {
                format!("client on core {client}, server on core {server}")
            }
            _ => "client and server share one core, which makes every figure worse".to_owned(),
        };
        let clock = &calibration.clock;
        vec![
            Tone::Strong.paint("What this machine and this harness can do", self.color),
            format!(
                "{}, {}, kernel {}",
                or_dash(machine.cpu_model.as_deref(), clean),
                plural(machine.cores.into(), "core"),
                or_dash(machine.kernel.as_deref(), clean),
            ),
            format!(
                "bench-runner {} ({}), {} in {}{}, {cores}",
                clean(&machine.bench_runner),
                clean(&machine.build_profile),
                clean(&calibration.calibrated_at),
                seconds(calibration.took_s.round()),
                if calibration.quick {
                    " (quick: rough figures)"
                } else {
                    ""
                },
            ),
            format!(
                "clock {}: a reading costs {}, the smallest step is {}",
                or_dash(clock.source.as_deref(), clean),
                duration(clock.cost_ns as f64),
                duration(clock.step_ns as f64)
            ),
        ]
    }

    fn timer(self, rows: &[Wakes]) -> Vec<String> {
        let row = |row: &Wakes| {
            vec![
                format!("{}, {}/s", clean(&row.idle), count(row.rate_per_s)),
                duration(row.p50_ns as f64),
                duration(row.p99_ns as f64),
                duration(row.max_ns as f64),
                share(row.cpu_share),
            ]
        };
        self.table(
            "Timer",
            "how late a wait for a point in time ends",
            &["client.idle", "p50", "p99", "max", "of a core"],
            rows.iter().map(row).collect(),
        )
    }

    fn harness(self, rows: &[HarnessCost]) -> Vec<String> {
        let row = |row: &HarnessCost| vec![clean(&row.load), duration(row.cpu_ns_per_call)];
        self.table(
            "Harness",
            "its own cost, over an engine that only pretends",
            &["load", "CPU a call"],
            rows.iter().map(row).collect(),
        )
    }

    fn ceilings(self, rows: &[Ceiling]) -> Vec<String> {
        let row = |row: &Ceiling| {
            vec![
                format!(
                    "{}, {} x {}",
                    clean(&row.engine),
                    row.channels,
                    row.in_flight
                ),
                rate(row.calls_per_s),
                or_dash(row.client_cpu_ns_per_call, duration),
                or_dash(row.server_cpu_ns_per_call, duration),
            ]
        };
        self.table(
            "Ceilings",
            "the most calls that one core makes of the raw face, closed loop",
            &[
                "engine, channels x in flight",
                "calls",
                "client CPU",
                "server CPU a call",
            ],
            rows.iter().map(row).collect(),
        )
    }

    fn pacing(self, rows: &[Pacing]) -> Vec<String> {
        let time = |ns: Option<u64>| or_dash(ns, |ns| duration(ns as f64));
        let row = |row: &Pacing| {
            vec![
                format!("{}, {}/s", clean(&row.idle), count(row.rate_per_s)),
                rate(row.started_per_s),
                time(row.p50_ns),
                time(row.p99_ns),
                time(row.max_ns),
                or_dash(row.client_cpu_ns_per_call, duration),
            ]
        };
        self.table(
            "Open loop",
            "start lag of Poisson arrivals, one lane of the raw engine",
            &[
                "client.idle",
                "started",
                "p50",
                "p99",
                "max",
                "client CPU a call",
            ],
            rows.iter().map(row).collect(),
        )
    }

    fn noise(self, calibration: &Calibration) -> Vec<String> {
        let noise = &calibration.noise;
        let row = |metric: &MetricNoise| {
            let mut row = vec![
                clean(&metric.metric),
                share(metric.cv),
                share(metric.pair_sd),
            ];
            row.extend(
                metric
                    .smallest_change
                    .iter()
                    .map(|change| share(change.change)),
            );
            row
        };
        let pairs = noise
            .metrics
            .first()
            .map_or(&[][..], |metric| &metric.smallest_change);
        let header = |change: &SmallestChange| format!("in {} pairs", change.pairs);
        let headers: Vec<String> = pairs.iter().map(header).collect();
        let mut columns = vec!["measure", "CV", "pairs' sd"];
        columns.extend(headers.iter().map(String::as_str));
        let about = format!(
            "{} identical runs of {}, raw engine, {} x {}; the smallest change that can be seen",
            noise.runs,
            seconds(noise.measured_s),
            noise.channels,
            noise.in_flight
        );
        self.table(
            "Noise",
            &about,
            &columns,
            noise.metrics.iter().map(row).collect(),
        )
    }
}
