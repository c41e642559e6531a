//! Go's template actions in messages, as the templates of this language (`protos::dynamic::template`).

use serde_json::Value;

use super::call::Called;
use super::config::Config;

/// A text so long is no text of a template.
const MAX_LENGTH: i64 = 1 << 16;
/// What stands for two braces and nothing more.
const BRACES: &str = "\\{{";

/// A value with its texts translated; what has no counterpart stays as text, and is listed by its path.
pub(super) fn in_value(
    config: &mut Config<'_>,
    called: &Called,
    path: &str,
    value: Value,
) -> Value {
    match value {
        Value::String(text) => in_text(config, called, path, &text).into(),
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| in_value(config, called, &format!("{path}[{index}]"), item))
            .collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(key, item)| {
                let item = in_value(config, called, &format!("{path}.{key}"), item);
                (key, item)
            })
            .collect(),
        other => other,
    }
}

fn in_text(config: &mut Config<'_>, called: &Called, path: &str, text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((action, after)) = after.split_once("}}") else {
            config.leave(path, "`{{` without its `}}` is sent as it is");
            return out + BRACES + &after.replace("{{", BRACES);
        };
        match translated(called, words(action).as_slice()) {
            Some(Translated::Same(ours)) => out.push_str(&ours),
            Some(Translated::Nearly(ours, why)) => {
                config.differs(path, format!("`{{{{{action}}}}}` became `{ours}`: {why}"));
                out.push_str(&ours);
            }
            None => {
                let why = "has no counterpart, and is sent as it is";
                config.leave(path, format!("`{{{{{action}}}}}` {why}"));
                out += &format!("{BRACES}{}}}}}", action.replace("{{", BRACES));
            }
        }
        rest = after;
    }
    out + rest
}

/// Whether any text of a value has an action in it.
pub(super) fn is_in(value: &Value) -> bool {
    match value {
        Value::String(text) => has_action(text),
        Value::Array(items) => items.iter().any(is_in),
        Value::Object(map) => map.values().any(is_in),
        _ => false,
    }
}

/// Whether a text has an action in it.
pub(super) fn has_action(text: &str) -> bool {
    text.contains("{{")
}

enum Translated {
    Same(String),
    Nearly(String, &'static str),
}

/// The words of an action, without the marks that trim blanks around it.
fn words(action: &str) -> Vec<&str> {
    let action = action.strip_prefix("- ").unwrap_or(action);
    let action = action.strip_suffix(" -").unwrap_or(action);
    let action = action.trim();
    let inner = action
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'));
    inner.unwrap_or(action).split_whitespace().collect()
}

fn translated(called: &Called, action: &[&str]) -> Option<Translated> {
    use Translated::{Nearly, Same};
    let ours = |template: &str| format!("{{{{{template}}}}}");
    let same = |template: &str| Some(Same(ours(template)));
    match action {
        [".RequestNumber"] => same("seq"),
        [".UUID" | "newUUID"] => same("uuid"),
        [".Timestamp"] => same("now"),
        [".TimestampUnixMilli"] => same("now_ms"),
        [".TimestampUnixNano"] => same("now_ns"),
        [".TimestampUnix"] => Some(Nearly(ours("now_ms"), "milliseconds, not seconds")),
        [".WorkerID"] => Some(Nearly(ours("lane"), "the number of a thread")),
        [".MethodName"] => Some(Same(called.method.clone())),
        [".FullyQualifiedName"] => Some(Same(format!("{}.{}", called.service, called.method))),
        [".ServiceName"] => {
            let name = called.service.rsplit('.').next();
            Some(Same(name.unwrap_or_default().to_owned()))
        }
        ["randomInt", min, max] => {
            let (min, max): (i64, i64) = (min.parse().ok()?, max.parse().ok()?);
            // ghz's range leaves its end out.
            (min < max).then(|| Same(ours(&format!("rand_int {min} {}", max - 1))))
        }
        ["randomString", length] => match length.parse::<i64>().ok()? {
            MAX_LENGTH.. => None,
            1.. => same(&format!("rand_string {length}")),
            _ => Some(Nearly(
                ours("rand_string 9"),
                "a fixed length, where ghz draws 2 to 16",
            )),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_its_words() {
        assert_eq!(words(" randomInt  1 9 "), ["randomInt", "1", "9"]);
        assert_eq!(words("- .UUID -"), [".UUID"]);
        assert_eq!(words("(newUUID)"), ["newUUID"]);
        assert!(words("").is_empty());
    }
}
