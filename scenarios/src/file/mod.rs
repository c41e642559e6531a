//! A scenario as written: every key optional that has a default, nothing checked but names and types.
//!
//! The doc comments are the descriptions of the JSON Schema; `default` and `range` stand beside the key that they are
//! of, and a test holds them against what [`validate`](crate::validate) does.

mod behaviour;
mod call;
mod mix;
mod network;
mod peer;
mod security;
mod target;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

pub(crate) use behaviour::{BehaviourFile, ErrorFile, QueueFile, ServiceLaw};
pub(crate) use call::{CallFile, ReplyFile, RequestFile, RetryFile, StreamFile};
pub(crate) use network::NetworkFile;
pub(crate) use peer::PeerFile;
pub(crate) use security::{ClientTlsFile, ServerTlsFile, TcpFile};
pub(crate) use target::{ReferenceServerFile, ServerHttp2File, TargetFile};

use crate::gate::GateFile;
use crate::limits::Limit;
use crate::load::Load;
use crate::scenario::{Balance, Engine, Idle, Keepalive};
use crate::units::{Bytes, Nanos};

/// What to call, how hard and for how long.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "bench-runner scenario", rename = "Scenario")]
pub(crate) struct ScenarioFile {
    /// The name, also of the folder of the results: letters, digits, `-`, `_` and `.`.
    pub(crate) name: String,
    /// One sentence for readers of the report.
    pub(crate) about: Option<String>,
    /// What is called. Left out: the embedded reference server.
    pub(crate) target: Option<TargetFile>,
    /// Who calls.
    pub(crate) client: Option<ClientFile>,
    /// The network between them, emulated by a link of ours. Left out: they are connected directly.
    pub(crate) network: Option<NetworkFile>,
    /// What one call is.
    pub(crate) call: Option<CallFile>,
    /// Several calls in the shares of their weights, instead of `call`.
    #[schemars(schema_with = "mix::schema")]
    pub(crate) calls: Option<Vec<CallFile>>,
    /// When calls start.
    #[schemars(extend("default" = { "closed": { "in_flight": 1 } }))]
    pub(crate) load: Option<Load>,
    /// How long each phase is.
    pub(crate) phases: Option<PhasesFile>,
    /// What is kept besides the result.
    pub(crate) record: Option<RecordFile>,
    /// How many times each case is run.
    #[schemars(range(min = 1, max = 1000), extend("default" = 1))]
    pub(crate) repetitions: Option<u32>,
    /// The seed of everything random: the same seed gives the same arrivals, sizes and delays.
    #[schemars(extend("default" = 42))]
    pub(crate) seed: Option<u64>,
    /// Key paths, each with the values it takes in turn; every combination is a case.
    #[schemars(extend("examples" = [{ "client.channels": [1, 10, 100] }]))]
    #[expect(
        dead_code,
        reason = "taken out of the tree before; here for the schema and the list of known keys"
    )]
    pub(crate) matrix: Option<BTreeMap<String, Vec<Value>>>,
    /// What `bench-runner gate` compares with what, in this scenario; `run` does not look at it.
    #[expect(
        dead_code,
        reason = "read by itself; here for the schema and the list of known keys"
    )]
    pub(crate) gate: Option<GateFile>,
    /// What decides between exit codes 0 and 1, for each repetition of each case.
    pub(crate) limits: Option<Vec<Limit>>,
}

/// Who calls.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Client")]
pub(crate) struct ClientFile {
    /// Which client stack makes the calls.
    #[schemars(extend("default" = "tonic"))]
    pub(crate) engine: Option<Engine>,
    /// Threads, each with its share of the channels and of the load; at most one for each channel.
    #[schemars(range(min = 1, max = 1024), extend("default" = 1))]
    pub(crate) lanes: Option<u32>,
    /// The core of each lane, in turn; empty means any.
    #[schemars(extend("default" = []))]
    pub(crate) cpus: Option<Vec<usize>>,
    /// HTTP/2 connections.
    #[schemars(range(min = 1, max = 10000), extend("default" = 1))]
    pub(crate) channels: Option<u32>,
    /// How a lane waits for the next intended start, and for answers.
    #[schemars(extend("default" = "timer"))]
    pub(crate) idle: Option<Idle>,
    /// Over how long the channels are opened, evenly, before the warm-up. 0s to 1h.
    #[schemars(extend("default" = "0s"))]
    pub(crate) connect_ramp: Option<Nanos>,
    /// How channels are spread over several addresses: those listed in `target.addresses`, `round_robin` if left out, and
    /// all that a host's name stands for. Left out with one `target.address`: the first address of its name that answers.
    pub(crate) balance: Option<Balance>,
    /// Calls after which a channel is closed, once they are done, and opened anew. Left out: never.
    #[schemars(range(min = 1, max = 1000000000))]
    pub(crate) calls_per_channel: Option<u32>,
    /// What calls name as their `user-agent`; tonic puts its own behind it. Left out: the runner's name and version.
    pub(crate) user_agent: Option<String>,
    /// HTTP/2 settings.
    pub(crate) http2: Option<ClientHttp2File>,
    /// What it trusts and what it shows of itself, where connections are secured by TLS.
    pub(crate) tls: Option<ClientTlsFile>,
    /// Options of its TCP sockets.
    pub(crate) tcp: Option<TcpFile>,
}

/// HTTP/2 settings of the client.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientHttp2")]
pub(crate) struct ClientHttp2File {
    /// What a server may send on one stream before an update, SETTINGS_INITIAL_WINDOW_SIZE. 1B to 2147483647B.
    #[schemars(extend("default" = "2MiB"))]
    pub(crate) initial_stream_window: Option<Bytes>,
    /// What a server may send on a connection before an update. 65535B, which is where HTTP/2 begins, to 2147483647B.
    #[schemars(extend("default" = "64MiB"))]
    pub(crate) initial_connection_window: Option<Bytes>,
    /// SETTINGS_MAX_FRAME_SIZE. 16KiB to 16777215B.
    #[schemars(extend("default" = "16KiB"))]
    pub(crate) max_frame_size: Option<Bytes>,
    /// SETTINGS_HEADER_TABLE_SIZE. 0B to 16MiB.
    #[schemars(extend("default" = "4KiB"))]
    pub(crate) header_table_size: Option<Bytes>,
    /// PINGs that keep a connection alive and notice when it is not. Left out: none.
    pub(crate) keepalive: Option<Keepalive>,
}

/// How long each phase is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Phases")]
pub(crate) struct PhasesFile {
    /// Load that is not measured. 0s to 24h.
    #[schemars(extend("default" = "1s"))]
    pub(crate) warm_up: Option<Nanos>,
    /// Load that is measured. 1ms to 24h; left out where there are stages, which have durations of their own.
    #[schemars(extend("default" = "5s"))]
    pub(crate) measure: Option<Nanos>,
    /// How long unfinished calls may take after the last intended start. 0s to 24h.
    #[schemars(extend("default" = "1s"))]
    pub(crate) drain: Option<Nanos>,
}

/// What is kept besides the result.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Record")]
pub(crate) struct RecordFile {
    /// Every call by itself goes to `<case>.calls.csv`, up to so many of each repetition. Left out: none.
    #[schemars(range(min = 1, max = 10000000))]
    pub(crate) calls: Option<u32>,
}
