//! The emulated network, as written.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::units::{Bandwidth, Nanos, Rate};

/// A link of ours between client and server. What is left out is as on this machine.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Network")]
pub(crate) struct NetworkFile {
    /// What a round trip takes, half of it each way; connecting takes one too. 0s to 10s.
    #[schemars(extend("default" = "0s"))]
    pub(crate) rtt: Option<Nanos>,
    /// How far a round trip strays from that, evenly to both sides, at most `rtt`; the bytes of a connection stay in order.
    #[schemars(extend("default" = "0s"))]
    pub(crate) jitter: Option<Nanos>,
    /// What the link carries each way, all connections together. 8kbit/s to 100Gbit/s. Left out: all that it is given.
    pub(crate) bandwidth: Option<Bandwidth>,
    /// Connections that the link resets, drawn at random while there is load. 0.001/s to 1000/s. Left out: none.
    pub(crate) resets: Option<Rate>,
    /// The cores that the link's thread may run on; empty means any.
    #[schemars(extend("default" = []))]
    pub(crate) cpus: Option<Vec<usize>>,
}
