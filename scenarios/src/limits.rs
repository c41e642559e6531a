//! Limits: what decides between exit codes 0 and 1, such as `response_time.p99 < 20ms`.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::metric::{Metric, unknown_metric};
use crate::units::{Bytes, Nanos, Rate};

/// A bound on a metric of each repetition.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// The call of a mix that it speaks of; `None` is all calls together.
    pub call: Option<String>,
    /// What is looked at.
    pub metric: Metric,
    /// How it is compared.
    pub op: Op,
    /// With what.
    pub value: LimitValue,
}

impl Limit {
    /// Whether a metric that was seen as `seen` (in base units: ns, bytes, calls, calls per second, a share) is within
    /// the limit.
    pub fn holds(&self, seen: f64) -> bool {
        self.op.holds(seen, self.value.get())
    }
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Op {
    const ALL: [(Op, &'static str); 6] = [
        (Op::Less, "<"),
        (Op::AtMost, "<="),
        (Op::Greater, ">"),
        (Op::AtLeast, ">="),
        (Op::Equal, "=="),
        (Op::NotEqual, "!="),
    ];

    /// Whether `seen` stands in this relation to `bound`.
    pub fn holds(self, seen: f64, bound: f64) -> bool {
        match self {
            Op::Less => seen < bound,
            Op::AtMost => seen <= bound,
            Op::Greater => seen > bound,
            Op::AtLeast => seen >= bound,
            Op::Equal => seen == bound,
            Op::NotEqual => seen != bound,
        }
    }

    /// The sign.
    pub fn sign(self) -> &'static str {
        Op::ALL
            .iter()
            .find(|(op, _)| *op == self)
            .map_or("", |(_, sign)| sign)
    }
}

/// The bound of a limit, in the metric's base unit, with the text that it was written as.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitValue {
    value: f64,
    text: String,
}

impl LimitValue {
    /// The bound in base units: ns, bytes, calls, calls per second, a share from 0 to 1.
    pub fn get(&self) -> f64 {
        self.value
    }
}

/// What a metric is counted in, and so which texts its bound may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nanoseconds; a duration in the file.
    Time,
    /// Nanoseconds; a duration or a bare number in the file.
    Cost,
    /// Bytes; a size or a bare number in the file.
    Memory,
    /// Calls, messages or bytes; a bare number in the file.
    Count,
    /// Calls per second; a rate or a bare number in the file.
    Rate,
    /// From 0 to 1; a bare number or a percentage in the file.
    Share,
}

impl Unit {
    /// Reads a bound.
    fn parse(self, text: &str) -> Option<f64> {
        let number = || {
            text.parse::<f64>()
                .ok()
                .filter(|n| n.is_finite() && *n >= 0.0)
        };
        let time = || text.parse::<Nanos>().ok().map(|t| t.0 as f64);
        match self {
            Unit::Time => time(),
            Unit::Cost => number().or_else(time),
            Unit::Memory => number().or_else(|| text.parse::<Bytes>().ok().map(|b| b.0 as f64)),
            Unit::Count => number(),
            Unit::Rate => number().or_else(|| text.parse::<Rate>().ok().map(Rate::get)),
            Unit::Share => match text.strip_suffix('%') {
                Some(percent) => percent.trim().parse::<f64>().ok().map(|p| p / 100.0),
                None => number(),
            }
            .filter(|share| (0.0..=1.0).contains(share)),
        }
    }

    /// The texts that are read.
    fn expected(self) -> &'static str {
        match self {
            Unit::Time => "a duration with its unit, such as `20ms`",
            Unit::Cost => "a duration such as `30us`, or nanoseconds as a bare number",
            Unit::Memory => "a size such as `64MiB`, or bytes as a bare number",
            Unit::Count => "a number that is not negative",
            Unit::Rate => "a rate such as `5000/s`, or a bare number",
            Unit::Share => "a share such as `0.01` or `1%`",
        }
    }
}

/// Why a text is not a limit: what is wrong, and which part of the text it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LimitError {
    message: String,
}

/// The call and the metric of `calls.NAME.METRIC`, or the metric alone.
fn of_call(name: &str) -> Result<(Option<&str>, &str), LimitError> {
    let Some(rest) = name.strip_prefix("calls.") else {
        return Ok((None, name));
    };
    let (call, metric) = rest.split_once('.').ok_or_else(|| LimitError {
        message: format!("expected a metric of a call, such as `calls.{rest}.response_time.p99`"),
    })?;
    Ok((Some(call), metric))
}

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Limit, LimitError> {
        let is_sign = |c: char| "<>=!".contains(c);
        let start = text.find(is_sign).ok_or_else(|| LimitError {
            message: format!(
                "expected a limit such as `response_time.p99 < 20ms`, found `{text}` without a comparison"
            ),
        })?;
        let signs: String = text[start..].chars().take_while(|c| is_sign(*c)).collect();
        let (name, bound) = (text[..start].trim(), text[start + signs.len()..].trim());
        let (call, name) = of_call(name)?;
        let metric: Metric = name.parse().map_err(|_| LimitError {
            message: unknown_metric(name),
        })?;
        if call.is_some() && !metric.is_kept_by_call() {
            let message = format!(
                "`{metric}` is not kept for each call of a mix; its times, counts and rates are"
            );
            return Err(LimitError { message });
        }
        let (op, _) = Op::ALL
            .into_iter()
            .find(|(_, sign)| *sign == signs)
            .ok_or_else(|| LimitError {
                message: format!(
                    "unknown comparison `{signs}`, expected one of `<`, `<=`, `>`, `>=`, `==`, `!=`"
                ),
            })?;
        let unit = metric.unit();
        let value = unit.parse(bound).ok_or_else(|| LimitError {
            message: format!(
                "expected {} for `{metric}`, found `{bound}`",
                unit.expected()
            ),
        })?;
        Ok(Limit {
            call: call.map(str::to_owned),
            metric,
            op,
            value: LimitValue {
                value,
                text: bound.to_owned(),
            },
        })
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

impl fmt::Display for LimitValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(call) = &self.call {
            write!(f, "calls.{call}.")?;
        }
        write!(f, "{} {} {}", self.metric, self.op, self.value)
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Limit, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Limit {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^ *[A-Za-z_0-9.-]+ *(<|<=|>|>=|==|!=) *[0-9].*$",
            "description": "METRIC OP VALUE; OP is one of < <= > >= == !=; `calls.NAME.` before METRIC means one call of a mix",
            "examples": ["response_time.p99 < 20ms", "failed == 0", "achieved_per_s >= 4900/s", "error_share < 1%"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_prints_as_it_is_read() {
        for text in [
            "response_time.p99 < 20ms",
            "failed == 0",
            "error_share <= 1%",
            "achieved_per_s >= 4900/s",
            "calls.say-hello.response_time.p99 < 20ms",
        ] {
            assert_eq!(text.parse::<Limit>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn bounds_are_in_base_units() {
        let bound = |text: &str| text.parse::<Limit>().unwrap().value.get();
        assert_eq!(bound("response_time.p99<20ms"), 20e6);
        assert_eq!(bound("error_share < 1%"), 0.01);
        assert_eq!(bound("server.peak_rss_bytes < 1MiB"), 1_048_576.0);
        assert_eq!(bound("client.cpu_ns_per_call < 30us"), 30_000.0);
        assert_eq!(bound("offered_per_s > 300/min"), 5.0);
    }

    #[test]
    fn a_bound_in_the_wrong_unit_is_refused() {
        for text in [
            "response_time.p99 < 20",
            "failed == 1ms",
            "error_share < 3",
            "failed == -1",
            "failed == ",
        ] {
            assert!(text.parse::<Limit>().is_err(), "{text}");
        }
    }

    #[test]
    fn of_one_call_there_is_what_is_kept_by_call() {
        let why = |text: &str| text.parse::<Limit>().unwrap_err().to_string();
        assert!(why("calls.hello < 1ms").contains("calls.hello.response_time.p99"));
        assert!(
            why("calls.hello.server.cpu_ns_per_call < 1us").contains("is not kept for each call")
        );
        assert!(why("calls.hello.fialed == 0").contains("unknown metric `fialed`"));
        let limit: Limit = "calls.hello.failed == 0".parse().unwrap();
        assert_eq!(limit.call.as_deref(), Some("hello"));
    }

    #[test]
    fn a_limit_holds_or_does_not() {
        let limit: Limit = "failed <= 2".parse().unwrap();
        assert!(limit.holds(2.0) && !limit.holds(3.0));
    }
}
