//! What to run against: the Greeter with shaped replies, its behaviours, and its own counts.
//!
//! A caller shapes its replies with `ReplyShape` (size, number, when, metadata, status, trailers); the settings decide
//! everything else: threads, cores, HTTP/2 windows and limits, and how the server misbehaves. It counts calls, messages
//! and bytes for each method, so that both sides of a run can be compared.
//!
//! # Layout
//!
//! | module | what it holds |
//! |---|---|
//! | `args` | [`ServeArgs`] and [`serve`]: the command, for both binaries |
//! | `server` | [`Server`]: bind, serve, drain |
//! | `listen`, `incoming`, `numbered` | where connections come from, and how they are told apart |
//! | `shape`, `script`, `reply` | what a call asks for, and what it is to do next: the same for both faces (hot) |
//! | `greeter`, `codec`, `replies` | the tonic face: one call, from its path to its trailers (hot) |
//! | `raw` | the raw face, on `wire` (hot) |
//! | `behaviour`, `timer` | how the server misbehaves, and the kernel timer behind it |
//! | [`tls`] | certificates, read or made, and connections that are secured by them |
//! | `encodings` | how the messages of a call are written |
//! | `counters`, `lateness` | what it counted, and how late it released what it had planned |
//! | `cpus` | pinning |
//!
//! # Example
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let server = reference_server::Server::bind(&"127.0.0.1:0".parse()?, &scenarios::reference_server(&[])?)?;
//! assert!(server.address().starts_with("http://127.0.0.1:"));
//! let counters = server.serve(async {}).await?;
//! assert_eq!(counters.methods["SayHello"].calls, 0);
//! # Ok(())
//! # })
//! # }
//! ```

mod args;
mod behaviour;
mod codec;
mod counters;
mod cpus;
mod encodings;
mod error;
mod greeter;
mod incoming;
mod lateness;
mod listen;
mod numbered;
mod output;
mod raw;
mod replies;
mod reply;
mod script;
mod server;
mod shape;
mod timer;
pub mod tls;

pub use args::{ServeArgs, serve};
pub use counters::to_json;
pub use error::ServeError;
pub use listen::{Listen, ListenError};
pub use protos::reference::Counters;
pub use server::Server;
