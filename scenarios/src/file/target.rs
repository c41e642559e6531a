//! What is called, as written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{BehaviourFile, PeerFile, ServerTlsFile};
use crate::scenario::{Face, Idle, Listen};
use crate::units::Bytes;

/// What is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "Target")]
pub(crate) enum TargetFile {
    /// The embedded reference server, started as a process of its own.
    ReferenceServer(ReferenceServerFile),
    /// A server that runs already: `http://host:port`, `https://host:port` for TLS, or `unix:/path`.
    Address(
        #[schemars(extend("examples" = ["http://127.0.0.1:50051", "https://greeter.example:443", "unix:/run/greeter.sock"]))]
        String,
    ),
    /// Servers that run already, over which the channels are spread: `client.balance` says how.
    Addresses(
        #[schemars(length(min = 1, max = 1000), extend("examples" = [["http://10.0.0.1:50051", "http://10.0.0.2:50051"]]))]
        Vec<String>,
    ),
    /// The server of another stack of the gRPC family, set up by its folder in `peers/`: its name, or a mapping.
    Peer(PeerFile),
    /// A server that the runner starts, awaits and stops; `{port}` in an argument becomes a free port; `client.tls` makes it TLS.
    Command(#[schemars(extend("examples" = [["./my-server", "--port", "{port}"]]))] Vec<String>),
}

/// The settings of the reference server.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReferenceServer")]
pub(crate) struct ReferenceServerFile {
    /// Which implementation answers.
    #[schemars(extend("default" = "tonic"))]
    pub(crate) face: Option<Face>,
    /// Worker threads.
    #[schemars(range(min = 1, max = 1024), extend("default" = 1))]
    pub(crate) threads: Option<u32>,
    /// The cores its threads may run on; empty means any.
    #[schemars(extend("default" = []))]
    pub(crate) cpus: Option<Vec<usize>>,
    /// How it waits for the time at which an answer is to be released.
    #[schemars(extend("default" = "timer"))]
    pub(crate) idle: Option<Idle>,
    /// What it listens on.
    #[schemars(extend("default" = "tcp"))]
    pub(crate) listen: Option<Listen>,
    /// Its TLS; `{}` makes a certificate for the run, which the runner trusts. Left out: plaintext.
    pub(crate) tls: Option<ServerTlsFile>,
    /// HTTP/2 settings.
    pub(crate) http2: Option<ServerHttp2File>,
    /// How it misbehaves, for every call.
    pub(crate) behaviour: Option<BehaviourFile>,
}

/// HTTP/2 settings of the reference server.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServerHttp2")]
pub(crate) struct ServerHttp2File {
    /// What a client may send on one stream before an update, SETTINGS_INITIAL_WINDOW_SIZE. 1B to 2147483647B.
    #[schemars(extend("default" = "1MiB"))]
    pub(crate) initial_stream_window: Option<Bytes>,
    /// What a client may send on a connection before an update. 65535B, which is where HTTP/2 begins, to 2147483647B.
    #[schemars(extend("default" = "64MiB"))]
    pub(crate) initial_connection_window: Option<Bytes>,
    /// SETTINGS_MAX_CONCURRENT_STREAMS.
    #[schemars(range(min = 1, max = 2147483647), extend("default" = 1000))]
    pub(crate) max_concurrent_streams: Option<u32>,
    /// SETTINGS_MAX_FRAME_SIZE. 16KiB to 16777215B.
    #[schemars(extend("default" = "16KiB"))]
    pub(crate) max_frame_size: Option<Bytes>,
}
