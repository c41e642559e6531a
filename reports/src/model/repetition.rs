//! One whole run of a case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::foreign::{nan, nullable, number};
use super::{
    CallStats, ChannelStats, Conditions, Counts, Failure, Heartbeat, Network, TargetStats, Timing,
    Totals, Window, Wire,
};

/// One whole run of a case: what was offered, what was achieved, how long calls took and what it cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repetition {
    /// Whether the numbers below can be believed.
    pub validity: Validity,
    /// What happened to every call.
    pub counts: Counts,
    /// The length of the measured time.
    #[serde(default = "nan", deserialize_with = "number")]
    pub measured_s: f64,
    /// Calls that the load model meant to start, a second; for a closed loop the calls started.
    #[serde(default = "nan", deserialize_with = "number")]
    pub offered_per_s: f64,
    /// Calls that ended OK, a second.
    #[serde(default = "nan", deserialize_with = "number")]
    pub achieved_per_s: f64,
    /// Done minus intended start, of OK calls. What a user of the service feels.
    #[serde(default, deserialize_with = "nullable")]
    pub response_time: Timing,
    /// Done minus started, of OK calls. What the server and the network took.
    #[serde(default, deserialize_with = "nullable")]
    pub service_time: Timing,
    /// Started minus intended, of all started calls. What the runner, or a lack of streams, added.
    #[serde(default, deserialize_with = "nullable")]
    pub start_lag: Timing,
    /// First reply message minus intended start, of calls that got one.
    #[serde(default, deserialize_with = "nullable")]
    pub time_to_first_message: Timing,
    /// Between one reply message of a call and the next.
    #[serde(default, deserialize_with = "nullable")]
    pub message_gap: Timing,
    /// From one request to its reply on ping-pong streams.
    #[serde(default, deserialize_with = "nullable")]
    pub exchange_time: Timing,
    /// From when a request of a paced stream was meant to be sent to its reply. What a user of the stream feels.
    #[serde(
        default,
        skip_serializing_if = "Timing::is_empty",
        deserialize_with = "nullable"
    )]
    pub message_response_time: Timing,
    /// The requests of paced streams, where calls are such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paced: Option<Paced>,
    /// The client's cost.
    #[serde(default, deserialize_with = "nullable")]
    pub client: Cost,
    /// The server's cost, where it is a process on this machine.
    pub server: Option<Cost>,
    /// One-second intervals, by intended start.
    #[serde(default, deserialize_with = "nullable")]
    pub intervals: Vec<Interval>,
    /// The stages of the load, where it has any.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "nullable"
    )]
    pub stages: Vec<Stage>,
    /// Kinds of failure, the most frequent first.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "nullable"
    )]
    pub failures: Vec<Failure>,
    /// Where every call stands by itself, where the scenario asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_log: Option<CallLog>,
    /// Both sides' counts over warm-up, measure and drain together.
    #[serde(default, deserialize_with = "nullable")]
    pub totals: Totals,
    /// How late the reference server released what it had planned, delays above all, over the whole repetition: its own
    /// imprecision. Where it planned anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_lateness: Option<Timing>,
    /// What went over the connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<Wire>,
    /// What the emulated network did, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// What came with the first reply, as a sample of them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_reply: Option<FirstReply>,
    /// How busy client, server and machine were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Conditions>,
    /// Whether the runner itself was ever late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat: Option<Heartbeat>,
    /// The measured time in some twenty stretches.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "nullable"
    )]
    pub windows: Vec<Window>,
    /// Each channel by its number, from 0; empty where there are more than 64.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "nullable"
    )]
    pub channels: Vec<ChannelStats>,
    /// Each call of a mix; empty where there is one call only.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "nullable"
    )]
    pub calls: Vec<CallStats>,
    /// Each target that channels went to; empty where the target is one server.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "nullable"
    )]
    pub targets: Vec<TargetStats>,
}

/// The requests of paced streams that were meant for the measured time, whenever their streams began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Paced {
    /// Requests sent.
    pub sent: u64,
    /// Requests that were answered; none where requests have no replies of their own.
    pub answered: u64,
    /// Requests sent, a second.
    #[serde(deserialize_with = "number")]
    pub sent_per_s: f64,
    /// Requests answered, a second.
    #[serde(deserialize_with = "number")]
    pub answered_per_s: f64,
    /// From when a request was meant to be sent until it was handed to the transport.
    #[serde(deserialize_with = "nullable")]
    pub send_lag: Timing,
}

/// What came with a reply besides its messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FirstReply {
    /// Initial metadata; a value that is no text is base64.
    pub metadata: BTreeMap<String, String>,
    /// Trailing metadata.
    pub trailers: BTreeMap<String, String>,
}

/// The log in which every call stands by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallLog {
    /// Calls in it, those of the warm-up included.
    pub calls: u64,
    /// Calls for which it had no room.
    pub left_out: u64,
    /// When the run began, in nanoseconds of CLOCK_MONOTONIC, which the log's times are on.
    pub clock_origin_ns: u64,
    /// The same moment in nanoseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_origin_unix_ns: Option<u64>,
}

/// What one side cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// User and system time of the measured phase, a call.
    pub cpu_ns_per_call: Option<f64>,
    /// The most memory that the process held.
    pub peak_rss_bytes: Option<u64>,
    /// What the client took to encode the messages of a call when it started; `None` where that was done before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encode_ns_per_call: Option<f64>,
}

/// One second of the measured time. A call belongs to the second of its intended start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its start, from the start of the measured time.
    pub start_s: f64,
    /// Its length; less than 1 for the last, where the measured time is no whole number of seconds.
    #[serde(default)]
    pub length_s: f64,
    /// Calls that ended OK.
    pub ok: u64,
    /// Started calls that did not.
    pub failed: u64,
    /// Median response time of OK calls.
    pub p50_ns: Option<u64>,
    /// 99th percentile of the response time of OK calls.
    pub p99_ns: Option<u64>,
}

/// One stage of the load with its own statistics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Its start, from the start of the measured time.
    pub start_s: f64,
    /// Its length.
    pub length_s: f64,
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
}

/// Whether a repetition can be believed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validity {
    /// The verdict.
    pub verdict: Verdict,
    /// Why it is not `valid`, the worst first: what was seen, and what to do about it.
    #[serde(default, deserialize_with = "nullable")]
    pub reasons: Vec<String>,
    /// The same, in the same order, for programs.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "nullable"
    )]
    pub findings: Vec<Finding>,
}

/// Something that was seen and should not have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The name of the rule: `late_starts`.
    pub rule: String,
    /// What it makes of the repetition.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do about it.
    pub remedy: String,
}

/// Whether a repetition can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes.
    Valid,
    /// Yes, but read the reasons first.
    Tainted,
    /// No.
    Invalid,
}
