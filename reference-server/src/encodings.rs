//! How the messages of a call are written, by its header fields: the same for both faces.

use protos::encoding::{ACCEPT_ENCODING, ALL_ACCEPTED, ENCODING, Encoding, REPLY_ENCODING};
use protos::json;
use tonic::Status;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataValue;

/// The longest message that is decompressed; a longer one could take the machine's memory with a few bytes.
pub(crate) const MOST: usize = 64 << 20;

/// How the messages of a call are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Encodings {
    /// What requests may be compressed with.
    pub(crate) request: Requests,
    /// What replies are compressed with.
    pub(crate) reply: Option<Encoding>,
    /// JSON instead of protobuf.
    pub(crate) json: bool,
}

/// What requests may be compressed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Requests {
    #[default]
    Plain,
    Encoded(Encoding),
    /// With something that is not known here.
    Unknown,
}

impl Encodings {
    /// What header fields say; `value` finds one by its name.
    ///
    /// Replies are compressed as requests are, or as the caller asks, where it accepts that (gRPC's compression.md).
    pub(crate) fn of<'a>(value: impl Fn(&'static str) -> Option<&'a [u8]>) -> Encodings {
        let request = match value(ENCODING) {
            None | Some(b"identity") => Requests::Plain,
            Some(name) => Encoding::named(name).map_or(Requests::Unknown, Requests::Encoded),
        };
        let asked = match (value(REPLY_ENCODING), request) {
            (Some(name), _) => Encoding::named(name),
            (None, Requests::Encoded(encoding)) => Some(encoding),
            (None, _) => None,
        };
        let accepted = |encoding: &Encoding| {
            value(ACCEPT_ENCODING).is_some_and(|accepted| encoding.is_among(accepted))
        };
        Encodings {
            request,
            reply: asked.filter(accepted),
            json: value("content-type").is_some_and(json::is_json),
        }
    }
}

impl Encodings {
    /// Whether replies are anything but plain protobuf.
    #[inline]
    pub(crate) fn is_for_replies(self) -> bool {
        self.reply.is_some() || self.json
    }

    /// How many bits [`pack`](Self::pack) takes.
    pub(crate) const BITS: u32 = 6;

    /// All of it in one small number; 0 is how nearly all calls are.
    pub(crate) fn pack(self) -> u64 {
        let request = match self.request {
            Requests::Plain => 0,
            Requests::Encoded(encoding) => 1 + encoding as u64,
            Requests::Unknown => 7,
        };
        let reply = self.reply.map_or(0, |encoding| 1 + encoding as u64);
        request | reply << 3 | u64::from(self.json) << 5
    }

    /// What was packed.
    #[inline]
    pub(crate) fn unpack(packed: u64) -> Encodings {
        if packed == 0 {
            return Encodings::default();
        }
        let encoding = |number: u64| {
            Encoding::ALL
                .get((number as usize).wrapping_sub(1))
                .copied()
        };
        Encodings {
            request: match packed & 7 {
                0 => Requests::Plain,
                number => encoding(number).map_or(Requests::Unknown, Requests::Encoded),
            },
            reply: encoding(packed >> 3 & 3),
            json: packed >> 5 & 1 == 1,
        }
    }
}

/// An encoding as tonic knows it.
pub(crate) fn tonics(encoding: Encoding) -> CompressionEncoding {
    match encoding {
        Encoding::Gzip => CompressionEncoding::Gzip,
        Encoding::Deflate => CompressionEncoding::Deflate,
        Encoding::Zstd => CompressionEncoding::Zstd,
    }
}

/// How a call ends whose requests are in an encoding that is not known (gRPC's compression.md).
pub(crate) fn unknown() -> Status {
    let mut status = Status::unimplemented("the request's grpc-encoding is not supported");
    let accepted = MetadataValue::from_static(ALL_ACCEPTED);
    status.metadata_mut().insert(ACCEPT_ENCODING, accepted);
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    type Fields = &'static [(&'static str, &'static str)];

    fn of(fields: Fields) -> Encodings {
        Encodings::of(|name| {
            let found = fields.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.as_bytes())
        })
    }

    #[test]
    fn replies_are_compressed_as_requests_are_where_that_is_accepted() {
        use Encoding::{Gzip, Zstd};
        const GZIP: (&str, &str) = (ENCODING, "gzip");
        let table: [(Fields, Requests, Option<Encoding>); 8] = [
            (&[], Requests::Plain, None),
            (
                &[(ACCEPT_ENCODING, "identity, deflate, gzip")],
                Requests::Plain,
                None,
            ),
            (
                &[(ENCODING, "identity"), (ACCEPT_ENCODING, "gzip")],
                Requests::Plain,
                None,
            ),
            (&[GZIP], Requests::Encoded(Gzip), None),
            (
                &[GZIP, (ACCEPT_ENCODING, "identity,gzip")],
                Requests::Encoded(Gzip),
                Some(Gzip),
            ),
            (
                &[
                    GZIP,
                    (ACCEPT_ENCODING, "gzip,zstd"),
                    (REPLY_ENCODING, "zstd"),
                ],
                Requests::Encoded(Gzip),
                Some(Zstd),
            ),
            (
                &[
                    GZIP,
                    (ACCEPT_ENCODING, "gzip"),
                    (REPLY_ENCODING, "identity"),
                ],
                Requests::Encoded(Gzip),
                None,
            ),
            (
                &[(ENCODING, "br"), (ACCEPT_ENCODING, "gzip")],
                Requests::Unknown,
                None,
            ),
        ];
        for (fields, request, reply) in table {
            let found = of(fields);
            assert_eq!((found.request, found.reply), (request, reply), "{fields:?}");
        }
        assert!(of(&[("content-type", "application/grpc+json")]).json);
        assert!(!of(&[("content-type", "application/grpc")]).json);
    }
}
