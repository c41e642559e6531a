//! What the calls of a run send, framed once: the requests' header blocks and their messages.

use std::collections::HashMap;

use bytes::Bytes;
use scenarios::units::Nanos;
use wire::{Message, Template};

use crate::call::{Call, Head, Request, in_turn};
use crate::engine::OpId;

/// What the calls of a run send.
pub(super) struct Templates {
    heads: Vec<Template>,
    pub(super) ping_pong: bool,
    pool: Vec<Messages>,
    /// Messages of calls that do not take the prepared ones, by their ids.
    fresh: Vec<Option<Messages>>,
}

/// The messages of one call.
pub(super) struct Messages {
    pub(super) first: Message,
    pub(super) count: u32,
    head: u32,
    distinct: Vec<Message>,
    again_from: usize,
}

impl Templates {
    pub(super) fn new(call: &Call, authority: &str, user_agent: &str) -> Templates {
        let request = wire::Request {
            user_agent,
            ..wire::Request::new(authority, &call.path)
        };
        let heads = call.heads().iter().map(|head| template(head, request));
        Templates {
            heads: Template::in_slots(heads.collect()),
            ping_pong: call.is_ping_pong(),
            pool: framed(call.requests()),
            fresh: Vec::new(),
        }
    }

    /// What the calls with these messages say first.
    #[inline]
    pub(super) fn head(&self, messages: &Messages) -> &Template {
        &self.heads[messages.head as usize]
    }

    #[inline]
    pub(super) fn messages(&self, op: OpId, request: u32) -> &Messages {
        let prepared = &self.pool[request as usize];
        if self.fresh.is_empty() {
            return prepared;
        }
        let fresh = self.fresh.get(op.0 as usize);
        fresh.and_then(Option::as_ref).unwrap_or(prepared)
    }

    /// Keeps the messages of a call, which says first what the prepared one says.
    pub(super) fn put(&mut self, op: OpId, request: &Request) {
        let index = op.0 as usize;
        if self.fresh.len() <= index {
            self.fresh.resize_with(index + 1, || None);
        }
        let framed = |message: &Bytes| Message::new(message);
        let distinct = request.distinct().iter().map(framed).collect();
        self.fresh[index] = Some(Messages::of(distinct, request));
    }
}

impl Messages {
    fn of(distinct: Vec<Message>, request: &Request) -> Messages {
        Messages {
            first: distinct[0].clone(),
            count: request.messages,
            head: request.head,
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

fn template(head: &Head, request: wire::Request<'_>) -> Template {
    let timeout = head.deadline.map(timeout);
    let metadata: Vec<(&str, &[u8])> = head
        .metadata
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_bytes()))
        .collect();
    Template::request(&wire::Request {
        timeout: timeout.as_deref(),
        metadata: &metadata,
        ..request
    })
}

/// The prepared requests framed, each set of bytes once: several requests share them where only their heads differ.
fn framed(requests: &[Request]) -> Vec<Messages> {
    let mut known = HashMap::new();
    let mut message = |bytes: &Bytes| -> Message {
        let message = known.entry((bytes.as_ptr(), bytes.len()));
        message.or_insert_with(|| Message::new(bytes)).clone()
    };
    let framed = requests.iter().map(|request| {
        let distinct: Vec<Message> = request.distinct().iter().map(&mut message).collect();
        Messages::of(distinct, request)
    });
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
