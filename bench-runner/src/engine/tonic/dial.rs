//! The connections of one channel: each is made, secured where it is to be, and put under the channel's tap.

use std::io;
use std::sync::Arc;

use hyper_util::rt::TokioIo;
use scenarios::scenario::{Address, Tcp};
use scenarios::units::Nanos;
use tokio::net::{TcpStream, UnixStream, lookup_host};

use super::secured::Secured;
use crate::engine::tap::{Seen, Shared, Tap};
use crate::engine::{Endpoint, sockets};
use crate::tls::Tls;

/// A connection as tonic takes it.
type Tapped<S> = TokioIo<Tap<S>>;

/// What the connections of a channel are made with.
#[derive(Clone)]
pub(super) struct Dial {
    near: Address,
    tcp: Tcp,
    tls: Option<Tls>,
    seen: Arc<Seen>,
    shared: Shared,
}

impl Dial {
    pub(super) fn new(to: &Endpoint, seen: &Arc<Seen>, shared: &Shared) -> Dial {
        Dial {
            near: to.near().clone(),
            tcp: to.tcp,
            tls: to.tls.clone(),
            seen: Arc::clone(seen),
            shared: shared.clone(),
        }
    }

    /// A plain connection over TCP.
    pub(super) async fn plain(self) -> io::Result<Tapped<TcpStream>> {
        let (stream, began) = self.made().await?;
        Ok(TokioIo::new(Tap::new(stream, self.seen, began)))
    }

    /// One that is secured, below the tap: what that reads is HTTP/2.
    pub(super) async fn secured(self) -> io::Result<Tapped<Secured<TcpStream>>> {
        let (stream, began) = self.made().await?;
        let made = self.shared.now();
        let tls = self
            .tls
            .ok_or_else(|| io::Error::other("no TLS for a secured connection"))?;
        let (stream, negotiated) = tls.connect(stream).await?;
        self.seen.secured(made, &negotiated);
        let stream = Secured::new(stream, tls, Arc::clone(&self.seen));
        Ok(TokioIo::new(Tap::new(stream, self.seen, began)))
    }

    /// A connection over a Unix socket.
    pub(super) async fn unix(self) -> io::Result<Tapped<UnixStream>> {
        let Address::Unix(path) = &self.near else {
            return Err(io::Error::other("no path of a socket"));
        };
        let began = self.shared.now();
        let stream = UnixStream::connect(path).await?;
        self.seen.made(began);
        Ok(TokioIo::new(Tap::new(stream, self.seen, began)))
    }

    async fn made(&self) -> io::Result<(TcpStream, Nanos)> {
        let Address::Tcp { host, port, .. } = &self.near else {
            return Err(io::Error::other("no host to connect to"));
        };
        let addresses: Vec<_> = lookup_host((host.as_str(), *port)).await?.collect();
        let began = self.shared.now();
        let stream = sockets::connect(&addresses, &self.tcp).await?;
        self.seen.made(began);
        Ok((stream, began))
    }
}
