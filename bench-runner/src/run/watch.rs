//! What a lane shows of itself while it runs, and how it is told to stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use scenarios::units::Nanos;

use crate::host::cpu::thread_cpu;
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
    cpu_at_start: Option<Nanos>,
    cpu_at_end: Option<Nanos>,
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
            cpu_at_start: None,
            cpu_at_end: None,
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

    /// Notes the thread's CPU time when the measured time begins and when it ends.
    pub fn measuring(&mut self, begun: bool, ended: bool) {
        if begun && self.cpu_at_start.is_none() {
            self.cpu_at_start = Some(thread_cpu());
        }
        if ended && self.cpu_at_end.is_none() {
            self.cpu_at_end = Some(thread_cpu());
        }
    }

    /// CPU time of the lane's thread over the measured time.
    pub fn measured_cpu(&self) -> Nanos {
        match (self.cpu_at_start, self.cpu_at_end) {
            (Some(start), end) => end.unwrap_or_else(thread_cpu).since(start),
            (None, _) => Nanos::ZERO,
        }
    }
}
