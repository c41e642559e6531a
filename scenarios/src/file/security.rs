//! TLS and the sockets, as written.

use std::net::IpAddr;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::units::Bytes;

/// TLS of a server that the runner starts: `{}` makes a certificate for the run, which the runner trusts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServerTls")]
pub(crate) struct ServerTlsFile {
    /// The file of its certificate and of those between it and its authority, PEM. Left out: one is made for the run.
    #[schemars(extend("examples" = ["server.pem"]))]
    pub(crate) cert: Option<PathBuf>,
    /// The file of its key, PEM.
    #[schemars(extend("examples" = ["server.key"]))]
    pub(crate) key: Option<PathBuf>,
    /// The file of the authorities, PEM, of which clients must show a certificate.
    #[schemars(extend("examples" = ["clients-ca.pem"]))]
    pub(crate) client_ca: Option<PathBuf>,
    /// Whether clients must show a certificate, as they must where there is a `client_ca`; without that it is made, too.
    pub(crate) mutual: Option<bool>,
}

/// TLS of the client, for a target at an `https://` address, a server of the runner's own with `tls`, or a `command`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientTls")]
pub(crate) struct ClientTlsFile {
    /// The file of the authorities that are trusted, PEM. Left out: those that this machine trusts.
    #[schemars(extend("examples" = ["ca.pem"]))]
    pub(crate) ca: Option<PathBuf>,
    /// The file of the certificate that is shown to a server which asks for one, PEM. Left out: none.
    #[schemars(extend("examples" = ["client.pem"]))]
    pub(crate) cert: Option<PathBuf>,
    /// The file of its key, PEM.
    #[schemars(extend("examples" = ["client.key"]))]
    pub(crate) key: Option<PathBuf>,
    /// The name that the server's certificate must have. Left out: the host of its address.
    #[schemars(extend("examples" = ["greeter.example"]))]
    pub(crate) server_name: Option<String>,
    /// Takes any certificate of the server's. Every report says so.
    #[schemars(extend("default" = false))]
    pub(crate) insecure_skip_verify: Option<bool>,
}

/// Options of the client's TCP sockets.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Tcp")]
pub(crate) struct TcpFile {
    /// TCP_NODELAY: small segments leave at once.
    #[schemars(extend("default" = true))]
    pub(crate) nodelay: Option<bool>,
    /// SO_SNDBUF, of which the kernel takes the double and its own bounds. 1KiB to 1GiB; left out: the kernel's own.
    pub(crate) send_buffer: Option<Bytes>,
    /// SO_RCVBUF, as `send_buffer`.
    pub(crate) receive_buffer: Option<Bytes>,
    /// The address of this machine that connections come from. Left out: the kernel's choice.
    #[schemars(with = "Option<String>", extend("examples" = ["127.0.0.2"]))]
    pub(crate) source: Option<IpAddr>,
}
