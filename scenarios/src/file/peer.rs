//! The server of another stack, as written: its name alone, or a mapping with settings.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{BehaviourFile, ServerTlsFile};

/// The server of another stack.
#[derive(Debug)]
pub(crate) struct PeerFile(pub(crate) PeerSettingsFile);

/// The settings of another stack's server.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Peer")]
pub(crate) struct PeerSettingsFile {
    /// The name of a stack or of a variant; `bench-runner peers list` shows them.
    #[schemars(extend("examples" = ["grpcio", "grpcio-aio"]))]
    pub(crate) name: String,
    /// The cores its process may run on; empty means any.
    #[schemars(extend("default" = []))]
    pub(crate) cpus: Option<Vec<usize>>,
    /// Its TLS, where the stack's folder knows it; `{}` makes a certificate for the run. Left out: plaintext.
    pub(crate) tls: Option<ServerTlsFile>,
    /// How it misbehaves, for every call: `delay` and `error`, whose delays are durations, and `require`.
    pub(crate) behaviour: Option<BehaviourFile>,
}

impl<'de> Deserialize<'de> for PeerFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PeerFile, D::Error> {
        deserializer.deserialize_any(NameOrSettings)
    }
}

struct NameOrSettings;

impl<'de> Visitor<'de> for NameOrSettings {
    type Value = PeerFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a peer, or a mapping such as `{ name: grpcio, cpus: [0] }`")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<PeerFile, E> {
        Ok(PeerFile(PeerSettingsFile {
            name: name.to_owned(),
            ..PeerSettingsFile::default()
        }))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PeerFile, A::Error> {
        PeerSettingsFile::deserialize(MapAccessDeserializer::new(map)).map(PeerFile)
    }
}

impl JsonSchema for PeerFile {
    fn schema_name() -> Cow<'static, str> {
        "PeerOrName".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let settings = generator.subschema_for::<PeerSettingsFile>();
        json_schema!({ "anyOf": [{ "type": "string" }, settings] })
    }
}
