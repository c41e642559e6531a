//! Requests as they come: what the header fields say, and the few fields of a `HelloRequest` that matter.
//!
//! Hot. A request as every client writes it is read in place; any other goes through prost, whose word holds.

use std::borrow::Cow;

use prost::Message;
use protos::helloworld::{HelloRequest, ReplyShape};
use scenarios::method::Method;
use scenarios::units::Nanos;
use tonic::Status;
use wire::FieldList;

use crate::codec::{not_a_request, read_json};
use crate::encodings::Encodings;

/// `HelloRequest.name` and `HelloRequest.reply`, as they stand in front of their lengths.
const NAME: u8 = 0x0a;
const REPLY: [u8; 2] = [0xaa, 0x06];
/// `ReplyShape.size`.
const SIZE: u8 = 0x08;

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A method of the Greeter.
    Greet(Method),
    /// A health check.
    Health,
    /// The counts.
    Counters,
    /// Nothing that is here.
    Unknown,
}

/// What a header list stands for, packed into the number that `wire` keeps for it: the purpose, how the messages are
/// written, and the timeout in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) purpose: Purpose,
    pub(crate) encodings: Encodings,
    /// `grpc-timeout`.
    pub(crate) timeout: Option<Nanos>,
}

const HEALTH: u64 = 5;
const COUNTERS: u64 = 6;
const UNKNOWN: u64 = 7;
const ENCODINGS_SHIFT: u32 = 3;
const TIMEOUT_SHIFT: u32 = ENCODINGS_SHIFT + Encodings::BITS;
/// The highest bit is left to others.
const MAX_TIMEOUT_US: u64 = (u64::MAX >> (TIMEOUT_SHIFT + 1)) - 1;

impl Route {
    /// Reads a header list.
    pub(crate) fn of(fields: &FieldList) -> Route {
        Route {
            purpose: purpose(fields.get(":path").unwrap_or_default()),
            encodings: Encodings::of(|name| fields.get(name)),
            timeout: fields.get("grpc-timeout").and_then(timeout),
        }
    }

    pub(crate) fn pack(self) -> u64 {
        let purpose = match self.purpose {
            Purpose::Greet(method) => method as u64,
            Purpose::Health => HEALTH,
            Purpose::Counters => COUNTERS,
            Purpose::Unknown => UNKNOWN,
        };
        let timeout = self.timeout.map_or(0, |timeout| {
            // One more than it is, as 0 stands for none.
            timeout.0.div_ceil(1000).min(MAX_TIMEOUT_US) + 1
        });
        purpose | self.encodings.pack() << ENCODINGS_SHIFT | timeout << TIMEOUT_SHIFT
    }

    #[inline]
    pub(crate) fn unpack(packed: u64) -> Route {
        let purpose = match packed & 7 {
            HEALTH => Purpose::Health,
            COUNTERS => Purpose::Counters,
            UNKNOWN => Purpose::Unknown,
            method => Purpose::Greet(Method::ALL[method as usize]),
        };
        let timeout = packed >> TIMEOUT_SHIFT;
        Route {
            purpose,
            encodings: Encodings::unpack(packed >> ENCODINGS_SHIFT & ((1 << Encodings::BITS) - 1)),
            timeout: timeout
                .checked_sub(1)
                .map(|us| Nanos(us.saturating_mul(1000))),
        }
    }
}

fn purpose(path: &[u8]) -> Purpose {
    match path {
        b"/grpc.health.v1.Health/Check" => Purpose::Health,
        b"/bench_runner.reference.v1.Reference/GetCounters" => Purpose::Counters,
        path => Method::ALL
            .into_iter()
            .find(|method| method.path().as_bytes() == path)
            .map_or(Purpose::Unknown, Purpose::Greet),
    }
}

/// `grpc-timeout`: at most eight digits and a unit (PROTOCOL-HTTP2.md, "Timeout"). What is none is ignored.
pub(crate) fn timeout(value: &[u8]) -> Option<Nanos> {
    let (unit, digits) = value.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    let unit: u64 = match unit {
        b'n' => 1,
        b'u' => 1_000,
        b'm' => 1_000_000,
        b'S' => 1_000_000_000,
        b'M' => 60_000_000_000,
        b'H' => 3_600_000_000_000,
        _ => return None,
    };
    Some(Nanos(number.saturating_mul(unit)))
}

/// A `HelloRequest`, borrowed from the buffer that it was read into.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked<'a> {
    pub(crate) name: Cow<'a, str>,
    /// The encoded `ReplyShape`.
    pub(crate) reply: Option<Cow<'a, [u8]>>,
}

impl<'a> Asked<'a> {
    /// Reads a message.
    ///
    /// # Errors
    /// It is no `HelloRequest`; the status says so to the client.
    #[inline]
    pub(crate) fn read(message: &'a [u8]) -> Result<Asked<'a>, Status> {
        match Asked::in_place(message) {
            Some(asked) => Ok(asked),
            None => Asked::by_prost(message),
        }
    }

    /// Reads what clients write: the name and the shape, each once at most.
    #[inline]
    fn in_place(mut message: &'a [u8]) -> Option<Asked<'a>> {
        let mut asked = Asked::default();
        if let [NAME, rest @ ..] = message {
            let (name, rest) = delimited(rest)?;
            asked.name = Cow::Borrowed(std::str::from_utf8(name).ok()?);
            message = rest;
        }
        if let [tag, field, rest @ ..] = message
            && [*tag, *field] == REPLY
        {
            let (reply, rest) = delimited(rest)?;
            asked.reply = Some(Cow::Borrowed(reply));
            message = rest;
        }
        message.is_empty().then_some(asked)
    }

    /// Reads a message that is JSON.
    ///
    /// # Errors
    /// It is not that of a `HelloRequest`.
    pub(crate) fn of_json(message: &[u8]) -> Result<Asked<'static>, Status> {
        read_json(message).map(Asked::owned)
    }

    #[cold]
    fn by_prost(message: &[u8]) -> Result<Asked<'static>, Status> {
        let request = HelloRequest::decode(message).map_err(|error| not_a_request(&error))?;
        Ok(Asked::owned(request))
    }

    fn owned(request: HelloRequest) -> Asked<'static> {
        Asked {
            name: Cow::Owned(request.name),
            reply: request.reply.map(|reply| Cow::Owned(reply.encode_to_vec())),
        }
    }

    /// What the reply is to be like.
    ///
    /// # Errors
    /// It is no `ReplyShape`.
    #[inline]
    pub(crate) fn shape(&self) -> Result<Option<ReplyShape>, Status> {
        let Some(reply) = self.reply.as_deref() else {
            return Ok(None);
        };
        if let Some(size) = only_size(reply) {
            return Ok(Some(ReplyShape {
                size: Some(size),
                ..ReplyShape::default()
            }));
        }
        ReplyShape::decode(reply)
            .map(Some)
            .map_err(|error| not_a_request(&error))
    }

    /// The size of the reply, for a request that is not the first.
    ///
    /// # Errors
    /// It is no `ReplyShape`.
    #[inline]
    pub(crate) fn size(&self) -> Result<Option<u32>, Status> {
        match self.reply.as_deref().map(|reply| (reply, only_size(reply))) {
            None => Ok(None),
            Some((_, Some(size))) => Ok(Some(size)),
            Some(_) => Ok(self.shape()?.and_then(|shape| shape.size)),
        }
    }
}

/// The size, where a shape asks for nothing else.
#[inline]
fn only_size(reply: &[u8]) -> Option<u32> {
    let [SIZE, rest @ ..] = reply else {
        return None;
    };
    let (size, rest) = varint(rest)?;
    rest.is_empty().then_some(size)
}

/// A length and so many bytes, and what follows.
#[inline]
fn delimited(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = varint(bytes)?;
    rest.split_at_checked(len as usize)
}

/// A number below 2^28, and what follows. Longer ones are for prost.
#[inline]
fn varint(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0;
    for (place, byte) in bytes.iter().take(4).enumerate() {
        number |= u32::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[place + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_survives_its_number() {
        let purposes = Method::ALL.map(Purpose::Greet).into_iter().chain([
            Purpose::Health,
            Purpose::Counters,
            Purpose::Unknown,
        ]);
        for purpose in purposes {
            for encodings in (0..64).map(Encodings::unpack) {
                assert_eq!(Encodings::unpack(encodings.pack()), encodings);
                for timeout in [None, Some(Nanos(0)), Some(Nanos(5_000))] {
                    let route = Route {
                        purpose,
                        encodings,
                        timeout,
                    };
                    assert_eq!(Route::unpack(route.pack()), route);
                }
            }
        }
    }

    #[test]
    fn the_longest_timeout_is_a_long_one() {
        let route = Route {
            purpose: Purpose::Health,
            encodings: Encodings::default(),
            timeout: timeout(b"99999999H"),
        };
        let back = Route::unpack(route.pack()).timeout.unwrap();
        assert!(back > Nanos(1 << 62));
    }

    #[test]
    fn timeouts_are_read_as_the_protocol_writes_them() {
        assert_eq!(timeout(b"20m"), Some(Nanos(20_000_000)));
        assert_eq!(timeout(b"1S"), Some(Nanos(1_000_000_000)));
        for wrong in [&b""[..], b"m", b"123456789m", b"-1m", b"1x", b"1 m"] {
            assert_eq!(timeout(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn requests_are_read_as_prost_reads_them() {
        let shapes = [
            None,
            Some(ReplyShape::default()),
            Some(ReplyShape {
                size: Some(300),
                ..ReplyShape::default()
            }),
            Some(ReplyShape {
                size: Some(u32::MAX),
                messages: Some(3),
                trailers: [("a".to_owned(), "b".to_owned())].into(),
                ..ReplyShape::default()
            }),
        ];
        for shape in shapes {
            for name in ["", "world", &"n".repeat(300)] {
                let request = HelloRequest {
                    name: name.to_owned(),
                    reply: shape.clone(),
                };
                let bytes = request.encode_to_vec();
                let asked = Asked::read(&bytes).unwrap();
                assert_eq!(asked.name, name);
                assert_eq!(asked.shape().unwrap(), shape);
                assert_eq!(
                    asked.size().unwrap(),
                    shape.as_ref().and_then(|shape| shape.size)
                );
                // The other order, a field twice, and one that nobody knows.
                let odd = [&bytes[..], &bytes[..], &[0x18, 0x01]].concat();
                let odd_asked = Asked::read(&odd).unwrap();
                assert_eq!(odd_asked.name, name);
                let expected = HelloRequest::decode(&odd[..]).unwrap().reply;
                assert_eq!(odd_asked.shape().unwrap(), expected);
            }
        }
    }

    #[test]
    fn whatever_the_bytes_prost_has_the_last_word() {
        // A small generator; the seed is fixed, so every run sees the same bytes.
        let mut state = 0x9e37_79b9_u32;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        let likely = [0x0a, 0xaa, 0x06, 0x08, 0x00, 0x01, 0x02, 0x03, b'x', 0xff];
        for _ in 0..200_000 {
            let bytes: Vec<u8> = (0..next() % 12)
                .map(|_| likely[next() as usize % likely.len()])
                .collect();
            let expected = HelloRequest::decode(&bytes[..]).ok();
            let read = Asked::read(&bytes).and_then(|asked| {
                Ok(HelloRequest {
                    name: asked.name.to_string(),
                    reply: asked.shape()?,
                })
            });
            assert_eq!(read.ok(), expected, "{bytes:?}");
        }
    }
}
