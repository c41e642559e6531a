//! The units as scalars of YAML and JSON, and in the schema.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{
    BANDWIDTH, Bandwidth, Bytes, DURATION, Nanos, RATE, Rate, SHARE, SIZE, Share, UnitError,
};

/// Reads any unit from a YAML scalar: text is parsed, a bare number is judged by the type (most refuse it).
struct ScalarVisitor<T>(&'static str, std::marker::PhantomData<T>);

impl<T: FromStr<Err = UnitError>> Visitor<'_> for ScalarVisitor<T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}

macro_rules! scalar {
    ($type:ident, $expected:expr, $number:literal, $pattern:literal, $example:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(ScalarVisitor($expected, std::marker::PhantomData))
            }
        }
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": ["string", $number], "pattern": $pattern, "description": $expected, "examples": [$example]
                })
            }
        }
    };
}

scalar!(
    Nanos,
    DURATION,
    "integer",
    r"^(0|[0-9.]+ *(ns|us|µs|ms|s|m|min|h))$",
    "20ms"
);
scalar!(
    Bytes,
    SIZE,
    "integer",
    r"^[0-9.]+ *(B|KiB|MiB|GiB|kB|KB|MB|GB)?$",
    "64KiB"
);
scalar!(Share, SHARE, "number", r"^-?[0-9.]+ *%?$", "1%");
scalar!(
    Rate,
    RATE,
    "integer",
    r"^[0-9.]+ */ *(s|sec|m|min|h)$",
    "5000/s"
);
scalar!(
    Bandwidth,
    BANDWIDTH,
    "integer",
    r"^[0-9.]+ *(|k|M|G)bit/s$",
    "1Gbit/s"
);
