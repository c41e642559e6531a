//! Certificates and keys in PEM files, and what is wrong with one, by the key of the settings that names it.

use std::fmt;
use std::path::{Path, PathBuf};

use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, InconsistentKeys, RootCertStore};

/// What is wrong with a file of certificates or with a key.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not there, or not ours to read.
    #[error(
        "`{key}`: cannot read `{path}`: {why}; check the path, which begins at the current folder"
    )]
    Read {
        /// The key that names it.
        key: String,
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// It is no PEM file, or one of something else.
    #[error("`{key}`: `{path}` {why}")]
    Pem {
        /// The key that names it.
        key: String,
        /// Where it is.
        path: PathBuf,
        /// What was expected, and found.
        why: String,
    },
    /// Certificate and key are no pair.
    #[error("`{key}.key`: `{secret}` is not the key of the certificate in `{cert}`")]
    NoPair {
        /// The key of the settings above both.
        key: String,
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        secret: PathBuf,
    },
    /// It cannot be used for another reason.
    #[error("`{key}`: {why}")]
    Unusable {
        /// The key that names it.
        key: String,
        /// What the library says.
        why: String,
    },
}

impl FileError {
    /// Nothing was named where something is needed.
    pub(crate) fn none(key: &str) -> FileError {
        FileError::unusable(key, &"expected the path of a PEM file")
    }

    /// For a reason of the library's.
    pub fn unusable(key: &str, why: &dyn fmt::Display) -> FileError {
        FileError::Unusable {
            key: key.to_owned(),
            why: why.to_string(),
        }
    }

    fn pem(key: &str, path: &Path, why: impl Into<String>) -> FileError {
        FileError::Pem {
            key: key.to_owned(),
            path: path.to_owned(),
            why: why.into(),
        }
    }

    fn of(key: &str, path: &Path, error: &pem::Error, what: &str, label: &str) -> FileError {
        match error {
            pem::Error::Io(error) => FileError::Read {
                key: key.to_owned(),
                path: path.to_owned(),
                why: error.to_string(),
            },
            pem::Error::NoItemsFound => FileError::pem(key, path, missing(what, label)),
            other => FileError::pem(key, path, format!("is malformed PEM: {other}")),
        }
    }
}

fn missing(what: &str, label: &str) -> String {
    format!("has no {what}; expected a PEM file with `-----BEGIN {label}-----`")
}

/// All certificates of a file; at least one.
///
/// # Errors
///
/// Where it cannot be read, or has none.
pub fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let wrong = |error| FileError::of(key, path, &error, "certificate", "CERTIFICATE");
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(wrong)?;
    match found.is_empty() {
        true => Err(wrong(pem::Error::NoItemsFound)),
        false => Ok(found),
    }
}

/// The key of a file: PKCS#8, PKCS#1 or SEC1, not encrypted.
///
/// # Errors
///
/// Where it cannot be read, or has none.
pub fn private_key(key: &str, path: &Path) -> Result<PrivateKeyDer<'static>, FileError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| {
        let what = "private key that is not encrypted";
        FileError::of(key, path, &error, what, "PRIVATE KEY")
    })
}

/// The authorities of a file.
///
/// # Errors
///
/// Where it cannot be read, has none, or has one that is no certificate.
pub fn roots(key: &str, path: &Path) -> Result<RootCertStore, FileError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(key, path)? {
        roots.add(certificate).map_err(|error| {
            FileError::pem(
                key,
                path,
                format!("has a certificate that cannot be used: {error}"),
            )
        })?;
    }
    Ok(roots)
}

/// What the library says against a certificate and its key, which stand below `key` in the settings.
pub fn matching(error: rustls::Error, key: &str, cert: &Path, secret: &Path) -> FileError {
    match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => FileError::NoPair {
            key: key.to_owned(),
            cert: cert.to_owned(),
            secret: secret.to_owned(),
        },
        rustls::Error::InvalidCertificate(why) => FileError::pem(
            &format!("{key}.cert"),
            cert,
            format!("has a certificate that cannot be used: {why}"),
        ),
        other => FileError::pem(
            &format!("{key}.key"),
            secret,
            format!("has a key that cannot be used: {other}"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, read: impl Fn(&Path) -> Result<(), FileError>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pem");
        std::fs::write(&path, text).unwrap();
        read(&path).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_by_its_key() {
        let certificate = |path: &Path| certificates("tls.cert", path).map(drop);
        let key = |path: &Path| private_key("tls.key", path).map(drop);
        let authority = |path: &Path| roots("tls.client_ca", path).map(drop);
        assert!(said("", certificate).contains("has no certificate; expected a PEM file with"));
        assert!(said("not PEM at all", key).contains("has no private key"));
        let open = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert!(said(open, certificate).contains("is malformed PEM"));
        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(said(empty, authority).contains("has a certificate that cannot be used"));
        let gone = certificates("tls.cert", Path::new("/no/such/file")).unwrap_err();
        assert!(
            gone.to_string()
                .starts_with("`tls.cert`: cannot read `/no/such/file`: "),
            "{gone}"
        );
    }
}
