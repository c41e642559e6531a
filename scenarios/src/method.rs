//! The methods of the Greeter and the four call patterns of gRPC.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A method of `helloworld.Greeter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Method {
    /// Unary.
    SayHello,
    /// Unary, a second time, so that two methods can be told apart.
    SayHelloAgain,
    /// Server streaming.
    LotsOfReplies,
    /// Client streaming.
    LotsOfGreetings,
    /// Bidirectional.
    BidiHello,
}

/// The four call patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// One request, one reply.
    Unary,
    /// One request, a stream of replies.
    ServerStreaming,
    /// A stream of requests, one reply.
    ClientStreaming,
    /// A stream each way.
    Bidirectional,
}

impl Method {
    /// All of them, in the order of the proto file.
    pub const ALL: [Method; 5] = [
        Method::SayHello,
        Method::SayHelloAgain,
        Method::LotsOfReplies,
        Method::LotsOfGreetings,
        Method::BidiHello,
    ];

    /// The name in the proto file.
    pub const fn name(self) -> &'static str {
        match self {
            Method::SayHello => "SayHello",
            Method::SayHelloAgain => "SayHelloAgain",
            Method::LotsOfReplies => "LotsOfReplies",
            Method::LotsOfGreetings => "LotsOfGreetings",
            Method::BidiHello => "BidiHello",
        }
    }

    /// The HTTP/2 `:path` of a call.
    pub const fn path(self) -> &'static str {
        match self {
            Method::SayHello => "/helloworld.Greeter/SayHello",
            Method::SayHelloAgain => "/helloworld.Greeter/SayHelloAgain",
            Method::LotsOfReplies => "/helloworld.Greeter/LotsOfReplies",
            Method::LotsOfGreetings => "/helloworld.Greeter/LotsOfGreetings",
            Method::BidiHello => "/helloworld.Greeter/BidiHello",
        }
    }

    /// Its call pattern.
    pub const fn pattern(self) -> Pattern {
        match self {
            Method::SayHello | Method::SayHelloAgain => Pattern::Unary,
            Method::LotsOfReplies => Pattern::ServerStreaming,
            Method::LotsOfGreetings => Pattern::ClientStreaming,
            Method::BidiHello => Pattern::Bidirectional,
        }
    }
}

impl Pattern {
    /// Whether the client may send more than one message.
    pub const fn streams_requests(self) -> bool {
        matches!(self, Pattern::ClientStreaming | Pattern::Bidirectional)
    }

    /// Whether the server may send more than one message.
    pub const fn streams_replies(self) -> bool {
        matches!(self, Pattern::ServerStreaming | Pattern::Bidirectional)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pattern::Unary => "unary",
            Pattern::ServerStreaming => "server streaming",
            Pattern::ClientStreaming => "client streaming",
            Pattern::Bidirectional => "bidirectional",
        })
    }
}
