//! A scenario as meant: every default filled in, every name known, every value in range.
//!
//! These types print (serde) in the same keys and units as the file they come from, so the case that a result echoes
//! can be saved as YAML and run again.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

pub use crate::behaviour::*;
pub use crate::calls::{Calls, MixedCall};
pub use crate::encoding::{Codec, Compression, Fill};
use crate::law::Law;
use crate::limits::Limit;
use crate::load::Load;
pub use crate::metadata::{Metadata, Secret, SecretSource};
use crate::method::Pattern;
pub use crate::security::*;
pub use crate::semantics::{Cancel, Expect, HalfClose, Retry};
use crate::service::Called;
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

/// What is called.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The embedded reference server, started as a process of its own.
    ReferenceServer(ReferenceServer),
    /// A server that runs already.
    Address(Address),
    /// Servers that run already, over which the channels are spread.
    Addresses(Vec<Address>),
    /// The server of another stack, which the runner sets up, starts, awaits and stops.
    Peer(PeerServer),
    /// A server that the runner starts, awaits and stops; `{port}` in an argument becomes a free port.
    Command(Vec<String>),
}

/// The server of another stack of the gRPC family.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PeerServer {
    /// The name of a stack or of a variant.
    pub name: String,
    /// The cores its process may run on; empty means any.
    pub cpus: Vec<usize>,
    /// Its TLS; `None` is plaintext.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ServerTls>,
    /// How it misbehaves: delays and errors that do not vary, and nothing else.
    pub behaviour: Behaviour,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `http://host:port` or `https://host:port`: host and port, as written.
    Tcp {
        /// A host name or an IP address (an IPv6 one without its brackets).
        host: String,
        /// The port.
        port: u16,
        /// Whether connections are secured by TLS.
        tls: bool,
    },
    /// `unix:/path`.
    Unix(std::path::PathBuf),
}

/// The settings of the reference server.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReferenceServer {
    /// Which implementation answers.
    pub face: Face,
    /// Worker threads.
    pub threads: u32,
    /// The cores its threads may run on; empty means any.
    pub cpus: Vec<usize>,
    /// How it waits for the time at which an answer is to be released.
    pub idle: Idle,
    /// What it listens on.
    #[serde(skip_serializing_if = "Listen::is_default")]
    pub listen: Listen,
    /// Its TLS; `None` is plaintext.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ServerTls>,
    /// HTTP/2 settings.
    pub http2: ServerHttp2,
    /// How it misbehaves.
    pub behaviour: Behaviour,
}

/// Which implementation of the reference server answers.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    /// tonic: what users deploy.
    #[default]
    Tonic,
    /// A fast sink of our own: the same methods, counts and behaviours at a fraction of the CPU.
    Raw,
}

/// HTTP/2 settings of the reference server.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ServerHttp2 {
    /// What one stream may send before an update, SETTINGS_INITIAL_WINDOW_SIZE.
    pub initial_stream_window: Bytes,
    /// What all streams of a connection together may send before an update.
    pub initial_connection_window: Bytes,
    /// SETTINGS_MAX_CONCURRENT_STREAMS.
    pub max_concurrent_streams: u32,
    /// SETTINGS_MAX_FRAME_SIZE.
    pub max_frame_size: Bytes,
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
    /// How a lane waits for the next intended start.
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

/// How a lane waits for the next intended start, and the reference server for a release.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Idle {
    /// Sleeps on a kernel timer: tens of microseconds late, a core mostly free.
    #[default]
    Timer,
    /// Sleeps until shortly before, then spins: under a microsecond late, at the price of a core.
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

/// What one call is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// The method, of the Greeter or of another service.
    #[serde(flatten)]
    pub method: Called,
    /// What the client sends.
    #[serde(skip_serializing_if = "Request::is_empty")]
    pub request: Request,
    /// What the client asks the server to answer; the Greeter's methods only, and always there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// How a bidirectional stream is driven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bidi: Option<Bidi>,
    /// Sent with each call.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Metadata>,
    /// What calls name as their authority, where it is not the target's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The call's timeout from its start, sent as `grpc-timeout` and enforced by the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Law<Nanos>>,
    /// Whether a call that finds no connection waits for one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wait_for_ready: bool,
    /// When calls are made again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// When calls are given up on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<Cancel>,
    /// How requests are paced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// When the client says that it has sent everything.
    #[serde(skip_serializing_if = "HalfClose::is_default")]
    pub half_close: HalfClose,
    /// What a right answer is, beyond the shape that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
    /// What the client compresses its messages with.
    #[serde(skip_serializing_if = "Compression::is_identity")]
    pub compression: Compression,
    /// What messages are written as.
    #[serde(skip_serializing_if = "Codec::is_proto")]
    pub codec: Codec,
    /// Whether the reference server is asked for its own times, which it gives as trailers.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stamps: bool,
}

/// What the client sends in one call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Request {
    /// The length of `HelloRequest.name`; the Greeter's methods only, and always there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Law<Bytes>>,
    /// What the name is filled with.
    #[serde(skip_serializing_if = "Fill::is_letters")]
    pub fill: Fill,
    /// Messages; 1 unless the method streams requests. `None`, of other services only, is as many as are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u32>,
}

impl Request {
    /// Whether nothing is said of it.
    fn is_empty(&self) -> bool {
        self.size.is_none() && self.messages.is_none()
    }
}

/// What the client asks the server to answer. Stock greeters ignore it and greet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reply {
    /// The length of `HelloReply.message`.
    pub size: Law<Bytes>,
    /// Messages; 1 unless the method streams replies. A bidirectional call that answers `after_all` gives so many.
    pub messages: u32,
    /// When a method that streams requests answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// When the initial metadata is sent.
    pub headers: Headers,
    /// A status other than OK, after the replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ReplyStatus>,
    /// What the server is to compress its replies with, and all that the client accepts; `None` where neither side
    /// compresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// Trailing metadata.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub trailers: BTreeMap<String, String>,
}

/// When a method that streams requests answers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// One reply to each request, at once (bidirectional only).
    Each,
    /// Once the client has sent everything.
    AfterAll,
    /// After the first request (client streaming only).
    AfterFirst,
    /// One reply to every so many requests, and one to the rest (bidirectional only).
    Every(std::num::NonZeroU32),
}

/// When the initial metadata is sent.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Headers {
    /// With the first reply.
    #[default]
    WithFirst,
    /// As soon as the call arrives.
    AtOnce,
}

/// A status that the server is asked to end with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplyStatus {
    /// The code.
    pub code: StatusCode,
    /// The text.
    pub message: String,
}

/// How a bidirectional stream is driven.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Bidi {
    /// The next request is sent when the reply to the last has come.
    #[default]
    PingPong,
    /// Both directions run on their own.
    Independent,
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

impl Target {
    /// The cores that the server is kept on; none where they are any, or not ours to say.
    pub fn cpus(&self) -> &[usize] {
        match self {
            Target::ReferenceServer(server) => &server.cpus,
            Target::Peer(server) => &server.cpus,
            Target::Address(_) | Target::Addresses(_) | Target::Command(_) => &[],
        }
    }
}

impl Call {
    /// A call of a method, of which nothing else is said.
    pub(crate) fn of(method: Called) -> Call {
        Call {
            method,
            request: Request {
                size: None,
                fill: Fill::default(),
                messages: None,
            },
            reply: None,
            bidi: None,
            metadata: BTreeMap::new(),
            authority: None,
            deadline: None,
            wait_for_ready: false,
            retry: None,
            cancel: None,
            stream: None,
            half_close: HalfClose::default(),
            expect: None,
            compression: Compression::default(),
            codec: Codec::default(),
            stamps: false,
        }
    }

    /// Messages that the client sends in one call of a method of the Greeter.
    pub fn requests(&self) -> u32 {
        let streams = self.method.pattern().is_some_and(Pattern::streams_requests);
        self.request.messages.filter(|_| streams).unwrap_or(1)
    }

    /// Messages that a server which honours [`Reply`] answers one call with.
    pub fn replies(&self) -> u32 {
        let streams = self.method.pattern().is_some_and(Pattern::streams_replies);
        let Some(reply) = self.reply.as_ref().filter(|_| streams) else {
            return 1;
        };
        match reply.when {
            Some(When::Each) => self.requests(),
            Some(When::Every(k)) => self.requests().div_ceil(k.get()),
            _ => reply.messages,
        }
    }
}

impl Address {
    /// The scheme of the calls that go there.
    pub fn scheme(&self) -> &'static str {
        match self {
            Address::Tcp { tls: true, .. } => "https",
            Address::Tcp { tls: false, .. } | Address::Unix(_) => "http",
        }
    }

    /// What calls name as their authority: `host:port`; a Unix socket has none of its own and is `localhost`.
    pub fn authority(&self) -> String {
        match self {
            Address::Tcp { host, port, .. } if host.contains(':') => format!("[{host}]:{port}"),
            Address::Tcp { host, port, .. } => format!("{host}:{port}"),
            Address::Unix(_) => "localhost".to_owned(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp { .. } => write!(f, "{}://{}", self.scheme(), self.authority()),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
