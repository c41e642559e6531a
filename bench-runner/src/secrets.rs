//! Secrets: metadata values that are read from the environment or a file when a run begins, and go nowhere but to the
//! server.
//!
//! Only the scenario's word for them is written down. What a server says that has one in it, an error text or a trailer
//! that echoes a token, is told with three asterisks in its place.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::{env, fmt, fs};

use scenarios::metadata::wire_value;
use scenarios::scenario::{Call, Metadata, Secret, SecretSource};
use scenarios::{Case, Origin};

/// What stands in the place of a secret.
const HIDDEN: &str = "***";

/// The secrets of one call, by the keys of its metadata, as they go over the wire.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, Value>);

#[derive(Clone)]
struct Value {
    /// With its prefix.
    sent: String,
    /// As it was read.
    bare: String,
}

/// Why a secret is not there. Says where it should be, and nothing of what is there.
#[derive(Debug, thiserror::Error)]
#[error("{of}.metadata.{key}: {why}")]
pub struct SecretError {
    of: String,
    key: String,
    why: String,
}

impl Secrets {
    /// Reads the secrets of all calls of a case, each call's by its number. Files are found as others that it names.
    ///
    /// # Errors
    ///
    /// Where a variable is not set, a file cannot be read, or what is there can be no metadata.
    pub fn of(case: &Case) -> Result<Vec<Secrets>, SecretError> {
        let calls = &case.scenario.calls;
        let one = |(number, call): (usize, &Call)| {
            let of = match calls.only() {
                Some(_) => "call".to_owned(),
                None => format!("calls[{number}]"),
            };
            Secrets::of_call(call, &of, &case.origin)
        };
        calls.iter().enumerate().map(one).collect()
    }

    fn of_call(call: &Call, of: &str, origin: &Origin) -> Result<Secrets, SecretError> {
        let mut secrets = BTreeMap::new();
        for (key, value) in &call.metadata {
            if let Metadata::Secret(secret) = value {
                let value = read(key, secret, origin).map_err(|why| SecretError {
                    of: of.to_owned(),
                    key: key.clone(),
                    why,
                })?;
                secrets.insert(key.clone(), value);
            }
        }
        Ok(Secrets(secrets))
    }

    /// Makes sure that the secrets of a case are there, before anything is started.
    ///
    /// # Errors
    ///
    /// As [`of`](Secrets::of).
    pub fn check(case: &Case) -> Result<(), SecretError> {
        Secrets::of(case).map(drop)
    }

    /// What a key stands for on the wire; `None` where it is not among them.
    pub(crate) fn value(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|value| value.sent.as_str())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text without them.
    pub(crate) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut hidden = Cow::Borrowed(text);
        for value in self.0.values().filter(|value| !value.bare.is_empty()) {
            if hidden.contains(&value.bare) {
                hidden = Cow::Owned(hidden.replace(&value.bare, HIDDEN));
            }
        }
        hidden
    }
}

/// Never what they are.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

fn read(key: &str, secret: &Secret, origin: &Origin) -> Result<Value, String> {
    let (text, place) = match &secret.source {
        SecretSource::Env(name) => {
            let place = format!("the environment variable `{name}`");
            let text = env::var(name).map_err(|error| match error {
                env::VarError::NotPresent => {
                    format!("{place} is not set; `export {name}=...` before the run")
                }
                env::VarError::NotUnicode(_) => format!("{place} is no UTF-8 text"),
            })?;
            (text, place)
        }
        SecretSource::File(path) => {
            let place = format!("the file `{}`", path.display());
            let text = fs::read_to_string(origin.find(path))
                .map_err(|error| format!("cannot read {place}: {error}"))?;
            (text, place)
        }
    };
    let bare = text.strip_suffix('\n').unwrap_or(&text);
    let bare = bare.strip_suffix('\r').unwrap_or(bare);
    if bare.is_empty() {
        return Err(format!("{place} is empty"));
    }
    // `wire_value` tells what was expected, and never what was found.
    let bare = wire_value(key, bare).map_err(|expected| format!("{place}: {expected}"))?;
    let sent = format!("{}{bare}", secret.prefix);
    if sent.starts_with(' ') {
        return Err(format!(
            "{place}: expected a prefix that does not begin with a blank"
        ));
    }
    Ok(Value { sent, bare })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use scenarios::Suite;

    use super::*;

    fn secrets_of(value: &str) -> Result<Secrets, String> {
        secrets_in("", value)
    }

    /// Of a scenario in this folder.
    fn secrets_in(folder: &str, value: &str) -> Result<Secrets, String> {
        let file = Path::new(folder).join("test.yaml").display().to_string();
        let yaml = format!("name: test\ncall: {{ metadata: {{ authorization: {value} }} }}\n");
        let suite = Suite::parse(&file, &yaml, &[]).unwrap();
        let all = Secrets::of(&suite.cases[0]).map_err(|error| error.to_string())?;
        Ok(all[0].clone())
    }

    #[test]
    fn a_file_is_found_beside_the_scenario() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("token.txt"), "beside\n").unwrap();
        let folder = folder.path().display().to_string();
        let secrets = secrets_in(&folder, "{ file: token.txt }").unwrap();
        assert_eq!(secrets.value("authorization"), Some("beside"));
        let elsewhere = secrets_of("{ file: token.txt }").unwrap_err();
        assert!(
            elsewhere.contains("cannot read the file `token.txt`"),
            "{elsewhere}"
        );
    }

    #[test]
    fn a_secret_in_a_file_is_sent_behind_its_prefix_and_shown_to_nobody() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "s3cret\r\n").unwrap();
        let path = file.path().display();
        let secrets = secrets_of(&format!("{{ file: {path}, prefix: \"Bearer \" }}")).unwrap();
        assert_eq!(secrets.value("authorization"), Some("Bearer s3cret"));
        assert_eq!(secrets.hide("no access for s3cret!"), "no access for ***!");
        assert_eq!(format!("{secrets:?}"), "{\"authorization\"}");
    }

    #[test]
    fn a_secret_that_is_not_there_is_told_of_by_its_place() {
        let missing = secrets_of("{ env: BENCH_RUNNER_NO_SUCH_VARIABLE }").unwrap_err();
        assert_eq!(
            missing,
            "call.metadata.authorization: the environment variable `BENCH_RUNNER_NO_SUCH_VARIABLE` is not set; \
             `export BENCH_RUNNER_NO_SUCH_VARIABLE=...` before the run"
        );
        let missing = secrets_of("{ file: /no/such/file }").unwrap_err();
        assert!(
            missing.contains("cannot read the file `/no/such/file`"),
            "{missing}"
        );
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "t\u{f6}ken").unwrap();
        let odd = secrets_of(&format!("{{ file: {} }}", file.path().display())).unwrap_err();
        assert!(
            odd.contains("printable ASCII") && !odd.contains("t\u{f6}ken"),
            "{odd}"
        );
    }
}
