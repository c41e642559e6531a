//! The text of a configuration, in one of three formats, and mistakes in it with their place.

use std::ops::Range;
use std::path::Path;

use scenarios::ScenarioError;
use serde_json::{Map, Value};

/// How a configuration is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `.json`
    Json,
    /// `.yaml`, `.yml`
    Yaml,
    /// `.toml`
    Toml,
}

/// A configuration as a text.
#[derive(Clone, Copy, Debug)]
pub struct Source<'t> {
    /// What mistakes call it.
    pub name: &'t str,
    /// Its format.
    pub format: Format,
    /// Its text.
    pub text: &'t str,
}

impl Format {
    /// By the ending of a file's name.
    pub fn of(path: &Path) -> Option<Format> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "json" => Some(Format::Json),
            "yaml" | "yml" => Some(Format::Yaml),
            "toml" => Some(Format::Toml),
            _ => None,
        }
    }
}

impl Source<'_> {
    /// The one mapping that a configuration is.
    pub(super) fn read(&self) -> Result<Map<String, Value>, ScenarioError> {
        let value = match self.format {
            Format::Json => self.json()?,
            Format::Yaml => scenarios::yaml_value(self.name, self.text)?,
            Format::Toml => self.toml()?,
        };
        match value {
            Value::Object(map) => Ok(map),
            _ => Err(self.mistake(0..0, "expected a mapping of keys to values", None)),
        }
    }

    fn json(&self) -> Result<Value, ScenarioError> {
        serde_json::from_str(self.text).map_err(|error| {
            let at = self.offset(error.line(), error.column());
            let said = error.to_string();
            let said = said.split(" at line ").next().unwrap_or_default();
            self.mistake(at..at, format!("this is not JSON: {said}"), None)
        })
    }

    fn toml(&self) -> Result<Value, ScenarioError> {
        let table: toml::Table = toml::from_str(self.text).map_err(|error| {
            let said = error.message().lines().collect::<Vec<_>>().join(", ");
            let message = format!("this is not TOML: {said}");
            self.mistake(error.span().unwrap_or(0..0), message, None)
        })?;
        Ok(from_toml(toml::Value::Table(table)))
    }

    /// A mistake at a key of the outermost mapping.
    pub(super) fn mistake_at(
        &self,
        key: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) -> ScenarioError {
        let message = format!("`{key}`: {}", message.into());
        self.mistake(self.place(key), message, help)
    }

    fn mistake(
        &self,
        at: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) -> ScenarioError {
        ScenarioError::at(self.name, self.text, at, message, help)
    }

    /// Where a key stands: the first time that it is followed by what follows a key. The parsers keep no places.
    fn place(&self, key: &str) -> Range<usize> {
        let is_key = |at: usize| {
            let (before, after) = (&self.text[..at], &self.text[at + key.len()..]);
            let quoted = before.ends_with('"') && after.starts_with('"');
            let after = after.strip_prefix('"').filter(|_| quoted).unwrap_or(after);
            let before = before
                .strip_suffix('"')
                .filter(|_| quoted)
                .unwrap_or(before);
            let starts = before
                .trim_end_matches([' ', '\t'])
                .ends_with(['\n', '{', ','])
                || before.trim().is_empty();
            starts && after.trim_start().starts_with([':', '='])
        };
        let found = self.text.match_indices(key).map(|(at, _)| at);
        found
            .into_iter()
            .find(|at| is_key(*at))
            .map_or(0..0, |at| at..at + key.len())
    }

    /// The byte that a line and a column, counted from 1, stand for.
    fn offset(&self, line: usize, column: usize) -> usize {
        let lines = self.text.split_inclusive('\n');
        let before: usize = lines.take(line.saturating_sub(1)).map(str::len).sum();
        (before + column.saturating_sub(1)).min(self.text.len())
    }
}

/// The same values; a date, which JSON has not, is its text.
fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => items.into_iter().map(from_toml).collect(),
        toml::Value::Table(table) => table
            .into_iter()
            .map(|(key, value)| (key, from_toml(value)))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_where_it_is_a_key() {
        for text in [
            "{\n  \"name\": \"call\",\n  \"call\": 3\n}",
            "name: call\ncall: 3\n",
            "name = \"call\"\ncall = 3\n",
            "{\"name\":\"call\",\"call\":3}",
        ] {
            let source = Source {
                name: "x",
                format: Format::Json,
                text,
            };
            let place = source.place("call");
            let after = text[place.end..].trim_start_matches('"').trim_start();
            assert!(after.starts_with([':', '=']), "{text} at {place:?}");
        }
    }
}
