//! A search for capacity: the rates that were tried, in order, and how far the limits hold.

use serde::{Deserialize, Serialize};

/// A search for the highest rate at which the limits hold, and what it found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// The limits, as written.
    pub limits: Vec<String>,
    /// The first rate, in calls per second.
    pub from_per_s: f64,
    /// No rate above this was to be tried.
    pub to_per_s: f64,
    /// How far the highest rate that holds and the lowest that does not may be apart, as a share of the first.
    pub precision: f64,
    /// Repetitions at each rate; most of them must keep all limits.
    pub repetitions: u32,
    /// How it ended.
    pub outcome: SearchOutcome,
    /// The highest rate at which the limits hold.
    #[serde(default)]
    pub capacity_per_s: Option<f64>,
    /// The lowest rate at which they do not.
    #[serde(default)]
    pub broken_per_s: Option<f64>,
    /// The limit that is broken there, as written.
    #[serde(default)]
    pub broken_limit: Option<String>,
    /// Why the server's capacity was not found, where that is not the server's doing.
    #[serde(default)]
    pub why: Option<String>,
    /// Every rate, in the order in which they were tried.
    pub tried: Vec<Tried>,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchOutcome {
    /// Between a rate that holds and one that does not there is no more than the precision.
    Found,
    /// The limits hold up to the highest rate that was to be tried.
    NeverBroken,
    /// They are broken at the first rate.
    BrokenAtOnce,
    /// Higher rates could not be measured: the runner, and not the server, was the limit.
    RunnerLimited,
    /// Somebody stopped it.
    Interrupted,
    /// A repetition could not be made.
    Failed,
}

/// A rate and what its repetitions say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Calls per second.
    pub rate_per_s: f64,
    /// Whether the limits hold.
    pub says: Says,
    /// Repetitions that keep all limits.
    pub kept: u32,
    /// Repetitions in which the server breaks a limit.
    pub broken: u32,
    /// Repetitions that cannot tell.
    pub not_measured: u32,
    /// The limit that was broken, as written.
    #[serde(default)]
    pub limit: Option<String>,
    /// What was seen of it, for people, or why nothing could be measured.
    #[serde(default)]
    pub seen: Option<String>,
}

/// What a rate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// Most repetitions keep all limits.
    Holds,
    /// They do not.
    Breaks,
    /// The runner was in the way, or the data cannot tell.
    NotMeasured,
}
