//! One connection: read what there is, answer all of it, write once, until the socket would block.
//!
//! Hot. All connections of a thread read into the same buffer, as nothing of a read is kept when it has been taken
//! apart; one large read and one write for many calls is what makes this face fast.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use wire::ErrorCode;

use crate::raw::calls::Calls;
use crate::raw::delays::Mailbox;
use crate::raw::thread::Thread;

/// While so much waits to be written, nothing is read: a client that does not take its answers is not asked for more.
const UNWRITTEN: usize = 1 << 20;

/// What an empty output may keep of its memory.
const KEPT: usize = 1 << 20;

/// Slices of one vectored write.
const SLICES: usize = 256;

/// How long a client that broke the protocol may take to read why, before the connection is closed in its face.
const LINGER: Duration = Duration::from_secs(1);

/// One connection.
struct Connection<S> {
    socket: S,
    wire: wire::Server,
    calls: Calls,
    mailbox: Rc<Mailbox>,
    thread: Rc<Thread>,
    drain: Drain,
}

/// How far the connection is with its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drain {
    /// It takes calls.
    No,
    /// It has announced that it will go, and takes what is on its way (RFC 9113 6.8).
    Announced,
    /// It takes no calls any more.
    Said,
}

/// Serves a connection to its end.
pub(crate) async fn serve<S>(socket: S, thread: Rc<Thread>, mailbox: Rc<Mailbox>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut connection = Connection {
        socket,
        wire: wire::Server::new(&thread.config),
        calls: Calls::new(thread.clone(), mailbox.clone()),
        mailbox,
        thread,
        drain: Drain::No,
    };
    // An error means that the client is gone, and then nobody is there to be told.
    let _ = poll_fn(|cx| connection.poll(cx)).await;
    connection.close().await;
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Resolves when the connection is to be closed.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.mailbox.listen(cx.waker());
        self.calls.wake(&mut self.wire);
        loop {
            self.heed_drain();
            let flushed = self.poll_flush(cx)?;
            if flushed.is_ready() && self.is_over() {
                return Poll::Ready(Ok(()));
            }
            if self.wire.failure().is_some() || self.wire.output_len() >= UNWRITTEN {
                return Poll::Pending;
            }
            if !ready!(self.poll_receive(cx))? {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Answers what is due and writes it, until nothing is left or the socket is full.
    #[inline]
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            self.calls.answer(&mut self.wire);
            if self.wire.output_len() == 0 {
                self.wire.shrink(KEPT);
                // What TLS has taken may still be on its way; a plain socket has nothing to flush.
                return Pin::new(&mut self.socket).poll_flush(cx);
            }
            match ready!(self.poll_write(cx))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.wire.advance(written),
            }
        }
    }

    #[inline]
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let socket = Pin::new(&mut self.socket);
        let all = self.wire.output_len();
        let together = self.wire.output();
        if together.len() == all {
            return socket.poll_write(cx, together);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let used = self.wire.output_slices(&mut slices);
        socket.poll_write_vectored(cx, &slices[..used])
    }

    /// Reads once, and takes apart what came; false at the end of the connection.
    #[inline]
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut buffer = self.thread.buffer.borrow_mut();
        let mut read = ReadBuf::new(&mut buffer);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut read))?;
        if read.filled().is_empty() {
            return Poll::Ready(Ok(false));
        }
        self.calls.begin_read();
        // The error stays there to be asked for, and GOAWAY is in the output.
        let _ = self.wire.receive(read.filled(), &mut self.calls);
        self.calls.end_read(&self.wire);
        Poll::Ready(Ok(true))
    }

    /// Goes one step towards the end, if the server is to stop.
    fn heed_drain(&mut self) {
        match self.drain {
            Drain::No if self.thread.is_draining() => {
                self.wire.announce_go_away();
                self.wire.ping(0);
                self.drain = Drain::Announced;
            }
            Drain::Announced if self.calls.has_pong => {
                self.wire.go_away(ErrorCode::NO_ERROR);
                self.drain = Drain::Said;
            }
            _ => {}
        }
    }

    /// Whether nothing is left to do, once everything is written.
    fn is_over(&self) -> bool {
        let never_was = self.drain != Drain::No && self.wire.peer_settings().is_none();
        self.wire.failure().is_some()
            || never_was
            || self.drain == Drain::Said && self.wire.is_drained()
    }

    async fn close(mut self) {
        self.wire.disconnect(&mut self.calls);
        self.calls.answer(&mut self.wire);
        // It may be closed already.
        let _ = self.socket.shutdown().await;
        // What is unread when a socket is closed makes the kernel reset the connection, GOAWAY and all.
        let rest = async {
            let mut ignored = [0; 4096];
            while self
                .socket
                .read(&mut ignored)
                .await
                .is_ok_and(|read| read > 0)
            {}
        };
        let _ = tokio::time::timeout(LINGER, rest).await;
    }
}
