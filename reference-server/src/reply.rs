//! One reply, and how it is encoded.
//!
//! Hot. A reply is written straight into the buffer that it leaves by; no string is made for it.

use prost::bytes::BufMut;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

/// `HelloReply.message`.
const MESSAGE_FIELD: u32 = 1;

/// What a sized reply consists of.
const FILL: u8 = b'x';

/// What stands around the name in a greeting.
const BEFORE_NAME: &str = "Hello, ";
const AFTER_NAME: &str = "!";

/// One `HelloReply`. The name is owned or borrowed, as the face needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply<Name = String> {
    /// A message of this many bytes.
    Filled(u32),
    /// Words for whoever has this name.
    Greeting(Name),
}

impl<Name: AsRef<str>> Reply<Name> {
    /// The length of `HelloReply.message`.
    fn len(&self) -> usize {
        match self {
            Reply::Filled(size) => *size as usize,
            Reply::Greeting(name) => BEFORE_NAME.len() + name.as_ref().len() + AFTER_NAME.len(),
        }
    }

    /// The length of the encoded message: proto3 leaves an empty field out.
    pub(crate) fn encoded_len(&self) -> usize {
        match self.len() {
            0 => 0,
            len => 1 + encoded_len_varint(len as u64) + len,
        }
    }

    /// Appends the encoded message.
    pub(crate) fn encode(&self, buf: &mut impl BufMut) {
        let len = self.len();
        if len == 0 {
            return;
        }
        encode_key(MESSAGE_FIELD, WireType::LengthDelimited, buf);
        encode_varint(len as u64, buf);
        match self {
            Reply::Filled(_) => buf.put_bytes(FILL, len),
            Reply::Greeting(name) => {
                buf.put_slice(BEFORE_NAME.as_bytes());
                buf.put_slice(name.as_ref().as_bytes());
                buf.put_slice(AFTER_NAME.as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;
    use protos::helloworld::HelloReply;

    fn assert_encoded(reply: &Reply, message: String) {
        let expected = HelloReply { message }.encode_to_vec();
        let mut encoded = Vec::new();
        reply.encode(&mut encoded);
        assert!(encoded == expected, "{} bytes", expected.len());
        assert_eq!(reply.encoded_len(), expected.len());
    }

    #[test]
    fn replies_are_encoded_as_prost_does() {
        for size in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            let text = "x".repeat(size as usize);
            assert_encoded(&Reply::Filled(size), text.clone());
            assert_encoded(&Reply::Greeting(text.clone()), format!("Hello, {text}!"));
        }
    }
}
