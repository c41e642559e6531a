//! What the scenario is called.

use std::path::Path;

use scenarios::ScenarioError;
use serde_json::{Map, Value};

use super::config::Config;

/// The longest name that a scenario may have.
const MAX_NAME: usize = 80;

/// Writes `name`, and `about` where the name cannot be kept as it is: a scenario's name is also a folder.
pub(super) fn name(
    config: &mut Config<'_>,
    scenario: &mut Map<String, Value>,
) -> Result<(), ScenarioError> {
    let written = config.text("name")?;
    let stem = Path::new(config.file_name()).file_stem();
    let stem = stem.and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = harmless(written.as_deref().unwrap_or(stem));
    if let Some(about) = written.filter(|written| *written != name) {
        config.differs(
            "name",
            format!(
                "a scenario's name is also a folder: `{name}`, and the text as it was in `about`"
            ),
        );
        scenario.insert("name".into(), name.into());
        scenario.insert("about".into(), about.into());
    } else {
        scenario.insert("name".into(), name.into());
    }
    Ok(())
}

/// The text as letters, digits, `-`, `_` and `.`, beginning with a letter or digit.
fn harmless(text: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut name = String::new();
    for c in text.chars() {
        match kept(c) {
            true => name.push(c.to_ascii_lowercase()),
            false if !name.ends_with('-') => name.push('-'),
            false => {}
        }
    }
    name.truncate(MAX_NAME);
    match name.trim_matches(['.', '-']) {
        "" => "imported".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_folder() {
        for (text, name) in [
            ("Greeter SayHello", "greeter-sayhello"),
            ("nightly_2.1", "nightly_2.1"),
            ("  über / alles ", "ber-alles"),
            ("...", "imported"),
            ("日本", "imported"),
        ] {
            assert_eq!(harmless(text), name);
        }
        assert_eq!(harmless(&"x".repeat(200)).len(), 80);
    }
}
