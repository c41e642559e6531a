//! A configuration as written: values are taken out of it by key, and what is left at the end was never understood.

use std::collections::BTreeMap;

use scenarios::ScenarioError;
use scenarios::units::Nanos;
use serde_json::{Map, Value};

use super::keys::{key_of, nearest};
use crate::import::{Fate, Note, Source, duration};

/// What is still to be carried over, and what is known of the rest.
pub(super) struct Config<'s> {
    source: &'s Source<'s>,
    /// By key; those of no key by their own name.
    left: Map<String, Value>,
    /// What the file calls each key that it has.
    written: BTreeMap<&'static str, String>,
    notes: Vec<Note>,
}

type Outcome<T> = Result<T, ScenarioError>;

impl<'s> Config<'s> {
    pub(super) fn read(source: &'s Source<'s>) -> Outcome<Config<'s>> {
        let (mut left, mut written) = (Map::new(), BTreeMap::new());
        for (name, value) in source.read()? {
            let Some(key) = key_of(&name) else {
                left.insert(name, value);
                continue;
            };
            if let Some(first) = written.insert(key, name.clone()) {
                let message = format!("expected `{key}` once, found `{first}` too");
                return Err(source.mistake_at(&name, message, Some("keep one of the two".into())));
            }
            left.insert(key.to_owned(), value);
        }
        left.retain(|_, value| !value.is_null());
        Ok(Config {
            source,
            left,
            written,
            notes: Vec::new(),
        })
    }

    /// What mistakes call the file.
    pub(super) fn file_name(&self) -> &str {
        self.source.name
    }

    /// Whether the file has a key, taken or not.
    pub(super) fn wrote(&self, key: &str) -> bool {
        self.written.contains_key(key)
    }

    /// Whether the file has a key that is not taken yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    /// Says why a key is not looked at, where the file has it.
    pub(super) fn ignore(&mut self, key: &str, why: &str) {
        if self.take(key).is_some() {
            self.leave(key, why);
        }
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        debug_assert_eq!(key_of(key), Some(key));
        self.left.shift_remove(key)
    }

    /// A text; an empty one is none.
    pub(super) fn text(&mut self, key: &str) -> Outcome<Option<String>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(other) => Err(self.wrong(key, "text", &other)),
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> Outcome<bool> {
        match self.take(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(self.wrong(key, "`true` or `false`", &other)),
        }
    }

    /// A whole number; 0 is ghz's way to say none.
    pub(super) fn count(&mut self, key: &str) -> Outcome<Option<u64>> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        match value.as_u64() {
            Some(count) => Ok(Some(count).filter(|count| *count > 0)),
            None => Err(self.wrong(key, "a whole number that is not negative", &value)),
        }
    }

    /// A whole number that may be negative; `None` where it is 0.
    pub(super) fn change(&mut self, key: &str) -> Outcome<Option<i64>> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        match value.as_i64() {
            Some(change) => Ok(Some(change).filter(|change| *change != 0)),
            None => Err(self.wrong(key, "a whole number", &value)),
        }
    }

    /// A duration as Go writes it, or a number of nanoseconds; 0 as it is.
    pub(super) fn duration(&mut self, key: &str) -> Outcome<Option<Nanos>> {
        let Some(value) = self.take(key) else {
            return Ok(None);
        };
        let duration = match &value {
            Value::String(text) if text.is_empty() => return Ok(None),
            Value::String(text) => duration::parse(text),
            other => other.as_u64().map(Nanos),
        };
        match duration {
            Some(duration) => Ok(Some(duration)),
            None => Err(self.wrong(key, "a duration such as `10s` or `1m30s`", &value)),
        }
    }

    /// A list of texts, or one text with commas in it.
    pub(super) fn texts(&mut self, key: &str) -> Outcome<Vec<String>> {
        let value = self.take(key);
        let list: Option<Vec<String>> = match &value {
            None => return Ok(Vec::new()),
            Some(Value::String(text)) => {
                let parts = text.split(',').map(|part| part.trim().to_owned());
                return Ok(parts.filter(|part| !part.is_empty()).collect());
            }
            Some(Value::Array(items)) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect(),
            Some(_) => None,
        };
        let wrong = || self.wrong(key, "a list of texts", &value.unwrap_or_default());
        list.ok_or_else(wrong)
    }

    /// A value that is none that ghz would take.
    pub(super) fn wrong(&self, key: &str, expected: &str, found: &Value) -> ScenarioError {
        self.refuse(
            key,
            format!("expected {expected}, found {}", describe(found)),
        )
    }

    /// A value that ghz would not take either.
    pub(super) fn refuse(&self, key: &str, message: impl Into<String>) -> ScenarioError {
        self.source.mistake_at(self.name_of(key), message, None)
    }

    /// The scenario has nothing of a key, or of what is below it.
    pub(super) fn leave(&mut self, key: &str, why: impl Into<String>) {
        self.note(key, Fate::Left, why.into());
    }

    /// The scenario has something like it.
    pub(super) fn differs(&mut self, key: &str, why: impl Into<String>) {
        self.note(key, Fate::Differs, why.into());
    }

    fn note(&mut self, key: &str, fate: Fate, why: String) {
        let end = key.find(['.', '[']).unwrap_or(key.len());
        let (first, rest) = key.split_at(end);
        let key = format!("{}{rest}", self.name_of(first));
        let note = Note { key, fate, why };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn name_of<'k>(&'k self, key: &'k str) -> &'k str {
        self.written.get(key).map_or(key, String::as_str)
    }

    /// The list, with all that nobody took.
    pub(super) fn into_notes(mut self) -> Vec<Note> {
        for (name, _) in std::mem::take(&mut self.left) {
            let why = match nearest(&name) {
                Some(key) => format!("ghz has no such key; did you mean `{key}`?"),
                None => "ghz has no such key".to_owned(),
            };
            let fate = Fate::Left;
            self.notes.push(Note {
                key: name,
                fate,
                why,
            });
        }
        self.notes
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}
