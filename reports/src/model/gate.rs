//! A gate's part of the result: how it judges, what it saw in which order, and what came of it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Finding, Stored};

/// Baseline and candidate, round by round, and the verdict.
///
/// The rounds themselves are the repetitions of each case's two arms, `NAME/baseline` and `NAME/candidate`. Tests,
/// findings and outcome follow from them and from the fields before: the same file judged again gives the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Its name.
    pub name: String,
    /// The baseline's target, as written.
    pub baseline: Value,
    /// The candidate's target, as written.
    pub candidate: Value,
    /// How differences are judged.
    pub policy: Policy,
    /// What is compared, and how much worse it may become.
    pub metrics: Vec<GateMetric>,
    /// Rounds or time, as written.
    pub budget: String,
    /// Every case, with the order of the arms in each of its rounds.
    pub cases: Vec<GateCase>,
    /// When the data were looked at.
    pub looks: Vec<Look>,
    /// Why there are no more rounds.
    pub ended: Ended,
    /// What went wrong, where something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Instructions of the server for each call, case by case, where they are among the metrics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instructions: Vec<Instructions>,
    /// The stored runs that it is held against, where the baseline is only a control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Vec<Stored>>,
    /// Each metric of each case, the worst first.
    #[serde(default)]
    pub tests: Vec<GateTest>,
    /// What forbids a verdict.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// The verdict on the candidate.
    pub outcome: Outcome,
}

/// How differences are judged. Shares are of one whole: 0.01 is 1 %.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// How often a job on identical code may be called a regression.
    pub alpha: f64,
    /// How often a test may pass what is slower by its whole tolerance.
    pub beta: f64,
    /// Differences up to so much are never a regression.
    pub noise_floor: f64,
    /// After how many rounds the data are looked at; the last is the most rounds there are.
    pub looks: Vec<u32>,
    /// Stored runs older than so many days say nothing of today.
    #[serde(default = "stored_days")]
    pub stored_days: u32,
}

/// A metric and how much worse it may become.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateMetric {
    /// Its name in limits.
    pub metric: String,
    /// The change that must not pass: a share of the baseline, or for shares the difference itself.
    pub tolerance: f64,
    /// Whether it is shown only, and decides nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub advisory: bool,
}

/// A case and the order of its rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateCase {
    /// The scenario's case.
    pub name: String,
    /// Which arm ran first in each round.
    pub first: Vec<Arm>,
}

/// One of the two that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// What the candidate is held against.
    Baseline,
    /// What is judged.
    Candidate,
}

/// User-space instructions of a case's server for each call, counted by valgrind's callgrind; several times each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Instructions {
    /// The case.
    pub case: String,
    /// The baseline's.
    pub baseline: Vec<f64>,
    /// The candidate's.
    pub candidate: Vec<f64>,
}

/// A look at the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// Rounds so far.
    pub rounds: u32,
    /// The share of all rounds that there will be, as it was known then; 1 for the last look.
    pub information: f64,
}

/// Why there are no more rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Every test was decided.
    Decided,
    /// The budget was spent.
    Budget,
    /// Somebody stopped it.
    Interrupted,
    /// A round could not be made.
    Failed,
}

/// One metric of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateTest {
    /// The case.
    pub case: String,
    /// The metric.
    pub metric: String,
    /// Whether more of it is better.
    pub more_is_better: bool,
    /// How much worse it may become.
    pub tolerance: f64,
    /// Whether it is shown only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub advisory: bool,
    /// The median of the baseline's rounds, in the metric's base unit.
    pub baseline: Option<f64>,
    /// The median of the candidate's.
    pub candidate: Option<f64>,
    /// The change from the baseline arm to the candidate as it was measured; what is judged below may be held against
    /// stored runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<f64>,
    /// The change from baseline to candidate, with its 95 % confidence interval.
    pub change: Option<Change>,
    /// The smallest change for the worse that would have been called a regression in 39 of 40 jobs with this noise.
    pub smallest_detectable: Option<f64>,
    /// The rounds that it was decided on.
    pub rounds: u32,
    /// How probable such data are if the candidate is no slower than the noise floor.
    pub p_no_worse: f64,
    /// How probable such data are if the candidate is worse by the whole tolerance.
    pub p_beyond_tolerance: f64,
    /// The verdict.
    pub outcome: Outcome,
    /// Why, where it is not plain: for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A change, as a share of the baseline; of shares the difference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The estimate.
    pub estimate: f64,
    /// The interval's lower end; `None` with too few rounds.
    pub low: Option<f64>,
    /// Its upper end.
    pub high: Option<f64>,
}

/// What is said of a test, or of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is not worse by its tolerance.
    Pass,
    /// It passes, and is better.
    Improved,
    /// It is worse.
    Regressed,
    /// The data cannot tell.
    Inconclusive,
    /// The data cannot be trusted.
    Invalid,
}

impl Arm {
    /// Both.
    pub const BOTH: [Arm; 2] = [Arm::Baseline, Arm::Candidate];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Arm::Baseline => "baseline",
            Arm::Candidate => "candidate",
        }
    }

    /// The other one.
    pub const fn other(self) -> Arm {
        match self {
            Arm::Baseline => Arm::Candidate,
            Arm::Candidate => Arm::Baseline,
        }
    }
}

impl Outcome {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Improved => "improved",
            Outcome::Regressed => "regressed",
            Outcome::Inconclusive => "inconclusive",
            Outcome::Invalid => "invalid",
        }
    }

    /// The exit code that the contract gives it.
    pub const fn exit_code(self) -> u8 {
        match self {
            Outcome::Pass | Outcome::Improved => 0,
            Outcome::Regressed => 1,
            Outcome::Inconclusive => 3,
            Outcome::Invalid => 4,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            alpha: 0.005,
            beta: 0.025,
            noise_floor: 0.01,
            looks: vec![13, 20, 30, 45, 60],
            stored_days: stored_days(),
        }
    }
}

const fn stored_days() -> u32 {
    30
}
