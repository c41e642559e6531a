//! What went on around the calls: how busy client, server and machine were, whether the runner itself was ever late,
//! and how the channels and the stretches of the measured time compare.

use serde::{Deserialize, Serialize};

/// How busy client, server and machine were over the measured time. Shares are from 0 to 1; `None` is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Conditions {
    /// Whether client and server ran on one machine.
    pub colocated: Option<bool>,
    /// Whether client and server each had cores of their own: the scenario gave them, and no hypervisor shares them out.
    pub dedicated_cores: bool,
    /// The share of the time for which the busiest lane's thread ran, but for looking for answers in vain where it spins.
    pub client_busy: Option<f64>,
    /// The share of the time for which a lane's thread was ready to run and had no core; the worst lane's.
    pub client_waited: Option<f64>,
    /// The server's CPU time as a share of what its threads, or its cores, could have used.
    pub server_busy: Option<f64>,
    /// What the hypervisor took, as a share of the time of all our cores.
    pub stolen: Option<f64>,
    /// What other programs used, as a share of the time of all our cores.
    pub foreign: Option<f64>,
    /// Calls that had been started when the measured time ended; the rest started late, or never.
    pub started_in_time: Option<u64>,
}

/// A thread of the runner that wants to wake every millisecond, on the lanes' cores: how late it was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Heartbeat {
    /// Beats in the measured time.
    pub beats: u64,
    /// 99th percentile of their lateness.
    pub late_p99_ns: u64,
    /// The latest.
    pub late_max_ns: u64,
    /// When the latest was due, from the start of the measured time.
    pub late_max_at_s: f64,
}

/// A stretch of the measured time: 20 to 39 of them, all of one length, to see whether a run was steady.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Its start, from the start of the measured time.
    pub start_s: f64,
    /// Its length.
    pub length_s: f64,
    /// Calls that were meant to start in it and ended OK.
    pub ok: u64,
    /// The median of their response time.
    pub p50_ns: Option<f64>,
}

/// One channel, where there are at most 64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelStats {
    /// Measured calls that ended on it.
    pub ended: u64,
    /// Of these, the OK ones.
    pub ok: u64,
    /// Median response time of the OK ones; two digits.
    pub p50_ns: Option<u64>,
    /// 99th percentile of the same.
    pub p99_ns: Option<u64>,
}
