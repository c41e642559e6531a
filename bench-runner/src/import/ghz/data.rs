//! The messages of a call.

use scenarios::ScenarioError;
use serde_json::{Map, Value};

use super::call::Called;
use super::config::Config;
use super::template;

pub(super) fn data(
    config: &mut Config<'_>,
    called: &Called,
    call: &mut Map<String, Value>,
) -> Result<(), ScenarioError> {
    let given = given(config)?;
    let file = config.text("data-file")?;
    let binary = config.text("binary-file")?;
    if config.take("binary").is_some_and(|value| value != false) {
        config.leave(
            "binary",
            "standard input is not read; write `call.messages_file: FILE.bin`",
        );
    }
    match (given, file, binary) {
        (Some(data), file, binary) => {
            messages(config, called, data, call);
            both(config, file.is_some(), binary.is_some());
        }
        (None, Some(file), binary) => {
            from_file(config, file, call);
            both(config, false, binary.is_some());
        }
        (None, None, Some(binary)) => from_binary(config, binary, call),
        (None, None, None) => {}
    }
    Ok(())
}

/// The data, as values: a mapping, a list of them, or the JSON text of either.
fn given(config: &mut Config<'_>) -> Result<Option<Value>, ScenarioError> {
    let Some(data) = config.take("data") else {
        return Ok(None);
    };
    let data = match &data {
        Value::String(text) if text == "@" => {
            config.leave("data", "standard input is not read; write `call.message`");
            return Ok(None);
        }
        Value::String(text) => serde_json::from_str(text).unwrap_or(data),
        _ => data,
    };
    match &data {
        Value::Array(items) if items.is_empty() => {
            Err(config.refuse("data", "expected at least one message, as ghz does"))
        }
        Value::Object(_) => Ok(Some(data)),
        Value::Array(items) if items.iter().all(Value::is_object) => Ok(Some(data)),
        other => Err(config.wrong("data", "a mapping or a list of them", other)),
    }
}

fn messages(config: &mut Config<'_>, called: &Called, data: Value, call: &mut Map<String, Value>) {
    let is_filled_in = template::is_in(&data);
    let data = template::in_value(config, called, "data", data);
    let key = match data.is_array() {
        true => "messages",
        false => "message",
    };
    call.insert(key.into(), data);
    if is_filled_in {
        config.differs(
            "data",
            "templates are filled in ahead, for 1024 requests that calls take in turn; `call.fresh` has more",
        );
    }
}

fn from_file(config: &mut Config<'_>, file: String, call: &mut Map<String, Value>) {
    let ending = match file.ends_with(".json") {
        true => "",
        false => "; and its ending must be `.json`",
    };
    let why = format!("templates in it are those of a scenario, such as `{{{{seq}}}}`{ending}");
    config.differs("data-file", why);
    call.insert("messages_file".into(), file.into());
}

fn from_binary(config: &mut Config<'_>, file: String, call: &mut Map<String, Value>) {
    let ending = match file.ends_with(".bin") {
        true => "",
        false => "; and its ending must be `.bin`",
    };
    let why = format!("each message in it has its length before it, a single one too{ending}");
    config.differs("binary-file", why);
    call.insert("messages_file".into(), file.into());
}

/// What ghz does not look at beside what it does.
fn both(config: &mut Config<'_>, file: bool, binary: bool) {
    for key in [("data-file", file), ("binary-file", binary)]
        .into_iter()
        .filter(|(_, is)| *is)
    {
        config.leave(key.0, "there are messages already");
    }
}
