//! TLS and the sockets, as meant.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Serialize;

use crate::units::Bytes;

/// TLS of a server that the runner starts.
///
/// Paths are relative to the folder that the program is started in, like any path on its command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServerTls {
    /// Its certificate, PEM. `None`, and `key` too: both are made for the run, and the runner trusts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<PathBuf>,
    /// The key of its certificate, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// The authorities whose certificates clients may show, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ca: Option<PathBuf>,
    /// Whether clients must show a certificate. Without `client_ca` that of the client is made for the run as well.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mutual: bool,
}

/// TLS of the client: what it trusts, and what it shows.
///
/// Paths are relative to the folder that the program is started in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClientTls {
    /// The authorities that are trusted, PEM. `None`: those of this machine, or of the run's own server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// The certificate that is shown to a server which asks for one, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<PathBuf>,
    /// Its key, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// The name that the server's certificate must have. `None`: the host of its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Takes any certificate of the server's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub insecure_skip_verify: bool,
}

/// Options of the client's TCP sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Tcp {
    /// TCP_NODELAY: small segments leave at once.
    pub nodelay: bool,
    /// SO_SNDBUF; `None` leaves it to the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_buffer: Option<Bytes>,
    /// SO_RCVBUF; `None` leaves it to the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receive_buffer: Option<Bytes>,
    /// The address that connections come from; `None` leaves it to the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
}

impl Default for Tcp {
    fn default() -> Tcp {
        Tcp {
            nodelay: true,
            send_buffer: None,
            receive_buffer: None,
            source: None,
        }
    }
}

impl Tcp {
    /// Whether a scenario need not speak of them.
    pub(crate) fn is_default(&self) -> bool {
        *self == Tcp::default()
    }
}

/// What kind of socket a server that the runner starts listens on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Listen {
    /// A free port of this machine.
    #[default]
    Tcp,
    /// A Unix socket in a folder of its own, which goes with the server.
    Unix,
}

impl Listen {
    /// Whether a scenario need not speak of it.
    pub(crate) fn is_default(&self) -> bool {
        *self == Listen::default()
    }
}
