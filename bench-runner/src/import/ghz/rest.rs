//! Keys that a scenario has no word for, each with the reason and what there is instead.

use serde_json::Value;

use super::config::Config;

const REASONS: &[(&str, &str)] = &[
    (
        "tags",
        "results have no tags; the scenario's `name` and `about` are in every report",
    ),
    (
        "cpus",
        "`client.lanes` is the number of threads, `client.cpus` the core of each",
    ),
    (
        "debug",
        "no log of requests and replies is written; `record: { calls: N }` keeps the times of each call",
    ),
    (
        "count-errors",
        "response times are of OK calls; others are counted by status, and cut-off ones are lower bounds",
    ),
    (
        "connect-timeout",
        "connections are opened and answered before anything is timed",
    ),
    (
        "reflect-metadata",
        "the reflection call carries no metadata; where it must, give the schema as `call.proto` or `call.protoset`",
    ),
    (
        "max-recv-message-size",
        "replies have no limit of their own here",
    ),
    (
        "max-send-message-size",
        "requests have no limit of their own here",
    ),
    (
        "disable-template-functions",
        "templates cost what they cost once, before the run",
    ),
    (
        "disable-template-data",
        "templates cost what they cost once, before the run",
    ),
];

/// Lists what is left of these, unless it says nothing.
pub(super) fn rest(config: &mut Config<'_>) {
    for (key, why) in REASONS {
        if config.take(key).is_some_and(|value| says_something(&value)) {
            config.leave(key, *why);
        }
    }
    output(config);
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    }
}

/// Where ghz writes, and in which of its formats.
fn output(config: &mut Config<'_>) {
    if config.take("output").is_some() {
        config.leave("output", "a run leaves a folder: `run --out DIR`");
    }
    let format = config.take("format");
    let why = match format.as_ref().and_then(Value::as_str) {
        None | Some("summary" | "") => return,
        Some("html") => "every run leaves a `report.html`",
        Some("json" | "pretty" | "csv") => {
            "every run leaves `result.json` and `results.csv`; ghz's own shape comes from `run --also ghz`"
        }
        Some(_) => "a run leaves `result.json`, `results.csv` and `metrics.txt` for other programs",
    };
    config.leave("format", why);
}
