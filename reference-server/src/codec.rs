//! Messages on the wire: reads requests, writes replies, and counts both by their true length.
//!
//! Hot.

use std::sync::Arc;

use prost::bytes::Buf;
use prost::{DecodeError, Message};
use protos::helloworld::HelloRequest;
use scenarios::method::Method;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::counters::{Counts, MethodCounts};
use crate::reply::Reply;

/// Reads and writes the messages of one method.
#[derive(Clone, Debug)]
pub(crate) struct Counted {
    counts: Arc<Counts>,
    method: Method,
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
            .map_err(|error| not_a_request(&error))
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

/// How a call ends whose request cannot be read.
pub(crate) fn not_a_request(error: &DecodeError) -> Status {
    Status::internal(format!("the request is no HelloRequest: {error}"))
}
