//! A tap on a connection: reads the nine-byte frame headers as they pass, in both directions, and nothing else.
//!
//! tonic and hyper show neither SETTINGS nor GOAWAY. The tap does: which windows really reached the wire, how many
//! streams the server allows, who ended a connection and why. What a message holds goes by untouched.

mod frames;

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use reports::model::{Wire, WireSettings};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use self::frames::{Direction, Frames, Noticed, update};

/// How many of the first bytes received are kept, to tell what a server speaks that does not speak HTTP/2.
const GREETING: usize = 16;

/// What the tap of one channel has seen, over all connections that the channel has had.
#[derive(Debug)]
pub struct Seen {
    connections: AtomicU64,
    connections_lost: AtomicU64,
    bytes_sent: AtomicU64,
    bytes_received: AtomicU64,
    frames_sent: AtomicU64,
    frames_received: AtomicU64,
    header_bytes_sent: AtomicU64,
    header_bytes_received: AtomicU64,
    window_updates_sent: AtomicU64,
    window_updates_received: AtomicU64,
    max_concurrent_streams: AtomicU32,
    closed: AtomicBool,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    greeting: Vec<u8>,
    client_settings: WireSettings,
    server_settings: WireSettings,
    goaway: BTreeMap<String, u64>,
    resets: BTreeMap<String, u64>,
}

/// A connection with a tap on it.
#[derive(Debug)]
pub struct Tap<S> {
    stream: S,
    seen: Arc<Seen>,
    sent: Frames,
    received: Frames,
    ended: bool,
}

impl Seen {
    /// Nothing yet.
    pub fn new() -> Arc<Seen> {
        Arc::new(Seen {
            connections: AtomicU64::new(0),
            connections_lost: AtomicU64::new(0),
            bytes_sent: AtomicU64::new(0),
            bytes_received: AtomicU64::new(0),
            frames_sent: AtomicU64::new(0),
            frames_received: AtomicU64::new(0),
            header_bytes_sent: AtomicU64::new(0),
            header_bytes_received: AtomicU64::new(0),
            window_updates_sent: AtomicU64::new(0),
            window_updates_received: AtomicU64::new(0),
            max_concurrent_streams: AtomicU32::new(u32::MAX),
            closed: AtomicBool::new(false),
            notes: Mutex::default(),
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

    /// Whether the server closed a connection.
    pub fn was_lost(&self) -> bool {
        self.connections_lost.load(Relaxed) > 0
    }

    /// What happens to the connections from now on is our own doing.
    pub fn close(&self) {
        self.closed.store(true, Relaxed);
    }

    /// Adds what was seen to a sum over channels; the settings are those of the first.
    pub fn add_to(&self, wire: &mut Wire) {
        let notes = self.notes();
        if wire.connections == 0 {
            wire.client_settings = notes.client_settings;
            wire.server_settings = notes.server_settings;
        }
        wire.connections += self.connections.load(Relaxed);
        wire.connections_lost += self.connections_lost.load(Relaxed);
        wire.bytes_sent += self.bytes_sent.load(Relaxed);
        wire.bytes_received += self.bytes_received.load(Relaxed);
        wire.frames_sent += self.frames_sent.load(Relaxed);
        wire.frames_received += self.frames_received.load(Relaxed);
        wire.header_bytes_sent += self.header_bytes_sent.load(Relaxed);
        wire.header_bytes_received += self.header_bytes_received.load(Relaxed);
        wire.window_updates_sent += self.window_updates_sent.load(Relaxed);
        wire.window_updates_received += self.window_updates_received.load(Relaxed);
        for (sum, mine) in [
            (&mut wire.goaway, &notes.goaway),
            (&mut wire.resets, &notes.resets),
        ] {
            for (reason, count) in mine {
                *sum.entry(reason.clone()).or_default() += count;
            }
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lose(&self) {
        if !self.closed.load(Relaxed) {
            self.connections_lost.fetch_add(1, Relaxed);
        }
    }

    fn notice(&self, direction: Direction, noticed: Noticed) {
        let mut notes = self.notes();
        let settings = match direction {
            Direction::Sent => &mut notes.client_settings,
            Direction::Received => &mut notes.server_settings,
        };
        match noticed {
            Noticed::Settings(new) => {
                update(settings, new);
                if let (Direction::Received, Some(most)) = (direction, new.max_concurrent_streams) {
                    self.max_concurrent_streams.store(most, Relaxed);
                }
            }
            Noticed::ConnectionWindow(size) => {
                settings.initial_connection_window.get_or_insert(size);
            }
            // A client that closes in good order says GOAWAY too; only reasons are worth a note.
            Noticed::Goaway(reason)
                if reason == h2::Reason::NO_ERROR && direction == Direction::Sent => {}
            Noticed::Goaway(reason) => count(&mut notes.goaway, direction, reason),
            Noticed::Reset(reason) => count(&mut notes.resets, direction, reason),
        }
    }
}

fn count(by_reason: &mut BTreeMap<String, u64>, direction: Direction, reason: h2::Reason) {
    *by_reason
        .entry(format!("{direction} {}", reason_name(reason)))
        .or_default() += 1;
}

/// `ENHANCE_YOUR_CALM`; the number where HTTP/2 has no name for it.
fn reason_name(reason: h2::Reason) -> String {
    let name = format!("{reason:?}");
    if name.starts_with("Reason(") {
        u32::from(reason).to_string()
    } else {
        name
    }
}

impl<S> Tap<S> {
    /// Puts a tap on a new connection of a channel.
    pub fn new(stream: S, seen: Arc<Seen>) -> Tap<S> {
        seen.connections.fetch_add(1, Relaxed);
        Tap {
            stream,
            seen,
            sent: Frames::new(Direction::Sent),
            received: Frames::new(Direction::Received),
            ended: false,
        }
    }

    fn received(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            self.lose();
            return;
        }
        if self.received.is_at_start() {
            self.seen.notes().greeting = bytes[..bytes.len().min(GREETING)].to_vec();
        }
        self.seen
            .bytes_received
            .fetch_add(bytes.len() as u64, Relaxed);
        let seen = &self.seen;
        let passed = self
            .received
            .pass(bytes, |noticed| seen.notice(Direction::Received, noticed));
        seen.frames_received.fetch_add(passed.frames, Relaxed);
        seen.header_bytes_received
            .fetch_add(passed.header_bytes, Relaxed);
        seen.window_updates_received
            .fetch_add(passed.window_updates, Relaxed);
    }

    fn sent(&mut self, bytes: &[u8]) {
        let seen = &self.seen;
        let mut broken = false;
        let passed = self.sent.pass(bytes, |noticed| {
            broken |= matches!(noticed, Noticed::Goaway(reason) if reason != h2::Reason::NO_ERROR);
            seen.notice(Direction::Sent, noticed);
        });
        seen.frames_sent.fetch_add(passed.frames, Relaxed);
        seen.header_bytes_sent
            .fetch_add(passed.header_bytes, Relaxed);
        seen.window_updates_sent
            .fetch_add(passed.window_updates, Relaxed);
        self.seen.bytes_sent.fetch_add(bytes.len() as u64, Relaxed);
        if broken {
            // Our side does not survive what the server sent.
            self.lose();
        }
    }

    fn lose(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            self.seen.lose();
        }
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

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.stream).poll_write(cx, buf))?;
        this.sent(&buf[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.stream).poll_write_vectored(cx, bufs))?;
        let mut left = written;
        for buf in bufs {
            let part = left.min(buf.len());
            this.sent(&buf[..part]);
            left -= part;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
