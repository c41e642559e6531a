//! What happened to every call, counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::foreign::nullable;

/// What happened to the calls whose intended start lies in the measured time.
///
/// Always `started == ok + failed + deadline_exceeded + cancelled + unfinished`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Calls handed to the transport.
    pub started: u64,
    /// Status OK, or the one that the scenario expects (`call.expect.status`).
    pub ok: u64,
    /// Another status, or a transport error.
    pub failed: u64,
    /// Ended by their deadline.
    pub deadline_exceeded: u64,
    /// Status CANCELLED.
    pub cancelled: u64,
    /// Of these, the ones that the client cancelled because the scenario asks for it: no failures.
    #[serde(skip_serializing_if = "is_none")]
    pub cancelled_on_purpose: u64,
    /// Attempts, where calls may be made again (`call.retry`), the first of each call included.
    #[serde(skip_serializing_if = "is_none")]
    pub attempts: u64,
    /// Still in flight when the drain ended.
    pub unfinished: u64,
    /// Due, but never started: the backlog was full, or no stream came free. Not part of `started`.
    #[serde(deserialize_with = "nullable")]
    pub shed: u64,
    /// Calls by the name of their status; the unfinished have none.
    #[serde(deserialize_with = "nullable")]
    pub by_status: BTreeMap<String, u64>,
    /// Request messages handed to the transport.
    #[serde(deserialize_with = "nullable")]
    pub messages_sent: u64,
    /// Reply messages received.
    #[serde(deserialize_with = "nullable")]
    pub messages_received: u64,
    /// Bytes of the request messages, without their five-byte prefixes.
    #[serde(deserialize_with = "nullable")]
    pub bytes_sent: u64,
    /// Bytes of the reply messages, without their five-byte prefixes.
    #[serde(deserialize_with = "nullable")]
    pub bytes_received: u64,
}

impl Counts {
    /// Whether every started call is accounted for.
    pub fn balanced(&self) -> bool {
        self.started == self.finished().saturating_add(self.unfinished)
    }

    /// Calls that ended, however they did.
    pub fn finished(&self) -> u64 {
        [self.failed, self.deadline_exceeded, self.cancelled]
            .into_iter()
            .fold(self.ok, u64::saturating_add)
    }

    /// Started calls that neither ended OK nor were cancelled on purpose.
    pub fn bad(&self) -> u64 {
        let good = self.ok.saturating_add(self.cancelled_on_purpose);
        self.started.saturating_sub(good)
    }

    /// The share of started calls that neither ended OK nor were cancelled on purpose; nothing where none was started.
    pub fn error_share(&self) -> f64 {
        if self.started == 0 {
            0.0
        } else {
            self.bad() as f64 / self.started as f64
        }
    }

    /// Adds another part of the same population.
    pub fn add(&mut self, other: &Counts) {
        let sum = |mine: &mut u64, theirs: u64| *mine = mine.saturating_add(theirs);
        sum(&mut self.started, other.started);
        sum(&mut self.ok, other.ok);
        sum(&mut self.failed, other.failed);
        sum(&mut self.deadline_exceeded, other.deadline_exceeded);
        sum(&mut self.cancelled, other.cancelled);
        sum(&mut self.cancelled_on_purpose, other.cancelled_on_purpose);
        sum(&mut self.attempts, other.attempts);
        sum(&mut self.unfinished, other.unfinished);
        sum(&mut self.shed, other.shed);
        for (status, count) in &other.by_status {
            sum(self.by_status.entry(status.clone()).or_default(), *count);
        }
        sum(&mut self.messages_sent, other.messages_sent);
        sum(&mut self.messages_received, other.messages_received);
        sum(&mut self.bytes_sent, other.bytes_sent);
        sum(&mut self.bytes_received, other.bytes_received);
    }
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// A kind of failure, with the text that came with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The name of the status.
    pub status: String,
    /// The status message, or what the transport said.
    pub message: String,
    /// How many calls.
    pub count: u64,
}

/// One side's count of one method over a whole repetition: warm-up, measure and drain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodCounts {
    /// Calls begun.
    pub calls: u64,
    /// Request messages.
    pub requests: u64,
    /// Reply messages.
    pub replies: u64,
    /// Bytes of the request messages, without prefixes.
    pub request_bytes: u64,
    /// Bytes of the reply messages, without prefixes.
    pub reply_bytes: u64,
}

/// Both sides' counts over a whole repetition, so that they can be held against each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// What the runner counted.
    pub client: MethodCounts,
    /// What the server counted, where it is the reference server.
    pub server: Option<MethodCounts>,
}
