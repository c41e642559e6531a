//! Metadata as gRPC allows it, less what gRPC and HTTP/2 keep for themselves.

use std::collections::BTreeMap;

use crate::metadata::{
    Metadata, MetadataFile, Secret, SecretFile, SecretSource, binary_text, wire_value,
};
use crate::tree::KeyPath;

use super::Problem;

/// After so many calls at the most, all lists of values have come round together: so many header blocks are prepared.
const MAX_ROUND: usize = 4096;

/// What calls carry.
pub(super) fn metadata(
    at: &KeyPath,
    file: Option<BTreeMap<String, MetadataFile>>,
) -> Result<BTreeMap<String, Metadata>, Problem> {
    let mut metadata = BTreeMap::new();
    let mut round = 1;
    for (key, value) in file.unwrap_or_default() {
        let path = at.key(&key);
        check_key(&path, &key)?;
        let value = match value {
            MetadataFile::Text(text) => {
                check_value(&path, &key, &text)?;
                Metadata::Text(text)
            }
            MetadataFile::InTurn(values) => {
                check_list(&path, &key, &values)?;
                round = least_common_multiple(round, values.len());
                if round > MAX_ROUND {
                    return Err(too_long_a_round(&path, round));
                }
                Metadata::InTurn(values)
            }
            MetadataFile::Secret(file) => Metadata::Secret(secret(&path, &key, file)?),
        };
        metadata.insert(key, value);
    }
    Ok(metadata)
}

/// Metadata whose values are the same each time, and binary ones in base64.
pub(super) fn plain_metadata(
    at: &KeyPath,
    metadata: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Problem> {
    for (key, value) in &metadata {
        let path = at.key(key);
        check_key(&path, key)?;
        check_value(&path, key, value)?;
    }
    Ok(metadata)
}

/// The same, of which the binary ones are text: they travel to the server in a field that is.
pub(super) fn reply_trailers(
    at: &KeyPath,
    trailers: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Problem> {
    let trailers = plain_metadata(at, trailers)?;
    let is_odd =
        |(key, value): &(&String, &String)| key.ends_with("-bin") && binary_text(value).is_none();
    match trailers.iter().find(is_odd) {
        Some((key, _)) => {
            let message =
                "expected the base64 of UTF-8 text, which is all that the server can be asked for";
            Err(Problem::new(at.key(key), message))
        }
        None => Ok(trailers),
    }
}

fn check_list(path: &KeyPath, key: &str, values: &[String]) -> Result<(), Problem> {
    if values.is_empty() {
        let help = "each call takes the next value of the list";
        return Err(Problem::new(path.clone(), "expected at least one value").help(help));
    }
    for (index, value) in values.iter().enumerate() {
        check_value(&path.index(index), key, value)?;
    }
    Ok(())
}

fn too_long_a_round(path: &KeyPath, round: usize) -> Problem {
    let message = format!(
        "expected lists that begin again together after at most {MAX_ROUND} calls, found {round}"
    );
    Problem::new(path.clone(), message)
        .help("make the lists of the metadata equally long, or one a multiple of the other")
}

fn secret(path: &KeyPath, key: &str, file: SecretFile) -> Result<Secret, Problem> {
    let source = match (file.env, file.file) {
        (Some(name), None) if is_variable(&name) => SecretSource::Env(name),
        (Some(name), None) => {
            let message = format!("expected the name of an environment variable, found `{name}`");
            return Err(Problem::new(path.key("env"), message));
        }
        (None, Some(file)) => SecretSource::File(file),
        (Some(_), Some(_)) | (None, None) => {
            let message = "expected one of `env` and `file`";
            let help = "such as `{ env: TOKEN, prefix: \"Bearer \" }`";
            return Err(Problem::new(path.clone(), message).help(help));
        }
    };
    let prefix = file.prefix.unwrap_or_default();
    if key.ends_with("-bin") && !prefix.is_empty() {
        let message = "expected no prefix of a binary value";
        return Err(Problem::new(path.key("prefix"), message));
    }
    // Its end may be a blank: the secret stands behind it.
    check_value(&path.key("prefix"), "", prefix.trim_end_matches(' '))?;
    Ok(Secret { source, prefix })
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn check_value(path: &KeyPath, key: &str, value: &str) -> Result<(), Problem> {
    wire_value(key, value)
        .map(drop)
        .map_err(|expected| Problem::new(path.clone(), expected))
}

fn check_key(path: &KeyPath, key: &str) -> Result<(), Problem> {
    let Some(expected) = key_fault(key) else {
        return Ok(());
    };
    let message = format!("expected a metadata key {expected}, found `{key}`");
    Err(Problem::new(path.clone(), message).in_key())
}

/// What a metadata key should be, and is not.
fn key_fault(key: &str) -> Option<&'static str> {
    const RESERVED: [&str; 8] = [
        "te",
        "content-type",
        "user-agent",
        "host",
        "connection",
        "keep-alive",
        "transfer-encoding",
        "upgrade",
    ];
    if key.is_empty()
        || !key
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
    {
        Some("of lowercase letters, digits, `-`, `_` and `.`")
    } else if key.starts_with("grpc-") {
        Some("that does not begin with `grpc-`, which gRPC keeps for itself")
    } else if RESERVED.contains(&key) {
        Some("that the transport does not set itself")
    } else {
        None
    }
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    a / divisor.max(1) * b
}
