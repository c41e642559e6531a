//! What a caller asks for, checked: `ReplyShape` as sent becomes [`Shape`], or a status that says what is wrong.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use protos::helloworld::{ReplyShape, When};
use scenarios::method::Pattern;
pub(crate) use scenarios::scenario::Headers;
use tonic::metadata::{AsciiMetadataKey, BinaryMetadataKey, BinaryMetadataValue, MetadataMap};
use tonic::{Code, Status};

/// The longest reply that the server makes; a larger one could take its machine's memory with one request.
const MAX_SIZE: u32 = 256 << 20;

/// How one call is answered.
#[derive(Debug)]
pub(crate) struct Shape {
    /// The length of a reply; greets by name where absent.
    pub(crate) size: Option<u32>,
    /// How many replies, and when.
    pub(crate) rule: Rule,
    /// When the initial metadata is sent.
    pub(crate) headers: Headers,
    /// How the call ends, where not with a plain OK.
    pub(crate) end: Option<Status>,
    /// Whether the caller asks for the server's own times.
    pub(crate) stamps: bool,
}

/// How many replies, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// So many, once the client has sent everything.
    AfterAll(u32),
    /// One after the first request; the rest is read and counted.
    AfterFirst,
    /// One to every so many requests, and one to the rest.
    Every(NonZeroU32),
}

impl Shape {
    /// What the first request of a call asks for; a call without any request is greeted like a stock one.
    #[inline]
    pub(crate) fn of(asked: Option<&ReplyShape>, pattern: Pattern) -> Result<Shape, Status> {
        let stock = ReplyShape::default();
        let asked = asked.unwrap_or(&stock);
        let end = end(asked)?;
        let fails = end.as_ref().is_some_and(|status| status.code() != Code::Ok);
        Ok(Shape {
            size: checked_size(asked.size)?,
            rule: rule(asked, pattern, fails)?,
            headers: if asked.headers_at_once {
                Headers::AtOnce
            } else {
                Headers::WithFirst
            },
            end,
            stamps: asked.stamps,
        })
    }
}

/// The size of a reply, if it is one that the server makes.
pub(crate) fn checked_size(size: Option<u32>) -> Result<Option<u32>, Status> {
    match size {
        Some(size) if size > MAX_SIZE => Err(invalid(format!(
            "reply.size is {size}, at most {MAX_SIZE} is served"
        ))),
        size => Ok(size),
    }
}

/// How many replies, and when. A method with a single reply has none where it fails, as gRPC has it.
fn rule(asked: &ReplyShape, pattern: Pattern, fails: bool) -> Result<Rule, Status> {
    let when =
        When::try_from(asked.when).map_err(|_| invalid(format!("reply.when is {}", asked.when)))?;
    match (pattern, when) {
        (Pattern::Unary, _) => Ok(Rule::AfterAll(u32::from(!fails))),
        (Pattern::ServerStreaming, _) => Ok(Rule::AfterAll(asked.messages.unwrap_or(1))),

        (Pattern::ClientStreaming, When::Default | When::AfterAll) => {
            Ok(Rule::AfterAll(u32::from(!fails)))
        }
        (Pattern::ClientStreaming, When::AfterFirst) if fails => Ok(Rule::AfterAll(0)),
        (Pattern::ClientStreaming, When::AfterFirst) => Ok(Rule::AfterFirst),

        (Pattern::Bidirectional, When::Default | When::Each) => Ok(Rule::Every(NonZeroU32::MIN)),
        (Pattern::Bidirectional, When::AfterAll) => Ok(Rule::AfterAll(asked.messages.unwrap_or(1))),
        (Pattern::Bidirectional, When::Every) => NonZeroU32::new(asked.every)
            .map(Rule::Every)
            .ok_or_else(|| {
                invalid("reply.when is WHEN_EVERY, so reply.every must be positive".into())
            }),

        (Pattern::ClientStreaming | Pattern::Bidirectional, _) => Err(invalid(format!(
            "reply.when is {}, which this method does not offer",
            when.as_str_name()
        ))),
    }
}

/// The status and the trailers asked for. tonic sends the metadata of a status as trailers, of an OK one too.
fn end(asked: &ReplyShape) -> Result<Option<Status>, Status> {
    if asked.status_code == 0 && asked.trailers.is_empty() {
        return Ok(None);
    }
    let code = i32::try_from(asked.status_code)
        .ok()
        .filter(|code| *code <= Code::Unauthenticated as i32);
    let code = code.ok_or_else(|| {
        invalid(format!(
            "reply.status_code is {}, expected 0 to 16",
            asked.status_code
        ))
    })?;
    let metadata = metadata(&asked.trailers)?;
    Ok(Some(Status::with_metadata(
        Code::from_i32(code),
        asked.status_message.clone(),
        metadata,
    )))
}

fn metadata(trailers: &BTreeMap<String, String>) -> Result<MetadataMap, Status> {
    let mut metadata = MetadataMap::with_capacity(trailers.len());
    for (key, value) in trailers {
        let wrong = || {
            invalid(format!(
                "reply.trailers has `{key}: {value}`, which is no metadata"
            ))
        };
        if key.starts_with("grpc-") || matches!(key.as_str(), "te" | "content-type") {
            return Err(wrong());
        }
        if let Ok(key) = AsciiMetadataKey::from_bytes(key.as_bytes()) {
            metadata.append(key, value.parse().map_err(|_| wrong())?);
        } else {
            let key = BinaryMetadataKey::from_bytes(key.as_bytes()).map_err(|_| wrong())?;
            metadata.append_bin(key, BinaryMetadataValue::from_bytes(value.as_bytes()));
        }
    }
    Ok(metadata)
}

fn invalid(what: String) -> Status {
    Status::invalid_argument(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(pattern: Pattern, asked: &ReplyShape) -> Result<Shape, Status> {
        Shape::of(Some(asked), pattern)
    }

    fn rule_of(pattern: Pattern, when: When, status_code: u32) -> Option<Rule> {
        let asked = ReplyShape {
            when: when.into(),
            every: 3,
            messages: Some(5),
            status_code,
            ..ReplyShape::default()
        };
        shape(pattern, &asked).ok().map(|shape| shape.rule)
    }

    #[test]
    fn each_pattern_has_its_rules() {
        use Pattern::{Bidirectional, ClientStreaming, ServerStreaming, Unary};
        let every = |k| Some(Rule::Every(NonZeroU32::new(k).unwrap()));
        let table = [
            (Unary, When::Default, 0, Some(Rule::AfterAll(1))),
            (Unary, When::Default, 14, Some(Rule::AfterAll(0))),
            (ServerStreaming, When::Default, 0, Some(Rule::AfterAll(5))),
            (ServerStreaming, When::Default, 14, Some(Rule::AfterAll(5))),
            (ClientStreaming, When::Default, 0, Some(Rule::AfterAll(1))),
            (ClientStreaming, When::AfterAll, 14, Some(Rule::AfterAll(0))),
            (ClientStreaming, When::AfterFirst, 0, Some(Rule::AfterFirst)),
            (
                ClientStreaming,
                When::AfterFirst,
                14,
                Some(Rule::AfterAll(0)),
            ),
            (ClientStreaming, When::Each, 0, None),
            (ClientStreaming, When::Every, 0, None),
            (Bidirectional, When::Default, 0, every(1)),
            (Bidirectional, When::Each, 14, every(1)),
            (Bidirectional, When::AfterAll, 0, Some(Rule::AfterAll(5))),
            (Bidirectional, When::Every, 0, every(3)),
            (Bidirectional, When::AfterFirst, 0, None),
        ];
        for (pattern, when, status, expected) in table {
            assert_eq!(
                rule_of(pattern, when, status),
                expected,
                "{pattern:?} {when:?} {status}"
            );
        }
    }

    #[test]
    fn a_stock_request_is_answered_once_with_a_plain_ok() {
        let shape = Shape::of(None, Pattern::ServerStreaming).unwrap();
        assert_eq!(
            (shape.size, shape.rule, shape.headers),
            (None, Rule::AfterAll(1), Headers::WithFirst)
        );
        assert!(shape.end.is_none());
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_field() {
        let trailer = |key: &str| ReplyShape {
            trailers: [(key.to_owned(), "v".to_owned())].into(),
            ..ReplyShape::default()
        };
        let table = [
            (
                ReplyShape {
                    size: Some(u32::MAX),
                    ..ReplyShape::default()
                },
                "reply.size",
            ),
            (
                ReplyShape {
                    status_code: 17,
                    ..ReplyShape::default()
                },
                "reply.status_code",
            ),
            (
                ReplyShape {
                    when: 9,
                    ..ReplyShape::default()
                },
                "reply.when",
            ),
            (
                ReplyShape {
                    when: When::Every.into(),
                    ..ReplyShape::default()
                },
                "reply.every",
            ),
            (trailer("grpc-status"), "reply.trailers"),
            (trailer("with space"), "reply.trailers"),
            (trailer(""), "reply.trailers"),
        ];
        for (asked, field) in table {
            let status = shape(Pattern::Bidirectional, &asked).unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(status.message().contains(field), "{status}");
        }
    }

    #[test]
    fn trailers_may_be_binary() {
        let trailers = [
            ("a".to_owned(), "1".to_owned()),
            ("b-bin".to_owned(), "\u{1}".to_owned()),
        ]
        .into();
        let end = shape(
            Pattern::Unary,
            &ReplyShape {
                trailers,
                ..ReplyShape::default()
            },
        )
        .unwrap()
        .end
        .unwrap();
        assert_eq!(end.code(), Code::Ok);
        assert_eq!(end.metadata().get("a").unwrap(), "1");
        assert_eq!(
            end.metadata()
                .get_bin("b-bin")
                .unwrap()
                .to_bytes()
                .unwrap()
                .as_ref(),
            [1]
        );
    }
}
