//! All connections of a lane behind one epoll, which tokio watches as a single descriptor.
//!
//! Tokio's own registration would cost a wake-up for each connection; this way one `epoll_wait` brings all that are
//! ready.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::task::{Context, Poll};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use reports::model::{Wire, WireSettings};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use wire::{Client, Config, ErrorCode, Message, Progress};

use super::connection::{Connection, Stamped};
use super::socket::Peer;
use crate::engine::Busy;

/// What is read at once, from whichever connection is ready.
const BUFFER: usize = 256 << 10;
/// Connections that one `epoll_wait` tells of.
const AT_ONCE: usize = 1024;

/// All connections of a lane.
pub(super) struct Hub {
    connections: Vec<Connection>,
    peer: Peer,
    config: Config,
    epoll: AsyncFd<Descriptor>,
    ready: Vec<EpollEvent>,
    found: usize,
    marked: Vec<u32>,
    buffer: Box<[u8]>,
}

struct Descriptor(Epoll);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.0.as_raw_fd()
    }
}

impl Hub {
    /// No connections yet.
    pub(super) fn new(peer: Peer, config: Config) -> io::Result<Hub> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        #[expect(
            deprecated,
            reason = "`register` is unsafe; its condition holds: a descriptor owns what it names"
        )]
        let epoll = AsyncFd::with_interest(Descriptor(epoll), Interest::READABLE)?;
        Ok(Hub {
            connections: Vec::new(),
            peer,
            config,
            epoll,
            ready: vec![EpollEvent::empty(); AT_ONCE],
            found: 0,
            marked: Vec::new(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
        })
    }

    /// Begins one more connection.
    pub(super) fn add(&mut self) {
        self.connections
            .push(Connection::begin(&self.peer, &self.config));
        self.watch(self.connections.len() - 1);
    }

    pub(super) fn count(&self) -> usize {
        self.connections.len()
    }

    pub(super) fn connection(&mut self, channel: usize) -> &mut Connection {
        &mut self.connections[channel]
    }

    /// The client half of a channel that can take a call now; `None` where connecting anew was refused at once.
    #[inline]
    pub(super) fn client(&mut self, channel: usize) -> Result<Option<&mut Client>, Busy> {
        let connection = &self.connections[channel];
        if (connection.is_lost() || connection.is_spent()) && !self.renew(channel) {
            return Ok(None);
        }
        let client = &mut self.connections[channel].client;
        client.ready().map_err(|_| Busy)?;
        Ok(Some(client))
    }

    fn renew(&mut self, channel: usize) -> bool {
        let is_there = self.connections[channel].renew(&self.peer, &self.config);
        self.watch(channel);
        is_there
    }

    /// Tells epoll of a connection's new socket.
    fn watch(&mut self, channel: usize) {
        let Some(socket) = self.connections[channel].socket() else {
            return;
        };
        let event = EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT, channel as u64);
        // A socket that cannot be watched fails its calls by their deadline; there is nothing else to be done here.
        let _ = self.epoll.get_ref().0.add(socket, event);
    }

    /// The connection has something to write.
    #[inline]
    pub(super) fn mark(&mut self, channel: usize) {
        let connection = &mut self.connections[channel];
        if !std::mem::replace(&mut connection.marked, true) {
            self.marked.push(channel as u32);
        }
    }

    /// Sends one more message on a stream; one that is over takes none.
    pub(super) fn send(&mut self, channel: usize, stream: u32, message: &Message, last: bool) {
        if self.connections[channel]
            .client
            .send(stream, message, last)
            .is_ok()
        {
            self.mark(channel);
        }
    }

    /// Gives a call up; tells how much of it was sent.
    pub(super) fn cancel(&mut self, channel: usize, stream: u32) -> Option<Progress> {
        let (sent, _) = self.connections[channel]
            .client
            .reset(stream, ErrorCode::CANCEL)?;
        self.mark(channel);
        Some(sent)
    }

    /// Writes to all connections that have something to write.
    pub(super) fn flush_marked(&mut self, on: &mut impl Stamped) {
        while let Some(channel) = self.marked.pop() {
            let channel = channel as usize;
            self.connections[channel].marked = false;
            self.service(channel, |connection, _| {
                connection.flush(on);
                connection.note_stalls(on);
            });
        }
    }

    /// Whether a connection is ready; if none is, the task will be woken.
    pub(super) fn wait(&mut self, cx: &mut Context<'_>) -> bool {
        loop {
            // Interrupted, or nothing: the runtime will tell when there is something.
            self.found = self
                .epoll
                .get_ref()
                .0
                .wait(&mut self.ready, EpollTimeout::ZERO)
                .unwrap_or(0);
            if self.found > 0 {
                return true;
            }
            match self.epoll.poll_read_ready(cx) {
                Poll::Ready(Ok(mut guard)) => guard.clear_ready(),
                Poll::Ready(Err(_)) | Poll::Pending => return false,
            }
        }
    }

    /// Hears all connections that are ready, each once.
    pub(super) fn hear(&mut self, on: &mut impl Stamped) {
        for index in 0..std::mem::take(&mut self.found) {
            let (channel, flags) = (
                self.ready[index].data() as usize,
                self.ready[index].events(),
            );
            self.service(channel, |connection, buffer| {
                if flags.contains(EpollFlags::EPOLLOUT) {
                    connection.on_writable(on);
                }
                if flags
                    .intersects(EpollFlags::EPOLLIN | EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR)
                {
                    connection.read(buffer, on);
                }
                connection.note_stalls(on);
            });
        }
    }

    /// Does something with a connection, and tells epoll where what it waits for has changed.
    #[inline]
    fn service(&mut self, channel: usize, act: impl FnOnce(&mut Connection, &mut [u8])) {
        let connection = &mut self.connections[channel];
        let before = connection.wants_to_write();
        act(connection, &mut self.buffer);
        let now = connection.wants_to_write();
        if now != before
            && let Some(socket) = connection.socket()
        {
            let mut flags = EpollFlags::EPOLLIN;
            flags.set(EpollFlags::EPOLLOUT, now);
            let _ = self
                .epoll
                .get_ref()
                .0
                .modify(socket, &mut EpollEvent::new(flags, channel as u64));
        }
    }

    /// What went over all connections.
    pub(super) fn wire(&self) -> Wire {
        let mut sum = Wire::default();
        for connection in &self.connections {
            sum.add(&connection.wire());
        }
        sum.client_settings = WireSettings {
            header_table_size: Some(self.config.header_table_size),
            max_concurrent_streams: None,
            initial_stream_window: Some(self.config.initial_stream_window),
            initial_connection_window: Some(self.config.connection_window),
            max_frame_size: Some(self.config.max_frame_size),
        };
        sum
    }
}
