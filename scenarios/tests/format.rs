//! The schema against what the reader does, and the reference in the README against the schema.

use std::fmt::Write;
use std::path::Path;

use scenarios::Suite;
use serde_json::Value;

/// A key of the format, as the schema has it.
struct Key {
    path: String,
    schema: Value,
    /// What stands beside the `$ref`, or else behind it.
    about: String,
    default: Option<Value>,
}

/// All keys, in the order of the file.
fn keys() -> Vec<Key> {
    let root = scenarios::schema();
    let mut keys = Vec::new();
    properties(&root, &root, "", &mut keys);
    keys
}

fn properties(root: &Value, object: &Value, path: &str, keys: &mut Vec<Key>) {
    for (name, schema) in object["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let inner = resolve(root, schema);
        let about = schema["description"]
            .as_str()
            .or(inner["description"].as_str())
            .unwrap_or_default()
            .replace('\n', " ");
        keys.push(Key {
            path: path.clone(),
            schema: inner.clone(),
            about,
            default: schema.get("default").cloned(),
        });
        below(root, &inner, &path, keys);
    }
}

fn below(root: &Value, schema: &Value, path: &str, keys: &mut Vec<Key>) {
    if path.ends_with("metadata") || path.ends_with("trailers") || path == "matrix" {
        return;
    }
    properties(root, schema, path, keys);
    for variant in schema["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|v| v["type"] == "object")
    {
        let name = variant["properties"]
            .as_object()
            .unwrap()
            .keys()
            .next()
            .unwrap();
        let path = format!("{path}.{name}");
        let about = variant["description"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let inner = resolve(root, &variant["properties"][name]);
        keys.push(Key {
            path: path.clone(),
            schema: inner.clone(),
            about,
            default: None,
        });
        below(root, &inner, &path, keys);
    }
    // Of the stages only what is theirs: the loads in them are those above.
    if path == "load.stages" {
        let stage = resolve(root, &schema["items"]);
        let mut inner = Vec::new();
        properties(root, &stage, "load.stages[]", &mut inner);
        keys.extend(
            inner
                .into_iter()
                .filter(|key| key.path.matches('.').count() == 2),
        );
    }
    // Of the calls of a mix only what is theirs: everything else is that of `call`.
    if path == "calls" {
        let mut inner = Vec::new();
        properties(root, &schema["items"], "calls[]", &mut inner);
        keys.extend(
            inner
                .into_iter()
                .filter(|key| ["calls[].name", "calls[].weight"].contains(&key.path.as_str())),
        );
    }
}

/// Follows references, and drops the `null` that an absent key is.
fn resolve(root: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return resolve(
            root,
            root.pointer(reference.trim_start_matches('#')).unwrap(),
        );
    }
    let some = schema["anyOf"]
        .as_array()
        .and_then(|any| any.iter().find(|one| one["type"] != "null"));
    match some {
        Some(one)
            if schema["anyOf"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["type"] == "null") =>
        {
            resolve(root, one)
        }
        _ => schema.clone(),
    }
}

/// What a value may be, in a few words.
fn kind(root: &Value, schema: &Value) -> String {
    let examples = |schema: &Value| {
        schema["examples"][0]
            .as_str()
            .map(|example| format!("such as `{example}`"))
    };
    if let (Some(min), Some(max)) = (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
        return format!("{min} to {max}");
    }
    let constants = |list: &Value| -> Vec<String> {
        let one = |v: &Value| {
            v["const"]
                .as_str()
                .or(v.as_str())
                .map(|name| format!("`{name}`"))
        };
        list.as_array()
            .into_iter()
            .flatten()
            .filter_map(one)
            .collect()
    };
    let names = [constants(&schema["enum"]), constants(&schema["oneOf"])].concat();
    if names.len() > 8 {
        return "a status code".to_owned();
    }
    if !names.is_empty() {
        let mappings: Vec<String> = schema["oneOf"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|v| {
                v["properties"]
                    .as_object()
                    .map(|p| format!("`{}: N`", p.keys().next().unwrap()))
            })
            .collect();
        return [names, mappings].concat().join(", ");
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let or = match any[1]["$ref"].as_str() {
            Some("#/$defs/Peer") => "a mapping of `name`, `cpus` and `behaviour`",
            _ => "a distribution",
        };
        return format!("{}, or {or}", kind(root, &resolve(root, &any[0])));
    }
    if let Some(example) = examples(schema) {
        return example;
    }
    let types = schema["type"]
        .as_array()
        .map_or_else(|| vec![&schema["type"]], |list| list.iter().collect());
    match types[0].as_str() {
        Some("array") => "a list".to_owned(),
        Some("integer") => "a whole number".to_owned(),
        Some("number") => "a number".to_owned(),
        Some("boolean") => "`true`, `false`".to_owned(),
        Some("string") => "text".to_owned(),
        _ => "a mapping".to_owned(),
    }
}

fn reference() -> String {
    let root = scenarios::schema();
    let mut table = "| key | meaning | values | default |\n|---|---|---|---|\n".to_owned();
    for key in keys() {
        let default = key
            .default
            .as_ref()
            .map_or_else(String::new, |value| match value {
                Value::String(text) if text.is_empty() => "empty".to_owned(),
                Value::String(text) => format!("`{text}`"),
                other => format!("`{other}`"),
            });
        let values = kind(&root, &key.schema);
        writeln!(
            table,
            "| `{}` | {} | {values} | {default} |",
            key.path, key.about
        )
        .unwrap();
    }
    table
}

#[test]
fn the_readme_has_every_key() {
    const BEGIN: &str =
        "<!-- the table is made from the schema: UPDATE=1 cargo test -p scenarios -->\n\n";
    const END: &str = "\n<!-- end of the table -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text
        .split_once(BEGIN)
        .expect("the README has the first mark");
    let (table, tail) = rest
        .split_once(END)
        .expect("the README has the second mark");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{head}{BEGIN}{}{END}{tail}", reference())).unwrap();
        return;
    }
    assert!(
        table == reference(),
        "scenarios/README.md is out of date: run the tests once with UPDATE=1"
    );
}

#[test]
fn the_examples_of_the_readme_are_scenarios() {
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let blocks: Vec<&str> = text
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(blocks.len() >= 4);
    for block in blocks {
        let named = if block.contains("name: ") && !block.starts_with("load") {
            block.to_owned()
        } else {
            format!("name: example\n{block}")
        };
        Suite::parse("README.md", &named, &[])
            .unwrap_or_else(|error| panic!("{}", error.render(false)));
    }
}

/// A file in which every key is allowed, so that a bound is the only thing that can be wrong.
fn base(path: &str) -> &'static str {
    match path {
        p if p.starts_with("call.reply") => {
            "name: a\nclient: { channels: 1024 }\ncall: { method: BidiHello, bidi: independent, reply: { when: after_all } }"
        }
        p if p.starts_with("call.request") => "name: a\ncall: { method: LotsOfGreetings }",
        p if p.starts_with("load.closed") => "name: a\nload: { closed: { in_flight: 1 } }",
        p if p.contains("keepalive") => {
            "name: a\nclient: { http2: { keepalive: { interval: 1s, timeout: 1s } } }"
        }
        p if p.starts_with("load.open") => "name: a\nload: { open: { rate: 1/s } }",
        p if p.starts_with("load.ramp") => "name: a\nload: { ramp: { from: 1/s, to: 1/s } }",
        p if p.starts_with("call.stream") => {
            "name: a\ncall: { method: BidiHello, stream: { rate: 5/s } }"
        }
        p if p.starts_with("call.read") => "name: a\ncall: { method: LotsOfReplies }",
        p if p.starts_with("call.retry") => "name: a\ncall: { retry: { attempts: 2 } }",
        p if p.starts_with("network.") => "name: a\nnetwork: {}",
        "client.lanes" => "name: a\nclient: { channels: 10000 }",
        p if p.contains("window_update_delay") => {
            "name: a\ntarget: { reference_server: { face: raw } }"
        }
        p if p.contains("behaviour") => {
            "name: a\ntarget: { reference_server: { behaviour: { error: { share: 0.5 }, stall: { period: 1h, width: 1us }, queue: { service: 1ms }, blackhole: { share: 0.5 }, slow_connection: { index: 0, delay: 1ms }, warmup: { for: 1s, factor: 10 }, drift: { per_second: 1% }, cadence: { every: 1ms, stall_at: 1, stall: 1ms } } } }"
        }
        _ => "name: a",
    }
}

fn set(path: &str, value: impl std::fmt::Display) -> Result<Suite, String> {
    Suite::parse("base.yaml", base(path), &[format!("{path}={value}")])
        .map_err(|error| error.render(false))
}

#[test]
fn ranges_are_those_of_the_schema() {
    let ranged: Vec<Key> = keys()
        .into_iter()
        .filter(|key| key.schema["maximum"].is_number() && !key.path.contains("[]"))
        .collect();
    assert!(ranged.len() >= 10);
    for Key { path, schema, .. } in ranged {
        let (min, max) = (
            schema["minimum"].as_f64().unwrap(),
            schema["maximum"].as_f64().unwrap(),
        );
        for good in [min, max] {
            set(&path, good).unwrap_or_else(|error| panic!("{path}={good}: {error}"));
        }
        for bad in [min - 1.0, max + 1.0] {
            assert!(set(&path, bad).is_err(), "{path}={bad} passes");
        }
    }
}

#[test]
fn ranges_in_words_are_kept() {
    // "... 1ms to 24h." at the end of a description.
    let mut seen = 0;
    for Key { path, about, .. } in keys().into_iter().filter(|key| !key.path.contains("[]")) {
        let words: Vec<&str> = about
            .split([' ', ';', ','])
            .map(|word| word.trim_end_matches('.'))
            .collect();
        let Some(to) = words
            .windows(3)
            .find(|w| w[1] == "to" && w[0].starts_with(|c: char| c.is_ascii_digit()))
        else {
            continue;
        };
        seen += 1;
        for bound in [to[0], to[2]] {
            set(&path, bound).unwrap_or_else(|error| panic!("{path}={bound}: {error}"));
        }
        let unit = to[2]
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap();
        let (number, unit) = to[2].split_at(unit);
        assert!(
            set(&path, format!("{number}0{unit}")).is_err(),
            "{path}={number}0{unit} passes"
        );
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn defaults_are_those_of_the_schema() {
    let defaulted: Vec<Key> = keys()
        .into_iter()
        .filter(|key| key.default.is_some() && !key.path.contains("[]"))
        // A gate needs its arms, and is no part of the work.
        .filter(|key| !key.path.starts_with("gate."))
        .collect();
    assert!(defaulted.len() >= 25);
    for Key { path, default, .. } in defaulted {
        let base = base(&path);
        let without = Suite::parse("base.yaml", base, &[]).unwrap();
        let with = set(&path, default.unwrap());
        // The text of a status stands beside a code that has no default, and `client.tls`, whatever is in it, is TLS to a
        // command.
        if matches!(
            path.as_str(),
            "call.reply.status.message" | "client.tls.insecure_skip_verify"
        ) {
            continue;
        }
        assert_eq!(
            with.as_ref().map(|suite| &suite.cases[0].fingerprint),
            Ok(&without.cases[0].fingerprint),
            "{path}"
        );
    }
}
