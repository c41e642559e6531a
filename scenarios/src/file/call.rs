//! One call, as written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::law::Law;
use crate::method::Method;
use crate::scenario::{Bidi, Headers, When};
use crate::status::StatusCode;
use crate::units::{Bytes, Nanos};

/// What one call is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Call")]
pub(crate) struct CallFile {
    /// Of one of `calls`: its name.
    #[schemars(skip)]
    pub(crate) name: Option<String>,
    /// Of one of `calls`: its weight.
    #[schemars(skip)]
    pub(crate) weight: Option<u32>,
    /// The method of the Greeter.
    #[schemars(extend("default" = "SayHello"))]
    pub(crate) method: Option<Method>,
    /// What the client sends.
    pub(crate) request: Option<RequestFile>,
    /// What the client asks the server to answer. Stock greeters ignore it and greet.
    pub(crate) reply: Option<ReplyFile>,
    /// How BidiHello is driven, `ping_pong` if left out; the other methods have no use for it.
    pub(crate) bidi: Option<Bidi>,
    /// Sent with each call: lowercase names, values of printable ASCII.
    #[schemars(extend("examples" = [{ "x-tenant": "blue" }]))]
    pub(crate) metadata: Option<BTreeMap<String, String>>,
    /// The call's timeout from its start, sent as `grpc-timeout` and enforced by the client. 1us to 24h; left out: none.
    pub(crate) deadline: Option<Nanos>,
    /// Asks the reference server for its own times of each call, as trailers. Stock greeters ignore it.
    #[schemars(extend("default" = false))]
    pub(crate) stamps: Option<bool>,
}

/// What the client sends in one call.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Request")]
pub(crate) struct RequestFile {
    /// The length of `HelloRequest.name`, fixed or drawn. 0B to 1GiB.
    #[schemars(extend("default" = "16B"))]
    pub(crate) size: Option<Law<Bytes>>,
    /// Messages; more than 1 only where the method streams requests.
    #[schemars(range(min = 1, max = 1000000), extend("default" = 1))]
    pub(crate) messages: Option<u32>,
}

/// What the client asks the server to answer.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Reply")]
pub(crate) struct ReplyFile {
    /// The length of `HelloReply.message`, fixed or drawn. 0B to 1GiB.
    #[schemars(extend("default" = "16B"))]
    pub(crate) size: Option<Law<Bytes>>,
    /// Messages; more than 1 only where the method streams replies and they are not counted by requests.
    #[schemars(range(min = 1, max = 1000000), extend("default" = 1))]
    pub(crate) messages: Option<u32>,
    /// When a method that streams requests answers: LotsOfGreetings `after_all` if left out, BidiHello `each`.
    pub(crate) when: Option<When>,
    /// When the initial metadata is sent.
    #[schemars(extend("default" = "with_first"))]
    pub(crate) headers: Option<Headers>,
    /// A status other than OK, after the replies. Left out: OK.
    pub(crate) status: Option<ReplyStatusFile>,
    /// Trailing metadata.
    pub(crate) trailers: Option<BTreeMap<String, String>>,
}

/// A status that the server is asked to end with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReplyStatus")]
pub(crate) struct ReplyStatusFile {
    /// The code.
    pub(crate) code: StatusCode,
    /// The text.
    #[schemars(extend("default" = ""))]
    pub(crate) message: Option<String>,
}
