//! What the run tells the link's thread: how far it is.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use nix::sys::eventfd::EventFd;

use super::reactor;

/// How far a repetition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Channels are opened.
    Opening,
    /// There is load, which is not measured yet.
    WarmingUp,
    /// What happens is measured.
    Measured,
    /// Calls that were started are waited for.
    Draining,
    /// It is over.
    Finished,
}

/// How far the run is, for the link's thread to see.
#[derive(Debug)]
pub(super) struct Control {
    stage: AtomicU8,
    wake: Arc<EventFd>,
}

impl Control {
    pub(super) fn new() -> io::Result<Control> {
        Ok(Control {
            stage: AtomicU8::new(Stage::Opening as u8),
            wake: Arc::new(reactor::wake()?),
        })
    }

    /// Says how far the run is.
    pub(super) fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Relaxed);
        // It wakes whoever waits; the counter is nowhere near its end.
        let _ = self.wake.write(1);
    }

    pub(super) fn stage(&self) -> Stage {
        const STAGES: [Stage; 5] = [
            Stage::Opening,
            Stage::WarmingUp,
            Stage::Measured,
            Stage::Draining,
            Stage::Finished,
        ];
        STAGES[self.stage.load(Ordering::Relaxed) as usize]
    }

    pub(super) fn waker(&self) -> &Arc<EventFd> {
        &self.wake
    }
}
