//! How a command ends: the exit codes of the contract, and failures that a person can act on.

use std::fmt;

use scenarios::ScenarioError;

use crate::gate::ArmsError;
use crate::output;
use crate::peer::PeerError;
use crate::run::RunError;

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All good.
    Good = 0,
    /// A limit was broken.
    Broken = 1,
    /// The command line or the scenario is wrong.
    Usage = 2,
    /// The data cannot tell.
    Inconclusive = 3,
    /// The run cannot be trusted, or could not be made.
    Untrusted = 4,
}

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    text: String,
}

impl Failure {
    /// A mistake in what was asked.
    pub fn usage(text: impl Into<String>) -> Failure {
        Failure {
            exit: Exit::Usage,
            text: format!("error: {}", text.into()),
        }
    }

    /// Something that went wrong while doing it.
    pub fn untrusted(text: impl Into<String>) -> Failure {
        Failure {
            exit: Exit::Untrusted,
            text: format!("error: {}", text.into()),
        }
    }

    /// How the command ends.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Tells the person, on standard error.
    pub fn report(self) -> Exit {
        output::tell(self.text.trim_end());
        self.exit
    }
}

/// The first line of what is told.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.trim().lines().next().unwrap_or_default())
    }
}

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Failure {
        let color =
            anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        Failure {
            exit: Exit::Usage,
            text: error.render(color),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        match error {
            RunError::Scenario(error) => error.into(),
            _ if error.is_usage() => Failure::usage(error.to_string()),
            _ => Failure::untrusted(error.to_string()),
        }
    }
}

impl From<ArmsError> for Failure {
    fn from(error: ArmsError) -> Failure {
        match error {
            ArmsError::Scenario(error) => error.into(),
            ArmsError::Twice(_) => Failure::usage(error.to_string()),
        }
    }
}

impl From<PeerError> for Failure {
    fn from(error: PeerError) -> Failure {
        if error.is_usage() {
            Failure::usage(error.to_string())
        } else {
            Failure::untrusted(error.to_string())
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::usage(format!("{error:#}"))
    }
}
