//! One reply, and how it is encoded.
//!
//! Hot. A reply is written straight into the buffer that it leaves by; no string is made for it.

use std::{fmt, io};

use prost::bytes::BufMut;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};
use protos::json;

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

impl<Name: AsRef<str>> Reply<Name> {
    /// Writes the message as protobuf JSON.
    pub(crate) fn write_json(&self, into: impl io::Write) -> io::Result<()> {
        match self.len() {
            0 => json::write_reply(None, into),
            _ => json::write_reply(Some(self), into),
        }
    }
}

/// The message's text.
impl<Name: AsRef<str>> fmt::Display for Reply<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Filled(size) => filled(*size as usize, f),
            Reply::Greeting(name) => {
                f.write_str(BEFORE_NAME)?;
                f.write_str(name.as_ref())?;
                f.write_str(AFTER_NAME)
            }
        }
    }
}

/// So many times what fills a reply.
fn filled(mut size: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const MANY: [u8; 1024] = [FILL; 1024];
    // ASCII is UTF-8.
    let many = std::str::from_utf8(&MANY).unwrap_or_default();
    while size > 0 {
        let now = size.min(many.len());
        f.write_str(&many[..now])?;
        size -= now;
    }
    Ok(())
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
    fn replies_are_written_as_json_that_reads_the_same() {
        for size in [0, 1, 1023, 1024, 1025, 300_000] {
            let text = "x".repeat(size as usize);
            for (reply, message) in [
                (Reply::Filled(size), text.clone()),
                (Reply::Greeting(text.clone()), format!("Hello, {text}!")),
            ] {
                let mut written = Vec::new();
                reply.write_json(&mut written).unwrap();
                assert_eq!(json::read_reply(&written).unwrap(), message.len());
                assert_eq!(reply.to_string(), message);
                assert_eq!(written.len() as u64, json::reply_len(message.len() as u64));
            }
        }
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
