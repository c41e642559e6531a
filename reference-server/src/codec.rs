//! Messages on the wire: reads requests, writes replies, and counts both by their true length.
//!
//! Hot.

use std::io;
use std::sync::Arc;

use prost::bytes::{Buf, BufMut};
use prost::{DecodeError, Message};
use protos::helloworld::HelloRequest;
use protos::json;
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
    /// Messages are JSON.
    json: bool,
}

impl Counted {
    /// A codec that counts for `method`.
    pub(crate) fn new(counts: Arc<Counts>, method: Method, json: bool) -> Counted {
        Counted {
            counts,
            method,
            json,
        }
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
        if self.json {
            // tonic hands a message over in one piece.
            let read = read_json(message.chunk());
            message.advance(message.remaining());
            return read.map(Some);
        }
        HelloRequest::decode(message)
            .map(Some)
            .map_err(|error| not_a_request(&error))
    }
}

impl Encoder for Counted {
    type Item = Reply;
    type Error = Status;

    fn encode(&mut self, reply: Reply, message: &mut EncodeBuf<'_>) -> Result<(), Status> {
        if self.json {
            let mut counted = Counting {
                to: message.writer(),
                written: 0,
            };
            reply
                .write_json(&mut counted)
                .map_err(|error| unwritten(&error))?;
            self.counts().reply(counted.written);
            return Ok(());
        }
        let len = reply.encoded_len();
        self.counts().reply(len);
        message.reserve(len);
        reply.encode(message);
        Ok(())
    }
}

/// Counts what is written.
struct Counting<W> {
    to: W,
    written: usize,
}

impl<W: io::Write> io::Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.written += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Reads a request of a call with JSON messages.
pub(crate) fn read_json(message: &[u8]) -> Result<HelloRequest, Status> {
    json::read_request(message).map_err(|error| {
        Status::internal(format!("the request is no JSON of a HelloRequest: {error}"))
    })
}

/// A buffer takes all that is written, so this never is.
fn unwritten(error: &io::Error) -> Status {
    Status::internal(format!("the reply cannot be written: {error}"))
}

/// How a call ends whose request cannot be read.
pub(crate) fn not_a_request(error: &DecodeError) -> Status {
    Status::internal(format!("the request is no HelloRequest: {error}"))
}
