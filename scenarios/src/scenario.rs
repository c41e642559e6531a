//! A scenario as meant: every default filled in, every name known, every value in range.
//!
//! These types print (serde) in the same keys and units as the file they come from, so the case that a result echoes
//! can be saved as YAML and run again.

mod call;
mod target;

use serde::Serialize;

pub use self::call::*;
pub use self::target::*;
pub use crate::behaviour::*;
pub use crate::calls::{Calls, MixedCall};
pub use crate::encoding::{Codec, Compression, Fill};
use crate::limits::Limit;
use crate::load::Load;
pub use crate::metadata::{Metadata, Secret, SecretSource};
pub use crate::security::*;
pub use crate::semantics::{Cancel, Expect, HalfClose, Read, Retry};
pub use crate::status::StatusCode;
pub use crate::stream::{Length, Stream};
use crate::units::{Bandwidth, Bytes, Nanos, Rate};

/// What to call, how hard and for how long: one point of the matrix, fully resolved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scenario {
    /// The name, also of the result's folder.
    pub name: String,
    /// One sentence for readers of the report.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// What is called.
    pub target: Target,
    /// Who calls.
    pub client: Client,
    /// The network between them, emulated; none where they are connected directly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// What is called: `call`, or `calls`.
    #[serde(flatten)]
    pub calls: Calls,
    /// When calls start.
    pub load: Load,
    /// How long each phase is.
    pub phases: Phases,
    /// What is kept besides the result.
    #[serde(skip_serializing_if = "Record::is_empty")]
    pub record: Record,
    /// How many times the whole case is run.
    pub repetitions: u32,
    /// The seed of everything random.
    pub seed: u64,
    /// What decides between exit codes 0 and 1.
    pub limits: Vec<Limit>,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Client {
    /// Which client stack makes the calls.
    pub engine: Engine,
    /// Threads of ours, each with its share of the channels and of the load.
    pub lanes: u32,
    /// The core of each lane, in turn; empty means any.
    pub cpus: Vec<usize>,
    /// HTTP/2 connections.
    pub channels: u32,
    /// How a lane waits for the next intended start, and for answers.
    pub idle: Idle,
    /// Over how long the channels are opened, evenly, before the warm-up.
    #[serde(skip_serializing_if = "is_zero")]
    pub connect_ramp: Nanos,
    /// How channels are spread over addresses; `None` where the target is one address, whose name is taken as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<Balance>,
    /// Calls after which a channel is closed and opened anew; `None` is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls_per_channel: Option<u32>,
    /// What calls name as their `user-agent`, where it is not the runner's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// HTTP/2 settings.
    pub http2: ClientHttp2,
    /// What it trusts and what it shows, where connections are secured by TLS; `None` is as if nothing were said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ClientTls>,
    /// Options of its TCP sockets.
    #[serde(skip_serializing_if = "Tcp::is_default")]
    pub tcp: Tcp,
}

/// How channels are spread over several addresses: those that are listed, and all that their names stand for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// One after another, evenly over all of them.
    RoundRobin,
    /// All on the first that answers.
    PickFirst,
}

fn is_zero(time: &Nanos) -> bool {
    *time == Nanos::ZERO
}

/// Which client stack makes the calls.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// tonic: what users deploy.
    #[default]
    Tonic,
    /// Prepared HTTP/2 frames: the most load that a core can make.
    Raw,
}

/// How a lane waits for the next intended start and for answers, and the reference server for a release.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Idle {
    /// Sleeps on a kernel timer: tens of microseconds late, a core mostly free.
    #[default]
    Timer,
    /// Sleeps until shortly before, then spins: under a microsecond late, at the price of a core. A lane does not sleep
    /// while calls are in flight either: no answer waits for its core to wake up.
    Spin,
}

/// HTTP/2 settings of the client.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClientHttp2 {
    /// What a server may send on one stream before an update.
    pub initial_stream_window: Bytes,
    /// What a server may send on a connection before an update.
    pub initial_connection_window: Bytes,
    /// SETTINGS_MAX_FRAME_SIZE.
    pub max_frame_size: Bytes,
    /// SETTINGS_HEADER_TABLE_SIZE.
    pub header_table_size: Bytes,
    /// PINGs on an idle or busy connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keepalive: Option<Keepalive>,
}

/// HTTP/2 PINGs that keep a connection alive and notice when it is not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keepalive {
    /// Time between PINGs. 1ms to 24h.
    pub interval: Nanos,
    /// How long an answer may take before the connection counts as dead. 1ms to 24h.
    pub timeout: Nanos,
}

/// A link of ours between client and server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Network {
    /// What a round trip takes, half of it each way.
    pub rtt: Nanos,
    /// How far a round trip strays from that, to both sides.
    pub jitter: Nanos,
    /// What the link carries each way, all connections together; `None` means all that it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<Bandwidth>,
    /// Connections that the link resets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resets: Option<Rate>,
    /// The cores that the link's thread may run on; empty means any.
    pub cpus: Vec<usize>,
}

impl Network {
    /// What a full link has in flight: the bandwidth-delay product, rounded up. `None` where the bandwidth has no bound.
    pub fn in_flight(&self) -> Option<Bytes> {
        self.bandwidth.map(|bandwidth| bandwidth.over(self.rtt))
    }
}

/// How long each phase is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Phases {
    /// Load that is not measured.
    pub warm_up: Nanos,
    /// Load that is measured; with `stages`, the sum of theirs.
    pub measure: Nanos,
    /// How long unfinished calls may take after the last intended start.
    pub drain: Nanos,
}

/// What is kept besides the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Record {
    /// How many calls of each repetition are kept one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u32>,
}

impl Record {
    /// Whether nothing is.
    fn is_empty(&self) -> bool {
        self.calls.is_none()
    }
}
