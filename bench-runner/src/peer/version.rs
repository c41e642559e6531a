//! Which stack it is that is measured: no version, no measurement.

use std::io::Read as _;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;

use super::process::{LastWords, spawn_on, wait};
use super::{Peer, PeerError, error};

/// How long a peer may take to say its version.
const PATIENCE: Duration = Duration::from_secs(30);

/// A stack and what it runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Version {
    /// `grpcio 1.85.1`.
    pub stack: String,
    /// `CPython 3.11.7`.
    #[serde(default)]
    pub runtime: String,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.runtime.is_empty() {
            true => f.write_str(&self.stack),
            false => write!(f, "{}, {}", self.stack, self.runtime),
        }
    }
}

impl Peer {
    /// Asks it for its version, once it is set up.
    ///
    /// # Errors
    ///
    /// Where it does not say it.
    pub fn version(&self) -> Result<Version, PeerError> {
        self.ask().map_err(|why| PeerError::Version {
            name: self.name.clone(),
            why,
        })
    }

    fn ask(&self) -> Result<Version, String> {
        let line = self.version.join(" ");
        let mut command = self.command(&self.version);
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            spawn_on(&mut command, &[]).map_err(|error| format!("`{line}`: {error}"))?;
        let said = child.stderr.take().map(LastWords::of).unwrap_or_default();
        let status = wait(&mut child, PATIENCE, || true).map_err(|error| error.to_string())?;
        let mut text = String::new();
        // A version is one line, which the pipe holds until it is read.
        let _ = child
            .stdout
            .take()
            .map(|mut out| out.read_to_string(&mut text));
        match status {
            None => Err(format!(
                "`{line}` took longer than {}",
                error::seconds(PATIENCE)
            )),
            Some(status) if !status.success() => {
                Err(format!("`{line}` ended with {status}\n{}", said.text()))
            }
            Some(_) => serde_json::from_str(text.trim())
                .map_err(|error| format!("`{line}` printed `{}`: {error}", text.trim())),
        }
    }
}
