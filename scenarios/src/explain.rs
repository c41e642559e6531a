//! What serde says about a tree, in the words of the scenario language and with the place it speaks of.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use serde_path_to_error::{Path, Segment};

use crate::error::Mistake;
use crate::metric::Metric;
use crate::nearest::nearest;
use crate::tree::{KeyPath, Kind, Node, Step};
use crate::validate::Problem;

/// Gives a tree its type.
pub(crate) fn typed<T: DeserializeOwned>(tree: &Node) -> Result<T, Box<Mistake>> {
    read(&tree.to_json()).map_err(|(path, message)| {
        let message = name_variants::<T>(tree, &path, message);
        Box::new(mistake(tree, &path, &message))
    })
}

/// A problem of the meaning, at its place.
pub(crate) fn problem(tree: &Node, problem: Problem) -> Box<Mistake> {
    let Problem {
        path,
        message,
        help,
    } = problem;
    let place = tree.locate(&path).clone();
    Box::new(Mistake {
        message: format!("`{path}`: {message}"),
        label: None,
        help,
        place,
        also: None,
    })
}

fn read<T: DeserializeOwned>(json: &Value) -> Result<T, (KeyPath, String)> {
    serde_path_to_error::deserialize(json)
        .map_err(|error| (key_path(error.path()), error.inner().to_string()))
}

fn key_path(path: &Path) -> KeyPath {
    let steps = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(Step::Index(*index)),
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { variant } => Some(Step::Key(variant.clone())),
        Segment::Unknown => None,
    });
    KeyPath(steps.collect())
}

/// Where serde only says that a mapping with one key should stand, asks it which keys there are: it lists them when
/// it meets one that it does not know.
fn name_variants<T: DeserializeOwned>(tree: &Node, path: &KeyPath, message: String) -> String {
    const VAGUE: [&str; 3] = [
        "map with a single key",
        "string or map",
        "expected newtype variant",
    ];
    let found = match tree.at(path).map(|node| &node.kind) {
        Some(Kind::Map(entries)) if entries.len() > 1 => {
            let keys: Vec<String> = entries
                .iter()
                .map(|entry| format!("`{}`", entry.key))
                .collect();
            format!("{} together", keys.join(" and "))
        }
        Some(Kind::Map(_)) => "an empty mapping".to_owned(),
        Some(kind) => describe(kind),
        None => return message,
    };
    if !VAGUE.iter().any(|vague| message.contains(vague)) {
        return message;
    }
    let mut probe = tree.to_json();
    let pointer: String = path.0.iter().map(pointer).collect();
    if let Some(value) = probe.pointer_mut(&pointer) {
        *value = json!({ "": null });
    }
    let Err((_, answer)) = read::<T>(&probe) else {
        return message;
    };
    match answer.split_once("expected ") {
        Some((_, names)) => format!("expected a mapping with one key, {names}, found {found}"),
        None => message,
    }
}

/// A step in the notation of JSON pointers, RFC 6901.
fn pointer(step: &Step) -> String {
    match step {
        Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Step::Index(index) => format!("/{index}"),
    }
}

fn describe(kind: &Kind) -> String {
    match kind {
        Kind::Null => "nothing".to_owned(),
        Kind::Bool(flag) => format!("`{flag}`"),
        Kind::Number(number) => format!("`{number}`"),
        Kind::Text(text) => format!("`{text}`"),
        Kind::List(_) => "a list".to_owned(),
        Kind::Map(_) => "a mapping".to_owned(),
    }
}

fn mistake(tree: &Node, path: &KeyPath, message: &str) -> Mistake {
    if let Some(rest) = message.strip_prefix("unknown field ") {
        return unknown_key(tree, path, rest);
    }
    if let Some(rest) = message.strip_prefix("missing field ") {
        return missing_key(tree, path, rest);
    }
    if let Some(rest) = message.strip_prefix("unknown variant ") {
        return unknown_name(tree, path, rest);
    }
    let found = tree
        .at(path)
        .map_or_else(|| "nothing".to_owned(), |node| describe(&node.kind));
    let said = match message
        .strip_prefix("invalid type: ")
        .or(message.strip_prefix("invalid value: "))
    {
        Some(rest) => {
            let expected = rest
                .rsplit_once(", expected ")
                .map_or(rest, |(_, expected)| expected);
            format!("expected {}, found {found}", plain_type(expected))
        }
        None => message.to_owned(),
    };
    let help = help(&said, &found);
    let place = tree.locate(path).clone();
    Mistake {
        message: at(path, &said),
        label: None,
        help,
        place,
        also: None,
    }
}

/// A message, and the key path that it speaks of.
fn at(path: &KeyPath, message: &str) -> String {
    if path.0.is_empty() {
        message.to_owned()
    } else {
        format!("`{path}`: {message}")
    }
}

fn unknown_key(tree: &Node, path: &KeyPath, rest: &str) -> Mistake {
    let key = path.0.last().map_or_else(String::new, |step| match step {
        Step::Key(key) => key.clone(),
        Step::Index(index) => index.to_string(),
    });
    let parent = KeyPath(path.0[..path.0.len().saturating_sub(1)].to_vec());
    let whose = if parent.0.is_empty() {
        "a scenario".to_owned()
    } else {
        format!("`{parent}`")
    };
    Mistake {
        message: format!("unknown key `{key}` in {whose}"),
        label: Some("not a key of this mapping".to_owned()),
        help: Some(suggest(&key, rest)),
        place: tree.locate_key(path).clone(),
        also: None,
    }
}

fn missing_key(tree: &Node, path: &KeyPath, rest: &str) -> Mistake {
    let message = if path.0.is_empty() {
        format!("expected the key {rest}, which every scenario has")
    } else {
        format!("`{path}`: expected the key {rest}, which has no default")
    };
    Mistake {
        message,
        label: None,
        help: None,
        place: tree.locate(path).clone(),
        also: None,
    }
}

/// An unknown name of an enum, which is a key (`load: { opne: ... }`) or a value (`method: SayHelo`).
fn unknown_name(tree: &Node, path: &KeyPath, rest: &str) -> Mistake {
    let name = quoted(rest).next().unwrap_or_default().to_owned();
    let is_key = tree.at(path).is_some() && path.0.last() == Some(&Step::Key(name.clone()));
    let parent = KeyPath(path.0[..path.0.len().saturating_sub(1)].to_vec());
    let below = if path.0.last() == Some(&Step::Key(name.clone())) {
        &parent
    } else {
        path
    };
    Mistake {
        message: format!("`{below}`: unknown name `{name}`"),
        label: None,
        help: Some(suggest(&name, rest)),
        place: if is_key {
            tree.locate_key(path)
        } else {
            tree.locate(below)
        }
        .clone(),
        also: None,
    }
}

/// `rest` is serde's "`name`, expected one of `a`, `b`".
fn suggest(name: &str, rest: &str) -> String {
    let expected = rest.split_once(", ").map_or("", |(_, expected)| expected);
    let near = nearest(name, quoted(expected)).map(|near| format!("did you mean `{near}`? "));
    format!("{}{expected}", near.unwrap_or_default())
}

/// The names in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What may help somebody who was told that `said`.
fn help(said: &str, found: &str) -> Option<String> {
    let bare = found.trim_matches('`');
    let is_number = bare.parse::<f64>().is_ok_and(|number| number >= 0.0);
    if let Some(rest) = said.strip_prefix("unknown metric ") {
        let name = quoted(rest).next()?;
        let metrics: Vec<String> = Metric::all().map(|metric| metric.to_string()).collect();
        return nearest(name, metrics.iter().map(String::as_str))
            .map(|near| format!("did you mean `{near}`?"));
    }
    if said.starts_with("unknown ") {
        let name = quoted(said).next()?;
        return nearest(name, quoted(said).skip(1)).map(|near| format!("did you mean `{near}`?"));
    }
    if is_number && said.contains("a duration") {
        return Some(format!("write `{bare}s` or `{bare}ms`"));
    }
    if is_number && said.contains("a positive rate") {
        return Some(format!("write `{bare}/s`"));
    }
    (is_number && said.starts_with("expected text"))
        .then(|| format!("put it in quotes: `\"{bare}\"`"))
}

/// serde's names of types, as a user knows them.
fn plain_type(expected: &str) -> &str {
    match expected {
        "u8" | "u32" | "usize" => "a whole number from 0 to 4294967295",
        "u64" => "a whole number that is not negative",
        "a nonzero u32" => "a whole number from 1 to 4294967295",
        "f64" => "a number",
        "a string" | "string" => "text",
        "a sequence" => "a list",
        "a map" => "a mapping",
        "a boolean" => "`true` or `false`",
        other if other.starts_with("struct ") => "a mapping",
        other if other.starts_with("variant identifier") => "a name",
        other => other,
    }
}
