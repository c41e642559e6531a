//! What every call of a run has in common, as tonic wants it.

use std::time::Duration;

use http::HeaderName;
use http::uri::PathAndQuery;
use protos::encoding::Encoding;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request};

use super::codec::RawCodec;
use super::content_type::{Json, Typed};
use crate::call::{Call, Head};

/// What every call of a run has in common.
pub(super) struct Template {
    path: PathAndQuery,
    /// By [`Request::head`](crate::call::Request::head).
    heads: Vec<MetadataMap>,
    codec: RawCodec,
    /// What tonic is to compress with, and what it may decompress.
    sent: Option<CompressionEncoding>,
    received: Option<CompressionEncoding>,
}

impl Template {
    pub(super) fn new(call: &Call) -> Template {
        let encodings = call.encodings;
        let asked = encodings.asked();
        let heads = call.heads().iter();
        Template {
            path: call
                .path
                .parse()
                .unwrap_or_else(|_| unreachable!("names of protobuf make a valid path")),
            heads: heads
                .map(|head| metadata_of(head, asked.as_ref()))
                .collect(),
            codec: RawCodec {
                json: encodings.json,
            },
            sent: encodings.sent.map(tonics),
            received: encodings.received.map(tonics),
        }
    }

    /// The method.
    pub(super) fn path(&self) -> PathAndQuery {
        self.path.clone()
    }

    /// What a call says first.
    pub(super) fn metadata(&self, call: &Call, request: u32) -> MetadataMap {
        self.heads[call.request(request).head as usize].clone()
    }

    /// Lets tonic compress and decompress what the calls of the run have compressed.
    pub(super) fn compressing(&self, mut grpc: Grpc<Typed>) -> Grpc<Typed> {
        if let Some(encoding) = self.sent {
            grpc = grpc.send_compressed(encoding);
        }
        if let Some(encoding) = self.received {
            grpc = grpc.accept_compressed(encoding);
        }
        grpc
    }

    /// How messages are read.
    pub(super) fn codec(&self) -> RawCodec {
        self.codec
    }

    pub(super) fn extensions(&self) -> Extensions {
        let mut extensions = Extensions::default();
        if self.codec.json {
            extensions.insert(Json);
        }
        extensions
    }
}

fn tonics(encoding: Encoding) -> CompressionEncoding {
    match encoding {
        Encoding::Gzip => CompressionEncoding::Gzip,
        Encoding::Deflate => CompressionEncoding::Deflate,
        Encoding::Zstd => CompressionEncoding::Zstd,
    }
}

/// Metadata as tonic sends it: binary values are base64 already, as in what it takes from the wire.
fn metadata_of(head: &Head, asked: Option<&(&'static str, String)>) -> MetadataMap {
    let mut request = Request::new(());
    if let Some(timeout) = head.deadline {
        request.set_timeout(Duration::from(timeout));
    }
    let mut headers = request.metadata().clone().into_headers();
    for (key, value) in &head.metadata {
        if let (Ok(key), Ok(value)) = (key.parse::<HeaderName>(), value.parse()) {
            headers.append(key, value);
        }
    }
    if let Some((key, value)) = asked
        && let Ok(value) = value.parse()
    {
        headers.append(*key, value);
    }
    MetadataMap::from_headers(headers)
}
