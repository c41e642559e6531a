//! All connections of a lane behind one epoll, which tokio watches as a single descriptor.
//!
//! Tokio's own registration would cost a wake-up for each connection; this way one `epoll_wait` brings all that are
//! ready. It tells of edges, once each, so that the kernel does not look at a connection again that was read dry; one
//! that was not is remembered here.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use reports::model::{Wire, WireSettings};
use scenarios::scenario::Keepalive;
use scenarios::units::Nanos;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::Sleep;
use wire::{Config, ErrorCode, Message, Progress, StartError, Template};

use super::connection::{Connection, Stamped};
use super::pings::{self, Pings};
use super::socket::Peer;
use crate::clock::Clock;
use crate::engine::Busy;

/// What is read at once, from whichever connection is ready.
const BUFFER: usize = 256 << 10;
/// Connections that one `epoll_wait` tells of.
const AT_ONCE: usize = 1024;
/// The server has closed its side, or the connection is gone.
const ENDED: EpollFlags = EpollFlags::EPOLLRDHUP
    .union(EpollFlags::EPOLLHUP)
    .union(EpollFlags::EPOLLERR);

/// All connections of a lane.
pub(super) struct Hub {
    connections: Vec<Connection>,
    /// The connection of each channel that takes new calls. Others are on their way out: GOAWAY lets what is open on them
    /// finish, while the channel goes on over a connection of its own.
    current: Vec<u32>,
    /// Where the connections of each channel go.
    peers: Vec<Peer>,
    config: Config,
    epoll: AsyncFd<Descriptor>,
    ready: Vec<EpollEvent>,
    found: usize,
    /// Connections with something to write.
    marked: Vec<u32>,
    /// Connections that were not read dry, and the memory of the list before.
    unread: Vec<u32>,
    read_again: Vec<u32>,
    buffer: Box<[u8]>,
    clock: Clock,
    /// Not before then is another PING sent.
    ping_at: Nanos,
    keepalive: Option<Keepalive>,
    /// When connections are to be looked at for the sake of `keepalive`.
    alarm: Option<Pin<Box<Sleep>>>,
}

struct Descriptor(Epoll);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.0.as_raw_fd()
    }
}

impl Hub {
    /// No connections yet, and no PINGs before [`begin`](Self::begin).
    pub(super) fn new(
        config: Config,
        keepalive: Option<Keepalive>,
        clock: Clock,
    ) -> io::Result<Hub> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        #[expect(
            deprecated,
            reason = "`register` is unsafe; its condition holds: a descriptor owns what it names"
        )]
        let epoll = AsyncFd::with_interest(Descriptor(epoll), Interest::READABLE)?;
        Ok(Hub {
            connections: Vec::new(),
            current: Vec::new(),
            peers: Vec::new(),
            config,
            epoll,
            ready: vec![EpollEvent::empty(); AT_ONCE],
            found: 0,
            marked: Vec::new(),
            unread: Vec::new(),
            read_again: Vec::new(),
            buffer: vec![0; BUFFER].into_boxed_slice(),
            clock,
            ping_at: Nanos(u64::MAX),
            keepalive,
            alarm: None,
        })
    }

    /// The run begins; from now on this is the time.
    pub(super) fn begin(&mut self, clock: Clock) {
        for connection in &mut self.connections {
            connection.pings = Pings::new(clock.now());
            connection.begin_run();
        }
        self.clock = clock;
        // The clock stands at zero until all lanes start; what is answered then took no time.
        self.ping_at = Nanos(1);
        self.alarm = self.keepalive.map(|keepalive| alarm(keepalive.interval));
    }

    /// Begins one more channel; its connection has the same number.
    pub(super) fn add(&mut self, peer: Peer) {
        self.current.push(self.connections.len() as u32);
        self.peers.push(peer);
        self.connect(self.peers.len() - 1);
    }

    /// Begins one more connection, for this channel.
    fn connect(&mut self, channel: usize) {
        let (peer, now) = (&self.peers[channel], self.clock.now());
        self.connections
            .push(Connection::begin(peer, &self.config, now));
        self.watch(self.connections.len() - 1);
    }

    /// How many channels there are.
    pub(super) fn count(&self) -> usize {
        self.current.len()
    }

    pub(super) fn connection(&mut self, number: usize) -> &mut Connection {
        &mut self.connections[number]
    }

    /// Starts a call with its first message and tells its connection and stream; `None` where connecting anew was
    /// refused at once.
    #[inline]
    pub(super) fn start(
        &mut self,
        channel: usize,
        head: &Template,
        token: u64,
        first: &Message,
        end: bool,
    ) -> Result<Option<(usize, u32)>, Busy> {
        let number = self.current[channel] as usize;
        let connection = &mut self.connections[number];
        if connection.is_held() {
            return Err(Busy);
        }
        if !connection.is_lost() {
            match connection.client.start(head, token, first, end) {
                Ok((stream, _)) => {
                    if !std::mem::replace(&mut connection.marked, true) {
                        self.marked.push(number as u32);
                    }
                    return Ok(Some((number, stream)));
                }
                Err(StartError::Busy) => return Err(Busy),
                Err(_) => {}
            }
        }
        self.start_anew(channel, head, token, first, end)
    }

    /// Connects anew where that can help, and starts the call there.
    #[cold]
    fn start_anew(
        &mut self,
        channel: usize,
        head: &Template,
        token: u64,
        first: &Message,
        end: bool,
    ) -> Result<Option<(usize, u32)>, Busy> {
        let number = self.replace(channel);
        let connection = &mut self.connections[number];
        if connection.is_lost() {
            return Ok(None);
        }
        let (stream, _) = connection
            .client
            .start(head, token, first, end)
            .map_err(|_| Busy)?;
        self.mark(number);
        Ok(Some((number, stream)))
    }

    /// Gives a channel another connection: in the place of one on which nothing is open, its own or one that no channel
    /// has any more, or beside them all.
    fn replace(&mut self, channel: usize) -> usize {
        let free = |number: &u32| {
            let connection = &self.connections[*number as usize];
            connection.is_lost() || connection.is_spent()
        };
        let own = self.current[channel];
        let retired = |number: &u32| !self.current.contains(number);
        let numbers = 0..self.connections.len() as u32;
        let place = Some(own)
            .filter(free)
            .or_else(|| numbers.filter(free).find(retired));
        let number = match place {
            Some(number) => {
                let now = self.clock.now();
                let peer = &self.peers[channel];
                self.connections[number as usize].renew(peer, &self.config, now);
                self.watch(number as usize);
                number
            }
            None => {
                self.connect(channel);
                self.connections.len() as u32 - 1
            }
        };
        self.current[channel] = number;
        number as usize
    }

    /// Closes the connection of a channel, on which nothing is open, and begins another, which takes calls once it is
    /// ready.
    pub(super) fn reopen(&mut self, channel: usize) {
        let number = self.current[channel] as usize;
        let now = self.clock.now();
        let connection = &mut self.connections[number];
        connection.renew(&self.peers[channel], &self.config, now);
        connection.hold();
        self.watch(number);
    }

    /// Tells epoll of a connection's new socket.
    fn watch(&mut self, number: usize) {
        let Some(socket) = self.connections[number].socket() else {
            return;
        };
        let edges = EpollFlags::EPOLLIN
            | EpollFlags::EPOLLOUT
            | EpollFlags::EPOLLRDHUP
            | EpollFlags::EPOLLET;
        let event = EpollEvent::new(edges, number as u64);
        // A socket that cannot be watched fails its calls by their deadline; there is nothing else to be done here.
        let _ = self.epoll.get_ref().0.add(socket, event);
    }

    /// The connection has something to write.
    #[inline]
    pub(super) fn mark(&mut self, number: usize) {
        let connection = &mut self.connections[number];
        if !std::mem::replace(&mut connection.marked, true) {
            self.marked.push(number as u32);
        }
    }

    /// Sends one more message on a stream; one that is over takes none.
    pub(super) fn send(&mut self, number: usize, stream: u32, message: &Message, last: bool) {
        if self.connections[number]
            .client
            .send(stream, message, last)
            .is_ok()
        {
            self.mark(number);
        }
    }

    /// Keeps what comes on a stream from its window, until it is given back.
    pub(super) fn hold(&mut self, number: usize, stream: u32) {
        self.connections[number].client.hold(stream, true);
    }

    /// Gives back what has come on a held stream, but for so many bytes.
    pub(super) fn give_back(&mut self, number: usize, stream: u32, but: u32) {
        let client = &mut self.connections[number].client;
        let owed = client.owed(stream);
        if owed > but {
            client.give_back(stream, owed - but);
            self.mark(number);
        }
    }

    /// What a stream may bring before anything is given back.
    pub(super) fn stream_window(&self) -> u32 {
        self.config.initial_stream_window
    }

    /// Ends our side of a stream; one that is over has none.
    pub(super) fn finish(&mut self, number: usize, stream: u32) {
        if self.connections[number].client.finish(stream).is_ok() {
            self.mark(number);
        }
    }

    /// Gives a call up; tells how much of it was sent.
    pub(super) fn cancel(&mut self, number: usize, stream: u32) -> Option<Progress> {
        let (sent, _) = self.connections[number]
            .client
            .reset(stream, ErrorCode::CANCEL)?;
        self.mark(number);
        Some(sent)
    }

    /// Writes to all connections that have something to write.
    pub(super) fn flush_marked(&mut self, on: &mut impl Stamped) {
        while let Some(number) = self.marked.pop() {
            let connection = &mut self.connections[number as usize];
            connection.marked = false;
            connection.flush(on);
            connection.note_stalls(on);
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
            if self.found > 0 || !self.unread.is_empty() {
                return true;
            }
            match self.epoll.poll_read_ready(cx) {
                Poll::Ready(Ok(mut guard)) => guard.clear_ready(),
                Poll::Ready(Err(_)) | Poll::Pending => return false,
            }
        }
    }

    /// Hears all connections that are ready.
    pub(super) fn hear(&mut self, on: &mut impl Stamped) {
        std::mem::swap(&mut self.unread, &mut self.read_again);
        while let Some(number) = self.read_again.pop() {
            self.read(number, on);
        }
        let found = std::mem::take(&mut self.found);
        for index in 0..found {
            let (number, flags) = (self.ready[index].data() as u32, self.ready[index].events());
            let connection = &mut self.connections[number as usize];
            if flags.contains(EpollFlags::EPOLLOUT) && connection.waits_for_room() {
                connection.on_writable(on);
            }
            if flags.intersects(ENDED) {
                connection.will_end();
            }
            if flags.intersects(ENDED.union(EpollFlags::EPOLLIN)) {
                self.read(number, on);
            }
        }
        if on.at() >= self.ping_at {
            self.ask(found, on);
        }
    }

    /// Sends a PING to one of the connections that had something to say just now, if it is due.
    #[cold]
    fn ask(&mut self, found: usize, on: &mut impl Stamped) {
        let now = on.at();
        self.ping_at = now + pings::SPACING;
        let mut heard = self.ready[..found]
            .iter()
            .map(|event| event.data() as usize);
        if let Some(number) = heard.find(|&number| self.connections[number].may_be_asked(now)) {
            self.connections[number].ping(on);
        }
    }

    /// Keeps all connections alive, or finds out that they are not; nothing where the scenario does not ask for it.
    #[inline]
    pub(super) fn keep_alive(&mut self, cx: &mut Context<'_>, on: &mut impl Stamped) {
        if let Some(keepalive) = self.keepalive {
            self.look_after_all(keepalive, cx, on);
        }
    }

    #[cold]
    fn look_after_all(
        &mut self,
        keepalive: Keepalive,
        cx: &mut Context<'_>,
        on: &mut impl Stamped,
    ) {
        while let Some(due) = &mut self.alarm
            && due.as_mut().poll(cx).is_ready()
        {
            // A connection that is made in the meantime wants to be looked at after an interval.
            let mut next = on.now() + keepalive.interval;
            for connection in &mut self.connections {
                if let Some(at) = connection.keep_alive(&keepalive, on) {
                    next = next.min(at);
                }
                connection.note_stalls(on);
            }
            self.alarm = Some(alarm(next.since(on.now())));
        }
    }

    #[inline]
    fn read(&mut self, number: u32, on: &mut impl Stamped) {
        let connection = &mut self.connections[number as usize];
        if connection.read(&mut self.buffer, on) {
            self.unread.push(number);
        }
        connection.note_stalls(on);
    }

    /// What went over all connections.
    pub(super) fn wire(&self) -> Wire {
        let (mut sum, now) = (Wire::default(), self.clock.now());
        for connection in &self.connections {
            sum.add(&connection.wire(now));
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

fn alarm(after: Nanos) -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep(after.into()))
}
