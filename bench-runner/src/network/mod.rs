//! The network, emulated: a link between client and server with a delay, a bandwidth and a queue, in this process.
//!
//! On one machine a round trip takes microseconds, and flow control, which is about round trips, hardly matters there.
//! `tc netem` would do as well where the kernel has it and the user may; this works everywhere.
//!
//! - [`link`]: what a link does to bytes, as arithmetic
//! - `relay`, `connection`, `reactor`, `socket`: the thread that does it to sockets
//! - `tally`: what it counts of itself, its own lateness first; `run::validity` judges it
//!
//! The bandwidth is that of the link: all connections share it, each way has its own. Nothing is lost, and TCP's own
//! congestion control does not see the link: a full queue holds the sender back, as a full socket does.

mod connection;
mod control;
pub mod link;
mod reactor;
mod relay;
mod resets;
mod socket;
mod tally;

use std::io;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use reports::model;
use scenarios::scenario::{self, Address};

pub use self::control::Stage;

use self::control::Control;
use self::relay::Relay;
use self::socket::{Listener, Peer};
use crate::host::affinity;

/// A link at work.
pub struct Network {
    address: Address,
    control: Arc<Control>,
    thread: Option<JoinHandle<io::Result<model::Network>>>,
}

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The target cannot be reached.
    #[error("{0}")]
    Target(#[source] io::Error),
    /// Its thread cannot run where the scenario asks for.
    #[error("network.cpus: {0}")]
    Pin(String),
    /// The operating system refused something.
    #[error("the emulated network failed: {0}")]
    Io(#[from] io::Error),
    /// Its thread panicked: a defect of ours.
    #[error(
        "the emulated network failed from inside; this is a defect of bench-runner, please report it with the scenario"
    )]
    Panicked,
}

impl Network {
    /// Puts a link in front of `target`; the same seed gives the same jitter and resets.
    ///
    /// # Errors
    ///
    /// Where the target does not listen, or the thread cannot be had.
    pub fn start(
        network: &scenario::Network,
        target: &Address,
        seed: u64,
    ) -> Result<Network, NetworkError> {
        let peer = Peer::find(target).map_err(NetworkError::Target)?;
        let (listener, address) = Listener::bind()?;
        let control = Arc::new(Control::new()?);
        let relay = Relay::new(network, peer, listener, control.clone(), seed)?;
        let (pinned, is_pinned) = mpsc::channel();
        let cpus = network.cpus.clone();
        let work = move || {
            let allowed = match cpus[..] {
                [] => Ok(()),
                _ => affinity::pin_to(&cpus),
            };
            // Whoever starts a link listens for this one word.
            let _ = pinned.send(allowed);
            relay.run()
        };
        let thread = thread::Builder::new()
            .name("network".to_owned())
            .spawn(work)?;
        let network = Network {
            address,
            control,
            thread: Some(thread),
        };
        match is_pinned.recv() {
            Ok(Ok(())) => Ok(network),
            Ok(Err(why)) => Err(NetworkError::Pin(why)),
            Err(_) => Err(NetworkError::Panicked),
        }
    }

    /// Where clients connect to.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Tells it how far the run is.
    pub fn enter(&self, stage: Stage) {
        self.control.enter(stage);
    }

    /// Whether it has ended before it was told to, which only a failure makes it do.
    pub fn has_failed(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Ends it; tells what it has done over the measured time.
    ///
    /// # Errors
    ///
    /// What made it fail.
    pub fn finish(mut self) -> Result<model::Network, NetworkError> {
        self.end()
    }

    fn end(&mut self) -> Result<model::Network, NetworkError> {
        self.control.enter(Stage::Finished);
        let thread = self.thread.take().ok_or(NetworkError::Panicked)?;
        let done = thread.join().map_err(|_| NetworkError::Panicked)?;
        Ok(done?)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if self.thread.is_some() {
            // Whoever drops it has another failure to tell of.
            let _ = self.end();
        }
    }
}
