//! One thread of the raw face: a current-thread runtime, its connections, and what they share.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use scenarios::scenario::Idle;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::{LocalSet, spawn_local};

use crate::behaviour::Fates;
use crate::counters::Counts;
use crate::raw::answers::{Blocks, Endings, Replies};
use crate::raw::connection;
use crate::raw::delays::{Delays, Mailbox};
use crate::raw::latest::Latest;
use crate::raw::spares::Spares;
use crate::tls::{Acceptor, Secured};

/// What a connection reads at a time.
const BUFFER: usize = 256 << 10;

/// What all threads share, and what a thread is made with.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) counts: Arc<Counts>,
    pub(crate) fates: Arc<Fates>,
    pub(crate) idle: Idle,
    pub(crate) config: wire::Config,
    /// `None` is plaintext.
    pub(crate) tls: Option<Acceptor>,
}

/// A connection on its way to its thread.
#[derive(Debug)]
pub(crate) enum Accepted {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

/// What the connections of one thread share.
#[derive(Debug)]
pub(crate) struct Thread {
    pub(crate) config: wire::Config,
    pub(crate) counts: Arc<Counts>,
    pub(crate) fates: Arc<Fates>,
    pub(crate) blocks: Blocks,
    pub(crate) latest: RefCell<Latest>,
    pub(crate) endings: RefCell<Endings>,
    pub(crate) replies: RefCell<Replies>,
    pub(crate) spares: RefCell<Spares>,
    pub(crate) delays: Delays,
    /// Whether any call is planned, so that the time of each read is to be known.
    pub(crate) is_timed: Cell<bool>,
    pub(crate) buffer: RefCell<Box<[u8]>>,
    tls: Option<Acceptor>,
    connections: RefCell<BTreeMap<u64, Rc<Mailbox>>>,
    accepted: Cell<u64>,
    is_draining: Cell<bool>,
    /// Told whenever a connection has ended.
    ended: Notify,
}

/// Runs a thread: takes connections until there are no more to come, then drains. Returns when all have ended, or at
/// once when `cut` does.
pub(crate) fn run(
    common: Common,
    incoming: mpsc::UnboundedReceiver<Accepted>,
    cut: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, async {
        let thread = Rc::new(Thread::new(common)?);
        let driven = thread.clone();
        let driver = spawn_local(async move { driven.delays.drive().await });
        tokio::select! {
            () = thread.serve(incoming) => {}
            // Whether it was said or its sender is gone, nobody waits any more.
            _ = cut => {}
        }
        driver.abort();
        Ok(())
    })
}

impl Thread {
    fn new(common: Common) -> io::Result<Thread> {
        Ok(Thread {
            blocks: Blocks::new(&common.fates),
            is_timed: Cell::new(common.fates.is_any()),
            config: common.config,
            counts: common.counts,
            fates: common.fates,
            latest: RefCell::default(),
            endings: RefCell::default(),
            replies: RefCell::default(),
            spares: RefCell::default(),
            tls: common.tls,
            delays: Delays::new(common.idle)?,
            buffer: RefCell::new(vec![0; BUFFER].into_boxed_slice()),
            connections: RefCell::default(),
            accepted: Cell::new(0),
            is_draining: Cell::new(false),
            ended: Notify::new(),
        })
    }

    async fn serve(self: &Rc<Self>, mut incoming: mpsc::UnboundedReceiver<Accepted>) {
        while let Some(accepted) = incoming.recv().await {
            // One that the runtime cannot take is gone.
            let _ = match accepted {
                Accepted::Tcp(socket) => {
                    TcpStream::from_std(socket).map(|socket| match &self.tls {
                        None => self.open(socket),
                        Some(acceptor) => self.open(Secured::new(acceptor, socket)),
                    })
                }
                Accepted::Unix(socket) => {
                    UnixStream::from_std(socket).map(|socket| self.open(socket))
                }
            };
        }
        self.drain();
        while !self.connections.borrow().is_empty() {
            self.ended.notified().await;
        }
    }

    fn open(self: &Rc<Self>, socket: impl AsyncRead + AsyncWrite + Unpin + 'static) {
        let id = self.accepted.get();
        self.accepted.set(id + 1);
        let mailbox = Rc::new(Mailbox::default());
        self.connections.borrow_mut().insert(id, mailbox.clone());
        let thread = self.clone();
        spawn_local(async move {
            connection::serve(socket, thread.clone(), mailbox).await;
            thread.connections.borrow_mut().remove(&id);
            thread.ended.notify_one();
        });
    }

    /// Tells every connection to end.
    fn drain(&self) {
        self.is_draining.set(true);
        for mailbox in self.connections.borrow().values() {
            mailbox.wake();
        }
    }

    /// Whether connections are to end.
    #[inline]
    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.get()
    }
}
