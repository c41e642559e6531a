//! A socket that never blocks, TCP or Unix.

use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use nix::errno::Errno;
use reports::mutant::{self, Mutant};
use socket2::{Domain, SockAddr, Type};

/// Where to connect, resolved.
#[derive(Clone, Debug)]
pub(super) enum Peer {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// A socket that never blocks.
#[derive(Debug)]
pub(super) struct Socket(socket2::Socket);

impl Socket {
    /// Begins to connect; the socket becomes writable when that has succeeded or failed.
    pub(super) fn connect(peer: &Peer) -> io::Result<Socket> {
        let (domain, address) = match peer {
            Peer::Tcp(address) => (Domain::for_address(*address), SockAddr::from(*address)),
            Peer::Unix(path) => (Domain::UNIX, SockAddr::unix(path)?),
        };
        let socket = socket2::Socket::new(domain, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        if matches!(peer, Peer::Tcp(_)) {
            socket.set_tcp_nodelay(!mutant::is(Mutant::Nagle))?;
        }
        match socket.connect(&address) {
            Err(error) if error.raw_os_error() != Some(Errno::EINPROGRESS as i32) => Err(error),
            _ => Ok(Socket(socket)),
        }
    }

    /// Whether connecting has failed, once the socket is writable.
    pub(super) fn connected(&self) -> io::Result<()> {
        self.0.take_error()?.map_or(Ok(()), Err)
    }

    /// Reads what has come; `None` where that is nothing.
    #[inline]
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        unless_blocked(|| self.0.read(buffer))
    }

    /// Writes what fits; `None` where nothing does.
    #[inline]
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Option<usize>> {
        unless_blocked(|| match slices {
            [first, ..] if mutant::is(Mutant::Nagle) => self.0.write(&first[..first.len().min(24)]),
            [only] => self.0.write(only),
            several => self.0.write_vectored(several),
        })
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Does it, again where a signal came between; `None` where it would block.
#[inline]
fn unless_blocked(mut act: impl FnMut() -> io::Result<usize>) -> io::Result<Option<usize>> {
    loop {
        match act() {
            Ok(length) => return Ok(Some(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
