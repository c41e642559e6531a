//! One whole run of a case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::foreign::{nan, nullable, number};
use super::{
    CallStats, ChannelStats, Conditions, Counts, Failure, Heartbeat, Network, TargetStats, Timing,
    Totals, Window,
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

/// What went over the connections of a repetition, from their opening to the end of the drain.
///
/// The raw engine counts its own frames; of the tonic engine a tap reads them as they pass. Sums are over all
/// connections.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wire {
    /// TCP or Unix connections opened.
    pub connections: u64,
    /// Connections that ended before the run did.
    pub connections_lost: u64,
    /// Bytes written, frames and all.
    pub bytes_sent: u64,
    /// Bytes read, frames and all.
    pub bytes_received: u64,
    /// HTTP/2 frames written.
    pub frames_sent: u64,
    /// HTTP/2 frames read.
    pub frames_received: u64,
    /// What the client announced on its first connection.
    pub client_settings: WireSettings,
    /// What the server announced on the first connection.
    pub server_settings: WireSettings,
    /// Bytes of header blocks written, as HPACK made them, without padding.
    pub header_bytes_sent: u64,
    /// Bytes of header blocks read, as HPACK made them, without padding.
    pub header_bytes_received: u64,
    /// Bytes of the names and values that the blocks written stand for; `None` where a block could not be decoded.
    pub header_list_bytes_sent: Option<u64>,
    /// The same of the blocks read.
    pub header_list_bytes_received: Option<u64>,
    /// Payload of DATA frames written from the run's start on: messages as they went, each with its five-byte prefix.
    pub data_bytes_sent: u64,
    /// Payload of DATA frames read from the run's start on, padding included.
    pub data_bytes_received: u64,
    /// WINDOW_UPDATE frames written.
    pub window_updates_sent: u64,
    /// WINDOW_UPDATE frames read.
    pub window_updates_received: u64,
    /// Time for which at least one stream of a connection could send nothing because the window that the server grants
    /// to that stream was used up, while its half of ours was not ended; summed over connections, so it may be longer
    /// than the run.
    ///
    /// The raw engine knows what waits: a stream with nothing queued is not stalled. The tap of the tonic engine sees
    /// only what was sent: there a stream has more to send until its END_STREAM. They differ for streams that stay
    /// open and silent with a window of exactly nothing.
    pub stalled_on_stream_window_ns: Option<u64>,
    /// The same of the connection's window: it was used up, and at least one stream had more to send and a window of
    /// its own to send it in. A stream whose both windows are used up waits for its own.
    pub stalled_on_connection_window_ns: Option<u64>,
    /// From the beginning of a connection until it was made, name resolution left out, as the client saw it.
    /// Connections are opened in groups (64 at once by the raw engine, 16 by tonic), which is part of it.
    #[serde(deserialize_with = "nullable")]
    pub connect_time: Timing,
    /// From the connection made until it was secured by TLS; nothing where it is plaintext.
    #[serde(
        deserialize_with = "nullable",
        skip_serializing_if = "Timing::is_empty"
    )]
    pub handshake_time: Timing,
    /// TLS handshakes by what they agreed on: `TLS 1.3, TLS_AES_256_GCM_SHA384`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub handshakes: BTreeMap<String, u64>,
    /// Those of them that took up an earlier session instead of verifying certificates again.
    #[serde(skip_serializing_if = "is_zero")]
    pub handshakes_resumed: u64,
    /// From the same beginning until the server's SETTINGS came: HTTP/2 is ready.
    #[serde(deserialize_with = "nullable")]
    pub ready_time: Timing,
    /// From a PING of ours to its answer, under the load of the run: what queues in front of it on either side is
    /// part of it.
    ///
    /// The raw engine sends one PING to a connection at most every half second, and at most 100 a second on each lane.
    /// The tonic engine sends them only where `client.http2.keepalive` is set, and then only to connections that have
    /// been silent for its interval.
    #[serde(deserialize_with = "nullable")]
    pub ping_time: Timing,
    /// RST_STREAM frames by who sent them and why: `server REFUSED_STREAM`.
    pub resets: BTreeMap<String, u64>,
    /// GOAWAY frames by who sent them and why: `server ENHANCE_YOUR_CALM`.
    pub goaway: BTreeMap<String, u64>,
}

impl Wire {
    /// Adds what went over other connections; the settings are those of the first.
    pub fn add(&mut self, other: &Wire) {
        let first = self.connections == 0;
        if first {
            self.client_settings = other.client_settings;
            self.server_settings = other.server_settings;
        }
        self.connections += other.connections;
        self.connections_lost += other.connections_lost;
        self.bytes_sent += other.bytes_sent;
        self.bytes_received += other.bytes_received;
        self.frames_sent += other.frames_sent;
        self.frames_received += other.frames_received;
        self.header_bytes_sent += other.header_bytes_sent;
        self.header_bytes_received += other.header_bytes_received;
        self.data_bytes_sent += other.data_bytes_sent;
        self.data_bytes_received += other.data_bytes_received;
        self.window_updates_sent += other.window_updates_sent;
        self.window_updates_received += other.window_updates_received;
        self.handshakes_resumed += other.handshakes_resumed;
        for (mine, theirs) in [
            (
                &mut self.header_list_bytes_sent,
                other.header_list_bytes_sent,
            ),
            (
                &mut self.header_list_bytes_received,
                other.header_list_bytes_received,
            ),
            (
                &mut self.stalled_on_stream_window_ns,
                other.stalled_on_stream_window_ns,
            ),
            (
                &mut self.stalled_on_connection_window_ns,
                other.stalled_on_connection_window_ns,
            ),
        ] {
            // A sum of which a part is not known is not known.
            *mine = match first {
                true => theirs,
                false => mine.zip(theirs).map(|(mine, theirs)| mine + theirs),
            };
        }
        for (mine, theirs) in [
            (&mut self.connect_time, &other.connect_time),
            (&mut self.handshake_time, &other.handshake_time),
            (&mut self.ready_time, &other.ready_time),
            (&mut self.ping_time, &other.ping_time),
        ] {
            *mine = match (mine.count, theirs.count) {
                (_, 0) => continue,
                (0, _) => theirs.clone(),
                // What cannot be read cannot be told.
                _ => Timing::merged([&*mine, theirs]).unwrap_or_default(),
            };
        }
        for (mine, theirs) in [
            (&mut self.resets, &other.resets),
            (&mut self.goaway, &other.goaway),
            (&mut self.handshakes, &other.handshakes),
        ] {
            for (reason, count) in theirs {
                *mine.entry(reason.clone()).or_default() += count;
            }
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Wire {
    /// Adds a TLS handshake that agreed on this.
    pub fn shook_hands(&mut self, suite: &str, resumed: bool) {
        *self.handshakes.entry(suite.to_owned()).or_default() += 1;
        self.handshakes_resumed += u64::from(resumed);
    }
}

/// HTTP/2 settings as announced; `None` where the side left it at the protocol's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WireSettings {
    /// SETTINGS_HEADER_TABLE_SIZE.
    pub header_table_size: Option<u32>,
    /// SETTINGS_MAX_CONCURRENT_STREAMS.
    pub max_concurrent_streams: Option<u32>,
    /// SETTINGS_INITIAL_WINDOW_SIZE: each stream's.
    pub initial_stream_window: Option<u32>,
    /// 65,535 and what the first WINDOW_UPDATE on stream 0 added, where that was more than had been sent: less would be
    /// giving back.
    pub initial_connection_window: Option<u32>,
    /// SETTINGS_MAX_FRAME_SIZE.
    pub max_frame_size: Option<u32>,
}
