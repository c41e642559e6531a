//! What answers consist of, made once for each thread: header blocks, trailers, and replies.
//!
//! Hot.

use std::rc::Rc;

use protos::encoding::{ENCODING, Encoding};
use protos::json;
use scenarios::method::Pattern;
use tonic::codegen::http::HeaderMap;
use tonic::{Code, Status};
use wire::{Message, Outgoing, Template};

use crate::behaviour::Fates;
use crate::encodings::Encodings;
use crate::raw::packed::Packed;
use crate::raw::request::Asked;
use crate::reply::Reply;
use crate::shape::Shape;

/// What is not gRPC is told in words; a person may be reading.
pub(crate) const NOT_GRPC: &[u8] =
    b"This server speaks gRPC: POST, with content-type application/grpc.\n";

/// Header blocks.
#[derive(Debug)]
pub(crate) struct Blocks {
    /// Open every answer.
    pub(crate) heads: Heads,
    /// Ends most of them.
    pub(crate) ok: Ending,
    /// Ends calls that the behaviour lets fail.
    pub(crate) error: Ending,
    /// Answers what is not gRPC (PROTOCOL-HTTP2.md: "415 Unsupported Media Type").
    pub(crate) not_grpc: Template,
}

/// How a call ends: its status and trailers, ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) is_ok: bool,
    /// Behind replies.
    pub(crate) trailers: Template,
    /// Alone.
    pub(crate) trailers_only: Template,
}

impl Blocks {
    pub(crate) fn new(fates: &Fates) -> Blocks {
        Blocks {
            heads: Heads::new(),
            ok: Ending::of(&Status::new(Code::Ok, "")),
            error: Ending::of(&fates.error()),
            not_grpc: Template::new([(":status", &b"415"[..]), ("content-type", b"text/plain")]),
        }
    }
}

/// What opens an answer, by how its messages are written.
#[derive(Debug)]
pub(crate) struct Heads {
    /// Protobuf, not compressed.
    pub(crate) plain: Template,
    /// By `Encodings::reply`, then protobuf and JSON.
    others: [[Template; 2]; Encoding::ALL.len() + 1],
}

impl Heads {
    fn new() -> Heads {
        let head = |reply: Option<Encoding>, content_type: &str| {
            let fixed = [
                (":status", &b"200"[..]),
                ("content-type", content_type.as_bytes()),
            ];
            let encoding = reply.map(|encoding| (ENCODING, encoding.name().as_bytes()));
            Template::new(fixed.into_iter().chain(encoding))
        };
        let both = |reply| {
            [
                head(reply, "application/grpc"),
                head(reply, json::CONTENT_TYPE),
            ]
        };
        let [gzip, deflate, zstd] = Encoding::ALL.map(|encoding| both(Some(encoding)));
        Heads {
            plain: Template::response(&[]),
            others: [both(None), gzip, deflate, zstd],
        }
    }

    /// What opens the answer to a call.
    #[inline]
    pub(crate) fn of(&self, encodings: Encodings) -> &Template {
        if !encodings.is_for_replies() {
            return &self.plain;
        }
        let row = encodings.reply.map_or(0, |encoding| 1 + encoding as usize);
        &self.others[row][usize::from(encodings.json)]
    }
}

impl Ending {
    /// Encodes a status as tonic does.
    pub(crate) fn of(status: &Status) -> Ending {
        let mut fields = HeaderMap::new();
        // Fails only for a text that cannot be in a header field, and then what could be stands there.
        let _ = status.add_header(&mut fields);
        let fields = || {
            fields
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_bytes()))
        };
        let head = [
            (":status", &b"200"[..]),
            ("content-type", b"application/grpc"),
        ];
        Ending {
            is_ok: status.code() == Code::Ok,
            trailers: Template::new(fields()),
            trailers_only: Template::new(head.into_iter().chain(fields())),
        }
    }
}

/// A shape, and how its call ends where not with a plain OK.
pub(crate) type Wanted = (Shape, Option<Rc<Ending>>);

/// Shapes with a status or trailers of their own: their header blocks are made once, and then known to `wire`.
#[derive(Debug, Default)]
pub(crate) struct Endings {
    known: Vec<(Pattern, Vec<u8>, Rc<Ending>)>,
    next: usize,
}

/// How many are kept.
const ENDINGS: usize = 16;

impl Endings {
    /// What the first request of a call asks for.
    ///
    /// # Errors
    /// It asks for what cannot be.
    #[inline]
    pub(crate) fn wanted(
        &mut self,
        asked: Option<&Asked<'_>>,
        pattern: Pattern,
    ) -> Result<Wanted, Status> {
        let shape = match asked {
            Some(asked) => asked.shape()?,
            None => None,
        };
        let mut shape = Shape::of(shape.as_ref(), pattern)?;
        let Some(end) = shape.end.take() else {
            return Ok((shape, None));
        };
        let bytes = asked.and_then(|asked| asked.reply.as_deref());
        let ending = self.ending(pattern, bytes.unwrap_or_default(), &end);
        Ok((shape, Some(ending)))
    }

    #[cold]
    fn ending(&mut self, pattern: Pattern, bytes: &[u8], end: &Status) -> Rc<Ending> {
        let known = self
            .known
            .iter()
            .find(|(of, known, _)| *of == pattern && known == bytes);
        if let Some((_, _, ending)) = known {
            return ending.clone();
        }
        let ending = Rc::new(Ending::of(end));
        let entry = (pattern, bytes.to_vec(), ending.clone());
        if self.known.len() < ENDINGS {
            self.known.push(entry);
        } else {
            self.next = (self.next + 1) % ENDINGS;
            self.known[self.next] = entry;
        }
        ending
    }
}

/// Encoded replies. Small ones of the same size share one buffer, large ones a message that is lent and not copied.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    bytes: Vec<u8>,
    /// The size of the reply that stands in `bytes`.
    size: Option<u32>,
    large: Vec<(u32, Message)>,
    next: usize,
    packed: Packed,
}

/// Up to here a reply is copied to the output, as a copy costs less than lending.
const SMALL: u32 = 16 << 10;

/// How many large replies are kept, and up to which size.
const LARGE: usize = 8;
const LARGE_SIZE: u32 = 4 << 20;

impl Replies {
    /// Encodes a reply, or finds it encoded.
    #[inline]
    pub(crate) fn encoded(&mut self, reply: &Reply<&str>, encodings: Encodings) -> Encoded<'_> {
        if encodings.is_for_replies() {
            return self.otherwise(reply, encodings);
        }
        let size = match reply {
            Reply::Filled(size) if *size > SMALL => return self.large(*size),
            Reply::Filled(size) => Some(*size),
            Reply::Greeting(_) => None,
        };
        if size.is_none() || size != self.size {
            self.bytes.clear();
            reply.encode(&mut self.bytes);
            self.size = size;
        }
        Encoded::Small(&self.bytes)
    }

    /// Compressed, or JSON, or both. JSON is written anew each time, as that is what a server that speaks it pays for;
    /// compressing is not, as of the raw engine.
    #[inline(never)]
    fn otherwise(&mut self, reply: &Reply<&str>, encodings: Encodings) -> Encoded<'_> {
        self.size = None;
        self.bytes.clear();
        if encodings.json {
            // A vector takes all that is written.
            let _ = reply.write_json(&mut self.bytes);
        } else {
            reply.encode(&mut self.bytes);
        }
        match encodings.reply {
            None => Encoded::Small(&self.bytes),
            Some(encoding) => {
                let (len, message) = self.packed.of(encoding, &self.bytes);
                Encoded::Packed(len, message)
            }
        }
    }

    fn large(&mut self, size: u32) -> Encoded<'_> {
        if let Some(at) = self.large.iter().position(|(of, _)| *of == size) {
            return Encoded::Kept(&self.large[at].1);
        }
        let reply: Reply<&str> = Reply::Filled(size);
        let mut bytes = Vec::with_capacity(reply.encoded_len());
        reply.encode(&mut bytes);
        let message = Message::new(&bytes);
        if size > LARGE_SIZE {
            return Encoded::Made(message);
        }
        if self.large.len() < LARGE {
            self.large.push((size, message));
            self.next = self.large.len() - 1;
        } else {
            self.next = (self.next + 1) % LARGE;
            self.large[self.next] = (size, message);
        }
        Encoded::Kept(&self.large[self.next].1)
    }
}

/// An encoded reply.
#[derive(Debug)]
pub(crate) enum Encoded<'a> {
    Small(&'a [u8]),
    /// Compressed, of so many bytes.
    Packed(usize, &'a Message),
    Kept(&'a Message),
    /// Too large to be kept.
    Made(Message),
}

impl Encoded<'_> {
    /// The length of the message, without its prefix, not compressed.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Encoded::Packed(len, _) => *len,
            Encoded::Small(bytes) => bytes.len(),
            Encoded::Kept(message) => message.payload().len(),
            Encoded::Made(message) => message.payload().len(),
        }
    }

    #[inline]
    pub(crate) fn outgoing(&self) -> Outgoing<'_> {
        match self {
            Encoded::Small(bytes) => Outgoing::Payload(bytes),
            Encoded::Packed(_, message) => Outgoing::Message(message),
            Encoded::Kept(message) => Outgoing::Message(message),
            Encoded::Made(message) => Outgoing::Message(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(replies: &mut Replies, reply: &Reply<&str>) -> Vec<u8> {
        match replies.encoded(reply, Encodings::default()) {
            Encoded::Small(bytes) => bytes.to_vec(),
            Encoded::Packed(..) => panic!("nothing asks for it"),
            Encoded::Kept(message) => message.payload().to_vec(),
            Encoded::Made(message) => message.payload().to_vec(),
        }
    }

    #[test]
    fn a_reply_is_the_same_whether_it_is_made_or_found() {
        let mut replies = Replies::default();
        let sizes = [3, 3, 0, SMALL, SMALL + 1, LARGE_SIZE + 1].into_iter();
        for size in sizes.chain(SMALL + 1..SMALL + 12).chain([SMALL + 1, 3]) {
            let reply = Reply::Filled(size);
            let mut expected = Vec::new();
            reply.encode(&mut expected);
            assert!(bytes(&mut replies, &reply) == expected, "{size}");
            assert!(bytes(&mut replies, &reply) == expected, "{size}");
            assert_eq!(
                bytes(&mut replies, &Reply::Greeting("you")),
                b"\x0a\x0bHello, you!"
            );
        }
    }

    #[test]
    fn a_compressed_reply_is_what_it_would_be() {
        let mut replies = Replies::default();
        for json in [false, true] {
            for encoding in Encoding::ALL {
                let encodings = Encodings {
                    reply: Some(encoding),
                    json,
                    ..Encodings::default()
                };
                for size in [0, 3, SMALL + 1, 3] {
                    let reply: Reply<&str> = Reply::Filled(size);
                    let (mut expected, mut plain) = (Vec::new(), Vec::new());
                    if json {
                        reply.write_json(&mut expected).unwrap();
                    } else {
                        reply.encode(&mut expected);
                    }
                    let Encoded::Packed(len, message) = replies.encoded(&reply, encodings) else {
                        panic!("it is compressed");
                    };
                    assert_eq!((len, message.as_framed()[0]), (expected.len(), 1));
                    encoding
                        .decompress(message.payload(), len, &mut plain)
                        .unwrap();
                    assert!(plain == expected, "{encoding} {size}");
                }
            }
        }
        assert_eq!(bytes(&mut replies, &Reply::Filled(1)), b"\x0a\x01x");
    }
}
