//! TLS of the server, on both faces: rustls over an accepted connection, below everything that reads HTTP/2.

mod files;
mod made;
mod secured;

use std::path::Path;
use std::sync::Arc;

use scenarios::scenario::ServerTls;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{ConfigBuilder, RootCertStore, ServerConfig, WantsVerifier};

pub use self::files::{FileError, certificates, matching, private_key, roots};
pub use self::made::Made;
pub(crate) use self::secured::Secured;

use crate::error::ServeError;
use crate::output;

/// What gRPC over TLS agrees on by ALPN, RFC 7301.
pub const ALPN: &[u8] = b"h2";

/// What secures accepted connections.
#[derive(Clone)]
pub(crate) struct Acceptor {
    pub(super) tls: TlsAcceptor,
    /// What was made for the run; it lasts as long as the server.
    _made: Option<Arc<Made>>,
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

impl Acceptor {
    /// Reads the files that the settings name; where they name none, makes a certificate and says where its authority is.
    pub(crate) fn new(settings: &ServerTls) -> Result<Acceptor, ServeError> {
        if settings.cert.is_some() {
            return Acceptor::of(settings, None);
        }
        let made = Made::new().map_err(|error| ServeError::System("make a certificate", error))?;
        notice(&made, settings);
        Acceptor::of(&made.server(settings), Some(Arc::new(made)))
    }

    fn of(settings: &ServerTls, made: Option<Arc<Made>>) -> Result<Acceptor, ServeError> {
        let (Some(cert), Some(key)) = (&settings.cert, &settings.key) else {
            return Err(FileError::none("tls.cert").into());
        };
        let chain = certificates("tls.cert", cert)?;
        let secret = private_key("tls.key", key)?;
        let mut config = builder(settings.client_ca.as_deref())?
            .with_single_cert(chain, secret)
            .map_err(|error| matching(error, "tls", cert, key))?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Acceptor {
            tls: TlsAcceptor::from(Arc::new(config)),
            _made: made,
        })
    }
}

/// Asks clients for a certificate where there are authorities for it.
fn builder(
    client_ca: Option<&Path>,
) -> Result<ConfigBuilder<ServerConfig, tokio_rustls::rustls::server::WantsServerCert>, FileError> {
    let provider = Arc::new(default_provider());
    let builder: ConfigBuilder<ServerConfig, WantsVerifier> =
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| FileError::unusable("tls", &error))?;
    Ok(match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = roots("tls.client_ca", path)?;
            builder.with_client_cert_verifier(verifier(roots)?)
        }
    })
}

fn verifier(roots: RootCertStore) -> Result<Arc<dyn ClientCertVerifier>, FileError> {
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()))
        .build()
        .map_err(|error| FileError::unusable("tls.client_ca", &error))
}

/// Whoever started the server by hand has to know what to trust.
fn notice(made: &Made, settings: &ServerTls) {
    let trust = format!("client.tls.ca={}", made.ca().display());
    let show = match settings.mutual && settings.client_ca.is_none() {
        true => format!(
            ", client.tls.cert={}, client.tls.key={}",
            made.client_cert().display(),
            made.client_key().display()
        ),
        false => String::new(),
    };
    output::notice(&format!(
        "a certificate was made for this server; it is called with {trust}{show}"
    ));
}
