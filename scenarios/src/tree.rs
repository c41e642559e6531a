//! A document as a tree in which every key and value knows where it stands, so that overrides can be grafted onto it
//! and a mistake is shown at the place it was written, whether in the file, in its matrix or in a `--set`.

use std::fmt;
use std::ops::Range;

use serde_json::Value;

/// A part of a source text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which source: 0 is the file, the others are `--set` arguments.
    pub(crate) source: usize,
    /// Its bytes.
    pub(crate) range: Range<usize>,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a mapping and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) value: Node,
}

/// One step of a key path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

/// A key path such as `load.stages[1].open.rate`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPath(pub(crate) Vec<Step>);

impl KeyPath {
    /// Reads dotted keys, without indices.
    pub fn of(keys: &str) -> KeyPath {
        KeyPath(
            keys.split('.')
                .filter(|key| !key.is_empty())
                .map(|key| Step::Key(key.to_owned()))
                .collect(),
        )
    }

    /// This path and one key more.
    pub fn key(&self, key: &str) -> KeyPath {
        self.with(Step::Key(key.to_owned()))
    }

    /// This path and an index more.
    pub fn index(&self, index: usize) -> KeyPath {
        self.with(Step::Index(index))
    }

    /// This path without its last step.
    pub(crate) fn parent(&self) -> KeyPath {
        KeyPath(self.0[..self.0.len().saturating_sub(1)].to_vec())
    }

    /// This path and dotted keys more.
    pub(crate) fn join(&self, keys: &str) -> KeyPath {
        KeyPath(self.0.iter().cloned().chain(KeyPath::of(keys).0).collect())
    }

    /// This path and steps more.
    pub fn steps(&self, steps: impl IntoIterator<Item = Step>) -> KeyPath {
        KeyPath(self.0.iter().cloned().chain(steps).collect())
    }

    fn with(&self, step: Step) -> KeyPath {
        KeyPath(self.0.iter().cloned().chain([step]).collect())
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl Node {
    /// How many values there are in it, itself included.
    pub(crate) fn count(&self) -> usize {
        1 + match &self.kind {
            Kind::List(items) => items.iter().map(Node::count).sum(),
            Kind::Map(entries) => entries.iter().map(|entry| entry.value.count()).sum(),
            _ => 0,
        }
    }

    /// How deep its lists and mappings nest.
    pub(crate) fn depth(&self) -> usize {
        match &self.kind {
            Kind::List(items) => 1 + items.iter().map(Node::depth).max().unwrap_or(0),
            Kind::Map(entries) => {
                1 + entries
                    .iter()
                    .map(|entry| entry.value.depth())
                    .max()
                    .unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// The value in a few words.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Bool(flag) => format!("`{flag}`"),
            Kind::Number(number) => format!("`{number}`"),
            Kind::Text(text) if text.parse::<f64>().is_ok() => format!("the text `\"{text}\"`"),
            Kind::Text(text) => format!("`{text}`"),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }

    /// The entry of a key.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The value without its places.
    pub(crate) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(flag) => Value::Bool(*flag),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(items) => items.iter().map(Node::to_json).collect(),
            Kind::Map(entries) => entries
                .iter()
                .map(|e| (e.key.clone(), e.value.to_json()))
                .collect(),
        }
    }

    /// What a reader would look at to mend the value at `path`: the value itself, or the key of a mapping or list that
    /// is too long to underline, or, where there is nothing, the nearest thing around it.
    pub(crate) fn locate(&self, path: &KeyPath) -> &Place {
        let (node, key, _) = self.walk(path);
        match (&node.kind, key) {
            (Kind::List(_) | Kind::Map(_) | Kind::Null, Some(key)) => key,
            _ => &node.place,
        }
    }

    /// The key that `path` ends with, or the nearest thing around it.
    pub(crate) fn locate_key(&self, path: &KeyPath) -> &Place {
        let (node, key, complete) = self.walk(path);
        match key {
            Some(key) if complete => key,
            _ => &node.place,
        }
    }

    /// The value at `path`, if all of it is there.
    pub(crate) fn at(&self, path: &KeyPath) -> Option<&Node> {
        let (node, _, complete) = self.walk(path);
        complete.then_some(node)
    }

    /// Goes along `path` as far as it is there: the value it ends at, the key of that, and whether this is all of it.
    fn walk(&self, path: &KeyPath) -> (&Node, Option<&Place>, bool) {
        let (mut node, mut key) = (self, None);
        for step in &path.0 {
            match (step, &node.kind) {
                (Step::Key(name), Kind::Map(_)) => match node.entry(name) {
                    Some(entry) => (node, key) = (&entry.value, Some(&entry.key_place)),
                    None => return (node, key, false),
                },
                (Step::Index(index), Kind::List(items)) => match items.get(*index) {
                    Some(item) => (node, key) = (item, None),
                    None => return (node, key, false),
                },
                _ => return (node, key, false),
            }
        }
        (node, key, true)
    }
}
