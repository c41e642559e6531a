//! Why the server could not be started, in one sentence with the remedy.

use std::io;
use std::ops::RangeInclusive;

use crate::listen::Listen;
use crate::tls::FileError;

/// Why the server could not be started or did not run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The settings are no settings; the text shows where.
    #[error("these settings cannot be used\n{0}")]
    Settings(String),
    /// HTTP/2 has no such setting.
    #[error("`http2.{key}` must be from {} to {} bytes", allowed.start(), allowed.end())]
    Http2 {
        /// The key below `http2`.
        key: &'static str,
        /// What RFC 9113 allows.
        allowed: RangeInclusive<u64>,
    },
    /// A certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] FileError),
    /// A socket has a path.
    #[error("`listen` is for servers that a run starts; say where with `--listen unix:/path`")]
    Socket,
    /// Someone else listens there.
    #[error(
        "cannot listen on {0}: the address is in use; stop the program that has it, or choose another with --listen (port 0 picks a free one)"
    )]
    InUse(Listen),
    /// The socket has no place to be.
    #[error(
        "cannot listen on {0}: its folder does not exist; make it, or choose another with --listen"
    )]
    NoFolder(Listen),
    /// The address is none of this machine's.
    #[error(
        "cannot listen on {0}: there is no such address on this machine; choose another with --listen"
    )]
    NoSuchAddress(Listen),
    /// The system does not allow it.
    #[error(
        "cannot listen on {0}: permission denied; choose a port above 1023, or a socket in a folder that you may write to"
    )]
    Forbidden(Listen),
    /// Any other reason not to listen.
    #[error("cannot listen on {0}: {1}")]
    Listen(Listen, #[source] io::Error),
    /// The cores are not there, or not ours.
    #[error("cannot run on CPU {cpu}: this process may use {allowed}; change `cpus`")]
    Cpu {
        /// The core that was asked for.
        cpu: usize,
        /// The cores that there are, as `0-3,7`.
        allowed: String,
    },
    /// The system refused something that a server needs.
    #[error("cannot {0}: {1}")]
    System(&'static str, #[source] io::Error),
    /// The transport failed.
    #[error("the server ended early: {0}")]
    Transport(#[from] tonic::transport::Error),
}

impl ServeError {
    /// The exit code: 2 where the user asked for what cannot be, 4 where the server could not be run.
    pub fn exit_code(&self) -> u8 {
        match self {
            ServeError::Settings(_)
            | ServeError::Http2 { .. }
            | ServeError::Tls(_)
            | ServeError::Socket
            | ServeError::InUse(_)
            | ServeError::NoFolder(_)
            | ServeError::NoSuchAddress(_)
            | ServeError::Cpu { .. } => 2,
            ServeError::Forbidden(_)
            | ServeError::Listen(..)
            | ServeError::System(..)
            | ServeError::Transport(_) => 4,
        }
    }
}
