//! How the reference server misbehaves, as meant. What has no defaults is written the same way.
//!
//! How behaviours work together is told once, in `reference-server/README.md`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::law::Law;
use crate::status::StatusCode;
use crate::units::{Nanos, Share};

/// How the reference server misbehaves, for every call.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Behaviour {
    /// Waits this long before the first reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Law<Nanos>>,
    /// Answers a share of the calls with an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorBehaviour>,
    /// Refuses calls that have not this metadata.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub require: BTreeMap<String, String>,
    /// Burns so much CPU time for each call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spin: Option<Nanos>,
    /// Holds back what would be released in the first part of each period.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall: Option<Stall>,
    /// Lets calls wait for each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
    /// Never answers a share of the calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blackhole: Option<Blackhole>,
    /// Delays all answers on one connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slow_connection: Option<SlowConnection>,
    /// Is slower at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<Warmup>,
    /// Becomes slower and slower.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
    /// Spreads the replies of a stream over time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cadence: Option<Cadence>,
    /// Gives flow-control credit back late; the raw face only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_update_delay: Option<Nanos>,
}

impl Behaviour {
    /// The first of its keys that a peer's server does not know; those know `delay` and `error`, with
    /// durations, and `require`.
    pub fn beyond_a_peer(&self) -> Option<&'static str> {
        crate::validate::beyond_a_peer(self).map(|(key, _)| key)
    }
}

/// A share of the calls that is answered with an error.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ErrorBehaviour {
    /// From 0 to 1.
    pub share: f64,
    /// The status code.
    pub code: StatusCode,
    /// Waits this long first, instead of the ordinary delay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Law<Nanos>>,
}

/// What would be released in the first `width` of each period is released at the end of the `width` instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stall {
    /// From one stall to the next. 1ms to 1h.
    pub period: Nanos,
    /// How long each stall is; shorter than the period.
    pub width: Nanos,
    /// Period k begins at k times the period plus the phase, on CLOCK_MONOTONIC; shorter than the period.
    #[serde(default)]
    #[schemars(extend("default" = "0s"))]
    pub phase: Nanos,
}

/// A virtual queue over all calls of the server; it costs no CPU.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Queue {
    /// How long each call is served.
    pub service: Law<Nanos>,
    /// How many calls are served at once.
    pub servers: u32,
    /// The seed of the service times, which are drawn in the order of arrival.
    pub seed: u64,
}

/// A share of the calls that is never answered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Blackhole {
    /// The share of the calls.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub share: f64,
}

/// One connection whose answers are all delayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SlowConnection {
    /// Which: 0 is the connection that was the first to call the Greeter; health checks do not count.
    #[schemars(range(min = 0, max = 9999))]
    pub index: u32,
    /// How much longer its answers take. 0s to 1h.
    pub delay: Nanos,
}

/// A server that is slower at first.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Warmup {
    /// For how long since the server's first call. 0s to 24h.
    #[serde(rename = "for")]
    pub length: Nanos,
    /// What delays and service times are multiplied by, until then.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub factor: f64,
}

/// A server that becomes slower and slower.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// What delays and service times grow by in each second since the server's first call. 0% to 1000%.
    pub per_second: Share,
}

/// When the replies of a stream are released: on a schedule that begins with the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cadence {
    /// From one reply to the next. 0s to 1h.
    pub every: Nanos,
    /// The number of the reply, from 0, that comes later by `stall`, as do all behind it. Left out: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000000))]
    pub stall_at: Option<u32>,
    /// How much later. 0s to 1h.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall: Option<Nanos>,
}
