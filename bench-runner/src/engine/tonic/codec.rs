//! A codec that passes messages through as bytes: they were encoded before the load began.

use bytes::{Buf, BufMut, Bytes};
use protos::json;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Bytes in, bytes out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RawCodec {
    /// Replies are JSON, which they must be.
    pub(super) json: bool,
}

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = RawCodec;
    type Decoder = RawCodec;

    fn encoder(&mut self) -> RawCodec {
        *self
    }

    fn decoder(&mut self) -> RawCodec {
        *self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(message);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let message = from.copy_to_bytes(from.remaining());
        if self.json {
            json::read_reply(&message).map_err(|error| {
                Status::internal(format!("the answer is no JSON of a HelloReply: {error}"))
            })?;
        }
        Ok(Some(message))
    }
}
