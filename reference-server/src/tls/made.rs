//! Certificates that are made for one run: an authority, and of it one for a server of this machine and one for a client.

use std::io;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use scenarios::scenario::{ClientTls, ServerTls};
use tempfile::TempDir;

/// What a server of this machine is called by.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Certificates and keys in a folder that only we can read; it goes with this.
#[derive(Debug)]
pub struct Made {
    folder: TempDir,
}

impl Made {
    /// Makes them.
    ///
    /// # Errors
    ///
    /// Where the folder for temporary files cannot be written.
    pub fn new() -> io::Result<Made> {
        let made = Made {
            folder: TempDir::with_prefix("bench-runner-tls-")?,
        };
        made.fill()?;
        Ok(made)
    }

    fn fill(&self) -> io::Result<()> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let issuer = CertifiedIssuer::self_signed(authority(), key).map_err(io::Error::other)?;
        self.write("ca.pem", &issuer.pem())?;
        let server = named(
            "reference server",
            &NAMES,
            ExtendedKeyUsagePurpose::ServerAuth,
        )?;
        self.issue("server", &server, &issuer)?;
        let client = named("bench-runner", &[], ExtendedKeyUsagePurpose::ClientAuth)?;
        self.issue("client", &client, &issuer)
    }

    fn issue(
        &self,
        name: &str,
        params: &CertificateParams,
        issuer: &CertifiedIssuer<'_, KeyPair>,
    ) -> io::Result<()> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.signed_by(&key, issuer).map_err(io::Error::other)?;
        self.write(&format!("{name}.pem"), &certificate.pem())?;
        self.write(&format!("{name}.key"), &key.serialize_pem())
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        std::fs::write(self.path(name), text)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of all of them.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The authority's certificate.
    pub fn ca(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// The client's certificate.
    pub fn client_cert(&self) -> PathBuf {
        self.path("client.pem")
    }

    /// The client's key.
    pub fn client_key(&self) -> PathBuf {
        self.path("client.key")
    }

    /// A server's settings with what was made in the place of what they leave out.
    pub fn server(&self, settings: &ServerTls) -> ServerTls {
        let client_ca = settings.client_ca.clone();
        ServerTls {
            cert: Some(self.path("server.pem")),
            key: Some(self.path("server.key")),
            client_ca: client_ca.or_else(|| settings.mutual.then(|| self.ca())),
            mutual: settings.mutual,
        }
    }

    /// The settings of a client of such a server, with what was made in the place of what they leave out.
    pub fn client(&self, settings: &ClientTls, server: &ServerTls) -> ClientTls {
        let mut client = settings.clone();
        client.ca.get_or_insert_with(|| self.ca());
        if server.mutual && server.client_ca.is_none() && client.cert.is_none() {
            client.cert = Some(self.client_cert());
            client.key = Some(self.client_key());
        }
        client
    }
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "bench-runner, for one run");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params
}

fn named(
    name: &str,
    names: &[&str],
    purpose: ExtendedKeyUsagePurpose,
) -> io::Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![purpose];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}
