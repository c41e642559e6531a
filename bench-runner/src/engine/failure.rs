//! What keeps a channel from being opened, in one sentence with its remedy.

use std::fmt;
use std::io;

use super::NoSource;
use crate::tls::TlsFailure;

/// Why a channel could not be opened, as one sentence with its remedy.
#[derive(Debug, thiserror::Error)]
#[error("cannot open a channel to {target}: {why}")]
pub struct ConnectError {
    /// The target's address.
    pub target: String,
    /// What happened.
    pub why: ConnectFailure,
}

/// What keeps a channel from being opened.
#[derive(Debug)]
pub enum ConnectFailure {
    /// No connection could be made.
    Io(io::Error),
    /// Nothing came back in time.
    Timeout(std::time::Duration),
    /// Connections cannot come from where they should.
    Source(NoSource),
    /// It could not be secured.
    Security(TlsFailure),
    /// The server speaks TLS.
    Tls,
    /// The server speaks HTTP/1.
    Http1,
    /// The server closed the connection at once.
    Closed,
    /// Something else came back.
    NotHttp2(String),
}

impl ConnectFailure {
    /// What an error says that is one of our own.
    pub(super) fn told(error: &io::Error) -> Option<ConnectFailure> {
        let inner = error.get_ref()?;
        let source = inner.downcast_ref::<NoSource>().cloned();
        let security = inner.downcast_ref::<TlsFailure>().cloned();
        source
            .map(ConnectFailure::Source)
            .or(security.map(ConnectFailure::Security))
    }

    /// What an error of the socket means.
    pub fn of(error: io::Error) -> ConnectFailure {
        use io::ErrorKind::{
            BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof,
        };
        if let Some(told) = ConnectFailure::told(&error) {
            return told;
        }
        match error.kind() {
            io::ErrorKind::InvalidData => ConnectFailure::NotHttp2(error.to_string()),
            BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof => {
                ConnectFailure::Closed
            }
            _ => ConnectFailure::Io(error),
        }
    }
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectFailure::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                f.write_str("connection refused; is the server running, and on this port?")
            }
            ConnectFailure::Io(error) if error.to_string().contains("Too many open files") => {
                write!(f, "{error}; raise `ulimit -n` above the number of channels, or use fewer")
            }
            ConnectFailure::Io(error) => write!(f, "{error}; check the address in `target.address`"),
            ConnectFailure::Source(why) => why.fmt(f),
            ConnectFailure::Security(why) => why.fmt(f),
            ConnectFailure::Timeout(after) => write!(
                f,
                "no HTTP/2 answer within {after:?}; is it a gRPC server, and is nothing between that drops packets?"
            ),
            ConnectFailure::Tls => {
                f.write_str("the server answers in TLS; write `https://` instead of `http://`, or use its plaintext port")
            }
            ConnectFailure::Http1 => {
                f.write_str("the server answers in HTTP/1; gRPC needs HTTP/2 with prior knowledge (h2c) on this port")
            }
            ConnectFailure::Closed => f.write_str(
                "the server closed the connection at once; is this the gRPC port, and does the server expect TLS (`https://`)?",
            ),
            ConnectFailure::NotHttp2(said) => write!(f, "the server did not speak HTTP/2: {said}"),
        }
    }
}
