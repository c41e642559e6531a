//! Status codes of gRPC, by the names of its specification.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A gRPC status code, by its name in the gRPC specification (`UNAVAILABLE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatusCode(pub u8);

/// The names, each at the index that is its code.
const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

impl StatusCode {
    /// Success.
    pub const OK: StatusCode = StatusCode(0);
    /// Cancelled.
    pub const CANCELLED: StatusCode = StatusCode(1);
    /// The deadline came first.
    pub const DEADLINE_EXCEEDED: StatusCode = StatusCode(4);
    /// Not there now.
    pub const UNAVAILABLE: StatusCode = StatusCode(14);

    /// All codes of the specification, in order.
    pub fn all() -> impl Iterator<Item = StatusCode> {
        (0..NAMES.len() as u8).map(StatusCode)
    }

    /// The name; a number outside the specification counts as `UNKNOWN`, as the specification has it.
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("UNKNOWN")
    }
}

/// Why a text is not a status code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown status code `{0}`, expected one of {names}", names = quoted())]
pub struct StatusCodeError(String);

fn quoted() -> String {
    NAMES.map(|name| format!("`{name}`")).join(", ")
}

impl FromStr for StatusCode {
    type Err = StatusCodeError;

    fn from_str(text: &str) -> Result<StatusCode, StatusCodeError> {
        StatusCode::all()
            .find(|code| code.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| StatusCodeError(text.to_owned()))
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for StatusCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for StatusCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StatusCode, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        name.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for StatusCode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StatusCode".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "enum": NAMES, "description": "a gRPC status code, by its name in the specification"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_back_in_any_case() {
        for code in StatusCode::all() {
            assert_eq!(code.name().parse(), Ok(code));
            assert_eq!(code.name().to_lowercase().parse(), Ok(code));
        }
        assert_eq!("UNAVAILABLE".parse(), Ok(StatusCode(14)));
        assert_eq!(StatusCode(99).name(), "UNKNOWN");
    }
}
