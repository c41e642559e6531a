//! What the emulated network did, and how well it did it.

use serde::{Deserialize, Serialize};

use super::Timing;
use super::foreign::nullable;

/// The emulated network in one repetition. Over the measured time, where nothing else is said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// How much later than due the link let packets go: its own imprecision, which all times include.
    #[serde(deserialize_with = "nullable")]
    pub lateness: Timing,
    /// Bytes that arrived at the server's end, frames and all.
    pub bytes_to_server: u64,
    /// Bytes that arrived at the client's end, frames and all.
    pub bytes_to_client: u64,
    /// Connections that it carried, over the whole repetition.
    pub connections: u64,
    /// Connections that it reset because the scenario asks for it, over the whole repetition.
    pub resets: u64,
    /// CPU time of the link's thread; no part of the client's.
    pub cpu_ns: u64,
    /// Time for which it took nothing in because it held as much as it may: only the memory of this machine, and no
    /// bandwidth, was the bound.
    pub held_back_ns: u64,
}
