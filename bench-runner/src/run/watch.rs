//! What a lane shows of itself while it runs, and how it is told to stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use scenarios::units::Nanos;

use crate::host::cpu::{thread_cpu, thread_waited};
use crate::record::{Recent, Recorder};

/// How often a lane hands out what is recent.
const EVERY: Nanos = Nanos::from_millis(200);

/// Says that a run is to end early. Clones say the same.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

/// What all lanes have done since somebody last looked.
#[derive(Clone, Default)]
pub struct Board(Arc<Mutex<Recent>>);

/// One lane's window on the outside.
pub struct Watch {
    stop: Stop,
    board: Board,
    next: Nanos,
    spun: Nanos,
    at_start: Option<Spent>,
    at_end: Option<Spent>,
}

/// What the lane's thread has spent.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    /// User and system time.
    pub cpu: Nanos,
    /// The part of it in which it looked for answers in vain.
    pub spun: Nanos,
    /// Time for which it was ready to run and had no core; `None` where the kernel does not tell.
    pub waited: Option<Nanos>,
}

impl Stop {
    /// Asks all lanes to stop offering load, and to drain.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Board {
    /// What has happened since this was last asked.
    pub fn take(&self) -> Recent {
        std::mem::take(
            &mut *self
                .0
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        )
    }
}

impl Watch {
    /// A lane's window.
    pub fn new(stop: Stop, board: Board) -> Watch {
        Watch {
            stop,
            board,
            next: EVERY,
            spun: Nanos::ZERO,
            at_start: None,
            at_end: None,
        }
    }

    /// Whether the lane is to stop.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_asked()
    }

    /// Hands out what is recent, a few times a second, unless somebody is reading just then.
    pub fn look(&mut self, now: Nanos, recorder: &mut Recorder) {
        if now < self.next {
            return;
        }
        self.next = now + EVERY;
        if let Ok(mut board) = self.board.0.try_lock() {
            recorder.take_recent(&mut board);
        }
    }

    /// Notes what the thread has spent when the measured time begins and when it ends; tells whether it ends just now.
    pub fn measuring(&mut self, begun: bool, ended: bool) -> bool {
        if begun && self.at_start.is_none() {
            self.at_start = Some(Spent::so_far(self.spun));
        }
        let ends = ended && self.at_end.is_none();
        if ends {
            self.at_end = Some(Spent::so_far(self.spun));
        }
        ends
    }

    /// Notes that the lane has looked for answers in vain for so long.
    pub fn spun(&mut self, time: Nanos) {
        self.spun = self.spun + time;
    }

    /// What the lane's thread spent in the measured time.
    pub fn measured(&self) -> Spent {
        match self.at_start {
            Some(start) => {
                let end = self.at_end.unwrap_or_else(|| Spent::so_far(self.spun));
                end.since(start)
            }
            None => Spent {
                cpu: Nanos::ZERO,
                spun: Nanos::ZERO,
                waited: None,
            },
        }
    }
}

impl Spent {
    fn so_far(spun: Nanos) -> Spent {
        Spent {
            cpu: thread_cpu(),
            spun,
            waited: thread_waited(),
        }
    }

    fn since(self, start: Spent) -> Spent {
        let waited = self.waited.zip(start.waited);
        Spent {
            cpu: self.cpu.since(start.cpu),
            spun: self.spun.since(start.spun),
            waited: waited.map(|(end, start)| end.since(start)),
        }
    }
}
