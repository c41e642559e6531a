//! What the calls of a run send, framed once: the header blocks of each call, and its messages.

use std::collections::HashMap;

use bytes::Bytes;
use scenarios::units::Nanos;
use wire::{Message, Template};

use super::authorities::{Authorities, Origin};
use crate::call::{Call, Head, Request, in_turn};
use crate::engine::OpId;
use crate::mix::Mix;

/// What the calls of a run send.
pub(super) struct Templates {
    /// Of every call, for each authority.
    heads: Vec<Template>,
    /// How many of them are for one authority.
    stride: usize,
    authorities: Authorities,
    calls: Vec<CallTemplate>,
    /// Messages of calls that do not send prepared ones, by their ids.
    fresh: Vec<Option<Messages>>,
}

/// What one call sends.
pub(super) struct CallTemplate {
    pub(super) ping_pong: bool,
    /// Whether calls stay open when their messages are sent.
    pub(super) held_open: bool,
    pool: Vec<Messages>,
    /// Whether its messages are encoded call by call.
    is_fresh: bool,
}

/// The messages of one call.
pub(super) struct Messages {
    pub(super) first: Message,
    pub(super) count: u32,
    /// Among the heads for one authority.
    head: u32,
    distinct: Vec<Message>,
    again_from: usize,
}

impl Templates {
    pub(super) fn new(mix: &Mix, authorities: Authorities, user_agent: &str) -> Templates {
        let (mut calls, mut stride) = (Vec::new(), 0);
        for call in mix.calls() {
            calls.push(CallTemplate {
                ping_pong: call.is_ping_pong(),
                is_fresh: call.fresh.is_some(),
                held_open: call.is_held_open(),
                pool: framed(call.requests(), stride as u32),
            });
            stride += call.heads().len();
        }
        let mut heads = Vec::with_capacity(stride * authorities.names().len());
        for origin in authorities.names() {
            let calls = mix.calls().iter();
            heads.extend(calls.flat_map(|call| templates(call, origin, user_agent)));
        }
        Templates {
            heads: Template::in_slots(heads),
            stride,
            authorities,
            calls,
            fresh: Vec::new(),
        }
    }

    /// Of the call that a request is of.
    #[inline]
    pub(super) fn of(&self, request: u32) -> &CallTemplate {
        &self.calls[Mix::number(request)]
    }

    /// What a call sends: what was put for it, or else what was prepared.
    #[inline]
    pub(super) fn messages(&self, op: OpId, request: u32) -> &Messages {
        let call = self.of(request);
        let prepared = call.messages(request);
        if !call.is_fresh {
            return prepared;
        }
        let fresh = self.fresh.get(op.0 as usize);
        fresh.and_then(Option::as_ref).unwrap_or(prepared)
    }

    /// Keeps the messages of a call, which says first what the prepared one says.
    pub(super) fn put(&mut self, op: OpId, request: u32, messages: &Request) {
        let index = op.0 as usize;
        if self.fresh.len() <= index {
            self.fresh.resize_with(index + 1, || None);
        }
        let head = self.of(request).messages(request).head;
        let framed = Messages::of(messages, head, |bytes, frame| frame(bytes));
        self.fresh[index] = Some(framed);
    }

    /// What the calls with these messages say first on a channel.
    #[inline]
    pub(super) fn head(&self, channel: usize, messages: &Messages) -> &Template {
        &self.heads[self.authorities.of(channel) * self.stride + messages.head as usize]
    }
}

impl CallTemplate {
    /// The messages of a request.
    #[inline]
    pub(super) fn messages(&self, request: u32) -> &Messages {
        &self.pool[Mix::within(request) as usize]
    }
}

/// What a call says first to this authority, by [`Request::head`].
fn templates(call: &Call, origin: &Origin, user_agent: &str) -> Vec<Template> {
    let request = wire::Request {
        scheme: origin.scheme,
        user_agent,
        content_type: call.encodings.content_type(),
        ..wire::Request::new(&origin.authority, &call.path)
    };
    let encodings = call.encodings.fields();
    let heads = call.heads().iter();
    heads
        .map(|head| template(head, &encodings, request))
        .collect()
}

impl Messages {
    fn of(
        request: &Request,
        head: u32,
        mut framed: impl FnMut(&Bytes, fn(&[u8]) -> Message) -> Message,
    ) -> Messages {
        let (distinct, frame): (_, fn(&[u8]) -> Message) = match request.packed() {
            Some(packed) => (packed, Message::compressed),
            None => (request.distinct(), Message::new),
        };
        let distinct: Vec<Message> = distinct.iter().map(|bytes| framed(bytes, frame)).collect();
        Messages {
            first: distinct[0].clone(),
            count: request.messages,
            head,
            distinct,
            again_from: request.again_from(),
        }
    }

    /// The message of a number, from 0.
    #[inline]
    pub(super) fn at(&self, number: u32) -> &Message {
        &self.distinct[in_turn(number, self.distinct.len(), self.again_from)]
    }
}

fn template(head: &Head, encodings: &[(&str, String)], request: wire::Request<'_>) -> Template {
    let timeout = head.deadline.map(timeout);
    let encodings = encodings
        .iter()
        .map(|(key, value)| (*key, value.as_bytes()));
    let metadata = head
        .metadata
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_bytes()));
    let metadata: Vec<(&str, &[u8])> = encodings.chain(metadata).collect();
    Template::request(&wire::Request {
        timeout: timeout.as_deref(),
        metadata: &metadata,
        ..request
    })
}

/// What an attempt after the first says first: less of its timeout is left.
#[cold]
pub(super) fn shortened(head: &Template, left: Nanos) -> Template {
    head.with_timeout(&timeout(left))
}

/// The prepared requests framed, each set of bytes once: several requests share them where only their heads differ.
///
/// `heads` are those of the calls before.
fn framed(requests: &[Request], heads: u32) -> Vec<Messages> {
    let mut known = HashMap::new();
    let mut message = |bytes: &Bytes, frame: fn(&[u8]) -> Message| -> Message {
        let message = known.entry((bytes.as_ptr(), bytes.len()));
        message.or_insert_with(|| frame(bytes)).clone()
    };
    let framed = requests
        .iter()
        .map(|request| Messages::of(request, heads + request.head, &mut message));
    framed.collect()
}

/// A timeout as `grpc-timeout` has it: at most eight digits and a unit; rounded up where the digits do not suffice.
fn timeout(timeout: Nanos) -> String {
    const UNITS: [(&str, u64); 4] = [
        ("n", 1),
        ("u", 1_000),
        ("m", 1_000_000),
        ("S", 1_000_000_000),
    ];
    let fits = |(_, scale): &&(&str, u64)| timeout.0.div_ceil(*scale) <= 99_999_999;
    let (unit, scale) = UNITS.iter().find(fits).unwrap_or(&UNITS[3]);
    format!("{}{unit}", timeout.0.div_ceil(*scale).min(99_999_999))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_has_at_most_eight_digits() {
        assert_eq!(timeout(Nanos::from_millis(50)), "50000000n");
        assert_eq!(timeout(Nanos::from_millis(250)), "250000u");
        assert_eq!(
            timeout(Nanos(100_000_001)),
            "100001u",
            "never shorter than asked"
        );
        assert_eq!(timeout(Nanos(3_600 * Nanos::SECOND.0)), "3600000m");
    }
}
