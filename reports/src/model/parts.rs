//! Statistics of a part of the calls, where a scenario tells its calls apart.

use serde::{Deserialize, Serialize};

use super::foreign::{nan, nullable, number};
use super::{Counts, Timing};

/// One call of a mix with its own statistics. Those of all calls add up to the repetition's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallStats {
    /// Its name.
    pub name: String,
    /// So many parts of all calls are this one.
    pub weight: u32,
    /// What happened to its calls.
    pub counts: Counts,
    /// Calls meant to start, a second.
    #[serde(default = "nan", deserialize_with = "number")]
    pub offered_per_s: f64,
    /// Calls that ended OK, a second.
    #[serde(default = "nan", deserialize_with = "number")]
    pub achieved_per_s: f64,
    /// As in the repetition.
    #[serde(default, deserialize_with = "nullable")]
    pub response_time: Timing,
    /// As in the repetition.
    #[serde(default, deserialize_with = "nullable")]
    pub service_time: Timing,
    /// As in the repetition.
    #[serde(default, deserialize_with = "nullable")]
    pub start_lag: Timing,
    /// As in the repetition.
    #[serde(default, deserialize_with = "nullable")]
    pub time_to_first_message: Timing,
    /// As in the repetition.
    #[serde(default, deserialize_with = "nullable")]
    pub message_gap: Timing,
    /// As in the repetition.
    #[serde(default, deserialize_with = "nullable")]
    pub exchange_time: Timing,
    /// As in the repetition.
    #[serde(
        default,
        skip_serializing_if = "Timing::is_empty",
        deserialize_with = "nullable"
    )]
    pub message_response_time: Timing,
}

/// One target of several with its own statistics. Those of all targets add up to the repetition's, but for what was shed:
/// a call that was never begun has no target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetStats {
    /// Its address as written, with the one that its name stands for where there are several.
    pub address: String,
    /// Channels that went to it.
    pub channels: u32,
    /// What happened to its calls.
    pub counts: Counts,
    /// Calls that ended OK, a second.
    #[serde(default = "nan", deserialize_with = "number")]
    pub achieved_per_s: f64,
    /// As in the repetition.
    #[serde(default, deserialize_with = "nullable")]
    pub response_time: Timing,
    /// As in the repetition.
    #[serde(default, deserialize_with = "nullable")]
    pub service_time: Timing,
}
