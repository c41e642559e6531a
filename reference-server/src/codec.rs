//! Messages on the wire: reads requests, writes replies, and counts both by their true length.
//!
//! Hot. A reply of a given size is written straight into the transport's buffer; no string is made for it.

use std::sync::Arc;

use prost::Message;
use prost::bytes::{Buf, BufMut};
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};
use protos::helloworld::HelloRequest;
use scenarios::method::Method;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::counters::{Counts, MethodCounts};

/// `HelloReply.message`.
const MESSAGE_FIELD: u32 = 1;

/// What a sized reply consists of.
const FILL: u8 = b'x';

/// One `HelloReply`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// A message of this many bytes.
    Filled(u32),
    /// A message in words.
    Words(String),
}

/// Reads and writes the messages of one method.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    counts: Arc<Counts>,
    method: Method,
}

impl Reply {
    /// The length of `HelloReply.message`.
    fn len(&self) -> usize {
        match self {
            Reply::Filled(size) => *size as usize,
            Reply::Words(words) => words.len(),
        }
    }

    /// The length of the encoded message: proto3 leaves an empty field out.
    fn encoded_len(&self) -> usize {
        match self.len() {
            0 => 0,
            len => 1 + encoded_len_varint(len as u64) + len,
        }
    }

    fn encode(&self, buf: &mut impl BufMut) {
        let len = self.len();
        if len == 0 {
            return;
        }
        encode_key(MESSAGE_FIELD, WireType::LengthDelimited, buf);
        encode_varint(len as u64, buf);
        match self {
            Reply::Filled(_) => buf.put_bytes(FILL, len),
            Reply::Words(words) => buf.put_slice(words.as_bytes()),
        }
    }
}

impl Counted {
    /// A codec that counts for `method`.
    pub(crate) fn new(counts: Arc<Counts>, method: Method) -> Counted {
        Counted { counts, method }
    }

    fn counts(&self) -> &MethodCounts {
        self.counts.of(self.method)
    }
}

impl Codec for Counted {
    type Encode = Reply;
    type Decode = HelloRequest;
    type Encoder = Counted;
    type Decoder = Counted;

    fn encoder(&mut self) -> Counted {
        self.clone()
    }

    fn decoder(&mut self) -> Counted {
        self.clone()
    }
}

impl Decoder for Counted {
    type Item = HelloRequest;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<HelloRequest>, Status> {
        self.counts().request(message.remaining());
        HelloRequest::decode(message)
            .map(Some)
            .map_err(|error| Status::internal(format!("the request is no HelloRequest: {error}")))
    }
}

impl Encoder for Counted {
    type Item = Reply;
    type Error = Status;

    fn encode(&mut self, reply: Reply, message: &mut EncodeBuf<'_>) -> Result<(), Status> {
        let len = reply.encoded_len();
        self.counts().reply(len);
        message.reserve(len);
        reply.encode(message);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protos::helloworld::HelloReply;

    #[test]
    fn replies_are_encoded_as_prost_does() {
        for size in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            let message = "x".repeat(size as usize);
            let expected = HelloReply {
                message: message.clone(),
            }
            .encode_to_vec();
            for reply in [Reply::Filled(size), Reply::Words(message)] {
                let mut encoded = Vec::new();
                reply.encode(&mut encoded);
                assert!(encoded == expected, "{size} bytes");
                assert_eq!(reply.encoded_len(), expected.len());
            }
        }
    }
}
