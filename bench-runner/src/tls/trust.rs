//! Whose certificates a client takes.

use std::sync::Arc;

use reference_server::tls::{FileError, roots};
use scenarios::scenario::ClientTls;
use tokio_rustls::rustls::client::WantsClientCert;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::{ClientConfig, ConfigBuilder, RootCertStore};

use super::unverified::Unverified;

/// A configuration that trusts what the settings say.
pub(super) fn builder(
    settings: &ClientTls,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, FileError> {
    let provider = Arc::new(default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| FileError::unusable("client.tls", &error))?;
    if settings.insecure_skip_verify {
        let verifier = Arc::new(Unverified::new(&provider));
        return Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(verifier));
    }
    let trusted = match &settings.ca {
        Some(path) => roots("client.tls.ca", path)?,
        None => native()?,
    };
    Ok(builder.with_root_certificates(trusted))
}

/// The authorities that this machine trusts. Stores hold certificates that cannot be used; those are left out.
fn native() -> Result<RootCertStore, FileError> {
    let found = rustls_native_certs::load_native_certs();
    let mut trusted = RootCertStore::empty();
    let (added, _) = trusted.add_parsable_certificates(found.certs);
    if added > 0 {
        return Ok(trusted);
    }
    let why =
        "this machine has no authorities that it trusts; name the file of the server's authority";
    Err(FileError::unusable("client.tls.ca", &why))
}
