//! A file of messages: JSON, encoded messages with their lengths, or a table.

use std::fs;
use std::path::Path;

use prost_reflect::{DynamicMessage, MessageDescriptor};
use protos::dynamic::{Columns, Draft};
use serde_json::{Map, Value};

use super::given::in_file;
use super::{Mistake, path};

/// What is in a file.
pub(super) enum Content {
    /// Messages, compiled.
    Messages(Vec<Draft>),
    /// A table.
    Table(Columns),
}

/// Reads a file, whose name tells what is in it; `name` is its name in the scenario.
pub(super) fn read(
    path: &Path,
    name: &str,
    request: &MessageDescriptor,
) -> Result<Content, Mistake> {
    let bytes = fs::read(path).map_err(|error| wrong(name, &error.to_string()))?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension {
        Some("json" | "jsonl" | "ndjson") => json(&bytes, name, request).map(Content::Messages),
        Some("bin" | "binpb" | "pb") => encoded(&bytes, name, request).map(Content::Messages),
        Some("csv") => table(&bytes, name).map(Content::Table),
        _ => Err(Mistake::at(
            "messages_file",
            format!("expected a file that ends in `.json`, `.csv` or `.bin`, found `{name}`"),
        )),
    }
}

fn wrong(name: &str, what: &str) -> Mistake {
    Mistake::at("messages_file", format!("`{name}`: {what}"))
}

/// An array of messages, or one after the other.
fn json(bytes: &[u8], name: &str, request: &MessageDescriptor) -> Result<Vec<Draft>, Mistake> {
    let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(bytes)
        .into_iter()
        .collect();
    let values = values.map_err(|error| wrong(name, &format!("this is not JSON: {error}")))?;
    let values = match <[Value; 1]>::try_from(values) {
        Ok([Value::Array(items)]) => items,
        Ok(one) => one.into(),
        Err(several) => several,
    };
    some(name, values.len())?;
    let compile = |(index, json): (usize, &Value)| {
        let draft = Draft::compile(request, json, &Columns::default());
        draft.map_err(|mistake| {
            let place = format!("message {} of `{name}`", index + 1);
            Mistake {
                message: format!("{place}: {mistake}"),
                ..in_file(name, &mistake)
            }
        })
    };
    values.iter().enumerate().map(compile).collect()
}

/// Encoded messages, each with its length in front as a varint.
fn encoded(bytes: &[u8], name: &str, request: &MessageDescriptor) -> Result<Vec<Draft>, Mistake> {
    let mut drafts = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let at = bytes.len() - rest.len();
        let broken = |what: String| {
            wrong(
                name,
                &format!("message {} (at byte {at}): {what}", drafts.len() + 1),
            )
        };
        let length = prost::decode_length_delimiter(&mut rest)
            .map_err(|_| broken("expected its length as a varint".to_owned()))?;
        let Some((message, after)) = rest.split_at_checked(length) else {
            return Err(broken(format!(
                "expected {length} bytes, found {}",
                rest.len()
            )));
        };
        if let Err(error) = DynamicMessage::decode(request.clone(), message) {
            return Err(broken(format!(
                "expected a `{}`: {error}",
                request.full_name()
            )));
        }
        drafts.push(Draft::encoded(message.to_vec()));
        rest = after;
    }
    some(name, drafts.len())?;
    Ok(drafts)
}

/// A table with a line of names at its top.
fn table(bytes: &[u8], name: &str) -> Result<Columns, Mistake> {
    let mut reader = csv::Reader::from_reader(bytes);
    let failed = |error: csv::Error| wrong(name, &error.to_string());
    let names: Vec<String> = reader
        .headers()
        .map_err(failed)?
        .iter()
        .map(|name| name.trim().to_owned())
        .collect();
    let row = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
    let rows: Vec<Vec<String>> = reader
        .records()
        .map(|record| record.map(row))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    some(name, rows.len())?;
    Ok(Columns {
        names,
        rows: rows.into(),
    })
}

fn some(name: &str, messages: usize) -> Result<(), Mistake> {
    if messages > 0 {
        return Ok(());
    }
    Err(wrong(name, "expected at least one message, found none"))
}

/// The message whose fields are the columns of a table.
pub(super) fn message_of(columns: &Columns) -> Result<Value, Mistake> {
    let mut message = Value::Object(Map::new());
    for name in &columns.names {
        let text = Value::String(format!("{{{{csv.{name}}}}}"));
        let put = path::steps(name).and_then(|steps| path::put(&mut message, &steps, text));
        put.ok_or_else(|| {
            let message = format!(
                "expected paths of fields such as `price.units` or `items[0].name`, found the column `{name}`"
            );
            Mistake::at("messages_file", message)
                .help("write a `message` with `{{csv.column}}` for other columns")
        })?;
    }
    Ok(message)
}
