//! Why a call cannot be prepared: a mistake in the scenario, or a server that does not describe itself.

use scenarios::{Case, KeyPath, ScenarioError, Step};

use crate::engine::ConnectError;
use crate::run::RunError;

/// Why a call cannot be prepared.
#[derive(Debug)]
pub enum CallError {
    /// The scenario is wrong.
    Mistake(Mistake),
    /// The server cannot be reached.
    Connect(ConnectError),
    /// The server does not say what it has.
    Description(DescriptionError),
}

/// A mistake in the keys of a call.
#[derive(Debug, Default)]
pub struct Mistake {
    /// Where, below `call`.
    pub path: Vec<Step>,
    /// What was expected, and what was found.
    pub message: String,
    /// What may help.
    pub help: Option<String>,
    /// The part of the value's text that is wrong.
    pub focus: Option<String>,
    /// Whether it is the key that is wrong.
    pub in_key: bool,
}

/// A server does not describe its services.
#[derive(Debug, thiserror::Error)]
#[error("{target}: {why}")]
pub struct DescriptionError {
    /// The server's address.
    pub target: String,
    /// What happened, and the remedy.
    pub why: String,
}

impl Mistake {
    /// A mistake in the value of a key.
    pub(crate) fn at(key: &str, message: impl Into<String>) -> Mistake {
        Mistake {
            path: vec![Step::Key(key.to_owned())],
            message: message.into(),
            ..Mistake::default()
        }
    }

    /// The same with advice.
    pub(crate) fn help(self, help: impl Into<String>) -> Mistake {
        Mistake {
            help: Some(help.into()),
            ..self
        }
    }

    /// The same, about this part of the value.
    pub(crate) fn focus(self, part: &str) -> Mistake {
        Mistake {
            focus: Some(part.to_owned()),
            ..self
        }
    }

    /// The same, below these keys.
    pub(crate) fn within(mut self, keys: &[&str]) -> Mistake {
        let keys = keys.iter().map(|key| Step::Key((*key).to_owned()));
        self.path.splice(0..0, keys);
        self
    }

    /// The same, a key farther in.
    pub(crate) fn below(mut self, key: &str) -> Mistake {
        self.path.push(Step::Key(key.to_owned()));
        self
    }

    /// The mistake where there is no text to point at.
    pub(crate) fn in_words(self) -> String {
        match self.help {
            Some(help) => format!("{}; {}", self.message, help.replace('\n', " ")),
            None => self.message,
        }
    }

    /// The mistake at its place; `call` is the path of the call in its scenario.
    fn in_case(self, case: &Case, call: &KeyPath) -> ScenarioError {
        let path = call.steps(self.path);
        let message = format!("`{path}`: {}", self.message);
        if self.in_key {
            case.origin.error_in_key(&path, &message, self.help)
        } else {
            case.origin.error(&path, &message, self.help, self.focus)
        }
    }
}

impl CallError {
    /// The error as one of a case, in which the call stands at this path.
    pub fn in_case(self, case: &Case, call: &KeyPath) -> RunError {
        match self {
            CallError::Mistake(mistake) => RunError::Scenario(mistake.in_case(case, call)),
            CallError::Connect(error) => RunError::Connect(error),
            CallError::Description(error) => RunError::Description(error),
        }
    }
}

impl From<Mistake> for CallError {
    fn from(mistake: Mistake) -> CallError {
        CallError::Mistake(mistake)
    }
}

impl From<DescriptionError> for CallError {
    fn from(error: DescriptionError) -> CallError {
        CallError::Description(error)
    }
}
