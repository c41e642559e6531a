//! What goes over the wire: the Greeter that is called, and the counters that the reference server gives out.
//!
//! # Layout
//!
//! - `proto/*.proto` say what the messages are; their field numbers never change.
//! - [`helloworld`] and [`mod@reference`] are made from them and checked in, so that a build needs no `protoc` and no
//!   `build.rs`; `tests/generated.rs` makes them again and compares.
//! - [`DESCRIPTORS`] describes both, for gRPC server reflection.
//! - [`encoding`] is how messages are compressed, [`json`] how the Greeter's are written as JSON.
//! - [`dynamic`] is for messages of services that are known only at run time.
//!
//! # Example
//!
//! ```
//! use prost::Message;
//! use protos::helloworld::{HelloRequest, ReplyShape};
//!
//! let shape = ReplyShape { size: Some(1024), ..ReplyShape::default() };
//! let request = HelloRequest { name: "world".into(), reply: Some(shape) };
//! // A stock greeter reads the name and ignores the rest.
//! assert!(request.encode_to_vec().starts_with(b"\x0a\x05world"));
//! ```

pub mod dynamic;

/// The Greeter of the gRPC examples with all four call patterns (`helloworld.proto`).
#[rustfmt::skip]
#[expect(missing_docs, clippy::allow_attributes, reason = "generated")]
#[path = "generated/helloworld.rs"]
pub mod helloworld;

/// What the reference server says of itself (`reference.proto`).
#[rustfmt::skip]
#[expect(missing_docs, clippy::allow_attributes, reason = "generated")]
#[path = "generated/bench_runner.reference.v1.rs"]
pub mod reference;

pub mod encoding;
pub mod json;

/// The texts of both, with the names of their files, for stacks that generate code of their own.
pub const SOURCES: [(&str, &str); 2] = [
    (
        "helloworld.proto",
        include_str!("../proto/helloworld.proto"),
    ),
    ("reference.proto", include_str!("../proto/reference.proto")),
];

/// The encoded `google.protobuf.FileDescriptorSet` of both.
pub const DESCRIPTORS: &[u8] = include_bytes!("generated/descriptors.bin");
