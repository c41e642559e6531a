//! One call, as written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::encoding::{Codec, Compression, Fill};
use crate::law::Law;
use crate::load::Arrivals;
use crate::metadata::MetadataFile;
use crate::scenario::{Bidi, Headers, When};
use crate::semantics::{Cancel, Expect, HalfClose, Read};
use crate::status::StatusCode;
use crate::units::{Bytes, Nanos, Rate};

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
    /// The full name of the service, where it is not the Greeter; described by `proto`, `protoset` or `reflection`.
    #[schemars(extend("examples" = ["my.pkg.Service"]))]
    pub(crate) service: Option<String>,
    /// Of the Greeter SayHello, SayHelloAgain, LotsOfReplies, LotsOfGreetings or BidiHello; or a method of `service`.
    #[schemars(extend("default" = "SayHello"))]
    pub(crate) method: Option<String>,
    /// The .proto files that describe `service`, beside the scenario or from where the runner is started.
    #[schemars(extend("examples" = [["shop.proto"]]))]
    pub(crate) proto: Option<Vec<String>>,
    /// Folders in which the imports of `proto` are found, beside those of the files themselves.
    #[schemars(extend("examples" = [["third_party"]]))]
    pub(crate) import_paths: Option<Vec<String>>,
    /// A file that describes `service`, as `protoc --include_imports --descriptor_set_out` writes one.
    #[schemars(extend("examples" = ["shop.binpb"]))]
    pub(crate) protoset: Option<String>,
    /// Asks the server to describe `service`, over gRPC server reflection, v1 or v1alpha, before the load.
    pub(crate) reflection: Option<bool>,
    /// What `service` is sent: protobuf JSON, written in YAML, with templates in its text. Left out: an empty message.
    #[schemars(extend("examples" = [{ "id": "{{seq}}" }]))]
    pub(crate) message: Option<Value>,
    /// The messages of one call, in turn, where the method streams requests; else of one call after another.
    pub(crate) messages: Option<Vec<Value>>,
    /// A file of messages: `.json`, `.bin` (lengths as varints), or `.csv` for the templates of `message`, or of fields.
    #[schemars(extend("examples" = ["orders.csv"]))]
    pub(crate) messages_file: Option<String>,
    /// Encodes the templates when each call starts, rather than 1024 requests ahead, which calls take in turn.
    pub(crate) fresh: Option<bool>,
    /// What the client sends.
    pub(crate) request: Option<RequestFile>,
    /// What the client asks the server to answer. Stock greeters ignore it and greet; other services do not know it.
    pub(crate) reply: Option<ReplyFile>,
    /// How a bidirectional method is driven, BidiHello `ping_pong` if left out, that of another service `independent`.
    pub(crate) bidi: Option<Bidi>,
    /// Sent with each call: lowercase names, values of printable ASCII, or base64 where the name ends in `-bin`. A list
    /// is taken in turn, call after call; `{ env: NAME }` and `{ file: PATH }`, with a `prefix` perhaps, are secrets.
    #[schemars(extend("examples" = [{ "x-tenant": "blue" }]))]
    pub(crate) metadata: Option<BTreeMap<String, MetadataFile>>,
    /// What calls name as their `:authority`. Left out: host and port of the target.
    pub(crate) authority: Option<String>,
    /// The call's timeout from its start, fixed or drawn, sent as `grpc-timeout` and enforced by the client. 1us to 24h;
    /// left out: none.
    pub(crate) deadline: Option<Law<Nanos>>,
    /// Whether a call that finds no connection waits for one, up to its deadline, instead of failing at once.
    #[schemars(extend("default" = false))]
    pub(crate) wait_for_ready: Option<bool>,
    /// Makes calls again that fail. Left out: each is made once.
    pub(crate) retry: Option<RetryFile>,
    /// Has the client give calls up on purpose, which is no failure. Left out: it does not.
    pub(crate) cancel: Option<Cancel>,
    /// Paces the requests of a method that streams them, each with a time of its own. Left out: they are sent at once.
    pub(crate) stream: Option<StreamFile>,
    /// When the client says that it has sent everything.
    #[schemars(extend("default" = "with_last"))]
    pub(crate) half_close: Option<HalfClose>,
    /// Has the client take replies slowly, so that windows fill and the server is held back. Left out: as they come.
    pub(crate) read: Option<Read>,
    /// What a right answer is; calls that get another one fail as `CHECK_FAILED`.
    pub(crate) expect: Option<Expect>,
    /// What the client compresses its messages with. Servers that do not know it answer UNIMPLEMENTED.
    #[schemars(extend("default" = "identity"))]
    pub(crate) compression: Option<Compression>,
    /// What messages are written as. JSON is for servers that speak `application/grpc+json`.
    #[schemars(extend("default" = "proto"))]
    pub(crate) codec: Option<Codec>,
    /// Asks the reference server for its own times of each call, as trailers. Stock greeters ignore it.
    #[schemars(extend("default" = false))]
    pub(crate) stamps: Option<bool>,
}

/// What the client sends in one call.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Request")]
pub(crate) struct RequestFile {
    /// The length of `HelloRequest.name`, fixed or drawn. 0B to 1GiB. The Greeter's alone.
    #[schemars(extend("default" = "16B"))]
    pub(crate) size: Option<Law<Bytes>>,
    /// What the name is filled with; compression depends on it. The Greeter's alone.
    #[schemars(extend("default" = "letters"))]
    pub(crate) fill: Option<Fill>,
    /// Messages; more than 1 only where the method streams requests. Of another service as many as are given, if left out.
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
    /// What the reference server is asked to compress its replies with, and all that the client accepts; left out: what the
    /// client itself compresses with.
    pub(crate) compression: Option<Compression>,
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

/// When a call is made again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Retry")]
pub(crate) struct RetryFile {
    /// Attempts at the most, the first included.
    #[schemars(range(min = 2, max = 100))]
    pub(crate) attempts: u32,
    /// From the end of an attempt to the next. 0s to 1h.
    #[schemars(extend("default" = "10ms"))]
    pub(crate) backoff: Option<Nanos>,
    /// The statuses after which it is tried again.
    #[schemars(extend("default" = ["UNAVAILABLE"]))]
    pub(crate) on: Option<Vec<StatusCode>>,
}

/// How the requests of a stream are paced.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Stream")]
pub(crate) struct StreamFile {
    /// Requests of one stream, a second; the first is meant for the call's own intended start.
    pub(crate) rate: Rate,
    /// How they are spread.
    #[schemars(extend("default" = "uniform"))]
    pub(crate) arrivals: Option<Arrivals>,
    /// A stream ends after so many requests.
    #[schemars(range(min = 1, max = 1000000000))]
    pub(crate) messages: Option<u32>,
    /// A stream ends with the last request that is meant for this time. 1us to 24h. With neither, it lasts until the
    /// measured time ends, as all do.
    pub(crate) duration: Option<Nanos>,
    /// Of a method of `service` that streams both ways: whether reply k answers request k. Only then do its messages have
    /// response times.
    #[schemars(extend("default" = false))]
    pub(crate) answers_each: Option<bool>,
}
