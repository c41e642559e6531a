//! The body of the fuzz target: a plain function, which a test replays over a corpus and random bytes.

use protos::dynamic::template::Template;
use scenarios::Suite;
use serde_json::Value;

use super::{Format, Imported, Source, ghz};

/// A configuration is imported or refused; what is refused can be shown, and what is imported is a scenario.
///
/// The first byte chooses the format.
pub fn fuzz_ghz(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let format = [Format::Json, Format::Yaml, Format::Toml][usize::from(*first) % 3];
    let text = String::from_utf8_lossy(rest);
    let source = Source {
        name: "fuzz",
        format,
        text: &text,
    };
    match ghz(&source) {
        Err(error) => assert!(error.render(false).contains('×')),
        Ok(imported) => accepted(&imported),
    }
}

/// That what is imported is a scenario, and every note says why.
pub fn accepted(imported: &Imported) {
    let yaml = known(imported).yaml("fuzz");
    if let Err(error) = Suite::parse("imported.yaml", &yaml, &[]) {
        panic!("{}\n{yaml}", error.render(false));
    }
    assert!(imported.notes.iter().all(|note| !note.why.is_empty()));
    let call = &imported.scenario["call"];
    for key in ["message", "messages"] {
        call.get(key).into_iter().for_each(templates_are_known);
    }
}

fn templates_are_known(value: &Value) {
    match value {
        Value::String(text) => drop(Template::parse(text, &[]).expect(text)),
        Value::Array(items) => items.iter().for_each(templates_are_known),
        Value::Object(map) => map.values().for_each(templates_are_known),
        _ => {}
    }
}

/// Without what the scenario language does not have yet.
fn known(imported: &Imported) -> Imported {
    let mut imported = imported.clone();
    let scenario = &mut imported.scenario;
    for (part, keys) in PENDING {
        let part = scenario
            .get_mut(*part)
            .and_then(|part| part.as_object_mut());
        if let Some(part) = part {
            part.retain(|key, _| !keys.contains(&key.as_str()));
        }
    }
    if let Some(address) = scenario["target"]["address"].as_str() {
        let plain = address.replace("https://", "http://");
        scenario["target"]["address"] = plain.into();
    }
    imported
}

const PENDING: &[(&str, &[&str])] = &[("call", &["compression"]), ("client", &["tls"])];
