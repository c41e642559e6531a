//! Other stacks of the gRPC family: a folder of `peers/` each, set up on demand, and run as processes of their own.
//!
//! What a folder holds, and what its programs are asked and answer, is in `peers/README.md`.

mod answer;
pub mod client;
mod error;
mod file;
mod folder;
mod process;
mod request;
mod server;
mod setup;
mod version;

pub use error::PeerError;
pub use folder::{Peer, Peers, Side};
pub use process::{LastWords, end, spawn_on};
pub use setup::Standing;
pub use version::Version;
