//! What one call is.

use scenarios::ScenarioError;
use scenarios::units::Nanos;
use serde_json::{Map, Value, json};

use super::config::Config;
use super::{data, entry, load, metadata};

/// ghz's own.
const DEFAULT_TIMEOUT: Nanos = Nanos(20 * Nanos::SECOND.0);
/// A scenario's longest deadline.
const DAY: Nanos = Nanos(86_400 * Nanos::SECOND.0);
/// A scenario's shortest deadline.
const SHORTEST: Nanos = Nanos(1_000);
/// As many messages as a call may have.
const MAX_MESSAGES: u64 = 1_000_000;

/// The method that is called.
pub(super) struct Called {
    /// With its package.
    pub(super) service: String,
    pub(super) method: String,
}

/// How long a call may take; none where the file says 0.
pub(super) fn timeout(config: &mut Config<'_>) -> Result<Option<Nanos>, ScenarioError> {
    let timeout = config.duration("timeout")?.unwrap_or(DEFAULT_TIMEOUT);
    let within = timeout.clamp(SHORTEST, DAY);
    if timeout == Nanos::ZERO {
        return Ok(None);
    }
    if within != timeout {
        config.differs(
            "timeout",
            format!("a deadline here is from {SHORTEST} to {DAY}"),
        );
    }
    Ok(Some(within))
}

pub(super) fn call(
    config: &mut Config<'_>,
    timeout: Option<Nanos>,
    client: &mut Map<String, Value>,
) -> Result<Value, ScenarioError> {
    let called = called(config)?;
    let mut call = Map::new();
    call.insert("service".into(), called.service.clone().into());
    call.insert("method".into(), called.method.clone().into());
    schema(config, &mut call)?;
    data::data(config, &called, &mut call)?;
    stream(config, &mut call)?;
    metadata::metadata(config, &mut call, client)?;
    authority(config, &mut call)?;
    if let Some(timeout) = timeout {
        call.insert("deadline".into(), timeout.to_string().into());
    }
    if config.flag("enable-compression")? {
        call.insert("compression".into(), "gzip".into());
    }
    connection(config, client)?;
    Ok(Value::Object(call))
}

/// `package.Service/Method` or `package.Service.Method`.
fn called(config: &mut Config<'_>) -> Result<Called, ScenarioError> {
    const EXPECTED: &str = "expected `package.Service/Method` or `package.Service.Method`";
    let Some(call) = config.text("call")? else {
        return Err(config.refuse("call", format!("{EXPECTED}; the file has none")));
    };
    let name = call.trim().trim_start_matches(['/', '.']);
    let parts = name.rsplit_once('/').or_else(|| name.rsplit_once('.'));
    let is_name = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        name.split('.').all(|part| {
            !part.is_empty()
                && part.chars().all(plain)
                && !part.starts_with(|c: char| c.is_ascii_digit())
        })
    };
    match parts {
        Some((service, method)) if is_name(service) && is_name(method) && !method.contains('.') => {
            Ok(Called {
                service: service.to_owned(),
                method: method.to_owned(),
            })
        }
        _ => Err(config.wrong("call", &EXPECTED["expected ".len()..], &call.clone().into())),
    }
}

/// Where the types of the messages come from. ghz asks the server where nothing is given.
fn schema(config: &mut Config<'_>, call: &mut Map<String, Value>) -> Result<(), ScenarioError> {
    let proto = config.text("proto")?;
    let protoset = config.text("protoset")?;
    let import_paths = config.texts("import-paths")?;
    match (proto, protoset) {
        (Some(proto), protoset) => {
            call.insert("proto".into(), json!([proto]));
            if !import_paths.is_empty() {
                call.insert("import_paths".into(), import_paths.into());
            }
            if protoset.is_some() {
                config.leave("protoset", "`proto` takes precedence in ghz");
            }
        }
        (None, Some(protoset)) => drop(call.insert("protoset".into(), protoset.into())),
        (None, None) => drop(call.insert("reflection".into(), true.into())),
    }
    Ok(())
}

/// What is said of streams. Whether the method streams, and which way, only its schema knows.
fn stream(config: &mut Config<'_>, call: &mut Map<String, Value>) -> Result<(), ScenarioError> {
    let count = config.count("stream-call-count")?;
    let messages = count.map(|count| count.min(MAX_MESSAGES));
    let pause = config
        .duration("stream-interval")?
        .filter(|pause| *pause > Nanos::ZERO);
    match (messages, pause) {
        (Some(messages), Some(pause)) if messages > 1 => paced(config, call, messages, pause),
        (messages, pause) => sent_at_once(config, call, messages, pause),
    }
    if config
        .duration("stream-call-duration")?
        .is_some_and(|time| time > Nanos::ZERO)
    {
        config.leave(
            "stream-call-duration",
            "a stream ends after its messages; `call.cancel: { after: 1s }` ends one by the client",
        );
    }
    if config.flag("stream-dynamic-messages")? {
        config.leave(
            "stream-dynamic-messages",
            "each message of a stream is filled in by itself, always",
        );
    }
    Ok(())
}

/// Messages with a pause between any two.
fn paced(config: &mut Config<'_>, call: &mut Map<String, Value>, messages: u64, pause: Nanos) {
    let rate = load::rate(1.0 / pause.as_secs_f64());
    let stream = json!({ "rate": rate, "messages": messages });
    call.insert("stream".into(), stream);
    config.differs(
        "stream-interval",
        "messages have times of their own, whatever the server does; where the method streams no requests, leave \
         `call.stream` out",
    );
}

fn sent_at_once(
    config: &mut Config<'_>,
    call: &mut Map<String, Value>,
    messages: Option<u64>,
    pause: Option<Nanos>,
) {
    if let Some(messages) = messages {
        call.insert("request".into(), entry("messages", messages));
        config.differs(
            "stream-call-count",
            format!(
                "{messages} messages are sent; where the server streams, `call.cancel: {{ after_messages: {messages} }}` stops it"
            ),
        );
    }
    if pause.is_some() {
        config.leave(
            "stream-interval",
            "`stream-call-count` does not say of how many messages; `call.stream: { rate: 5/s, messages: 10 }` paces those of a stream",
        );
    }
}

fn authority(config: &mut Config<'_>, call: &mut Map<String, Value>) -> Result<(), ScenarioError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:[]%".contains(c);
    match config.text("authority")? {
        Some(name) if name.len() > 255 || !name.chars().all(allowed) => {
            config.leave("authority", format!("`{name}` is no host"));
        }
        Some(name) => drop(call.insert("authority".into(), name.into())),
        None => {}
    }
    Ok(())
}

/// What is said of connections besides their number.
fn connection(
    config: &mut Config<'_>,
    client: &mut Map<String, Value>,
) -> Result<(), ScenarioError> {
    if let Some(time) = config
        .duration("keepalive")?
        .filter(|time| *time > Nanos::ZERO)
    {
        let time = time.clamp(Nanos::from_millis(1), DAY).to_string();
        let keepalive = json!({ "interval": time, "timeout": time });
        client.insert("http2".into(), entry("keepalive", keepalive));
    }
    match config.text("lb-strategy")?.as_deref() {
        None => {}
        Some(balance @ ("round_robin" | "pick_first")) => {
            client.insert("balance".into(), balance.into());
        }
        Some(other) => config.leave("lb-strategy", format!("there is no `{other}` here")),
    }
    Ok(())
}
