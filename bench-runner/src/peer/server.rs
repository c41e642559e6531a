//! A peer's server: the command that starts it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use scenarios::scenario::{Behaviour, PeerServer, ServerTls};

use super::{Peer, PeerError, Peers};

impl Peer {
    /// Finds the peer of a scenario's target and sets it up.
    ///
    /// # Errors
    ///
    /// Where there is none, it has no server or none that speaks TLS where that is asked for, or it cannot be set up.
    pub fn serving(target: &PeerServer) -> Result<Peer, PeerError> {
        let peer = Peers::find()?.get(&target.name)?;
        let asked = target.tls.is_some();
        peer.server()?.check_tls(asked, &peer.name, "server")?;
        peer.set_up()?;
        Ok(peer)
    }

    /// The command that starts its server on a free port.
    ///
    /// # Errors
    ///
    /// Where it has none.
    pub fn server_command(
        &self,
        behaviour: &Behaviour,
        tls: Option<&ServerTls>,
    ) -> Result<Command, PeerError> {
        let mut command = self.command(&self.server()?.words);
        command.args(["--listen", "127.0.0.1:0"]);
        command.args(misbehaving(behaviour));
        command.args(tls.map(secured).unwrap_or_default());
        command.stderr(Stdio::piped());
        Ok(command)
    }
}

/// Files of certificates and keys as arguments.
fn secured(tls: &ServerTls) -> Vec<PathBuf> {
    let files = [
        ("--tls-cert", &tls.cert),
        ("--tls-key", &tls.key),
        ("--tls-client-ca", &tls.client_ca),
    ];
    let given = files
        .into_iter()
        .filter_map(|(name, path)| Some([name.into(), absolute(path.as_ref()?)]));
    given.flatten().collect()
}

/// A peer runs in a folder of its own; paths begin at ours.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// What peers know of behaviours, as arguments; what else there may be was refused with the scenario.
fn misbehaving(behaviour: &Behaviour) -> Vec<String> {
    let mut words = Vec::new();
    let mut add = |name: &str, value: String| words.extend([name.to_owned(), value]);
    if let Some(delay) = behaviour.delay.as_ref().and_then(|law| law.fixed()) {
        add("--delay-ns", delay.0.to_string());
    }
    if let Some(error) = &behaviour.error {
        add("--error-share", error.share.to_string());
        add("--error-code", error.code.name().to_owned());
        if let Some(delay) = error.delay.as_ref().and_then(|law| law.fixed()) {
            add("--error-delay-ns", delay.0.to_string());
        }
    }
    for (key, value) in &behaviour.require {
        add("--require", format!("{key}={}", padded(key, value)));
    }
    words
}

/// Base64 as the peers write it: padded.
pub(super) fn padded(key: &str, value: &str) -> String {
    let mut value = value.to_owned();
    while key.ends_with("-bin") && !value.len().is_multiple_of(4) {
        value.push('=');
    }
    value
}
