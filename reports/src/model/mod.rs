//! The result of a run as a file: the single source of every table, plot and verdict.
//!
//! Names and units are a contract with other readers: fields are added, never renamed. Whatever a producer cannot know
//! (a peer that does not measure intended starts, a server that is not ours) is `null`, and prints as a dash.

mod calibration;
mod conditions;
mod counts;
mod environment;
mod foreign;
mod gate;
mod network;
mod parts;
mod repetition;
mod search;
mod stored;
mod timing;
mod wire;

pub use calibration::{
    CALIBRATION_SCHEMA, Calibration, CalibrationSummary, Ceiling, ClockFigures, Fingerprint,
    HarnessCost, Noise, Pacing, Placement, QUOTED_PAIRS, Wakes,
};
pub use conditions::{ChannelStats, Conditions, Heartbeat, Window};
pub use counts::{Counts, Failure, MethodCounts, Totals};
pub use environment::{Cpu, Environment, Machine, Software};
pub use gate::{
    Arm, Change, Ended, Gate, GateCase, GateMetric, GateTest, Instructions, Look, Outcome, Policy,
};
pub use network::Network;
pub use parts::{CallStats, TargetStats};
pub use repetition::{
    CallLog, Cost, Finding, FirstReply, Interval, Paced, Repetition, Stage, Validity, Verdict,
};
pub use search::{Says, Search, SearchOutcome, Tried};
pub use stored::{STORED_SCHEMA, Stored, StoredRatio};
pub use timing::{
    Censored, FEWEST_BEYOND, HistogramError, Quantile, Shown, Timing, decode_histogram,
    empty_histogram, encode_histogram,
};
pub use wire::{Wire, WireSettings};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The name and version of the file format.
pub const SCHEMA: &str = "bench-runner/result/v1";

/// One run of a scenario: `result.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// [`SCHEMA`].
    pub schema: String,
    /// When the run began, RFC 3339.
    #[serde(default)]
    pub started_at: String,
    /// The scenario as meant, with its matrix.
    pub scenario: Value,
    /// The machine and the software.
    pub environment: Environment,
    /// The seed of everything random.
    pub seed: u64,
    /// The other stacks that took part, by name: their versions and runtimes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub peers: BTreeMap<String, String>,
    /// Pairs of a comparison that could not be measured, or not to the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// The gate that the rounds below were made for, and its verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// The search for capacity whose rates the cases are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    /// Every point of the matrix, in the order in which they ran; of a gate the arms of every case, of a
    /// search the rates from below.
    pub cases: Vec<CaseResult>,
}

/// A pair of a comparison that could not be measured, or not to the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The case of the scenario.
    pub case: String,
    /// Who was to call.
    pub client: String,
    /// Who was to be called.
    pub server: String,
    /// Why not, for people; of a program that failed with its last lines.
    pub why: String,
}

/// One point of the matrix and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// `channels-sweep/client.channels=10`, or the scenario's name where there is no matrix.
    pub name: String,
    /// The point: the swept keys and their values, in the order of the matrix.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub point: Map<String, Value>,
    /// A hash of everything that decides what the case does; equal fingerprints may be compared.
    #[serde(default)]
    pub fingerprint: String,
    /// The case as meant, runnable again as a scenario file.
    pub case: Value,
    /// Who was called: `reference-server`, a peer's name, or an address.
    #[serde(default)]
    pub server: String,
    /// Who called: the engine's or the peer's name.
    #[serde(default)]
    pub client: String,
    /// Each whole run of the case.
    pub repetitions: Vec<Repetition>,
    /// The case's limits and what was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitOutcome>,
}

/// A limit and what was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitOutcome {
    /// The limit as written.
    pub limit: String,
    /// The worst value over the repetitions, for people: `18.4 ms`, `>= 1 s`, `too few samples`.
    pub seen: String,
    /// Whether it holds.
    pub outcome: LimitVerdict,
}

/// Whether a limit holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitVerdict {
    /// It holds in every repetition.
    Kept,
    /// It does not, in at least one.
    Broken,
    /// The data cannot tell: too few samples, or a censored percentile below the limit.
    Inconclusive,
}

impl RunResult {
    /// Reads a result, of this version or an earlier one.
    pub fn from_json(text: &str) -> Result<RunResult, ResultError> {
        let result: RunResult = serde_json::from_str(text).map_err(ResultError::Json)?;
        if result.schema != SCHEMA {
            return Err(ResultError::Schema {
                found: result.schema,
            });
        }
        Ok(result)
    }

    /// Prints the result as JSON that a person can read too.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self)
            .expect("a result has string keys and no floats that JSON lacks")
            + "\n"
    }

    /// The scenario's name.
    pub fn name(&self) -> &str {
        self.scenario
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or("unnamed")
    }
}

/// Why a file is not a result.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// It is not the JSON of a result.
    #[error("not a result file")]
    Json(#[source] serde_json::Error),
    /// It is another version's.
    #[error("expected schema `{SCHEMA}`, found `{found}`")]
    Schema {
        /// What the file says.
        found: String,
    },
}
