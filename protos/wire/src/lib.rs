//! HTTP/2, HPACK and gRPC framing, sans-I/O: bytes in, events and bytes out.
//!
//! No socket, no runtime, no clock, no `unsafe`; no allocation per call once warm. What a peer sends can end a stream or
//! the connection, never the process.
//!
//! # Layout
//!
//! | module | what it holds |
//! |---|---|
//! | [`frame`] | frames, pure: `load` and `encode` |
//! | [`hpack`] | header compression: decoder, encoder, Huffman code |
//! | [`settings`], [`flow`], [`message`] | SETTINGS, windows, the five-byte prefix |
//! | `client`, `server` | the two halves: what streams mean |
//! | `drive`, `send`, `conn` | what both share: receiving, sending, the state of a connection |
//! | `streams`, `outbox`, `output` | the slab of streams, what they have queued, what is to be written |
//! | `memo`, `template` | header blocks that come, and go, again and again |
//! | `answer`, `opening` | whole answers and whole requests made of them, in one step |
//! | `request`, `response`, `fields`, `outcome`, `farewell`, `status` | what header fields say |
//!
//! # Example
//!
//! A unary call, both halves in memory:
//!
//! ```
//! use wire::{Call, Client, ClientEvents, Config, FieldList, Outcome, Request, Server, ServerEvents, Status, Template};
//!
//! #[derive(Default)]
//! struct Caller { done: Vec<(u64, Status)> }
//! impl ClientEvents for Caller {
//!     fn end(&mut self, call: Call, outcome: &Outcome<'_>) {
//!         self.done.push((call.token, outcome.status));
//!     }
//! }
//!
//! #[derive(Default)]
//! struct Greeter { due: Vec<u32> }
//! impl ServerEvents for Greeter {
//!     fn route(&mut self, fields: &FieldList) -> u64 {
//!         u64::from(fields.get(":path") == Some(b"/helloworld.Greeter/SayHello"))
//!     }
//!     fn end(&mut self, call: Call) {
//!         self.due.push(call.stream);
//!     }
//! }
//!
//! let (mut client, mut caller) = (Client::new(&Config::default()), Caller::default());
//! let (mut server, mut greeter) = (Server::new(&Config::default()), Greeter::default());
//!
//! // Made once per run.
//! let request = Template::request(&Request::new("localhost:50051", "/helloworld.Greeter/SayHello"));
//! let head = Template::response(&[]);
//! let trailers = Template::trailers(Status::OK, &[]);
//!
//! // Once per call: start, write, read.
//! client.start(&request, 42, b"\x0a\x03you", true)?;
//! server.receive(client.output(), &mut greeter)?;
//! client.advance(client.output_len());
//! for stream in greeter.due.drain(..) {
//!     server.respond_unary(stream, &head, b"\x0a\x09hello you", &trailers)?;
//! }
//! client.receive(server.output(), &mut caller)?;
//! server.advance(server.output_len());
//! assert_eq!(caller.done, [(42, Status::OK)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod answer;
mod client;
mod closed;
mod config;
mod conn;
mod counters;
mod drive;
mod error;
mod farewell;
mod fields;
pub mod flow;
pub mod frame;
#[doc(hidden)]
pub mod fuzzing;
mod half;
pub mod hpack;
mod memo;
pub mod message;
mod opening;
mod outbox;
mod outcome;
mod output;
mod request;
mod response;
mod send;
mod server;
pub mod settings;
mod status;
mod streams;
mod template;

pub use client::{Call, Client, ClientEvents, StartError};
pub use config::{Config, Limits};
pub use counters::{Counters, Stalls, Traffic};
pub use error::{ConnectionError, ErrorCode, StreamError};
pub use farewell::Farewell;
pub use hpack::{FieldList, Indexing};
pub use memo::{Found, Memo};
pub use message::{Message, MessageFault, Outgoing, Piece};
pub use outcome::{Cause, Head, Outcome};
pub use send::{Closed, Sent};
pub use server::{Aborted, Incoming, Server, ServerEvents};
pub use settings::Settings;
pub use status::Status;
pub use streams::Progress;
pub use template::{Request, Template};
