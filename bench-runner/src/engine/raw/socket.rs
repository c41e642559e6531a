//! A socket that never blocks, TCP or Unix, in plaintext or secured.

use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use nix::errno::Errno;
use reports::mutant::{self, Mutant};
use scenarios::scenario::Tcp;
use socket2::{Domain, SockAddr, Type};

use super::session::{Session, Shaking};
use crate::engine::sockets;
use crate::tls::Tls;

/// Where to connect, and how.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) place: Place,
    pub(super) tcp: Tcp,
    /// `None` is plaintext.
    pub(super) tls: Option<Tls>,
}

/// Where to connect, resolved.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// A socket that never blocks.
#[derive(Debug)]
pub(super) struct Socket {
    plain: socket2::Socket,
    session: Option<Box<Session>>,
}

impl Socket {
    /// Begins to connect; the socket becomes writable when that has succeeded or failed.
    pub(super) fn connect(peer: &Peer) -> io::Result<Socket> {
        let (plain, address) = match &peer.place {
            Place::Tcp(address) => {
                let nodelay = peer.tcp.nodelay && !mutant::is(Mutant::Nagle);
                let options = Tcp {
                    nodelay,
                    ..peer.tcp
                };
                (sockets::tcp(*address, &options)?, SockAddr::from(*address))
            }
            Place::Unix(path) => {
                let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
                socket.set_nonblocking(true)?;
                (socket, SockAddr::unix(path)?)
            }
        };
        let session = peer.tls.as_ref().map(Session::new).transpose()?;
        match plain.connect(&address) {
            Err(error) if error.raw_os_error() != Some(Errno::EINPROGRESS as i32) => Err(error),
            _ => Ok(Socket {
                plain,
                session: session.map(Box::new),
            }),
        }
    }

    /// Whether connecting has failed, once the socket is writable.
    pub(super) fn connected(&self) -> io::Result<()> {
        self.plain.take_error()?.map_or(Ok(()), Err)
    }

    /// Whether what passes it is secured, or will be.
    pub(super) fn is_secured(&self) -> bool {
        self.session.is_some()
    }

    /// Goes on with the handshake of a socket that is to be secured.
    pub(super) fn shake(&mut self) -> io::Result<Shaking> {
        match &mut self.session {
            None => Ok(Shaking::Waits),
            Some(session) => session.shake(&mut self.plain),
        }
    }

    /// Reads what has come; `None` where that is nothing.
    #[inline]
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match &mut self.session {
            None => unless_blocked(|| self.plain.read(buffer)),
            Some(session) => session.read(&mut self.plain, buffer),
        }
    }

    /// Whether there may be more to read than the so many bytes that the last read brought into a buffer of `room`.
    #[inline]
    pub(super) fn may_have_more(&self, length: usize, room: usize) -> bool {
        match &self.session {
            None => length == room,
            Some(session) => session.may_have_more(),
        }
    }

    /// Writes what fits; `None` where nothing does.
    #[inline]
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<Option<usize>> {
        if let Some(session) = &mut self.session {
            return session.write(&mut self.plain, slices);
        }
        unless_blocked(|| match slices {
            [first, ..] if mutant::is(Mutant::Nagle) => {
                self.plain.write(&first[..first.len().min(24)])
            }
            [only] => self.plain.write(only),
            several => self.plain.write_vectored(several),
        })
    }

    /// Writes what was taken to be written and has not gone yet; tells whether all of it has.
    #[inline]
    pub(super) fn flush(&mut self) -> io::Result<bool> {
        match &mut self.session {
            None => Ok(true),
            Some(session) => session.flush(&mut self.plain),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.plain.as_fd()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(session) = &mut self.session {
            session.close(&mut self.plain);
        }
    }
}

/// Does it, again where a signal came between; `None` where it would block.
#[inline]
pub(super) fn unless_blocked(
    mut act: impl FnMut() -> io::Result<usize>,
) -> io::Result<Option<usize>> {
    loop {
        match act() {
            Ok(length) => return Ok(Some(length)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
