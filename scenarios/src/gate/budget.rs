//! How much a gate may cost.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::units::Nanos;

/// How much a gate may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// So long from its start.
    Time(Nanos),
    /// So many rounds of every case.
    Rounds(u32),
}

impl Default for Budget {
    fn default() -> Budget {
        Budget::Time(Nanos(600 * Nanos::SECOND.0))
    }
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Budget, String> {
        let rounds = text.trim().strip_suffix("rounds").map(str::trim);
        let budget = match rounds {
            Some(rounds) => rounds
                .parse()
                .ok()
                .filter(|n| (1..=1000).contains(n))
                .map(Budget::Rounds),
            None => text
                .parse()
                .ok()
                .filter(|time| *time > Nanos::ZERO)
                .map(Budget::Time),
        };
        budget.ok_or_else(|| {
            format!("expected a duration such as `10m`, or rounds such as `30 rounds`, at most 1000, found `{text}`")
        })
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Budget::Time(time) => time.fmt(f),
            Budget::Rounds(rounds) => write!(f, "{rounds} rounds"),
        }
    }
}

impl<'de> Deserialize<'de> for Budget {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Budget, D::Error> {
        let text = match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            other => other.to_string(),
        };
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Budget {
    fn schema_name() -> Cow<'static, str> {
        "Budget".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["10m", "30 rounds"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_read_as_they_are_printed() {
        for text in ["10m", "90s", "30 rounds"] {
            assert_eq!(text.parse::<Budget>().unwrap().to_string(), text);
        }
        for wrong in ["", "0s", "0 rounds", "5000 rounds", "ten", "10"] {
            assert!(wrong.parse::<Budget>().is_err(), "{wrong}");
        }
    }
}
