//! A tap on a connection: reads the frames as they pass, in both directions, and changes nothing.
//!
//! tonic and hyper show neither SETTINGS nor GOAWAY. The tap does: which windows really reached the wire, how many
//! streams the server allows, who ended a connection and why, what waiting for windows cost. What a message holds goes
//! by untouched.

mod conversation;
mod frames;
mod lists;
#[cfg(test)]
mod tests;
mod windows;

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use reports::model::Wire;
use scenarios::units::Nanos;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::conversation::{Conversation, Direction};
use super::times::{Stalled, Step, Times};
use crate::clock::Clock;
use crate::tls::{Negotiated, TlsFailure};

/// How many of the first bytes received are kept, to tell what a server speaks that does not speak HTTP/2.
const GREETING: usize = 16;

/// What the taps of all channels of a lane share.
#[derive(Clone, Debug)]
pub struct Shared {
    clock: Clock,
    times: Arc<Mutex<Times>>,
}

/// What the tap of one channel has seen, over all connections that the channel has had.
#[derive(Debug)]
pub struct Seen {
    clock: Clock,
    times: Arc<Mutex<Times>>,
    max_concurrent_streams: AtomicU32,
    closed: AtomicBool,
    notes: Mutex<Notes>,
}

#[derive(Debug)]
struct Notes {
    greeting: Vec<u8>,
    was_lost: bool,
    refused: Option<TlsFailure>,
    /// Of streams, and of connections.
    stalls: [Stalled; 2],
    wire: Wire,
}

/// A connection with a tap on it.
#[derive(Debug)]
pub struct Tap<S> {
    stream: S,
    seen: Arc<Seen>,
    conversation: Conversation,
    /// Why nothing can be written any more, until what the server had said is read.
    unwritable: Option<io::Error>,
    ended: bool,
}

impl Shared {
    /// Nothing yet; times are told by this clock.
    pub fn new(clock: Clock) -> Shared {
        Shared {
            clock,
            times: Arc::new(Mutex::new(Times::new())),
        }
    }

    /// The time.
    pub fn now(&self) -> Nanos {
        self.clock.now()
    }

    /// Writes down what the connections of all channels took.
    pub fn tell(&self, wire: &mut Wire) {
        lock(&self.times).tell(wire);
    }
}

impl Seen {
    /// Nothing yet.
    pub fn new(shared: &Shared) -> Arc<Seen> {
        Arc::new(Seen {
            clock: shared.clock.clone(),
            times: Arc::clone(&shared.times),
            max_concurrent_streams: AtomicU32::new(u32::MAX),
            closed: AtomicBool::new(false),
            notes: Mutex::new(Notes::new()),
        })
    }

    /// How many streams the server allows at once on this channel; no limit before it has said so.
    pub fn max_concurrent_streams(&self) -> u32 {
        self.max_concurrent_streams.load(Relaxed)
    }

    /// The first bytes that the server sent.
    pub fn greeting(&self) -> Vec<u8> {
        self.notes().greeting.clone()
    }

    /// Whether the server closed a connection, or made our side close it.
    pub fn was_lost(&self) -> bool {
        self.notes().was_lost
    }

    /// A connection that was begun then is made.
    pub fn made(&self, began: Nanos) {
        self.notes().wire.connections += 1;
        self.took(Step::Connect, self.clock.now().since(began));
    }

    /// A connection that was made then is secured.
    pub fn secured(&self, made: Nanos, negotiated: &Negotiated) {
        let wire = &mut self.notes().wire;
        wire.shook_hands(&negotiated.suite, negotiated.resumed);
        self.took(Step::Handshake, self.clock.now().since(made));
    }

    /// TLS has ended a connection.
    pub fn refuse(&self, why: &TlsFailure) {
        self.notes().refused = Some(why.clone());
    }

    /// Why TLS has ended a connection, if it has.
    pub fn refused(&self) -> Option<TlsFailure> {
        self.notes().refused.clone()
    }

    /// The run begins: what was said before, to see whether the server answers, is none of its messages.
    pub fn begin(&self) {
        let wire = &mut self.notes().wire;
        wire.data_bytes_sent = 0;
        wire.data_bytes_received = 0;
    }

    /// What happens to the connections from now on is our own doing.
    pub fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    /// What was seen.
    pub fn wire(&self) -> Wire {
        let notes = self.notes();
        let [stream, connection] = notes.stalls.map(|stall| stall.total(self.clock.now()).0);
        Wire {
            stalled_on_stream_window_ns: Some(stream),
            stalled_on_connection_window_ns: Some(connection),
            ..notes.wire.clone()
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        lock(&self.notes)
    }

    fn took(&self, step: Step, time: Nanos) {
        lock(&self.times).record(step, time);
    }

    fn allow(&self, streams: Option<u32>) {
        if let Some(most) = streams {
            self.max_concurrent_streams.store(most, Relaxed);
        }
    }
}

impl Notes {
    fn new() -> Notes {
        Notes {
            greeting: Vec::new(),
            was_lost: false,
            refused: None,
            stalls: Default::default(),
            wire: Wire {
                header_list_bytes_sent: Some(0),
                header_list_bytes_received: Some(0),
                ..Wire::default()
            },
        }
    }

    #[inline]
    fn stalled(&mut self, stalls: [bool; 2], clock: &Clock) {
        for (stalled, is_so) in self.stalls.iter_mut().zip(stalls) {
            stalled.note(is_so, || clock.now());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S> Tap<S> {
    /// Puts a tap on a connection of a channel that was begun then, and is [made](Seen::made).
    pub fn new(stream: S, seen: Arc<Seen>, began: Nanos) -> Tap<S> {
        Tap {
            stream,
            seen,
            conversation: Conversation::new(began),
            unwritable: None,
            ended: false,
        }
    }

    fn received(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.lose();
            return;
        }
        self.conversation
            .pass(Direction::Received, bytes, &self.seen);
    }

    fn sent(&mut self, bytes: &[u8]) {
        self.conversation.pass(Direction::Sent, bytes, &self.seen);
        if self.conversation.is_broken() {
            // Our side does not survive what the server sent.
            self.lose();
        }
    }

    fn sent_of(&mut self, bufs: &[io::IoSlice<'_>], written: usize) {
        let mut left = written;
        for buf in bufs {
            let part = left.min(buf.len());
            self.sent(&buf[..part]);
            left -= part;
        }
    }

    /// The server closed the connection, or made our side close it.
    fn lose(&mut self) {
        self.end(true);
        self.seen.notes().was_lost |= !self.seen.closed.load(Relaxed);
    }

    /// The connection is over.
    fn end(&mut self, lost: bool) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let mut notes = self.seen.notes();
        notes.stalled([false; 2], &self.seen.clock);
        let lost = lost && !self.seen.closed.load(Relaxed);
        notes.wire.connections_lost += u64::from(lost);
    }
}

impl<S: AsyncRead + Unpin> Tap<S> {
    /// Nothing can be written. A server that closes before it is ready, because it expects TLS or does not take the
    /// client's certificate, has said so, and hyper would not read it any more.
    #[cold]
    fn last_words<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let mut said = [0; 1024];
        while self.seen.greeting().is_empty() {
            let mut buf = ReadBuf::new(&mut said);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => self.received(buf.filled()),
                _ => break,
            }
        }
        let why = self.unwritable.take();
        Poll::Ready(Err(why.unwrap_or_else(|| io::ErrorKind::BrokenPipe.into())))
    }
}

/// hyper lets go of a connection that does not answer its PINGs, which is a loss, and of one that is done after the
/// server's GOAWAY, which is none.
impl<S> Drop for Tap<S> {
    fn drop(&mut self) {
        self.end(!self.conversation.is_spent());
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let result = ready!(Pin::new(&mut this.stream).poll_read(cx, buf));
        match &result {
            Ok(()) if buf.capacity() > before => this.received(&buf.filled()[before..]),
            Ok(()) => {}
            Err(_) => this.lose(),
        }
        Poll::Ready(result)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.unwritable.is_none() {
            match ready!(Pin::new(&mut this.stream).poll_write(cx, buf)) {
                Ok(written) => {
                    this.sent(&buf[..written]);
                    return Poll::Ready(Ok(written));
                }
                Err(error) => this.unwritable = Some(error),
            }
        }
        this.last_words(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.unwritable.is_none() {
            match ready!(Pin::new(&mut this.stream).poll_write_vectored(cx, bufs)) {
                Ok(written) => {
                    this.sent_of(bufs, written);
                    return Poll::Ready(Ok(written));
                }
                Err(error) => this.unwritable = Some(error),
            }
        }
        this.last_words(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.unwritable.is_none() {
            match ready!(Pin::new(&mut this.stream).poll_flush(cx)) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(error) => this.unwritable = Some(error),
            }
        }
        this.last_words(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
