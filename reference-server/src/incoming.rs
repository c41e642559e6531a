//! Accepted connections as a stream: without Nagle's delay, and patient when the system runs out of descriptors.

use std::io;
use std::time::Duration;

use futures_util::stream::{self, Stream};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::output;

/// How long a listener rests after an error that does not go away by itself (too many open files).
const REST: Duration = Duration::from_millis(50);

/// The connections of a TCP listener.
pub(crate) fn tcp(listener: TcpListener) -> impl Stream<Item = io::Result<TcpStream>> {
    accepted(listener, async |listener| {
        let (connection, _) = listener.accept().await?;
        // Fails only on a connection that is gone already, as its first read will find.
        let _ = connection.set_nodelay(true);
        Ok(connection)
    })
}

/// The connections of a Unix socket.
pub(crate) fn unix(listener: UnixListener) -> impl Stream<Item = io::Result<UnixStream>> {
    accepted(listener, async |listener| Ok(listener.accept().await?.0))
}

fn accepted<L, C>(
    listener: L,
    accept: impl AsyncFn(&L) -> io::Result<C>,
) -> impl Stream<Item = io::Result<C>> {
    stream::unfold(
        (listener, accept, false),
        async |(listener, accept, mut warned)| {
            loop {
                match accept(&listener).await {
                    Ok(connection) => return Some((Ok(connection), (listener, accept, warned))),
                    Err(error) if is_one_connections(&error) => {}
                    Err(error) => {
                        if !warned {
                            output::notice(&format!(
                                "warning: cannot accept connections: {error}; trying on (`ulimit -n` says how many files may be open)"
                            ));
                            warned = true;
                        }
                        tokio::time::sleep(REST).await;
                    }
                }
            }
        },
    )
}

/// Whether an error says something of one connection only, and the next may be accepted at once.
fn is_one_connections(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    )
}
