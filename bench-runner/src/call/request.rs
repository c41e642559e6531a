//! The messages of one call, and what a right answer to them amounts to.

use std::sync::Arc;

use bytes::Bytes;
use protos::encoding::Encoding;

use crate::engine::Traffic;

/// The messages of one call.
#[derive(Clone, Debug)]
pub struct Request {
    /// The messages that differ, in order; there is at least one.
    pub(super) distinct: Arc<[Bytes]>,
    /// When they are through, and more are to come, they come again from this one on.
    pub(super) again_from: usize,
    /// Messages in all.
    pub messages: u32,
    /// The messages that differ, compressed.
    pub(super) packed: Option<Arc<[Bytes]>>,
    /// What is said before them, by its index.
    pub head: u32,
    pub(super) answer: Answer,
}

/// What a right answer amounts to; `None` where that is the server's business.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) messages: Option<u64>,
    pub(super) bytes: Option<u64>,
}

impl Answer {
    /// That is the server's business altogether.
    pub(super) const UNKNOWN: Answer = Answer {
        messages: None,
        bytes: None,
    };

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
    pub(super) fn new(
        distinct: Vec<Bytes>,
        again_from: usize,
        messages: u32,
        answer: Answer,
    ) -> Request {
        Request {
            distinct: distinct.into(),
            again_from,
            messages,
            packed: None,
            head: 0,
            answer,
        }
    }

    /// The messages that differ, in order.
    pub fn distinct(&self) -> &[Bytes] {
        &self.distinct
    }

    /// The same compressed, where the engine does not compress them itself.
    pub fn packed(&self) -> Option<&[Bytes]> {
        self.packed.as_deref()
    }

    /// The same with its messages compressed besides, where they are to be.
    pub(super) fn packed_by(self, encoding: Option<Encoding>) -> Request {
        Request {
            packed: encoding.map(|encoding| self.pack(encoding)),
            ..self
        }
    }

    pub(super) fn pack(&self, encoding: Encoding) -> Arc<[Bytes]> {
        let distinct = self.distinct.iter();
        distinct
            .map(|message| encoding.compress(message).into())
            .collect()
    }

    /// From which of those on they come again.
    pub fn again_from(&self) -> usize {
        self.again_from
    }

    pub(super) fn distinct_bytes(&self) -> u64 {
        self.distinct
            .iter()
            .map(|message| message.len() as u64)
            .sum()
    }

    /// The longest message that is sent, or is known to come back, in bytes.
    pub(super) fn longest_message(&self) -> u64 {
        let sent = self.distinct.iter().map(Bytes::len).max();
        (sent.unwrap_or_default() as u64).max(self.answer.longest_message())
    }

    /// Whether a call that ended OK brought what it asked for; if not, what is wrong.
    #[inline]
    pub fn check(&self, received: Traffic) -> Result<(), String> {
        if self.answer.is(received) {
            Ok(())
        } else {
            Err(self.answer.misfit(received))
        }
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

    /// The message of a number, from 0.
    pub fn message(&self, number: u32) -> &Bytes {
        &self.distinct[in_turn(number, self.distinct.len(), self.again_from)]
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
