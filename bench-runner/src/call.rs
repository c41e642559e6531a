//! What one call sends, prepared before the load begins: encoded messages, metadata, and what a right answer is.

mod described;
mod error;
mod expect;
mod fields;
mod foreign;
mod fresh;
mod given;
mod greeting;
mod heads;
mod messages_file;
#[cfg(test)]
mod mistakes;
mod path;
mod request;
mod retry;
#[cfg(test)]
mod rows;
mod streaming;

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use prost_reflect::MessageDescriptor;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use reports::model::FirstReply;
use scenarios::Origin;
use scenarios::method::{Method, Pattern};
use scenarios::scenario::{self, Bidi, Cancel, HalfClose, Stream, When};
use scenarios::service::Called;
use scenarios::units::Nanos;

pub(crate) use self::described::mistake as unknown;
pub use self::error::{CallError, DescriptionError, Mistake};
pub use self::expect::{Expectation, MessageCheck, Misfit, Wants};
pub(crate) use self::foreign::fresh_templates;
pub use self::fresh::Written;
pub(crate) use self::fresh::{Fresh, Pen};
use self::greeting::Greeting;
pub use self::heads::Head;
use self::request::Answer;
pub use self::request::{Request, in_turn};
pub use self::retry::Retry;
use crate::encodings::Encodings;
use crate::engine::Endpoint;
use crate::engine::status::Status;
use crate::secrets::Secrets;

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
    /// The secrets of its metadata.
    pub secrets: Option<&'a Secrets>,
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
    /// Whether the server was asked for its own times, which come as trailers.
    pub stamps: bool,
    /// How messages are written.
    pub encodings: Encodings,
    /// What a reply is, where the service is not the Greeter.
    reply_type: Option<MessageDescriptor>,
    /// When calls are given up on purpose.
    pub cancel: Option<Cancel>,
    /// How requests are paced.
    pub stream: Option<Stream>,
    /// Whether each request of a stream has a reply of its own.
    pub answers_each: bool,
    /// Whether the client half-closes when the replies have come, rather than with its last request.
    pub closes_last: bool,
    /// From one reply that is taken to the next; `None` where they are taken as they come.
    pub read_delay: Option<Nanos>,
    /// When calls are made again, within the one that was meant.
    pub retry: Option<Retry>,
    /// Whether a call that finds no connection waits for one.
    pub wait_for_ready: bool,
    /// What a right answer is, where the scenario says so.
    pub expect: Option<Expectation>,
    /// Where not all that is given to be sent is: what there is no room for before the load.
    pub left_out: Option<LeftOut>,
    /// What is encoded for each call, where it is not before the load.
    pub(crate) fresh: Option<Arc<Fresh>>,
    heads: Vec<Head>,
    secrets: Secrets,
    requests: Vec<Request>,
}

/// Of the different requests that a scenario gives, calls take so many in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Those that calls take.
    pub taken: u64,
    /// All that are given.
    pub given: u64,
}

impl Call {
    /// Prepares the calls of a scenario.
    ///
    /// # Errors
    ///
    /// Of another service than the Greeter: where its description cannot be had, or what is sent does not fit it.
    pub fn prepare(call: &scenario::Call, seed: u64, known: &Known<'_>) -> Result<Call, CallError> {
        match &call.method {
            Called::Greeter(method) => Ok(greetings(*method, call, seed, known)),
            Called::Foreign(foreign) => foreign::prepare(foreign, call, seed, known),
        }
    }

    /// A call whose requests are prepared.
    fn of(
        call: &scenario::Call,
        seed: u64,
        known: &Known<'_>,
        method: (String, Pattern),
        requests: &[Request],
    ) -> Call {
        // Nobody knows whether another service answers each message, and one that does not would never get the second.
        let bidi = match call.method {
            Called::Greeter(_) => call.bidi.unwrap_or_default(),
            Called::Foreign(_) => call.bidi.unwrap_or(Bidi::Independent),
        };
        let secrets = known.secrets.cloned().unwrap_or_default();
        let heads = heads::prepare(call, seed, &secrets);
        let (path, pattern) = method;
        Call {
            path,
            pattern,
            bidi,
            stamps: call.stamps,
            encodings: Encodings::of(call),
            reply_type: None,
            left_out: None,
            fresh: None,
            cancel: call.cancel,
            stream: call.stream,
            answers_each: match &call.reply {
                Some(reply) => reply.when == Some(When::Each),
                None => call.stream.is_some_and(|stream| stream.answers_each),
            },
            closes_last: call.half_close == HalfClose::AfterReplies,
            read_delay: call.read.map(|read| read.delay),
            retry: call.retry.as_ref().map(Retry::prepare),
            wait_for_ready: call.wait_for_ready,
            expect: Expectation::prepare(call),
            requests: heads::deal(requests, heads.len()),
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

    /// Compresses all requests, for an engine that does not do so call by call.
    #[must_use]
    pub fn packed(mut self) -> Call {
        if let Some(encoding) = self.encodings.sent {
            // Several requests share their messages where only their heads differ.
            let mut known = HashMap::new();
            for request in &mut self.requests {
                let packed = known.entry(request.distinct.as_ptr());
                let packed = packed.or_insert_with(|| request.pack(encoding));
                request.packed = Some(Arc::clone(packed));
            }
            self.fresh = self.fresh.map(|fresh| Arc::new(fresh.packed(encoding)));
        }
        self
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
        let longest = self.requests.iter().map(Request::longest_message);
        longest.max().unwrap_or_default()
    }

    /// Whether the client waits for each reply before it sends the next request.
    pub fn is_ping_pong(&self) -> bool {
        self.pattern == Pattern::Bidirectional && self.bidi == Bidi::PingPong
    }
}

fn greetings(method: Method, call: &scenario::Call, seed: u64, known: &Known<'_>) -> Call {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let greeting = Greeting::new(method, call, known.shaped);
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
    let method = (method.path().to_owned(), method.pattern());
    Call::of(call, seed, known, method, &requests)
}
