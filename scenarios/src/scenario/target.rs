//! What is called, as meant.

use std::fmt;

use serde::Serialize;

use super::{Behaviour, Idle, Listen, ServerTls};
use crate::units::Bytes;

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
