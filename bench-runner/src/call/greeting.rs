//! What a call of the Greeter sends: a name of the wanted length, and the shape of the reply that is asked for.

use bytes::Bytes;
use prost::Message as _;
use protos::helloworld::{HelloReply, HelloRequest, ReplyShape, When as WireWhen};
use protos::json;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use scenarios::law::Law;
use scenarios::metadata::binary_text;
use scenarios::method::Method;
use scenarios::scenario::{self, Codec, Fill, Headers, Reply, When};
use scenarios::units;

use super::{Answer, Request};

/// A call of the Greeter, as the scenario has it.
pub(super) struct Greeting<'a> {
    method: Method,
    call: &'a scenario::Call,
    size: &'a Law<units::Bytes>,
    reply: &'a Reply,
    /// Whether the answer will be as it was asked for.
    shaped: bool,
}

impl<'a> Greeting<'a> {
    pub(super) fn new(method: Method, call: &'a scenario::Call, shaped: bool) -> Greeting<'a> {
        let (size, reply) = call
            .request
            .size
            .as_ref()
            .zip(call.reply.as_ref())
            .expect("a scenario as meant has both for every method of the Greeter");
        Greeting {
            method,
            call,
            size,
            reply,
            // The replies of a paced stream are as many as it had time for.
            shaped: shaped && reply.status.is_none() && call.stream.is_none(),
        }
    }

    /// Whether every request is like the first.
    pub(super) fn is_fixed(&self) -> bool {
        self.size.fixed().is_some() && self.reply.size.fixed().is_some()
    }

    /// One request.
    pub(super) fn request(&self, rng: &mut ChaCha8Rng) -> Request {
        let reply_size = draw(&self.reply.size, rng);
        let size = draw(self.size, rng);
        let name = match self.call.request.fill {
            Fill::Letters => text(size, rng),
            Fill::Repeated => "x".repeat(size as usize),
        };
        let messages = self.call.requests();
        let first = HelloRequest {
            name: name.clone(),
            reply: Some(self.shape(reply_size)),
        };
        let further = HelloRequest {
            name,
            reply: self.echo_shape(reply_size),
        };
        let mut distinct = vec![self.encode(&first)];
        if messages > 1 || self.call.stream.is_some() {
            distinct.push(self.encode(&further));
        }
        let again_from = distinct.len() - 1;
        Request::new(distinct, again_from, messages, self.answer(reply_size))
    }

    fn encode(&self, request: &HelloRequest) -> Bytes {
        match self.call.codec {
            Codec::Proto => request.encode_to_vec().into(),
            Codec::Json => json::write_request(request).into(),
        }
    }

    fn answer(&self, reply_size: u32) -> Answer {
        let reply_len = match self.call.codec {
            Codec::Proto => {
                let message = "x".repeat(reply_size as usize);
                HelloReply { message }.encoded_len() as u64
            }
            Codec::Json => json::reply_len(reply_size.into()),
        };
        let streams = self.method.pattern().streams_replies();
        let replies = u64::from(self.call.replies());
        Answer {
            messages: (self.shaped || !streams).then_some(replies),
            bytes: self.shaped.then_some(reply_len * replies),
        }
    }

    /// A bidirectional stream answers each request in the size that it asks for; elsewhere the first request says it all.
    fn echo_shape(&self, size: u32) -> Option<ReplyShape> {
        (self.method == Method::BidiHello).then(|| ReplyShape {
            size: Some(size),
            ..ReplyShape::default()
        })
    }

    fn shape(&self, size: u32) -> ReplyShape {
        let reply = self.reply;
        let (when, every) = match reply.when {
            None => (WireWhen::Default, 0),
            Some(When::Each) => (WireWhen::Each, 0),
            Some(When::AfterAll) => (WireWhen::AfterAll, 0),
            Some(When::AfterFirst) => (WireWhen::AfterFirst, 0),
            Some(When::Every(k)) => (WireWhen::Every, k.get()),
        };
        let status = reply.status.as_ref();
        ReplyShape {
            size: Some(size),
            messages: (reply.messages != 1).then_some(reply.messages),
            when: when.into(),
            every,
            headers_at_once: reply.headers == Headers::AtOnce,
            status_code: status.map_or(0, |status| u32::from(status.code.0)),
            status_message: status.map_or_else(String::new, |status| status.message.clone()),
            trailers: reply.trailers.iter().map(trailer).collect(),
            stamps: self.call.stamps,
        }
    }
}

/// A trailer as the server is asked for it, which makes base64 of binary values by itself.
fn trailer((key, value): (&String, &String)) -> (String, String) {
    let text = key.ends_with("-bin").then(|| binary_text(value)).flatten();
    (key.clone(), text.unwrap_or_else(|| value.clone()))
}

fn draw(law: &Law<units::Bytes>, rng: &mut ChaCha8Rng) -> u32 {
    u32::try_from(law.draw(rng).0).unwrap_or(u32::MAX)
}

/// Text that does not compress to nothing, as real names would not.
fn text(length: u32, rng: &mut ChaCha8Rng) -> String {
    let mut bytes = vec![0; length as usize];
    rng.fill_bytes(&mut bytes);
    // A byte falls on one of 26 letters, some a little more often than others.
    let letter = |byte: u8| char::from(b'a' + (u16::from(byte) * 26 / 256) as u8);
    bytes.into_iter().map(letter).collect()
}
