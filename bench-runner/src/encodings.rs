//! How the messages of a run's calls are written: what they are compressed with, and by which codec.

use protos::encoding::{ACCEPT_ENCODING, ENCODING, Encoding, REPLY_ENCODING};
use protos::json;
use scenarios::scenario::{self, Codec, Compression};

/// How the messages of a call are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Encodings {
    /// What requests are compressed with.
    pub sent: Option<Encoding>,
    /// What replies are asked for, and may come in.
    pub received: Option<Encoding>,
    /// JSON instead of protobuf.
    pub json: bool,
}

impl Encodings {
    /// What a scenario says.
    pub fn of(call: &scenario::Call) -> Encodings {
        Encodings {
            sent: encoding(call.compression),
            received: replies(call),
            json: call.codec == Codec::Json,
        }
    }

    /// Whether a scenario's call takes compressed replies.
    pub fn accept_compressed(call: &scenario::Call) -> bool {
        Encodings::of(call).received.is_some()
    }

    /// Whether messages are protobuf and not compressed, either way.
    pub fn is_plain(&self) -> bool {
        *self == Encodings::default()
    }

    /// The `content-type` of a call.
    pub fn content_type(&self) -> &'static str {
        if self.json {
            json::CONTENT_TYPE
        } else {
            "application/grpc"
        }
    }

    /// What a call says in its header fields of how it is compressed (gRPC's compression.md).
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let sent = self.sent.map(|encoding| (ENCODING, encoding.to_string()));
        let received = self
            .received
            .map(|encoding| (ACCEPT_ENCODING, format!("{encoding},identity")));
        sent.into_iter()
            .chain(received)
            .chain(self.asked())
            .collect()
    }

    /// What the reference server is asked for, where it would not do so by itself.
    pub fn asked(&self) -> Option<(&'static str, String)> {
        let asked = self.received.filter(|_| self.received != self.sent)?;
        Some((REPLY_ENCODING, asked.to_string()))
    }
}

/// Other services than the Greeter are not asked for anything: they may answer as they are called.
fn replies(call: &scenario::Call) -> Option<Encoding> {
    match &call.reply {
        Some(reply) => reply.compression.and_then(encoding),
        None => encoding(call.compression),
    }
}

fn encoding(compression: Compression) -> Option<Encoding> {
    match compression {
        Compression::Identity => None,
        Compression::Gzip => Some(Encoding::Gzip),
        Compression::Deflate => Some(Encoding::Deflate),
        Compression::Zstd => Some(Encoding::Zstd),
    }
}
