//! What a lane does when it has nothing to do: it sleeps, or looks again and again.

use scenarios::scenario::Idle;
use scenarios::units::Nanos;

use super::{Lane, Turn};
use crate::engine::Channels;

/// A look that finds nothing takes a microsecond or two. If it took longer, something was done: where an engine's connections
/// are tasks, they read and wrote.
const LOOK: Nanos = Nanos::from_micros(10);

/// How a lane waits for answers.
#[derive(Default)]
pub(super) struct Rest {
    /// It looks again at once while calls are in flight.
    spins: bool,
    /// Since when it has done nothing else.
    since: Option<Nanos>,
}

impl<C: Channels> Lane<C> {
    /// Waits for answers as it waits for intended starts.
    ///
    /// A core that sleeps takes tens of microseconds to wake up, a virtual one more, and all of it would be service time.
    pub fn idling(mut self, idle: Idle) -> Lane<C> {
        self.rest.spins = idle == Idle::Spin;
        self
    }

    /// There was nothing to hear.
    pub(super) fn rest(&mut self, now: Nanos) -> Turn {
        if let Some(since) = self.rest.since.take() {
            let looked = now.since(since);
            if looked <= LOOK {
                self.watch.spun(looked);
            }
        }
        if self.rest.spins && self.ops.len() > 0 {
            self.rest.since = Some(self.clock.now());
            return Turn::AtOnce;
        }
        Turn::Until(self.next_wake(now))
    }

    /// Something was heard: the time since the last look went into that.
    pub(super) fn stir(&mut self) {
        self.rest.since = None;
    }
}
