//! TLS over a socket that never blocks: what is read is decrypted, what is written encrypted.
//!
//! Ciphertext passes through a part of the buffer that what is decrypted goes to, so that a session holds no large buffer
//! of its own and one read of the socket still brings many answers.

use std::io::{self, IoSlice, Read as _, Write as _};

use socket2::Socket;
use tokio_rustls::rustls::ClientConnection;

use super::socket::unless_blocked;
use crate::tls::{Negotiated, Tls, TlsFailure, negotiated};

/// A session of one connection.
#[derive(Debug)]
pub(super) struct Session {
    tls: Tls,
    connection: ClientConnection,
    /// Whether the last read filled its buffer, so that the socket may hold more.
    more: bool,
    /// Whether the handshake has been told of.
    shaken: bool,
}

/// How far a handshake is.
pub(super) enum Shaking {
    /// The server has the word.
    Waits,
    /// The socket has no room for what is to be said.
    Blocked,
    /// It is over.
    Done(Negotiated),
}

impl Session {
    pub(super) fn new(tls: &Tls) -> io::Result<Session> {
        Ok(Session {
            tls: tls.clone(),
            connection: tls.session()?,
            more: false,
            shaken: false,
        })
    }

    /// Goes on with the handshake, as far as what was read and the room in the socket allow.
    pub(super) fn shake(&mut self, socket: &mut Socket) -> io::Result<Shaking> {
        if !self.flush(socket)? {
            return Ok(Shaking::Blocked);
        }
        if self.connection.is_handshaking() {
            return Ok(Shaking::Waits);
        }
        self.shaken = true;
        negotiated(&self.connection).map(Shaking::Done)
    }

    /// Reads what has come and decrypts it into the front of `buffer`; `None` where there is nothing to tell yet.
    pub(super) fn read(
        &mut self,
        socket: &mut Socket,
        buffer: &mut [u8],
    ) -> io::Result<Option<usize>> {
        // What was kept of a record that had not come whole is decrypted beside what is read now.
        let (plain, cipher) = buffer.split_at_mut(buffer.len() / 8 * 5);
        loop {
            let read = unless_blocked(|| socket.read(cipher));
            let Some(length) = read.map_err(|error| self.explained(error))? else {
                self.more = false;
                return Ok(None);
            };
            self.more = length == cipher.len();
            if length == 0 && !self.shaken {
                return Err(TlsFailure::Closed.into());
            }
            if length == 0 {
                return Ok(Some(0));
            }
            let decrypted = self.decrypt(&cipher[..length], plain, socket)?;
            if decrypted > 0 || self.is_closed()? {
                return Ok(Some(decrypted));
            }
            if !self.more {
                return Ok(None);
            }
        }
    }

    /// Whether the socket may hold more than was read last.
    #[inline]
    pub(super) fn may_have_more(&self) -> bool {
        self.more
    }

    fn is_closed(&mut self) -> io::Result<bool> {
        let state = self.connection.process_new_packets();
        state
            .map(|state| state.peer_has_closed())
            .map_err(|error| self.tls.failure(&error).into())
    }

    fn decrypt(
        &mut self,
        mut cipher: &[u8],
        plain: &mut [u8],
        socket: &mut Socket,
    ) -> io::Result<usize> {
        let mut length = 0;
        while !cipher.is_empty() && self.connection.read_tls(&mut cipher)? > 0 {
            let state = match self.connection.process_new_packets() {
                Ok(state) => state,
                Err(error) => {
                    // The alert that says what was wrong goes out if it can.
                    let _ = self.send(socket);
                    return Err(self.tls.failure(&error).into());
                }
            };
            let end = length + state.plaintext_bytes_to_read();
            while length < end {
                length += self.connection.reader().read(&mut plain[length..end])?;
            }
        }
        Ok(length)
    }

    /// Encrypts and writes; `None` where the socket has no room.
    pub(super) fn write(
        &mut self,
        socket: &mut Socket,
        slices: &[IoSlice<'_>],
    ) -> io::Result<Option<usize>> {
        if !self.flush(socket)? {
            return Ok(None);
        }
        let taken = self.connection.writer().write_vectored(slices)?;
        self.flush(socket)?;
        Ok(Some(taken))
    }

    /// Writes what is encrypted already; tells whether all of it has gone.
    pub(super) fn flush(&mut self, socket: &mut Socket) -> io::Result<bool> {
        let sent = self.send(socket);
        sent.map_err(|error| {
            let said = self.last_words(socket);
            said.unwrap_or_else(|| self.explained(error))
        })
    }

    /// A server may close in the handshake by a reset, or before it has read what we write.
    #[cold]
    fn explained(&self, error: io::Error) -> io::Error {
        self.tls.explain(error, !self.shaken)
    }

    fn send(&mut self, socket: &mut Socket) -> io::Result<bool> {
        while self.connection.wants_write() {
            if unless_blocked(|| self.connection.write_tls(socket))?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the server said before it closed: with TLS 1.3 it refuses a client's certificate when the client has begun to
    /// write already, and writing finds out first.
    #[cold]
    fn last_words(&mut self, socket: &mut Socket) -> Option<io::Error> {
        let mut cipher = [0; 4096];
        loop {
            let length = unless_blocked(|| socket.read(&mut cipher)).ok().flatten()?;
            let mut came = &cipher[..length];
            if length == 0 || self.connection.read_tls(&mut came).ok()? == 0 {
                return None;
            }
            if let Err(error) = self.connection.process_new_packets() {
                return Some(self.tls.failure(&error).into());
            }
        }
    }

    /// Says that nothing more is to come, if there is room for it.
    pub(super) fn close(&mut self, socket: &mut Socket) {
        self.connection.send_close_notify();
        let _ = self.send(socket);
    }
}
