//! A value of protobuf JSON as one of protobuf, or what was expected in its place.
//!
//! The rules are those of protobuf's JSON mapping: names as in the .proto file or in lowerCamelCase, 64-bit integers as
//! numbers or text, bytes as base64, enums by name or number.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost_reflect::{DynamicMessage, EnumDescriptor, Kind, MapKey, MessageDescriptor, Value};
use serde_json::Value as Json;

use super::mistake::Mistake;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// A value that is no message.
pub(super) fn scalar(kind: &Kind, json: &Json) -> Result<Value, Mistake> {
    match kind {
        Kind::Double => float(json, "double").map(Value::F64),
        Kind::Float => float(json, "float").and_then(|value| narrow(value, json)),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            let value = integer(json, i32::MIN.into(), i32::MAX.into(), "32-bit")?;
            Ok(Value::I32(value as i32))
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            let value = integer(json, i64::MIN.into(), i64::MAX.into(), "64-bit")?;
            Ok(Value::I64(value as i64))
        }
        Kind::Uint32 | Kind::Fixed32 => {
            let value = integer(json, 0, u32::MAX.into(), "unsigned 32-bit")?;
            Ok(Value::U32(value as u32))
        }
        Kind::Uint64 | Kind::Fixed64 => {
            let value = integer(json, 0, u64::MAX.into(), "unsigned 64-bit")?;
            Ok(Value::U64(value as u64))
        }
        Kind::Bool => match json {
            Json::Bool(flag) => Ok(Value::Bool(*flag)),
            other => Err(expected("`true` or `false`", other)),
        },
        Kind::String => match json {
            Json::String(text) => Ok(Value::String(text.clone())),
            Json::Number(_) | Json::Bool(_) => {
                Err(expected("text", json).help(format!("put it in quotes: \"{json}\"")))
            }
            other => Err(expected("text", other)),
        },
        Kind::Bytes => bytes(json).map(|bytes| Value::Bytes(bytes.into())),
        Kind::Enum(names) => enumerator(names, json),
        Kind::Message(message) => Err(expected(
            &format!("a message `{}`", message.full_name()),
            json,
        )),
    }
}

/// A key of a map, which JSON has as text.
pub(super) fn map_key(kind: &Kind, key: &str) -> Result<MapKey, Mistake> {
    let json = match (kind, key) {
        (Kind::Bool, "true") => Json::Bool(true),
        (Kind::Bool, "false") => Json::Bool(false),
        _ => Json::String(key.to_owned()),
    };
    let value = scalar(kind, &json).map_err(|mistake| {
        let message = mistake
            .message
            .replacen("expected ", "expected keys that are each ", 1);
        Mistake { message, ..mistake }.in_key()
    })?;
    value
        .into_map_key()
        .ok_or_else(|| Mistake::new("expected a map whose keys are integers, text or bools"))
}

/// A message of protobuf's own that JSON writes in a way of its own; `None` where it is no such message.
pub(super) fn well_known(
    message: &MessageDescriptor,
    json: &Json,
) -> Option<Result<DynamicMessage, Mistake>> {
    let what = match message.full_name() {
        "google.protobuf.Timestamp" => "a time such as `2026-01-31T12:00:00Z`",
        "google.protobuf.Duration" => "a length in seconds such as `1.5s`",
        "google.protobuf.FieldMask" => {
            "names of fields with commas between, such as `name,price.units`"
        }
        "google.protobuf.Struct" => "a mapping",
        "google.protobuf.ListValue" => "a list",
        "google.protobuf.Value" => "any value",
        "google.protobuf.Empty" => "an empty mapping",
        "google.protobuf.Any" => {
            "a mapping with `\"@type\": type.googleapis.com/my.pkg.Message` and that message's fields"
        }
        _ => return None,
    };
    let read = DynamicMessage::deserialize(message.clone(), json);
    Some(read.map_err(|error| {
        let mistake = expected(what, json);
        match json {
            Json::String(_) | Json::Object(_) => mistake.help(error.to_string()),
            _ => mistake,
        }
    }))
}

/// The field that a wrapper such as `google.protobuf.StringValue` has, whose JSON is the bare value.
pub(super) fn is_wrapper(message: &MessageDescriptor) -> bool {
    const WRAPPERS: [&str; 9] = [
        "DoubleValue",
        "FloatValue",
        "Int64Value",
        "UInt64Value",
        "Int32Value",
        "UInt32Value",
        "BoolValue",
        "StringValue",
        "BytesValue",
    ];
    message.package_name() == "google.protobuf" && WRAPPERS.contains(&message.name())
}

fn integer(json: &Json, least: i128, most: i128, what: &str) -> Result<i128, Mistake> {
    let wanted = || format!("a whole number from {least} to {most} ({what})");
    let found = match json {
        Json::Number(number) => whole(number),
        Json::String(text) => text
            .parse::<i128>()
            .ok()
            .or_else(|| text.parse().ok().as_ref().and_then(whole)),
        _ => None,
    };
    match found {
        Some(value) if (least..=most).contains(&value) => Ok(value),
        _ => Err(expected(&wanted(), json)),
    }
}

/// A number that has no fraction, if it has none.
fn whole(number: &serde_json::Number) -> Option<i128> {
    let integer = number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from));
    integer.or_else(|| {
        let float = number.as_f64()?;
        (float.fract() == 0.0 && float.abs() < 2f64.powi(64)).then_some(float as i128)
    })
}

fn float(json: &Json, what: &str) -> Result<f64, Mistake> {
    let found = match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => text.parse().ok().filter(|value: &f64| value.is_finite()),
        },
        _ => None,
    };
    found.ok_or_else(|| {
        expected(
            &format!("a number ({what}), `NaN`, `Infinity` or `-Infinity`"),
            json,
        )
    })
}

fn narrow(value: f64, json: &Json) -> Result<Value, Mistake> {
    let narrow = value as f32;
    if value.is_finite() && !narrow.is_finite() {
        let most = f32::MAX;
        return Err(expected(
            &format!("a number from -{most:e} to {most:e} (float)"),
            json,
        ));
    }
    Ok(Value::F32(narrow))
}

fn bytes(json: &Json) -> Result<Vec<u8>, Mistake> {
    let Json::String(text) = json else {
        return Err(expected("bytes as base64 text", json));
    };
    STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .map_err(|error| expected("bytes as base64 text", json).help(error.to_string()))
}

fn enumerator(names: &EnumDescriptor, json: &Json) -> Result<Value, Mistake> {
    let wanted = || format!("a name of the enum `{}`", names.full_name());
    let by_number = |number: i128| {
        let number = i32::try_from(number).ok()?;
        let is_open = names.parent_file().syntax() == prost_reflect::Syntax::Proto3;
        (is_open || names.get_value(number).is_some()).then_some(number)
    };
    let found = match json {
        Json::String(name) => names.get_value_by_name(name).map(|value| value.number()),
        Json::Number(number) => whole(number).and_then(by_number),
        Json::Null if names.full_name() == "google.protobuf.NullValue" => Some(0),
        _ => None,
    };
    found.map(Value::EnumNumber).ok_or_else(|| {
        let name = match json {
            Json::String(name) => name.clone(),
            other => other.to_string(),
        };
        let known = names
            .values()
            .map(|value| value.name().to_owned())
            .collect();
        Mistake {
            unknown: Some(Box::new((name, known))),
            ..expected(&wanted(), json)
        }
    })
}

/// What was expected, and what is there.
pub(super) fn expected(what: &str, json: &Json) -> Mistake {
    Mistake::new(format!("expected {what}, found {}", describe(json)))
}

fn describe(json: &Json) -> String {
    match json {
        Json::Null => "nothing".to_owned(),
        Json::Bool(flag) => format!("`{flag}`"),
        Json::Number(number) => format!("`{number}`"),
        Json::String(text) if text.parse::<f64>().is_ok() => format!("the text `\"{text}\"`"),
        Json::String(text) => format!("`{text}`"),
        Json::Array(_) => "a list".to_owned(),
        Json::Object(_) => "a mapping".to_owned(),
    }
}
