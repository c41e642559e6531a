//! Metadata that a call carries: plain, in turn from call to call, or a secret that is not in the scenario.

use std::path::PathBuf;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// The longest value.
const LONGEST: usize = 4096;

/// Base64 as gRPC sends it, without padding, and takes it, with or without (PROTOCOL-HTTP2.md, "Custom-Metadata").
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The value of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metadata {
    /// The same with each call.
    Text(String),
    /// One after the other, call after call.
    InTurn(Vec<String>),
    /// What is to be known to nobody but the server.
    Secret(Secret),
}

/// A value that is read when a run begins, and written nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Where it stands.
    pub source: SecretSource,
    /// What is put in front of it: `Bearer `.
    pub prefix: String,
}

/// Where a secret stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In an environment variable of this name.
    Env(String),
    /// In this file, whose last line end does not count.
    File(PathBuf),
}

/// A value as it goes over the wire.
///
/// The value of a key that ends in `-bin` is base64, with or without padding; on the wire it has none.
///
/// # Errors
///
/// What was expected instead.
pub fn wire_value(key: &str, value: &str) -> Result<String, &'static str> {
    if value.len() > LONGEST {
        return Err("expected at most 4096 characters");
    }
    if key.ends_with("-bin") {
        let bytes = BASE64.decode(value);
        return bytes
            .map(|bytes| BASE64.encode(bytes))
            .map_err(|_| "expected base64, as the key ends in `-bin`");
    }
    if !value.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err("expected at most 4096 characters of printable ASCII");
    }
    if value.trim() != value {
        return Err("expected a value without blanks at its ends, which HTTP/2 does not keep");
    }
    Ok(value.to_owned())
}

/// The text that a binary value stands for, where it is one: all that the reference server can be asked to send.
pub fn binary_text(value: &str) -> Option<String> {
    String::from_utf8(BASE64.decode(value).ok()?).ok()
}

/// The value of one key, as written.
#[derive(Debug)]
pub(crate) enum MetadataFile {
    Text(String),
    InTurn(Vec<String>),
    Secret(SecretFile),
}

/// A secret, as written: one of `env` and `file`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Secret")]
pub(crate) struct SecretFile {
    /// The environment variable that has it.
    pub(crate) env: Option<String>,
    /// The file that has it, from the folder in which the runner is started; its last line end does not count.
    pub(crate) file: Option<PathBuf>,
    /// Put in front of it: `"Bearer "`.
    pub(crate) prefix: Option<String>,
}

impl<'de> Deserialize<'de> for MetadataFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MetadataVisitor)
    }
}

struct MetadataVisitor;

impl<'de> Visitor<'de> for MetadataVisitor {
    type Value = MetadataFile;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("text, a list of texts, or a secret such as `{ env: TOKEN }`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<MetadataFile, E> {
        Ok(MetadataFile::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<MetadataFile, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(MetadataFile::InTurn)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MetadataFile, A::Error> {
        SecretFile::deserialize(MapAccessDeserializer::new(map)).map(MetadataFile::Secret)
    }
}

impl JsonSchema for MetadataFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MetadataValue".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let secret = generator.subschema_for::<SecretFile>();
        schemars::json_schema!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" }, "minItems": 1 },
            secret,
        ] })
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Metadata::Text(text) => text.serialize(serializer),
            Metadata::InTurn(texts) => texts.serialize(serializer),
            Metadata::Secret(secret) => secret.serialize(serializer),
        }
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(None)?;
        match &self.source {
            SecretSource::Env(name) => map.serialize_entry("env", name)?,
            SecretSource::File(path) => map.serialize_entry("file", path)?,
        }
        if !self.prefix.is_empty() {
            map.serialize_entry("prefix", &self.prefix)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::wire_value;

    #[test]
    fn binary_values_lose_their_padding_and_nothing_else() {
        for (written, sent) in [("AAECAw==", "AAECAw"), ("AAECAw", "AAECAw"), ("", "")] {
            assert_eq!(wire_value("x-trace-bin", written).as_deref(), Ok(sent));
        }
        assert!(wire_value("x-trace-bin", "no base64!").is_err());
        assert_eq!(wire_value("x-trace", "AAECAw==").as_deref(), Ok("AAECAw=="));
    }

    #[test]
    fn text_is_what_http2_keeps() {
        for wrong in [" a", "a ", "ä", "a\nb"] {
            assert!(wire_value("x", wrong).is_err(), "{wrong:?}");
        }
    }
}
