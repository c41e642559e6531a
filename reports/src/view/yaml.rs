//! A JSON value as YAML text: what a reader knows a scenario by, and what can be run again.

use serde_json::{Map, Value};

/// The value as a YAML document in block style.
pub fn block(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => write_map(&mut out, map, 0),
        Value::Array(list) if !list.is_empty() => write_list(&mut out, list, 0),
        _ => {
            out.push_str(&flow(value));
            out.push('\n');
        }
    }
    out
}

/// The value in one line: `{rate: 5000/s, arrivals: poisson}`.
pub fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let items: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}: {}", scalar(key), flow(value)))
                .collect();
            format!("{{{}}}", items.join(", "))
        }
        other => other.to_string(),
    }
}

fn write_map(out: &mut String, map: &Map<String, Value>, depth: usize) {
    for (key, value) in map {
        indent(out, depth);
        write_entry(out, key, value, depth);
    }
}

fn write_entry(out: &mut String, key: &str, value: &Value, depth: usize) {
    out.push_str(&scalar(key));
    out.push(':');
    match value {
        Value::Object(map) if !is_short(value) => {
            out.push('\n');
            write_map(out, map, depth + 1);
        }
        Value::Array(list) if !is_short(value) => {
            out.push('\n');
            write_list(out, list, depth + 1);
        }
        _ => {
            out.push(' ');
            out.push_str(&flow(value));
            out.push('\n');
        }
    }
}

fn write_list(out: &mut String, list: &[Value], depth: usize) {
    for item in list {
        indent(out, depth);
        out.push_str("- ");
        match item {
            Value::Object(map) if !is_short(item) => {
                for (i, (key, value)) in map.iter().enumerate() {
                    if i > 0 {
                        indent(out, depth + 1);
                    }
                    write_entry(out, key, value, depth + 1);
                }
            }
            _ => {
                out.push_str(&flow(item));
                out.push('\n');
            }
        }
    }
}

/// Whether a value goes in one line: a scalar, an empty thing, a small flat one.
fn is_short(value: &Value) -> bool {
    let is_scalar = |v: &Value| !v.is_object() && !v.is_array();
    let small = |flat: bool| flat && flow(value).chars().count() <= 60;
    match value {
        Value::Object(map) => {
            map.is_empty() || small(map.len() <= 2 && map.values().all(is_scalar))
        }
        Value::Array(list) => list.is_empty() || small(list.iter().all(is_scalar)),
        _ => true,
    }
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// A text as it is, or in quotes where YAML would read something else.
fn scalar(text: &str) -> String {
    let plain = text
        .chars()
        .all(|c| c.is_alphanumeric() || "_-./ +%<>=()'".contains(c) || is_inner_colon(text, c));
    let starts_plain = text
        .chars()
        .next()
        .is_some_and(|c| c.is_alphanumeric() || "_/<".contains(c));
    let is_other = text.parse::<f64>().is_ok()
        || text.starts_with("0x")
        || text.starts_with("0o")
        || ["true", "false", "null", "yes", "no", "on", "off", "~"]
            .contains(&text.to_ascii_lowercase().as_str());
    if plain && starts_plain && !is_other && !text.ends_with(' ') {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// In quotes, as JSON has it; what YAML takes nowhere as it is (section 5.1 of its specification) is escaped as well.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in Value::from(text).to_string().chars() {
        match c {
            '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out
}

/// A colon that is followed by no space ends no key: `http://127.0.0.1:50051`.
fn is_inner_colon(text: &str, c: char) -> bool {
    c == ':' && !text.contains(": ") && !text.ends_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_reads_like_its_file() {
        let value = serde_json::json!({
            "name": "sweep", "about": "One: two.", "client": { "channels": 10, "cpus": [], "http2": { "a": "1MiB", "b": "2MiB", "c": null } },
            "load": { "closed": { "in_flight": 10 } }, "limits": ["failed == 0", "response_time.p99 < 20ms"],
            "stages": [{ "name": "x", "open": { "rate": "5/s" } }], "version": "1.0", "target": "http://h:1"
        });
        let text = block(&value);
        assert_eq!(
            text,
            "name: sweep\nabout: \"One: two.\"\nclient:\n  channels: 10\n  cpus: []\n  http2:\n    a: 1MiB\n    b: 2MiB\n    c: null\n\
             load:\n  closed: {in_flight: 10}\nlimits: [failed == 0, response_time.p99 < 20ms]\nstages:\n  - name: x\n    open: {rate: 5/s}\n\
             version: \"1.0\"\ntarget: http://h:1\n"
        );
    }

    #[test]
    fn what_yaml_takes_nowhere_is_escaped() {
        let text = flow(&"a\u{7f}b\u{85}c\u{feff}d\u{ffff}e\nfé".into());
        assert_eq!(text, r#""a\u007fb\u0085c\ufeffd\uffffe\nfé""#);
    }
}
