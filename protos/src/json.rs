//! The Greeter's messages as protobuf JSON, for calls with `application/grpc+json`.
//!
//! Written as the specification's canonical form has it: names in camel case, defaults left out, enum values by name. Read
//! as it asks of a reader: the names of the `.proto` file too, enum values by number too, `null` for what is not there.
//!
//! # Source
//!
//! protobuf's ProtoJSON format; `tests/json.rs` holds this against prost-reflect, which knows it from the descriptors.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::helloworld::{HelloRequest, ReplyShape, When};

/// The `content-type` of a call with JSON messages.
pub const CONTENT_TYPE: &str = "application/grpc+json";

/// Whether a `content-type` says that messages are JSON.
#[must_use]
pub fn is_json(content_type: &[u8]) -> bool {
    let rest = content_type.strip_prefix(CONTENT_TYPE.as_bytes());
    matches!(rest, Some([] | [b';', ..]))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequestText<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply: Option<ShapeText>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ShapeText {
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<u32>,
    #[serde(skip_serializing_if = "is_default")]
    when: Option<WhenText>,
    #[serde(skip_serializing_if = "is_default")]
    every: Option<u32>,
    #[serde(alias = "headers_at_once", skip_serializing_if = "is_default")]
    headers_at_once: Option<bool>,
    #[serde(alias = "status_code", skip_serializing_if = "is_default")]
    status_code: Option<u32>,
    #[serde(alias = "status_message", skip_serializing_if = "is_default")]
    status_message: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    trailers: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "is_default")]
    stamps: Option<bool>,
}

/// Whether a field without presence is as it is where it is left out.
fn is_default<T: Default + PartialEq>(field: &Option<T>) -> bool {
    field.as_ref().is_none_or(|field| *field == T::default())
}

/// An enum value: a name, or a number that may be none of ours.
#[derive(Clone, Copy, Default, PartialEq)]
struct WhenText(i32);

impl Serialize for WhenText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match When::try_from(self.0) {
            Ok(when) => serializer.serialize_str(when.as_str_name()),
            Err(_) => serializer.serialize_i32(self.0),
        }
    }
}

impl<'de> Deserialize<'de> for WhenText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WhenText, D::Error> {
        struct NameOrNumber;
        impl serde::de::Visitor<'_> for NameOrNumber {
            type Value = WhenText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value of When, by name or by number")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<WhenText, E> {
                let when = When::from_str_name(name);
                when.map(|when| WhenText(when.into()))
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(name), &self))
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<WhenText, E> {
                i32::try_from(number)
                    .map(WhenText)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<WhenText, E> {
                i32::try_from(number)
                    .map(WhenText)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))
            }
        }
        deserializer.deserialize_any(NameOrNumber)
    }
}

/// A request as JSON.
#[must_use]
pub fn write_request(request: &HelloRequest) -> Vec<u8> {
    let shape = |shape: &ReplyShape| ShapeText {
        size: shape.size,
        messages: shape.messages,
        when: Some(WhenText(shape.when)),
        every: Some(shape.every),
        headers_at_once: Some(shape.headers_at_once),
        status_code: Some(shape.status_code),
        status_message: Some(shape.status_message.clone()),
        trailers: Some(shape.trailers.clone()),
        stamps: Some(shape.stamps),
    };
    let name = Some(&request.name).filter(|name| !name.is_empty());
    let text = RequestText {
        name: name.map(|name| Cow::Borrowed(name.as_str())),
        reply: request.reply.as_ref().map(shape),
    };
    serde_json::to_vec(&text).expect("strings and numbers are JSON")
}

/// Reads a request.
///
/// # Errors
/// It is no JSON, or not that of a `HelloRequest`.
pub fn read_request(text: &[u8]) -> Result<HelloRequest, serde_json::Error> {
    let RequestText { name, reply } = object(text)?;
    let shape = |shape: ShapeText| ReplyShape {
        size: shape.size,
        messages: shape.messages,
        when: shape.when.unwrap_or_default().0,
        every: shape.every.unwrap_or_default(),
        headers_at_once: shape.headers_at_once.unwrap_or_default(),
        status_code: shape.status_code.unwrap_or_default(),
        status_message: shape.status_message.unwrap_or_default(),
        trailers: shape.trailers.unwrap_or_default(),
        stamps: shape.stamps.unwrap_or_default(),
    };
    Ok(HelloRequest {
        name: name.map(Cow::into_owned).unwrap_or_default(),
        reply: reply.map(shape),
    })
}

/// Writes a reply of this message, which need not be in memory; an empty one (`None`) is left out.
///
/// # Errors
/// The writer's.
pub fn write_reply(message: Option<&dyn fmt::Display>, into: impl io::Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct ReplyText<'a> {
        #[serde(
            skip_serializing_if = "Option::is_none",
            serialize_with = "as_it_is_displayed"
        )]
        message: Option<&'a dyn fmt::Display>,
    }
    Ok(serde_json::to_writer(into, &ReplyText { message })?)
}

fn as_it_is_displayed<S: Serializer>(
    message: &Option<&dyn fmt::Display>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match message {
        Some(message) => serializer.collect_str(message),
        None => serializer.serialize_none(),
    }
}

/// The length of a reply as [`write_reply`] writes it, where the message has so many bytes of which none is escaped.
#[must_use]
pub fn reply_len(message: u64) -> u64 {
    match message {
        0 => r"{}".len() as u64,
        message => r#"{"message":""}"#.len() as u64 + message,
    }
}

/// Reads a reply and tells the length of its message.
///
/// # Errors
/// It is no JSON, or not that of a `HelloReply`.
pub fn read_reply(text: &[u8]) -> Result<usize, serde_json::Error> {
    Ok(reply_message(text)?.len())
}

/// Reads the message of a reply.
///
/// # Errors
/// It is no JSON, or not that of a `HelloReply`.
pub fn reply_message(text: &[u8]) -> Result<Cow<'_, str>, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct ReplyText<'a> {
        #[serde(borrow, default)]
        message: Option<Cow<'a, str>>,
    }
    let ReplyText { message } = object(text)?;
    Ok(message.unwrap_or_default())
}

/// Reads a JSON object: serde would take an array for one, too.
fn object<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, serde_json::Error> {
    match text.trim_ascii_start() {
        [b'{', ..] | [] => serde_json::from_slice(text),
        _ => Err(serde::de::Error::custom("expected an object")),
    }
}
