//! Certificates of a test's own: good ones, and each kind of bad one.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tempfile::TempDir;

/// PEM files in a folder: `ca.pem`, and signed by it `server`, `client`, `expired`, `elsewhere`, and `by-name` and `by-address`
/// for either of `server`'s names, each `.pem` and `.key`; `other-ca.pem`, and signed by that `stranger`.
pub(crate) struct Certificates(TempDir);

type Authority = CertifiedIssuer<'static, KeyPair>;

impl Certificates {
    pub(crate) fn make() -> Certificates {
        let made = Certificates(tempfile::tempdir().unwrap());
        let (ours, other) = (authority("ours"), authority("other"));
        made.write("ca.pem", &ours.pem());
        made.write("other-ca.pem", &other.pem());
        let here = ["localhost", "127.0.0.1"];
        made.issue("server", &params(&here), &ours);
        made.issue("client", &params(&[]), &ours);
        made.issue("stranger", &params(&here), &other);
        made.issue("elsewhere", &params(&["elsewhere.example"]), &ours);
        made.issue("by-name", &params(&here[..1]), &ours);
        made.issue("by-address", &params(&here[1..]), &ours);
        let mut expired = params(&here);
        expired.not_after = date_time_ymd(2020, 1, 1);
        made.issue("expired", &expired, &ours);
        made
    }

    fn issue(&self, name: &str, params: &CertificateParams, by: &Authority) {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, by).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `tls=...`, for a server that asks for certificates.
    pub(crate) fn of_server(&self) -> String {
        let client_ca = self.file("client_ca", "ca.pem");
        format!("tls={{ {}, {client_ca} }}", self.pair("server"))
    }

    /// `client.tls=...`, for a client that trusts that server, and that it trusts.
    pub(crate) fn of_client(&self) -> String {
        let ca = self.file("ca", "ca.pem");
        format!("client.tls={{ {ca}, {} }}", self.pair("client"))
    }

    /// `cert: NAME.pem, key: NAME.key`, for a scenario.
    pub(crate) fn pair(&self, name: &str) -> String {
        let [cert, key] = ["pem", "key"].map(|end| self.path(&format!("{name}.{end}")));
        format!("cert: {}, key: {}", cert.display(), key.display())
    }

    /// `KEY: NAME`, for a scenario.
    pub(crate) fn file(&self, key: &str, name: &str) -> String {
        format!("{key}: {}", self.path(name).display())
    }
}

fn authority(name: &str) -> Authority {
    let mut params = params(&[]);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).unwrap()
}
