//! Configurations of other generators as scenarios, each with a list of what could not be carried over.
//!
//! Pure: a text in, a text and a list out. What a configuration says that this language has no word for is never dropped
//! in silence.

mod duration;
pub mod fuzzing;
mod ghz;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{Map, Value};

pub use ghz::ghz;
pub use source::{Format, Source};

/// A scenario made of another generator's configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The scenario.
    pub scenario: Map<String, Value>,
    /// What it does not say, or says in another sense.
    pub notes: Vec<Note>,
}

/// One key of the configuration that does not mean here what it means there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The key, and what is below it where that matters: `data.items[0].id`.
    pub key: String,
    /// What became of it.
    pub fate: Fate,
    /// Why, or what is different, and what to do about it.
    pub why: String,
}

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The scenario has nothing of it.
    Left,
    /// The scenario has something like it.
    Differs,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = match self.fate {
            Fate::Left => "not carried over",
            Fate::Differs => "differs",
        };
        write!(f, "{}: {fate}: {}", self.key, self.why)
    }
}

impl Imported {
    /// The scenario as a file, whose first line says where it comes from.
    pub fn yaml(&self, from: &str) -> String {
        let scenario = Value::Object(self.scenario.clone());
        // A name with a line break in it would end the comment.
        let from = from.escape_default();
        format!(
            "# Made from {from} by `bench-runner import`.\n{}",
            reports::view::yaml::block(&scenario)
        )
    }
}
