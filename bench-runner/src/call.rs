//! What one call sends, prepared before the load begins: encoded messages, metadata, and what a right answer is.

mod described;
mod error;
mod foreign;
mod given;
mod greeting;
mod messages_file;
#[cfg(test)]
mod mistakes;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::MessageDescriptor;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use scenarios::Origin;
use scenarios::method::{Method, Pattern};
use scenarios::scenario::{self, Bidi};
use scenarios::service::Called;
use scenarios::units::Nanos;

pub(crate) use self::described::mistake as unknown;
pub use self::error::{CallError, DescriptionError, Mistake};
pub(crate) use self::foreign::fresh_templates;
use self::greeting::Greeting;
use crate::engine::{Endpoint, Traffic};

/// Different requests that are prepared where sizes are drawn; calls take them in turn.
const POOL: usize = 1024;
/// What all prepared requests together may take.
const POOL_BYTES: u64 = 64 << 20;

/// What is known when calls are prepared.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Whether the server is known to honour the reply shape.
    pub shaped: bool,
    /// Where the server listens, once it does.
    pub server: Option<&'a Endpoint>,
    /// Where the scenario was written, which is where its files are.
    pub origin: Option<&'a Origin>,
}

impl Known<'_> {
    /// A file that the scenario names.
    fn find(&self, file: &str) -> PathBuf {
        self.origin
            .map_or_else(|| PathBuf::from(file), |origin| origin.find(file))
    }
}

/// A call, prepared.
#[derive(Debug)]
pub struct Call {
    /// The HTTP/2 `:path`.
    pub path: String,
    /// The method's pattern.
    pub pattern: Pattern,
    /// How a bidirectional stream is driven.
    pub bidi: Bidi,
    /// Sent with each call, after gRPC's own.
    pub metadata: Vec<(String, String)>,
    /// The call's timeout.
    pub deadline: Option<Nanos>,
    /// Whether the server was asked for its own times, which come as trailers.
    pub stamps: bool,
    /// What a reply is, where the service is not the Greeter.
    reply_type: Option<MessageDescriptor>,
    requests: Vec<Request>,
}

/// The messages of one call.
#[derive(Debug)]
pub struct Request {
    /// The messages that differ, in order; there is at least one.
    distinct: Arc<[Bytes]>,
    /// When they are through, and more are to come, they come again from this one on.
    again_from: usize,
    /// Messages in all.
    pub messages: u32,
    answer: Answer,
}

/// What a right answer amounts to; `None` where that is the server's business.
#[derive(Clone, Copy, Debug)]
struct Answer {
    messages: Option<u64>,
    bytes: Option<u64>,
}

impl Call {
    /// Prepares the calls of a scenario.
    ///
    /// # Errors
    ///
    /// Of another service than the Greeter: where its description cannot be had, or what is sent does not fit it.
    pub fn prepare(call: &scenario::Call, seed: u64, known: &Known<'_>) -> Result<Call, CallError> {
        match &call.method {
            Called::Greeter(method) => Ok(greetings(*method, call, seed, known.shaped)),
            Called::Foreign(foreign) => foreign::prepare(foreign, call, seed, known),
        }
    }

    /// A call whose requests are prepared.
    fn of(call: &scenario::Call, path: String, pattern: Pattern, requests: Vec<Request>) -> Call {
        // Nobody knows whether another service answers each message, and one that does not would never get the second.
        let bidi = match call.method {
            Called::Greeter(_) => call.bidi.unwrap_or_default(),
            Called::Foreign(_) => call.bidi.unwrap_or(Bidi::Independent),
        };
        Call {
            path,
            pattern,
            bidi,
            metadata: call.metadata.clone().into_iter().collect(),
            deadline: call.deadline,
            stamps: call.stamps,
            reply_type: None,
            requests,
        }
    }

    /// What a reply is, where the service is not the Greeter.
    pub fn reply_type(&self) -> Option<&MessageDescriptor> {
        self.reply_type.as_ref()
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
            let sent = request.distinct.iter().map(Bytes::len).max();
            (sent.unwrap_or_default() as u64).max(request.answer.longest_message())
        };
        self.requests.iter().map(longest).max().unwrap_or_default()
    }

    /// Whether the client waits for each reply before it sends the next request.
    pub fn is_ping_pong(&self) -> bool {
        self.pattern == Pattern::Bidirectional && self.bidi == Bidi::PingPong
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

fn greetings(method: Method, call: &scenario::Call, seed: u64, shaped: bool) -> Call {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let greeting = Greeting::new(method, call, shaped);
    let mut requests = Vec::new();
    let mut total = 0;
    while requests.len() < POOL && total < POOL_BYTES {
        let request = greeting.request(&mut rng);
        total += request.distinct_bytes();
        requests.push(request);
        if greeting.is_fixed() {
            break;
        }
    }
    Call::of(call, method.path().to_owned(), method.pattern(), requests)
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
    /// Messages that differ, of which the last so many come again and again until there are enough.
    fn new(distinct: Vec<Bytes>, again_from: usize, messages: u32, answer: Answer) -> Request {
        Request {
            distinct: distinct.into(),
            again_from,
            messages,
            answer,
        }
    }

    /// The messages that differ, in order.
    pub fn distinct(&self) -> &[Bytes] {
        &self.distinct
    }

    /// From which of those on they come again.
    pub fn again_from(&self) -> usize {
        self.again_from
    }

    fn distinct_bytes(&self) -> u64 {
        self.distinct
            .iter()
            .map(|message| message.len() as u64)
            .sum()
    }

    /// How many replies a right answer has, where that is known; else one.
    pub fn replies(&self) -> u64 {
        self.answer.messages.unwrap_or(1)
    }

    /// What the first so many messages amount to.
    pub fn traffic(&self, messages: u64) -> Traffic {
        let bytes_of =
            |some: &[Bytes]| some.iter().map(|message| message.len() as u64).sum::<u64>();
        let listed = messages.min(self.distinct.len() as u64);
        let mut bytes = bytes_of(&self.distinct[..listed as usize]);
        let (more, again) = (messages - listed, &self.distinct[self.again_from..]);
        if more > 0 {
            let (rounds, rest) = (more / again.len() as u64, more % again.len() as u64);
            bytes += rounds * bytes_of(again) + bytes_of(&again[..rest as usize]);
        }
        Traffic { messages, bytes }
    }

    /// The messages in order.
    pub fn messages(&self) -> impl Iterator<Item = Bytes> + use<> {
        let (distinct, again_from) = (Arc::clone(&self.distinct), self.again_from);
        (0..self.messages)
            .map(move |number| distinct[in_turn(number, distinct.len(), again_from)].clone())
    }
}

/// Which of so many different messages is the one of a number, from 0.
#[inline]
pub fn in_turn(number: u32, listed: usize, again_from: usize) -> usize {
    let number = number as usize;
    if number < listed {
        number
    } else {
        again_from + (number - again_from) % (listed - again_from)
    }
}
