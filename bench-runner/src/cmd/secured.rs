//! TLS on the command line: the same as `client.tls` of a scenario, for commands that make a scenario of an address.

use serde_json::{Value, json};

/// What is trusted and what is shown, where the address is `https://`.
#[derive(Debug, clap::Args)]
pub(super) struct Secured {
    /// The file of the authorities that are trusted, PEM, instead of those that this machine trusts.
    #[arg(long, value_name = "FILE")]
    ca: Option<String>,
    /// The file of the certificate that is shown to the server, PEM.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<String>,
    /// The file of its key, PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<String>,
    /// The name that the server's certificate must have, instead of the host of the address.
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Takes any certificate of the server's.
    #[arg(long)]
    insecure_skip_verify: bool,
}

impl Secured {
    /// The keys of `client.tls` that are given.
    fn keys(&self) -> Vec<(&'static str, Value)> {
        let texts = [
            ("ca", &self.ca),
            ("cert", &self.cert),
            ("key", &self.key),
            ("server_name", &self.server_name),
        ];
        let mut keys: Vec<(&str, Value)> = texts
            .into_iter()
            .filter_map(|(key, value)| Some((key, json!(value.as_ref()?))))
            .collect();
        keys.extend(
            self.insecure_skip_verify
                .then(|| ("insecure_skip_verify", json!(true))),
        );
        keys
    }

    /// As settings of a scenario.
    pub(super) fn sets(&self) -> Vec<String> {
        let keys = self.keys().into_iter();
        keys.map(|(key, value)| format!("client.tls.{key}={value}"))
            .collect()
    }

    /// As a block of a scenario; empty where nothing is given.
    pub(super) fn yaml(&self) -> String {
        let keys = self.keys();
        if keys.is_empty() {
            return String::new();
        }
        let lines = keys
            .into_iter()
            .map(|(key, value)| format!("    {key}: {value}\n"));
        format!("client:\n  tls:\n{}", lines.collect::<String>())
    }
}
