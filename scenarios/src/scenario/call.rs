//! What one call is, as meant.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    Cancel, Codec, Compression, Expect, Fill, HalfClose, Metadata, Read, Retry, StatusCode, Stream,
};
use crate::law::Law;
use crate::method::Pattern;
use crate::service::Called;
use crate::units::{Bytes, Nanos};

/// What one call is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Call {
    /// The method, of the Greeter or of another service.
    #[serde(flatten)]
    pub method: Called,
    /// What the client sends.
    #[serde(skip_serializing_if = "Request::is_empty")]
    pub request: Request,
    /// What the client asks the server to answer; the Greeter's methods only, and always there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Reply>,
    /// How a bidirectional stream is driven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bidi: Option<Bidi>,
    /// Sent with each call.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, Metadata>,
    /// What calls name as their authority, where it is not the target's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The call's timeout from its start, sent as `grpc-timeout` and enforced by the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Law<Nanos>>,
    /// Whether a call that finds no connection waits for one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub wait_for_ready: bool,
    /// When calls are made again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// When calls are given up on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<Cancel>,
    /// How requests are paced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<Stream>,
    /// When the client says that it has sent everything.
    #[serde(skip_serializing_if = "HalfClose::is_default")]
    pub half_close: HalfClose,
    /// How the replies are taken; `None` is as they come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Read>,
    /// What a right answer is, beyond the shape that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
    /// What the client compresses its messages with.
    #[serde(skip_serializing_if = "Compression::is_identity")]
    pub compression: Compression,
    /// What messages are written as.
    #[serde(skip_serializing_if = "Codec::is_proto")]
    pub codec: Codec,
    /// Whether the reference server is asked for its own times, which it gives as trailers.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stamps: bool,
}

/// What the client sends in one call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Request {
    /// The length of `HelloRequest.name`; the Greeter's methods only, and always there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Law<Bytes>>,
    /// What the name is filled with.
    #[serde(skip_serializing_if = "Fill::is_letters")]
    pub fill: Fill,
    /// Messages; 1 unless the method streams requests. `None`, of other services only, is as many as are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u32>,
}

impl Request {
    /// Whether nothing is said of it.
    fn is_empty(&self) -> bool {
        self.size.is_none() && self.messages.is_none()
    }
}

/// What the client asks the server to answer. Stock greeters ignore it and greet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reply {
    /// The length of `HelloReply.message`.
    pub size: Law<Bytes>,
    /// Messages; 1 unless the method streams replies. A bidirectional call that answers `after_all` gives so many.
    pub messages: u32,
    /// When a method that streams requests answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// When the initial metadata is sent.
    pub headers: Headers,
    /// A status other than OK, after the replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<ReplyStatus>,
    /// What the server is to compress its replies with, and all that the client accepts; `None` where neither side
    /// compresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// Trailing metadata.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub trailers: BTreeMap<String, String>,
}

/// When a method that streams requests answers.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// One reply to each request, at once (bidirectional only).
    Each,
    /// Once the client has sent everything.
    AfterAll,
    /// After the first request (client streaming only).
    AfterFirst,
    /// One reply to every so many requests, and one to the rest (bidirectional only).
    Every(std::num::NonZeroU32),
}

/// When the initial metadata is sent.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Headers {
    /// With the first reply.
    #[default]
    WithFirst,
    /// As soon as the call arrives.
    AtOnce,
}

/// A status that the server is asked to end with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplyStatus {
    /// The code.
    pub code: StatusCode,
    /// The text.
    pub message: String,
}

/// How a bidirectional stream is driven.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Bidi {
    /// The next request is sent when the reply to the last has come.
    #[default]
    PingPong,
    /// Both directions run on their own.
    Independent,
}

impl Call {
    /// A call of a method, of which nothing else is said.
    pub(crate) fn of(method: Called) -> Call {
        Call {
            method,
            request: Request {
                size: None,
                fill: Fill::default(),
                messages: None,
            },
            reply: None,
            bidi: None,
            metadata: BTreeMap::new(),
            authority: None,
            deadline: None,
            wait_for_ready: false,
            retry: None,
            cancel: None,
            stream: None,
            half_close: HalfClose::default(),
            read: None,
            expect: None,
            compression: Compression::default(),
            codec: Codec::default(),
            stamps: false,
        }
    }

    /// Messages that the client sends in one call of a method of the Greeter.
    pub fn requests(&self) -> u32 {
        let streams = self.method.pattern().is_some_and(Pattern::streams_requests);
        self.request.messages.filter(|_| streams).unwrap_or(1)
    }

    /// Messages that a server which honours [`Reply`] answers one call with.
    pub fn replies(&self) -> u32 {
        let streams = self.method.pattern().is_some_and(Pattern::streams_replies);
        let Some(reply) = self.reply.as_ref().filter(|_| streams) else {
            return 1;
        };
        match reply.when {
            Some(When::Each) => self.requests(),
            Some(When::Every(k)) => self.requests().div_ceil(k.get()),
            _ => reply.messages,
        }
    }
}
