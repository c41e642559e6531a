//! What is wrong with a message: where, what was expected, what was found.

use std::fmt;

/// A mistake in a message. Its text is `PATH: expected ..., found ...`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistake {
    /// Where, from the message on.
    pub path: Vec<Step>,
    /// What was expected, and what was found.
    pub message: String,
    /// A name that nothing has, and the names there are.
    pub unknown: Option<Box<(String, Vec<String>)>>,
    /// What may help.
    pub help: Option<String>,
    /// The part of the value's text that is wrong.
    pub focus: Option<String>,
    /// Whether it is the key that is wrong, rather than its value.
    pub in_key: bool,
}

/// One step of the way to a value in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into a field, or to the value of a map's key.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

impl Mistake {
    pub(super) fn new(message: impl Into<String>) -> Mistake {
        Mistake {
            message: message.into(),
            ..Mistake::default()
        }
    }

    pub(super) fn help(self, help: impl Into<String>) -> Mistake {
        Mistake {
            help: Some(help.into()),
            ..self
        }
    }

    pub(super) fn in_key(self) -> Mistake {
        Mistake {
            in_key: true,
            ..self
        }
    }

    /// The mistake, one step farther out.
    pub(super) fn below(mut self, step: Step) -> Mistake {
        self.path.insert(0, step);
        self
    }

    pub(super) fn below_key(self, key: &str) -> Mistake {
        self.below(Step::Key(key.to_owned()))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.path.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        if !self.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mistake {}
