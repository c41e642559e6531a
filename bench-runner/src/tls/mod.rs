//! TLS of the client: what it trusts, what it shows, and what came of a handshake.
//!
//! One [`Tls`] serves all connections of a repetition, so that they resume each other's sessions, as those of any client
//! do. It is made anew for each repetition, whose first connection therefore shakes hands in full.

mod failure;
mod trust;
mod unverified;

use std::io;
use std::sync::Arc;

use reference_server::tls::{ALPN, FileError, certificates, matching, private_key};
use scenarios::scenario::{Address, ClientTls};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::{Resumption, WantsClientCert};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{
    self, ClientConfig, ClientConnection, ConfigBuilder, HandshakeKind, ProtocolVersion,
};

pub use self::failure::TlsFailure;

/// How connections to one target are secured.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    settings: Arc<ClientTls>,
}

/// What a handshake came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// Version and cipher suite: `TLS 1.3, TLS_AES_256_GCM_SHA384`.
    pub suite: String,
    /// Whether it took up an earlier session.
    pub resumed: bool,
}

impl Tls {
    /// Reads the files that the settings name, for a server at that address; `None` where that is plaintext.
    ///
    /// # Errors
    ///
    /// Where a file cannot be used, or the host cannot be the name of a certificate.
    pub fn to(address: &Address, settings: &ClientTls) -> Result<Option<Tls>, FileError> {
        match address {
            Address::Tcp {
                host, tls: true, ..
            } => Tls::new(settings, host).map(Some),
            Address::Tcp { tls: false, .. } | Address::Unix(_) => Ok(None),
        }
    }

    fn new(settings: &ClientTls, host: &str) -> Result<Tls, FileError> {
        let name = settings.server_name.as_deref().unwrap_or(host);
        let mut config = shown(trust::builder(settings)?, settings)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Tls {
            config: Arc::new(config),
            name: ServerName::try_from(name.to_owned())
                .map_err(|_| FileError::unusable("client.tls.server_name", &not_a_name(name)))?,
            settings: Arc::new(settings.clone()),
        })
    }

    /// The same for another address of the target; `None` where that is plaintext.
    pub fn at(&self, address: &Address) -> Option<Tls> {
        let Address::Tcp {
            host, tls: true, ..
        } = address
        else {
            return None;
        };
        let name = match self.settings.server_name {
            Some(_) => self.name.clone(),
            // A host that can be no name was refused when the target was looked at.
            None => ServerName::try_from(host.clone()).unwrap_or_else(|_| self.name.clone()),
        };
        Some(Tls {
            name,
            ..self.clone()
        })
    }

    /// The settings that it is made of.
    pub fn settings(&self) -> &ClientTls {
        &self.settings
    }

    /// The same for connections beside the load, which must leave no session behind that the load could resume.
    pub fn apart(&self) -> Tls {
        let mut config = ClientConfig::clone(&self.config);
        config.resumption = Resumption::disabled();
        Tls {
            config: Arc::new(config),
            ..self.clone()
        }
    }

    /// Begins a session.
    ///
    /// # Errors
    ///
    /// Where the library refuses.
    pub fn session(&self) -> io::Result<ClientConnection> {
        ClientConnection::new(self.config.clone(), self.name.clone()).map_err(io::Error::other)
    }

    /// Shakes hands over a connection; the session speaks HTTP/2.
    ///
    /// # Errors
    ///
    /// A [`TlsFailure`], or what the socket says.
    pub async fn connect<S>(&self, socket: S) -> io::Result<(TlsStream<S>, Negotiated)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let connector = TlsConnector::from(self.config.clone());
        let stream = connector
            .connect(self.name.clone(), socket)
            .await
            .map_err(|error| self.explain(error, true))?;
        let negotiated = negotiated(stream.get_ref().1)?;
        Ok((stream, negotiated))
    }

    /// What an error of a secured connection means; as it is where it is none of TLS.
    pub fn explain(&self, error: io::Error, shaking: bool) -> io::Error {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        match (inner, error.kind()) {
            (Some(told), _) => self.failure(told).into(),
            (None, UnexpectedEof | ConnectionReset | BrokenPipe) if shaking => {
                TlsFailure::Closed.into()
            }
            _ => error,
        }
    }

    /// What the library says against a connection.
    pub fn failure(&self, error: &rustls::Error) -> TlsFailure {
        TlsFailure::of(error, self.settings.cert.is_some())
    }
}

/// What was agreed on, once a handshake is over.
///
/// # Errors
///
/// Where it was not HTTP/2.
pub fn negotiated(session: &ClientConnection) -> io::Result<Negotiated> {
    if session.alpn_protocol() != Some(ALPN) {
        return Err(TlsFailure::NotH2.into());
    }
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        _ => "TLS",
    };
    let suite = session.negotiated_cipher_suite();
    let suite = suite.and_then(|suite| suite.suite().as_str());
    Ok(Negotiated {
        // By the names of IANA's registry, where rustls has its own.
        suite: format!(
            "{version}, {}",
            suite.unwrap_or("unknown").replace("TLS13_", "TLS_")
        ),
        resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
    })
}

/// Puts the certificate that is shown to servers that ask for one.
fn shown(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    settings: &ClientTls,
) -> Result<ClientConfig, FileError> {
    let (Some(cert), Some(key)) = (&settings.cert, &settings.key) else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates("client.tls.cert", cert)?;
    let secret = private_key("client.tls.key", key)?;
    builder
        .with_client_auth_cert(chain, secret)
        .map_err(|error| matching(error, "client.tls", cert, key))
}

fn not_a_name(name: &str) -> String {
    format!("`{name}` can be no name in a certificate; say which name the server's has")
}
