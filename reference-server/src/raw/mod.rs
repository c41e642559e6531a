//! The raw face: the same Greeter made of `wire`'s server half, to cost as little as a server can.
//!
//! Each thread has a current-thread runtime and connections of its own, and shares nothing but the counts. Connections
//! are accepted in one place and dealt out in turn, rather than by SO_REUSEPORT: the kernel deals by a hash, which
//! leaves some threads with twice the connections of others, and has no such thing for Unix sockets.
//!
//! # Layout
//!
//! | module | what it holds |
//! |---|---|
//! | `thread` | a thread, and what its connections share |
//! | `connection` | read, answer, write (hot) |
//! | `calls`, `call`, `hear`, `speak` | the slab of calls; one call, what it hears, and what it says (hot) |
//! | `latest` | the request before, which mostly comes again |
//! | `request`, `answers`, `packed` | what comes, read in place; what goes, made before (hot) |
//! | `credit` | what a client may send, and when it hears of it |
//! | `inform` | health and counts |
//! | `delays`, `spares` | replies that wait; buffers for large requests |
//! | `tally` | counts of a connection, until they are handed over |

mod answers;
mod call;
mod calls;
mod connection;
mod credit;
mod delays;
mod hear;
mod inform;
mod latest;
mod packed;
mod request;
mod spares;
mod speak;
mod tally;
mod thread;

use std::io;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use scenarios::scenario::Idle;
use tokio::sync::{mpsc, oneshot};

use crate::behaviour::Fates;
use crate::counters::Counts;
use crate::error::ServeError;
use crate::tls::Acceptor;
pub(crate) use request::timeout;
pub(crate) use thread::{Accepted, Common};

/// The threads of the raw face.
#[derive(Debug)]
pub(crate) struct Face {
    /// Connections for each thread. When they are dropped, the threads drain.
    deal: Vec<mpsc::UnboundedSender<Accepted>>,
    /// When they are dropped, the threads end.
    cuts: Vec<oneshot::Sender<()>>,
    ended: Vec<oneshot::Receiver<io::Result<()>>>,
}

impl Face {
    /// Starts the threads.
    pub(crate) fn start(threads: u32, common: &Common) -> Result<Face, ServeError> {
        let mut face = Face {
            deal: Vec::new(),
            cuts: Vec::new(),
            ended: Vec::new(),
        };
        for number in 0..threads.max(1) {
            face.start_thread(number, common.clone())
                .map_err(|error| ServeError::System("start threads", error))?;
        }
        Ok(face)
    }

    fn start_thread(&mut self, number: u32, common: Common) -> io::Result<()> {
        let (deal, incoming) = mpsc::unbounded_channel();
        let (cut, is_cut) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name(format!("raw-{number}"))
            .spawn(move || {
                // Nobody listens where the server was dropped.
                let _ = end.send(thread::run(common, incoming, is_cut));
            })?;
        self.deal.push(deal);
        self.cuts.push(cut);
        self.ended.push(ended);
        Ok(())
    }

    /// Deals out connections until `stop` resolves, then drains.
    pub(crate) async fn serve(
        mut self,
        incoming: impl Stream<Item = io::Result<Accepted>>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        // The listener goes first: no new connections while the old ones end.
        tokio::select! {
            () = stop => {}
            () = self.deal_out(incoming) => {}
        }
        self.deal.clear();
        for ended in self.ended {
            if let Ok(ended) = ended.await {
                ended.map_err(|error| ServeError::System("run a thread", error))?;
            }
        }
        Ok(())
    }

    /// Gives each connection to the next thread.
    async fn deal_out(&self, incoming: impl Stream<Item = io::Result<Accepted>>) {
        let mut incoming = pin!(incoming);
        let mut threads = self.deal.iter().cycle();
        while let Some(accepted) = incoming.next().await {
            // A connection that cannot be taken from one runtime to the other is gone.
            let (Ok(accepted), Some(thread)) = (accepted, threads.next()) else {
                continue;
            };
            // A thread that could not be run says why when the server ends.
            let _ = thread.send(accepted);
        }
    }
}

/// What the threads of a server share.
pub(crate) fn common(
    counts: Arc<Counts>,
    fates: Fates,
    idle: Idle,
    config: wire::Config,
    tls: Option<Acceptor>,
) -> Common {
    Common {
        counts,
        fates: Arc::new(fates),
        idle,
        config,
        tls,
    }
}
