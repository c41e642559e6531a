//! What serde says about a tree, in the words of the scenario language and with the place it speaks of.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use crate::error::Mistake;
use crate::metric::Metric;
use crate::nearest::nearest;
use crate::tree::{KeyPath, Kind, Node, Step};
use crate::validate::Problem;

/// Gives a tree its type.
pub(crate) fn typed<T: DeserializeOwned>(tree: &Node) -> Result<T, Box<Mistake>> {
    serde_path_to_error::deserialize(tree).map_err(|error| {
        Box::new(mistake(
            tree,
            &key_path(error.path()),
            &error.inner().to_string(),
        ))
    })
}

/// A problem of the meaning, at its place.
pub(crate) fn problem(tree: &Node, problem: Problem) -> Box<Mistake> {
    let Problem {
        path,
        message,
        help,
        in_key,
    } = problem;
    let place = if in_key {
        tree.locate_key(&path)
    } else {
        tree.locate(&path)
    }
    .clone();
    Box::new(Mistake {
        help,
        ..Mistake::new(format!("`{path}`: {message}"), place)
    })
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
    let node = tree.at(path).or_else(|| tree.at(&path.parent()));
    let said = in_plain_words(message, node);
    let place = tree.locate(path).clone();
    if let Some((unknown, names)) = said
        .strip_prefix("unknown ")
        .and_then(|rest| rest.split_once(", expected "))
    {
        // A name within a text, such as the metric of a limit.
        let name = quoted(unknown).next().unwrap_or_default();
        let help = Some(suggest(name, names));
        let mistake = Mistake::new(at(path, &format!("unknown {unknown}")), place);
        return Mistake {
            help,
            focus: Some(name.to_owned()),
            ..mistake
        };
    }
    let focus = said
        .rsplit_once("found ")
        .and_then(|(_, found)| quoted(found).next())
        .map(str::to_owned);
    Mistake {
        help: help(&said, node),
        focus,
        ..Mistake::new(at(path, &said), place)
    }
}

/// Rewrites "invalid type: string "x", expected u32".
fn in_plain_words(message: &str, node: Option<&Node>) -> String {
    let found = node.map_or_else(|| "nothing".to_owned(), Node::describe);
    let Some(rest) = message
        .strip_prefix("invalid type: ")
        .or(message.strip_prefix("invalid value: "))
    else {
        return message.to_owned();
    };
    match rest
        .rsplit_once("expected ")
        .map_or(rest, |(_, expected)| expected)
    {
        "newtype variant" => format!("expected settings below the name, found {found} alone"),
        expected => format!("expected {}, found {found}", plain_type(expected)),
    }
}

/// serde's names of types, as a user knows them.
fn plain_type(expected: &str) -> &str {
    match expected {
        "u8" | "u32" | "u64" | "usize" => "a whole number that is not negative",
        "a nonzero u32" => "a whole number above 0",
        "f64" => "a number",
        "a string" | "string" => "text",
        "a sequence" => "a list",
        "a map" => "a mapping",
        "a boolean" => "`true` or `false`",
        other => other,
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
    let key = quoted(rest).next().unwrap_or_default();
    let parent = path.parent();
    let (whose, label) = match parent.0.is_empty() {
        true => (String::new(), "not a key at this level"),
        false => (format!(" in `{parent}`"), "not a key of this mapping"),
    };
    let place = tree.locate_key(path).clone();
    let help = rest
        .split_once(", ")
        .map(|(_, expected)| suggest(key, expected.trim_start_matches("expected ")));
    Mistake {
        label: Some(label),
        help,
        ..Mistake::new(format!("unknown key `{key}`{whose}"), place)
    }
}

fn missing_key(tree: &Node, path: &KeyPath, rest: &str) -> Mistake {
    Mistake::new(
        at(
            path,
            &format!("expected the key {rest}, which has no default"),
        ),
        tree.locate(path).clone(),
    )
}

/// An unknown name of an enum, which is a key (`load: { opne: ... }`) or a value (`method: SayHelo`).
fn unknown_name(tree: &Node, path: &KeyPath, rest: &str) -> Mistake {
    let name = quoted(rest).next().unwrap_or_default();
    let is_last = path.0.last() == Some(&Step::Key(name.to_owned()));
    let owner = if is_last { path.parent() } else { path.clone() };
    let key = owner.key(name);
    let place = if tree.at(&key).is_some() {
        tree.locate_key(&key)
    } else {
        tree.locate(&owner)
    };
    let help = rest
        .split_once(", expected ")
        .map(|(_, names)| suggest(name, names));
    Mistake {
        help,
        ..Mistake::new(format!("`{owner}`: unknown name `{name}`"), place.clone())
    }
}

/// What `name` was meant to be, and all that it could have been: `names` is "one of `a`, `b`".
fn suggest(name: &str, names: &str) -> String {
    let metrics: Vec<String> = match names.contains("`achieved_per_s`") {
        true => Metric::all().map(|metric| metric.to_string()).collect(),
        false => Vec::new(),
    };
    let candidates = quoted(names).chain(metrics.iter().map(String::as_str));
    let near = nearest(name, candidates).map(|near| format!("did you mean `{near}`?\n"));
    format!("{}expected {names}", near.unwrap_or_default())
}

/// The names in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What may help somebody who was told that `said` of a value.
fn help(said: &str, node: Option<&Node>) -> Option<String> {
    match &node?.kind {
        Kind::Number(number) if said.contains("a duration") => {
            Some(format!("write `{number}s` or `{number}ms`"))
        }
        Kind::Number(number) if said.contains("a positive rate") => {
            Some(format!("write `{number}/s`"))
        }
        Kind::Number(_) | Kind::Bool(_) if said.starts_with("expected text") => Some(format!(
            "put it in quotes: {}",
            node?.describe().replace('`', "\"")
        )),
        Kind::Text(text)
            if said.starts_with("expected a whole number") && text.parse::<u64>().is_ok() =>
        {
            Some(format!("leave out the quotes: {text}"))
        }
        Kind::Text(text) if said.starts_with("expected settings below the name") => {
            Some(format!("write `{text}: {{ ... }}` as a mapping"))
        }
        _ => None,
    }
}
