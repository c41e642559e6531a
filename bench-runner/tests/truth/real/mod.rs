//! In real time, against a real server: `scripts/truth-suite`.
//!
//! The server is ours and misbehaves exactly as it is told, on core 0; the client spins on core 1. Ground truth are the
//! server's own stamps of each call: when it arrived, when by the server's law it was to be answered, which is checked to
//! the nanosecond, and when it was. A run in which the *server* was late is void, not passed: it is made once more, and
//! then said so.

mod capture;
mod client;
mod network;
mod queues;
mod stalls;
mod streams;
mod verdicts;

use std::collections::HashMap;

use reports::model::Repetition;

use crate::common::{Outcome, Run, alone};
use crate::statistics::quantile;

const MS: u64 = 1_000_000;
const US: u64 = 1_000;
const SECOND: u64 = 1_000_000_000;

/// How a test says that it proves nothing.
pub(crate) const VOID: &str = "VOID: the server was too late";

/// How late the server may release an answer. The last of the hundred that a stall holds back leaves 200 us after the first.
const LATEST_RELEASE: u64 = 300 * US;

/// A call of the log. Times are nanoseconds of CLOCK_MONOTONIC.
pub(crate) struct Row {
    pub(crate) channel: u64,
    pub(crate) measured: bool,
    pub(crate) intended: u64,
    pub(crate) started: u64,
    pub(crate) done: u64,
    pub(crate) status: String,
    /// The server's stamps, where they came.
    pub(crate) arrival: Option<u64>,
    pub(crate) planned: Option<u64>,
    pub(crate) released: Option<u64>,
}

impl Row {
    pub(crate) fn response(&self) -> u64 {
        self.done - self.intended
    }

    pub(crate) fn service(&self) -> u64 {
        self.done - self.started
    }

    pub(crate) fn lag(&self) -> u64 {
        self.started - self.intended
    }
}

/// What came of a run.
pub(crate) struct Seen {
    pub(crate) repetition: Repetition,
    /// All calls by intended start, those of the warm-up too.
    pub(crate) rows: Vec<Row>,
}

impl Seen {
    pub(crate) fn of(outcome: &Outcome) -> Seen {
        let log = std::fs::read_to_string(outcome.path("truth.calls.csv")).unwrap();
        Seen {
            repetition: outcome.repetition().clone(),
            rows: rows(&log),
        }
    }

    pub(crate) fn measured(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.measured)
    }

    /// The sorted values of the measured calls.
    pub(crate) fn sorted(&self, value: impl Fn(&Row) -> u64) -> Vec<u64> {
        let mut values: Vec<u64> = self.measured().map(value).collect();
        values.sort_unstable();
        values
    }

    /// The response times of the result, sorted.
    pub(crate) fn recorded(&self) -> Vec<u64> {
        let times = self.repetition.response_time.complete().unwrap();
        times
            .iter_recorded()
            .flat_map(|value| vec![value.value_iterated_to(); value.count_at_value() as usize])
            .collect()
    }

    /// What the wire and both programs add to a call, by the server's stamps: the median.
    pub(crate) fn floor(&self) -> u64 {
        quantile(&self.sorted(|row| overhead(row).unwrap_or_default()), 0.5)
    }

    /// How long the calls should have taken by the server's stamps of their release: what comes after that is ours.
    pub(crate) fn owed(&self) -> Vec<u64> {
        self.sorted(|row| row.released.unwrap() - row.intended)
    }

    /// How late the server was: p99, or the median where the 99th percentile would be a single call.
    fn server_lateness(&self) -> u64 {
        let late = |row: &Row| Some(row.released?.saturating_sub(row.planned?));
        let late = self.sorted(|row| late(row).unwrap_or_default());
        let share = if (late.len() as f64) < FEWEST_BEYOND {
            0.5
        } else {
            0.99
        };
        quantile(&late, share)
    }
}

fn overhead(row: &Row) -> Option<u64> {
    Some(row.service().saturating_sub(row.released? - row.arrival?))
}

fn rows(log: &str) -> Vec<Row> {
    let mut lines = log.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column: HashMap<&str, usize> = names
        .iter()
        .enumerate()
        .map(|(i, name)| (*name, i))
        .collect();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |name: &str| cells[column[name]].parse::<u64>().ok();
        Row {
            channel: number("channel").unwrap(),
            measured: cells[column["phase"]] == "measure",
            intended: number("intended_ns").unwrap(),
            started: number("started_ns").unwrap(),
            done: number("done_ns").unwrap(),
            status: cells[column["status"]].to_owned(),
            arrival: number("server_arrival_ns"),
            planned: number("server_planned_ns"),
            released: number("server_released_ns"),
        }
    };
    lines.map(row).collect()
}

/// A run of the program on its own core against a server on the other, every call logged and stamped.
pub(crate) fn run(engine: &str, behaviour: &str, settings: &[&str]) -> Seen {
    let _alone = alone();
    for attempt in 1..=2 {
        let seen = Seen::of(&prepared(engine, behaviour, settings).finish());
        let lateness = seen.server_lateness();
        println!(
            "{engine}: {} calls, start lag p99 {} us, floor {} us, server's lateness {} us",
            seen.rows.len(),
            quantile(&seen.sorted(Row::lag), 0.99) / US,
            seen.floor() / US,
            lateness / US
        );
        if lateness <= LATEST_RELEASE {
            return seen;
        }
        println!("attempt {attempt} is void: the server was late");
    }
    panic!("{VOID}, twice; this says nothing about the client");
}

pub(crate) fn prepared(engine: &str, behaviour: &str, settings: &[&str]) -> Run {
    let yaml = format!(
        "name: truth
target: {{ reference_server: {{ face: raw, cpus: [0], idle: spin, behaviour: {{ {behaviour} }} }} }}
client: {{ cpus: [1], idle: spin }}
call: {{ stamps: true }}
load: {{ open: {{ rate: 1000/s, arrivals: poisson }} }}
phases: {{ warm_up: 500ms, measure: 10s, drain: 2s }}
record: {{ calls: 200000 }}
"
    );
    settings
        .iter()
        .fold(Run::new(&yaml).engine(engine), |run, setting| {
            run.set(*setting)
        })
}

/// Fewer samples beyond a percentile are little to go by, as in reports: a core that stands still once moves them.
const FEWEST_BEYOND: f64 = 100.0;

/// Holds what was seen against what should have been, percentile by percentile.
pub(crate) fn compare(what: &str, seen: &[u64], expected: &[u64], absolute: u64, share: f64) {
    assert_eq!(seen.len(), expected.len(), "{what}");
    let mut wrong = Vec::new();
    for at in [
        0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.97, 0.99, 0.995, 0.999,
    ] {
        if (1.0 - at) * (seen.len() as f64) < FEWEST_BEYOND {
            break;
        }
        let (seen, expected) = (quantile(seen, at), quantile(expected, at));
        let allowed = absolute.max((expected as f64 * share) as u64);
        let line = format!("q{at}: {} us for {} us", seen / US, expected / US);
        println!("{what} {line}");
        if seen.abs_diff(expected) > allowed {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "{what}: {wrong:#?}");
}

/// A percentile as the result has it, in milliseconds.
pub(crate) fn millis(ns: Option<u64>) -> f64 {
    ns.unwrap() as f64 / MS as f64
}

/// That a figure is near what it should be.
pub(crate) fn near(what: &str, seen: f64, expected: f64, tolerance: f64) {
    println!("{what}: {seen:.3} for {expected} +- {tolerance}");
    assert!(
        (seen - expected).abs() <= tolerance,
        "{what}: {seen} for {expected} +- {tolerance}"
    );
}

/// Makes a slow test for each engine.
macro_rules! for_each_engine {
    ($($name:ident)*) => {
        pub(crate) mod tonic {
            $(#[test] #[ignore = "real time: scripts/truth-suite"] fn $name() { super::$name("tonic"); })*
        }
        pub(crate) mod raw {
            $(#[test] #[ignore = "real time: scripts/truth-suite"] fn $name() { super::$name("raw"); })*
        }
    };
}
pub(crate) use for_each_engine;
