//! Metadata that every call must have.

use std::collections::BTreeMap;

use tonic::Status;

/// What every call of the Greeter must have among its metadata; nothing for most servers.
#[derive(Debug, Default)]
pub(crate) struct Required(Vec<(String, String)>);

impl Required {
    pub(crate) fn new(pairs: &BTreeMap<String, String>) -> Required {
        Required(pairs.clone().into_iter().collect())
    }

    /// Whether a call has all of it; `given` looks a key up among the header fields of the call.
    #[inline]
    pub(crate) fn admits<'g>(&self, given: impl Fn(&str) -> Option<&'g [u8]>) -> bool {
        self.0
            .iter()
            .all(|(key, value)| given(key).is_some_and(|given| same(key, given, value)))
    }

    /// How a call ends that has not.
    #[cold]
    pub(crate) fn refusal(&self) -> Status {
        let keys: Vec<String> = self.0.iter().map(|(key, _)| format!("`{key}`")).collect();
        let keys = keys.join(" and ");
        Status::unauthenticated(format!("the call lacks the {keys} that it must have"))
    }
}

/// Base64 may come with padding or without (PROTOCOL-HTTP2.md, "Custom-Metadata").
fn same(key: &str, given: &[u8], value: &str) -> bool {
    let unpadded = |text: &[u8]| -> usize {
        let padding = text.iter().rev().take_while(|byte| **byte == b'=');
        text.len() - padding.count()
    };
    let value = value.as_bytes();
    match key.ends_with("-bin") {
        true => given[..unpadded(given)] == value[..unpadded(value)],
        false => given == value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_must_have_all_of_it_to_the_letter() {
        let pairs = [("x-a", "blue"), ("x-b-bin", "AA==")];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let required = Required::new(&pairs.into());
        let admits = |a: Option<&'static str>, b: Option<&'static str>| {
            let given = move |key: &str| if key == "x-a" { a } else { b };
            required.admits(|key| given(key).map(str::as_bytes))
        };
        assert!(admits(Some("blue"), Some("AA==")) && admits(Some("blue"), Some("AA")));
        assert!(!admits(Some("blue="), Some("AA")) && !admits(Some("blue"), None));
        assert!(!admits(Some("blue"), Some("AB")));
        assert!(Required::default().admits(|_| None));
    }
}
