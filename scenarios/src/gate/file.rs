//! A gate file as written.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Budget;
use crate::units::Share;

/// What is compared with what, and how much worse it may become.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "bench-runner gate", rename = "Gate")]
#[expect(
    dead_code,
    reason = "arms and metrics are read from the tree, which knows their places; here for the schema and the list of known keys"
)]
pub(crate) struct GateFile {
    /// The name, also of the folder of the results. In the `gate` of a scenario: the scenario's.
    pub(crate) name: Option<String>,
    /// One sentence for readers of the report.
    pub(crate) about: Option<String>,
    /// Scenario files, beside this file or in the working directory, or names of built-in ones. In the `gate` of a
    /// scenario: that scenario.
    pub(crate) scenarios: Option<Vec<String>>,
    /// What the candidate is held against: a `target` as in a scenario.
    pub(crate) baseline: Map<String, Value>,
    /// What is judged: a `target` as in a scenario.
    pub(crate) candidate: Map<String, Value>,
    /// Metrics by their names in limits, each with how much worse it may become. `error_share` is always among them.
    #[schemars(extend("default" = { "server.cpu_ns_per_call": "5%", "response_time.p50": "5%", "response_time.p99": "10%", "error_share": "0.1%" }))]
    pub(crate) metrics: Option<Map<String, Value>>,
    /// The same for metrics that are shown and decide nothing.
    pub(crate) advisory: Option<Map<String, Value>>,
    /// How long it may take, `10m`, or how many rounds it has, `30 rounds`. Spent without a decision it is inconclusive.
    #[schemars(extend("default" = "10m"))]
    pub(crate) budget: Option<Budget>,
    /// Scenario keys by their paths, for every scenario and both arms: `phases.measure: 2s`.
    pub(crate) set: Option<Map<String, Value>>,
    /// The seed of the order of the arms, and of each scenario.
    pub(crate) seed: Option<u64>,
    /// How differences are judged.
    pub(crate) policy: Option<PolicyFile>,
}

/// How differences are judged.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Policy")]
pub(crate) struct PolicyFile {
    /// How often a job on identical code may be called a regression.
    #[schemars(extend("default" = "0.5%"))]
    pub(crate) alpha: Option<Share>,
    /// How often a test may pass what is worse by its whole tolerance.
    #[schemars(extend("default" = "2.5%"))]
    pub(crate) beta: Option<Share>,
    /// Differences up to so much are never a regression.
    #[schemars(extend("default" = "1%"))]
    pub(crate) noise_floor: Option<Share>,
    /// After how many rounds the data are looked at; the last is the most rounds there are.
    #[schemars(extend("default" = [13, 20, 30, 45, 60]))]
    pub(crate) looks: Option<Vec<u32>>,
    /// Stored runs older than so many days, 1 and up to 3650, do not count with `--against`.
    #[schemars(extend("default" = 30))]
    pub(crate) stored_days: Option<u32>,
}
