//! What a call asks for besides its messages: when it is given up, made again, and found right.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::status::StatusCode;
use crate::units::{Bytes, Nanos};

/// When the client gives a call up on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cancel {
    /// So long after its start. 1us to 24h.
    After(Nanos),
    /// With its reply message of this number, counted from 1; of methods that stream replies.
    AfterMessages(NonZeroU32),
}

/// Calls that are made again when they fail, within the one that was meant: it lasts from its intended start to the
/// status of its last attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retry {
    /// Attempts at the most, the first included.
    pub attempts: u32,
    /// From the end of an attempt to the next.
    pub backoff: Nanos,
    /// The statuses after which it is tried again.
    pub on: Vec<StatusCode>,
}

/// When the client says that it has sent everything (END_STREAM).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HalfClose {
    /// With its last request.
    #[default]
    WithLast,
    /// When all replies have come, of methods that stream both ways and answer each request; of a `service` as many as
    /// `expect.messages` says, else one for each request.
    AfterReplies,
}

impl HalfClose {
    pub(crate) fn is_default(&self) -> bool {
        *self == HalfClose::WithLast
    }
}

/// How the client takes replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// The next message is taken so long after the one before, and so is the status after the last. 1us to 1h.
    pub delay: Nanos,
}

/// What a right answer is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The status. Another one than OK makes it the good outcome: such calls count as `ok`, and `by_status` names what
    /// came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "OK"))]
    pub status: Option<StatusCode>,
    /// How many reply messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000000))]
    pub messages: Option<u32>,
    /// The length of each reply message as it is encoded, without its prefix. 0B to 1GiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Bytes>,
    /// Fields of each reply message, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Value>,
    /// Initial metadata that must be there, among others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Trailing metadata that must be there, among others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trailers: BTreeMap<String, String>,
}
