//! What one call sends, prepared before the load begins: encoded messages, metadata, and what a right answer is.

mod expect;
mod heads;
mod retry;

use std::borrow::Cow;

use bytes::Bytes;
use prost::Message as _;
use protos::helloworld::{HelloReply, HelloRequest, ReplyShape, When as WireWhen};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use reports::model::FirstReply;
use scenarios::law::Law;
use scenarios::metadata::binary_text;
use scenarios::method::Method;
use scenarios::scenario::{self, Bidi, Cancel, HalfClose, Headers, Stream, When};
use scenarios::units;

pub use self::expect::{Expectation, MessageCheck, Misfit, Wants};
pub use self::heads::Head;
pub use self::retry::Retry;
use crate::engine::Traffic;
use crate::engine::status::Status;
use crate::secrets::Secrets;

/// Different requests that are prepared where sizes are drawn; calls take them in turn.
const POOL: usize = 1024;
/// What all prepared requests together may take.
const POOL_BYTES: u64 = 64 << 20;

/// A call, prepared.
#[derive(Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// How a bidirectional stream is driven.
    pub bidi: Bidi,
    /// Whether the server was asked for its own times, which come as trailers.
    pub stamps: bool,
    /// When calls are given up on purpose.
    pub cancel: Option<Cancel>,
    /// How requests are paced.
    pub stream: Option<Stream>,
    /// Whether each request of a stream has a reply of its own.
    pub answers_each: bool,
    /// Whether the client half-closes when the replies have come, rather than with its last request.
    pub closes_last: bool,
    /// When calls are made again, within the one that was meant.
    pub retry: Option<Retry>,
    /// Whether a call that finds no connection waits for one.
    pub wait_for_ready: bool,
    /// What a right answer is, where the scenario says so.
    pub expect: Option<Expectation>,
    heads: Vec<Head>,
    secrets: Secrets,
    requests: Vec<Request>,
}

/// The messages of one call.
#[derive(Clone, Debug)]
pub struct Request {
    /// The first message, which carries the shape of the reply.
    pub first: Bytes,
    /// Every further message.
    pub further: Bytes,
    /// Messages in all.
    pub messages: u32,
    /// What is said before them, by its index.
    pub head: u32,
    answer: Answer,
}

/// What a right answer amounts to; `None` where that is the server's business.
#[derive(Clone, Copy, Debug)]
struct Answer {
    messages: Option<u64>,
    bytes: Option<u64>,
}

impl Call {
    /// Prepares the calls of a scenario; `shaped` tells whether the server is known to honour the reply shape.
    pub fn prepare(call: &scenario::Call, seed: u64, shaped: bool) -> Call {
        Call::prepare_with(call, seed, shaped, Secrets::default())
    }

    /// The same where there are secrets in its metadata.
    pub fn prepare_with(call: &scenario::Call, seed: u64, shaped: bool, secrets: Secrets) -> Call {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let shaped = shaped && call.reply.status.is_none();
        let is_fixed = call.request.size.fixed().is_some() && call.reply.size.fixed().is_some();
        let mut requests = Vec::new();
        let mut total = 0;
        while requests.len() < POOL && total < POOL_BYTES {
            let request = Request::prepare(call, shaped, &mut rng);
            total += (request.first.len() + request.further.len()) as u64;
            requests.push(request);
            if is_fixed {
                break;
            }
        }
        let heads = heads::prepare(call, seed, &secrets);
        Call {
            method: call.method,
            bidi: call.bidi.unwrap_or_default(),
            stamps: call.stamps,
            cancel: call.cancel,
            stream: call.stream,
            answers_each: call.reply.when == Some(When::Each),
            closes_last: call.half_close == HalfClose::AfterReplies,
            retry: call.retry.as_ref().map(Retry::prepare),
            wait_for_ready: call.wait_for_ready,
            expect: Expectation::prepare(call),
            requests: heads::deal(&requests, heads.len()),
            heads,
            secrets,
        }
    }

    /// Whether the engine leaves calls open on the client's side until it is told to end that.
    #[inline]
    pub fn is_held_open(&self) -> bool {
        self.stream.is_some() || self.closes_last
    }

    /// What is said before the messages of a prepared request.
    #[inline]
    pub fn head(&self, request: u32) -> &Head {
        &self.heads[self.request(request).head as usize]
    }

    /// All that is said before messages, in the order of [`Request::head`].
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// Whether calls have deadlines: all of them, or none.
    #[inline]
    pub fn has_deadline(&self) -> bool {
        self.heads[0].deadline.is_some()
    }

    /// Whether deadlines pass in the order in which calls start.
    pub fn deadlines_in_order(&self) -> bool {
        let first = self.heads[0].deadline;
        self.heads.iter().all(|head| head.deadline == first)
    }

    /// What engines are to look at besides lengths and statuses.
    pub fn wants(&self) -> Wants {
        self.expect
            .as_ref()
            .map_or(Wants::default(), Expectation::wants)
    }

    /// A text that came from a server, without the secrets that may be in it.
    pub fn without_secrets<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.secrets.hide(text)
    }

    /// What came with a reply, without the secrets that may be in it.
    pub fn hide_secrets(&self, mut reply: FirstReply) -> FirstReply {
        if !self.secrets.is_empty() {
            let values = reply
                .metadata
                .values_mut()
                .chain(reply.trailers.values_mut());
            values.for_each(|value| *value = self.secrets.hide(value).into_owned());
        }
        reply
    }

    /// Whether a status is the good outcome of a call.
    #[inline]
    pub fn is_good(&self, status: Status) -> bool {
        match &self.expect {
            None => status == Status::OK,
            Some(expect) => expect.is_good(status),
        }
    }

    /// A prepared request.
    #[inline]
    pub fn request(&self, index: u32) -> &Request {
        &self.requests[index as usize]
    }

    /// The index of the prepared request that comes so many after another, in turn.
    #[inline]
    pub fn request_after(&self, index: u32, many: u32) -> u32 {
        let pool = self.requests.len() as u32;
        let after = index + if many < pool { many } else { many % pool };
        if after < pool { after } else { after - pool }
    }

    /// All prepared requests, in the order in which calls take them.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// The longest message that any call sends, or is known to be answered with, in bytes.
    pub fn longest_message(&self) -> u64 {
        let longest = |request: &Request| {
            let sent = request.first.len().max(request.further.len()) as u64;
            sent.max(request.answer.longest_message())
        };
        self.requests.iter().map(longest).max().unwrap_or_default()
    }

    /// Whether the client waits for each reply before it sends the next request.
    pub fn is_ping_pong(&self) -> bool {
        self.method == Method::BidiHello && self.bidi == Bidi::PingPong
    }

    /// Whether a call that ended OK brought what it asked for; if not, what is wrong.
    #[inline]
    pub fn check(&self, request: u32, received: Traffic) -> Result<(), String> {
        let answer = self.request(request).answer;
        if answer.is(received) {
            Ok(())
        } else {
            Err(answer.misfit(received))
        }
    }
}

impl Answer {
    fn longest_message(&self) -> u64 {
        let messages = self.messages.unwrap_or(1).max(1);
        self.bytes.map_or(0, |bytes| bytes.div_ceil(messages))
    }

    #[inline]
    fn is(self, received: Traffic) -> bool {
        self.messages
            .is_none_or(|messages| messages == received.messages)
            && self.bytes.is_none_or(|bytes| bytes == received.bytes)
    }

    #[cold]
    fn misfit(self, received: Traffic) -> String {
        match self.messages {
            Some(messages) if messages != received.messages => {
                format!("{} reply messages instead of {messages}", received.messages)
            }
            _ => format!(
                "{} bytes of reply messages instead of {}",
                received.bytes,
                self.bytes.unwrap_or_default()
            ),
        }
    }
}

impl Request {
    fn prepare(call: &scenario::Call, shaped: bool, rng: &mut ChaCha8Rng) -> Request {
        let reply_size = draw(&call.reply.size, rng);
        let shape = shape(call, reply_size);
        let name = text(draw(&call.request.size, rng), rng);
        let further = HelloRequest {
            name: name.clone(),
            reply: echo_shape(call, reply_size),
        };
        let first = HelloRequest {
            name,
            reply: Some(shape),
        };
        let reply = HelloReply {
            message: "x".repeat(reply_size as usize),
        };
        let streams = call.method.pattern().streams_replies();
        // The replies of a paced stream are as many as it had time for.
        let shaped = shaped && call.stream.is_none();
        let replies = u64::from(call.replies());
        Request {
            first: first.encode_to_vec().into(),
            further: further.encode_to_vec().into(),
            messages: call.requests(),
            head: 0,
            answer: Answer {
                messages: (shaped || !streams).then_some(replies),
                bytes: shaped.then_some(reply.encoded_len() as u64 * replies),
            },
        }
    }

    /// How many replies a right answer has, where that is known; else one.
    pub fn replies(&self) -> u64 {
        self.answer.messages.unwrap_or(1)
    }

    /// What the first so many messages amount to.
    pub fn traffic(&self, messages: u64) -> Traffic {
        let further = messages.saturating_sub(1) * self.further.len() as u64;
        let first = if messages > 0 {
            self.first.len() as u64
        } else {
            0
        };
        Traffic {
            messages,
            bytes: first + further,
        }
    }

    /// The messages in order.
    pub fn messages(&self) -> impl Iterator<Item = Bytes> + use<> {
        let (first, further) = (self.first.clone(), self.further.clone());
        std::iter::once(first).chain(std::iter::repeat_n(
            further,
            self.messages.saturating_sub(1) as usize,
        ))
    }
}

/// A bidirectional stream answers each request in the size that it asks for; elsewhere the first request says it all.
fn echo_shape(call: &scenario::Call, size: u32) -> Option<ReplyShape> {
    (call.method == Method::BidiHello).then(|| ReplyShape {
        size: Some(size),
        ..ReplyShape::default()
    })
}

fn shape(call: &scenario::Call, size: u32) -> ReplyShape {
    let reply = &call.reply;
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
        stamps: call.stamps,
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
