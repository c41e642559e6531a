//! Sockets of the link that never block, TCP or Unix.

use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, ToSocketAddrs as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;
use std::time::Duration;

use nix::errno::Errno;
use scenarios::scenario::Address;
use socket2::{Domain, SockAddr, Type};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;
/// How long the target may take to accept the connection that is only made to see whether it does.
const PATIENCE: Duration = Duration::from_secs(5);

/// The far end of the link, resolved.
#[derive(Clone, Debug)]
pub(super) enum Peer {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// Where the link's near end listens.
#[derive(Debug)]
pub(super) struct Listener(socket2::Socket);

/// One end of a connection.
#[derive(Debug)]
pub(super) struct Socket(socket2::Socket);

impl Peer {
    /// Looks a target up: the first of its addresses that takes a connection.
    pub(super) fn find(address: &Address) -> io::Result<Peer> {
        let peers: Vec<Peer> = match address {
            Address::Unix(path) => vec![Peer::Unix(path.clone())],
            Address::Tcp { host, port, .. } => {
                let found = (host.as_str(), *port).to_socket_addrs()?;
                found.map(Peer::Tcp).collect()
            }
        };
        let mut refused = io::Error::other("the host has no address");
        for peer in peers {
            match peer.listens() {
                Ok(()) => return Ok(peer),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    fn listens(&self) -> io::Result<()> {
        let (socket, address) = self.socket()?;
        socket.connect_timeout(&address, PATIENCE)
    }

    /// Begins to connect; the socket becomes writable when that has succeeded or failed.
    pub(super) fn connect(&self) -> io::Result<Socket> {
        let (socket, address) = self.socket()?;
        socket.set_nonblocking(true)?;
        if matches!(self, Peer::Tcp(_)) {
            socket.set_tcp_nodelay(true)?;
        }
        match socket.connect(&address) {
            Err(error) if error.raw_os_error() != Some(Errno::EINPROGRESS as i32) => Err(error),
            _ => Ok(Socket(socket)),
        }
    }

    fn socket(&self) -> io::Result<(socket2::Socket, SockAddr)> {
        let (domain, address) = match self {
            Peer::Tcp(address) => (Domain::for_address(*address), SockAddr::from(*address)),
            Peer::Unix(path) => (Domain::UNIX, SockAddr::unix(path)?),
        };
        Ok((socket2::Socket::new(domain, Type::STREAM, None)?, address))
    }
}

impl Listener {
    /// Listens on a free port of this machine, and nowhere else.
    pub(super) fn bind() -> io::Result<(Listener, Address)> {
        let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        let bound = socket.local_addr()?.as_socket_ipv4();
        let port = bound.map_or(0, |address| address.port());
        let host = Ipv4Addr::LOCALHOST.to_string();
        let near = Address::Tcp {
            host,
            port,
            tls: false,
        };
        Ok((Listener(socket), near))
    }

    /// The next connection; `None` where none waits.
    pub(super) fn accept(&self) -> io::Result<Option<Socket>> {
        let Some((socket, _)) = unless_blocked(self.0.accept())? else {
            return Ok(None);
        };
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        Ok(Some(Socket(socket)))
    }
}

impl Socket {
    /// Whether connecting has failed, once the socket is writable.
    pub(super) fn connected(&self) -> io::Result<()> {
        self.0.take_error()?.map_or(Ok(()), Err)
    }

    /// Reads what has come; `None` where that is nothing.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        unless_blocked(self.0.read(buffer))
    }

    /// Writes what fits; `None` where nothing does.
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Option<usize>> {
        unless_blocked(self.0.write_vectored(slices))
    }

    /// Says that nothing more follows.
    pub(super) fn end(&self) {
        // The peer may have gone; then there is nobody to be told.
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Closes the connection so that the peer sees it reset.
    pub(super) fn reset(self) {
        // A Unix socket knows no reset, and ends.
        let _ = self.0.set_linger(Some(Duration::ZERO));
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn unless_blocked<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    use io::ErrorKind::{Interrupted, WouldBlock};
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), WouldBlock | Interrupted) => Ok(None),
        Err(error) => Err(error),
    }
}
