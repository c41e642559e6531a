//! Why a peer cannot be used, for a person who can act on it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use scenarios::ScenarioError;

/// Why a peer cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// There is no folder of peers.
    #[error(
        "there is no folder of peers: expected `peers/` here or above, or where $BENCH_RUNNER_PEERS says ({0}); a \
         checkout of bench-runner has it"
    )]
    NoFolder(String),
    /// No peer has this name.
    #[error("there is no peer `{name}`; {help}")]
    Unknown {
        /// The name.
        name: String,
        /// Those that there are.
        help: String,
    },
    /// Its `peer.yaml` is wrong.
    #[error("{0}")]
    File(String),
    /// It is a server or a client only.
    #[error("the peer `{name}` has no {side}: its peer.yaml names none")]
    NoSuchSide {
        /// The peer.
        name: String,
        /// What it lacks.
        side: &'static str,
    },
    /// It speaks no TLS.
    #[error(
        "the {side} of the peer `{name}` speaks plaintext only: its peer.yaml has no `tls: true`; leave TLS out, or take a \
         peer that has it"
    )]
    Plaintext {
        /// The peer.
        name: String,
        /// Server or client.
        side: &'static str,
    },
    /// What it needs is not installed.
    #[error("the peer `{name}` needs {install}")]
    Missing {
        /// The peer.
        name: String,
        /// What to install.
        install: String,
    },
    /// It could not be set up.
    #[error(
        "setting up the peer `{name}` failed: `{command}` {how}; its last lines:\n{said}\nthe whole log is {log}; \
         `bench-runner peers setup {name}` tries again",
        log = log.display()
    )]
    SetUp {
        /// The stack.
        name: String,
        /// What failed.
        command: String,
        /// How.
        how: String,
        /// Its last lines.
        said: String,
        /// All of them.
        log: PathBuf,
    },
    /// Its version cannot be read.
    #[error(
        "the version of the peer `{name}` cannot be read, and without it nothing is measured: {why}"
    )]
    Version {
        /// The peer.
        name: String,
        /// Why.
        why: String,
    },
    /// One of its programs does not do what it should.
    #[error("the {side} of the peer `{name}` {how}{}", quoted(said))]
    Program {
        /// The peer.
        name: String,
        /// Server or client.
        side: &'static str,
        /// What it did.
        how: String,
        /// Its last lines.
        said: String,
    },
    /// The server under a peer's client ended.
    #[error("{0}")]
    Death(String),
    /// The client cannot play such a case.
    #[error("the clients of peers cannot play this case: {0}")]
    Case(String),
    /// Somebody stopped the run.
    #[error("stopped before the peer's client had answered")]
    Stopped,
    /// The operating system refused something.
    #[error("the peer `{name}`: {what}: {source}")]
    Io {
        /// The peer.
        name: String,
        /// What was tried.
        what: String,
        /// What it said.
        #[source]
        source: io::Error,
    },
}

impl PeerError {
    /// Whether something was asked for that there is not, rather than something that went wrong.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            PeerError::NoFolder(_)
                | PeerError::Unknown { .. }
                | PeerError::File(_)
                | PeerError::NoSuchSide { .. }
                | PeerError::Plaintext { .. }
                | PeerError::Case(_)
        )
    }
}

impl From<ScenarioError> for PeerError {
    fn from(error: ScenarioError) -> PeerError {
        PeerError::File(error.render(false))
    }
}

/// The last lines of a program, where it said anything.
fn quoted(said: &str) -> String {
    if said.is_empty() {
        "; it said nothing".to_owned()
    } else {
        format!("; its last lines:\n{said}")
    }
}

/// A length of time as a person would say it.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.0} s", time.as_secs_f64())
}
