//! Connections that can be told apart: each has a number, by which a behaviour picks one and a stamp names it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;

use crate::behaviour::Fates;

/// The number of a connection, which it gets with its first call: those that only check health have none, so that a
/// scenario can count on the order in which its channels call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Number(Arc<OnceLock<u32>>);

impl Number {
    pub(crate) fn get(&self, fates: &Fates) -> u32 {
        *self.0.get_or_init(|| fates.next_connection())
    }
}

/// A socket with a number.
#[derive(Debug)]
pub(crate) struct Numbered<S> {
    socket: S,
    number: Number,
}

impl<S> Numbered<S> {
    pub(crate) fn new(socket: S) -> Numbered<S> {
        Numbered {
            socket,
            number: Number::default(),
        }
    }
}

impl<S> Connected for Numbered<S> {
    type ConnectInfo = Number;

    fn connect_info(&self) -> Number {
        self.number.clone()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Numbered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Numbered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
