//! A connection that shakes hands when it is first read or written, in the task that serves it: a client that is slow with
//! its part holds up nobody else.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::Accept;
use tokio_rustls::server::TlsStream;

use super::Acceptor;

/// A connection that is, or will be, secured.
pub(crate) struct Secured<S>(State<S>);

enum State<S> {
    Shaking(Box<Accept<S>>),
    Secure(Box<TlsStream<S>>),
    Failed,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Secured<S> {
    /// Nothing is read or written yet.
    pub(crate) fn new(acceptor: &Acceptor, socket: S) -> Secured<S> {
        Secured(State::Shaking(Box::new(acceptor.tls.accept(socket))))
    }

    fn poll_secure(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut TlsStream<S>>>> {
        if let State::Shaking(accept) = &mut self.0 {
            // Where it fails rustls has told the client why, as far as TLS has words for it.
            let shaken = ready!(Pin::new(accept).poll(cx));
            self.0 = match shaken {
                Ok(stream) => State::Secure(Box::new(stream)),
                Err(error) => {
                    self.0 = State::Failed;
                    return Poll::Ready(Err(error));
                }
            };
        }
        match &mut self.0 {
            State::Secure(stream) => Poll::Ready(Ok(Pin::new(stream.as_mut()))),
            State::Shaking(_) | State::Failed => {
                Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Secured<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_secure(cx))?.poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Secured<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_secure(cx))?.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_secure(cx))?.poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_secure(cx))?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // One that never shook hands has nothing to take back.
        match &mut self.0 {
            State::Secure(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
            State::Shaking(_) | State::Failed => Poll::Ready(Ok(())),
        }
    }
}
