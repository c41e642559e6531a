//! How messages are written: by which codec, and compressed with what.

use serde::{Deserialize, Serialize};

/// What a message is compressed with (`grpc-encoding`).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Nothing.
    #[default]
    Identity,
    /// gzip, at level 6.
    Gzip,
    /// deflate in the zlib format, at level 6.
    Deflate,
    /// zstd, at level 3.
    Zstd,
}

/// What a message is written as.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// Protobuf, as nearly all of gRPC is.
    #[default]
    Proto,
    /// Protobuf's JSON (`application/grpc+json`).
    Json,
}

/// What a message is filled with.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Fill {
    /// Letters at random, which no encoding brings much below 60 %.
    #[default]
    Letters,
    /// One letter again and again, which all but vanishes.
    Repeated,
}

impl Fill {
    /// Whether it is what it is where nothing is said.
    pub fn is_letters(&self) -> bool {
        *self == Fill::Letters
    }
}

impl Compression {
    /// Whether it is none.
    pub fn is_identity(&self) -> bool {
        *self == Compression::Identity
    }
}

impl Codec {
    /// Whether it is what nearly all of gRPC uses.
    pub fn is_proto(&self) -> bool {
        *self == Codec::Proto
    }
}
