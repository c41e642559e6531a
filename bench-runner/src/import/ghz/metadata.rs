//! Metadata of calls.

use scenarios::ScenarioError;
use scenarios::metadata::wire_value;
use serde_json::{Map, Value};

use super::config::Config;
use super::template;

/// As many sets as calls take in turn.
const MAX_SETS: usize = 1024;
/// The longest user agent that a scenario takes.
const MAX_AGENT: usize = 255;
/// What the transport sets itself.
const RESERVED: [&str; 7] = [
    "te",
    "content-type",
    "host",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn metadata(
    config: &mut Config<'_>,
    call: &mut Map<String, Value>,
    client: &mut Map<String, Value>,
) -> Result<(), ScenarioError> {
    if config.take("metadata-file").is_some() {
        config.leave("metadata-file", "write what it holds into `call.metadata`");
    }
    let Some(given) = config.take("metadata") else {
        return Ok(());
    };
    let taken = sets(config, &given)?;
    if taken.len() > MAX_SETS {
        config.leave(
            "metadata",
            format!("at most {MAX_SETS} sets are taken in turn"),
        );
        return Ok(());
    }
    let mut metadata: Map<String, Value> = Map::new();
    for (index, set) in taken.into_iter().enumerate() {
        for (key, value) in set {
            let path = if given.is_array() {
                format!("metadata[{index}].{key}")
            } else {
                format!("metadata.{key}")
            };
            let Some(value) = text(value) else {
                let expected = "texts as the values of metadata";
                return Err(config.wrong("metadata", expected, value));
            };
            if let Some((key, value)) = checked(config, &path, key, &value, client) {
                put(&mut metadata, key, value);
            }
        }
    }
    in_turn(config, &given, &mut metadata);
    if !metadata.is_empty() {
        call.insert("metadata".into(), metadata.into());
    }
    Ok(())
}

/// The metadata of calls: one mapping for all, or several that calls take in turn.
fn sets<'v>(
    config: &Config<'_>,
    given: &'v Value,
) -> Result<Vec<&'v Map<String, Value>>, ScenarioError> {
    let sets = match given {
        Value::Object(one) => Some(vec![one]),
        Value::Array(several) => several.iter().map(Value::as_object).collect(),
        _ => None,
    };
    sets.ok_or_else(|| config.wrong("metadata", "a mapping or a list of them", given))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A key and its value as a scenario takes them, where it does.
fn checked(
    config: &mut Config<'_>,
    path: &str,
    key: &str,
    value: &str,
    client: &mut Map<String, Value>,
) -> Option<(String, String)> {
    let key = key.to_ascii_lowercase();
    let trimmed = value.trim_matches(' ');
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    let why = if template::has_action(value) {
        "metadata has no templates"
    } else if key.is_empty() || !key.bytes().all(plain) {
        "a key has letters, digits, `-`, `_` and `.`"
    } else if key.starts_with("grpc-") || RESERVED.contains(&key.as_str()) {
        "the transport sets it itself"
    } else if let Err(expected) = wire_value(&key, trimmed) {
        expected
    } else if key == "user-agent" {
        if (1..=MAX_AGENT).contains(&trimmed.len()) {
            client.insert("user_agent".into(), trimmed.into());
            return None;
        }
        "a user agent has 1 to 255 characters"
    } else {
        if key == "authorization" {
            let remedy = "`{ env: NAME }` takes it from the environment";
            config.differs(path, format!("the scenario holds it in clear; {remedy}"));
        }
        return Some((key, trimmed.to_owned()));
    };
    config.leave(path, why);
    None
}

/// A second value of a key makes a list.
fn put(metadata: &mut Map<String, Value>, key: String, value: String) {
    match metadata.get_mut(&key) {
        None => drop(metadata.insert(key, value.into())),
        Some(Value::Array(values)) => values.push(value.into()),
        Some(first) => *first = Value::Array(vec![first.take(), value.into()]),
    }
}

/// Lists say what ghz's sets say only where all sets have the same keys.
fn in_turn(config: &mut Config<'_>, given: &Value, metadata: &mut Map<String, Value>) {
    let Some(sets) = given.as_array().map(Vec::len) else {
        return;
    };
    let mut is_odd = false;
    for value in metadata.values_mut() {
        match value {
            Value::Array(values) if values.len() == sets => {}
            Value::Array(values) => {
                is_odd = true;
                *value = values.swap_remove(0);
            }
            _ => is_odd |= sets > 1,
        }
    }
    if is_odd {
        config.differs(
            "metadata",
            "ghz sends one of these sets with each call; a key that not all of them have is sent with every call, always alike",
        );
    }
}
