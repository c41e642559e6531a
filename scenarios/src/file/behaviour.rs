//! How the reference server misbehaves, as written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::behaviour::{Blackhole, Cadence, Drift, SlowConnection, Stall, Warmup};
use crate::law::Law;
use crate::status::StatusCode;
use crate::units::Nanos;

/// How the reference server misbehaves.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Behaviour")]
pub(crate) struct BehaviourFile {
    /// Waits this long before the first reply: a duration up to 1h, or a distribution. Left out: does not wait.
    pub(crate) delay: Option<Law<Nanos>>,
    /// Answers a share of the calls with an error. Left out: none.
    pub(crate) error: Option<ErrorFile>,
    /// Ends calls with UNAUTHENTICATED that have not this metadata, of `-bin` keys in base64. Left out: asks for none.
    #[schemars(extend("examples" = [{ "authorization": "Bearer abc" }]))]
    pub(crate) require: Option<BTreeMap<String, String>>,
    /// Burns so much CPU time for each call, on the thread that answers it. 1us to 1s; left out: none.
    pub(crate) spin: Option<Nanos>,
    /// What would be released in the first `width` of each period is released at the end of the `width` instead.
    pub(crate) stall: Option<Stall>,
    /// A virtual queue over all calls of the server; it costs no CPU.
    pub(crate) queue: Option<QueueFile>,
    /// Never answers a share of the calls. Left out: none.
    pub(crate) blackhole: Option<Blackhole>,
    /// Delays all answers on one connection. Left out: none.
    pub(crate) slow_connection: Option<SlowConnection>,
    /// Is slower at first. Left out: not so.
    pub(crate) warmup: Option<Warmup>,
    /// Becomes slower and slower. Left out: not so.
    pub(crate) drift: Option<Drift>,
    /// Spreads the replies of a stream over time. Left out: they go as they are made.
    pub(crate) cadence: Option<Cadence>,
    /// Gives flow-control credit back so much later. 1us to 1h; only with `face: raw`. Left out: at once.
    pub(crate) window_update_delay: Option<Nanos>,
}

/// A share of the calls that is answered with an error.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ErrorBehaviour")]
pub(crate) struct ErrorFile {
    /// The share of the calls.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub(crate) share: f64,
    /// The status code; not OK.
    #[schemars(extend("default" = "UNAVAILABLE"))]
    pub(crate) code: Option<StatusCode>,
    /// Waits this long first, instead of the ordinary delay.
    pub(crate) delay: Option<Law<Nanos>>,
}

/// A virtual queue over all calls of the server.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Queue")]
pub(crate) struct QueueFile {
    /// How long each call is served: a duration up to 1h, or a distribution.
    pub(crate) service: Law<Nanos>,
    /// What a `service` that is a duration means: each service time, or their mean. With a distribution: left out.
    #[schemars(extend("default" = "fixed"))]
    pub(crate) law: Option<ServiceLaw>,
    /// How many calls are served at once.
    #[schemars(range(min = 1, max = 1024), extend("default" = 1))]
    pub(crate) servers: Option<u32>,
    /// The seed of the service times, which are drawn in the order of arrival.
    #[schemars(extend("default" = 1))]
    pub(crate) seed: Option<u64>,
}

/// What a service time that is written as a duration means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ServiceLaw {
    /// Each call is served that long.
    #[default]
    Fixed,
    /// Service times are exponential, with that mean.
    Exponential,
}
