//! What a call of any other service sends: its description found, its messages compiled, and requests encoded ahead.

use std::sync::Arc;

use bytes::Bytes;
use prost_reflect::{MethodDescriptor, prost_types::MethodDescriptorProto};
use protos::dynamic::template::{Piece, Template};
use protos::dynamic::{Draft, Draw};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use scenarios::method::Pattern;
use scenarios::scenario;
use scenarios::service::Foreign;
use serde_json::Value;

use super::fresh::Fresh;
use super::given::Given;
use super::{
    Answer, Call, CallError, Known, LeftOut, Mistake, POOL, POOL_BYTES, Request, described, fields,
    streaming,
};

/// Messages that are encoded ahead at the most, whatever they amount to; and where a table has so many rows.
const POOL_MESSAGES: usize = 1 << 16;
const MOST_MESSAGES: usize = 1 << 18;
/// Paced streams that differ, where more do not have to.
const POOL_STREAMS: usize = 64;

/// Prepares the calls of a foreign method.
pub(super) fn prepare(
    foreign: &Foreign,
    call: &scenario::Call,
    seed: u64,
    known: &Known<'_>,
) -> Result<Call, CallError> {
    let method = described::method(foreign, known)?;
    let pattern = pattern(method.method_descriptor_proto());
    let given = Given::compile(foreign, &method.input(), known)?;
    let messages = messages(call, &method, pattern, &given)?;
    streaming::check(call, method.full_name(), pattern)?;
    let answer = Answer {
        messages: (!pattern.streams_replies()).then_some(1),
        bytes: None,
    };
    let is_fresh = foreign.fresh && !given.is_fixed();
    if is_fresh && call.stream.is_some() {
        let message = "expected `false` beside `stream`, whose messages are encoded ahead";
        return Err(Mistake::at("fresh", message).into());
    }
    // One is encoded ahead all the same: it says what a call is like.
    let pool = if is_fresh { 1 } else { POOL };
    let requests = if call.stream.is_some() {
        paced(&given, seed, answer)
    } else if pattern.streams_requests() {
        streams(&given, messages, pool, seed, answer)
    } else {
        singles(&given, pool, seed, answer)
    };
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let mut prepared = Call::of(call, seed, known, (path, pattern), &requests);
    let reply = method.output();
    if let Some(expect) = &call.expect
        && let Some(check) = fields::check(expect, &reply)?
    {
        prepared.expect = prepared.expect.map(|expect| expect.of_messages(check));
    }
    prepared.reply_type = Some(reply);
    let different = given.different(pattern.streams_requests());
    prepared.left_out = (!is_fresh && different > requests.len()).then_some(LeftOut {
        taken: requests.len() as u64,
        given: different as u64,
    });
    prepared.fresh = is_fresh.then(|| {
        Arc::new(Fresh {
            drafts: given.drafts,
            streams: pattern.streams_requests(),
            messages,
            seed,
            packing: None,
        })
    });
    Ok(prepared)
}

fn pattern(method: &MethodDescriptorProto) -> Pattern {
    match (method.client_streaming(), method.server_streaming()) {
        (false, false) => Pattern::Unary,
        (false, true) => Pattern::ServerStreaming,
        (true, false) => Pattern::ClientStreaming,
        (true, true) => Pattern::Bidirectional,
    }
}

/// How many messages a call has: more than one only where the method streams requests.
fn messages(
    call: &scenario::Call,
    method: &MethodDescriptor,
    pattern: Pattern,
    given: &Given,
) -> Result<u32, Mistake> {
    let listed = u32::try_from(given.drafts.len()).unwrap_or(u32::MAX);
    match call.request.messages {
        None if pattern.streams_requests() => Ok(listed),
        Some(messages) if pattern.streams_requests() || messages == 1 => Ok(messages),
        None => Ok(1),
        Some(messages) => {
            let name = method.full_name();
            let message = format!(
                "expected 1, since `{name}` is {pattern} and does not stream requests, found {messages}"
            );
            Err(Mistake::at("request", message).below("messages"))
        }
    }
}

/// Calls of one message each, which take the given messages in turn.
fn singles(given: &Given, pool: usize, seed: u64, answer: Answer) -> Vec<Request> {
    let mut draw = draw(seed);
    let mut requests = Vec::new();
    let mut total = 0;
    for number in 0..given.variants(pool, if pool == 1 { 1 } else { MOST_MESSAGES }) {
        let draft = &given.drafts[number % given.drafts.len()];
        draw.seq = number as u64;
        let message = encoded(draft, &mut draw);
        total += message.len() as u64;
        requests.push(Request::new(vec![message], 0, 1, answer));
        if total >= POOL_BYTES && !given.is_fixed() {
            break;
        }
    }
    requests
}

/// Calls of several messages, each of which begins with the first that is given.
fn streams(given: &Given, messages: u32, pool: usize, seed: u64, answer: Answer) -> Vec<Request> {
    let count = messages as usize;
    if given.is_fixed() {
        let mut draw = draw(seed);
        let drafts = given.drafts.iter().take(count);
        let distinct = drafts.map(|draft| encoded(draft, &mut draw)).collect();
        return vec![Request::new(distinct, 0, messages, answer)];
    }
    let mut draw = draw(seed);
    let mut requests = Vec::new();
    let mut total = 0;
    let within = |messages: usize| match pool {
        1 => 1,
        _ => (messages / count).max(1),
    };
    let usual = pool.min(within(POOL_MESSAGES));
    for number in 0..given.rounds(usual, within(MOST_MESSAGES)) {
        draw.seq = number as u64;
        let distinct: Vec<Bytes> = (0..count)
            .map(|message| {
                draw.message = message as u32;
                encoded(&given.drafts[message % given.drafts.len()], &mut draw)
            })
            .collect();
        total += distinct
            .iter()
            .map(|message| message.len() as u64)
            .sum::<u64>();
        requests.push(Request::new(distinct, 0, messages, answer));
        if total >= POOL_BYTES {
            break;
        }
    }
    requests
}

/// Streams that begin with one message, and are paced through all that are given. Templates are filled in for as many
/// messages as there is room for; then the stream's own come again.
fn paced(given: &Given, seed: u64, answer: Answer) -> Vec<Request> {
    let listed = given.drafts.len();
    let each = POOL_MESSAGES / given.rounds(POOL_STREAMS, POOL_MESSAGES);
    let messages = (each - each % listed).max(listed);
    let messages = if given.is_fixed() { listed } else { messages };
    let messages = u32::try_from(messages).unwrap_or(u32::MAX);
    let begun = |request| Request {
        messages: 1,
        ..request
    };
    let requests = streams(given, messages, POOL_STREAMS, seed, answer);
    requests.into_iter().map(begun).collect()
}

/// The names of the templates in a scenario's messages that should be others with every call.
pub(crate) fn fresh_templates(foreign: &Foreign) -> Vec<&'static str> {
    let mut names = Vec::new();
    let messages = foreign.message.iter().chain(&foreign.messages);
    messages.for_each(|message| add_fresh(message, &mut names));
    names
}

fn add_fresh(json: &Value, names: &mut Vec<&'static str>) {
    match json {
        Value::Object(entries) => entries.values().for_each(|value| add_fresh(value, names)),
        Value::Array(items) => items.iter().for_each(|item| add_fresh(item, names)),
        Value::String(text) => {
            // A template that is wrong is told of elsewhere.
            let template = Template::parse(text, &[]);
            for piece in template.iter().flat_map(Template::pieces) {
                match piece {
                    Piece::Filled(filled)
                        if filled.is_fresh() && !names.contains(&filled.name()) =>
                    {
                        names.push(filled.name());
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn draw(seed: u64) -> Draw {
    Draw {
        now_ns: now_ns(),
        rng: ChaCha8Rng::seed_from_u64(seed),
        ..Draw::first(seed)
    }
}

/// The time of day, in nanoseconds since 1970.
pub(super) fn now_ns() -> u64 {
    let now = jiff::Timestamp::now().as_nanosecond();
    u64::try_from(now).unwrap_or_default()
}

fn encoded(draft: &Draft, draw: &mut Draw) -> Bytes {
    let mut bytes = Vec::new();
    draft.encode(draw, &mut bytes);
    bytes.into()
}
