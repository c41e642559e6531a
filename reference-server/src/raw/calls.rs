//! The calls of one connection: a slab, and the list of those that are to be looked after.
//!
//! Hot. Events come while a read is taken apart and only make notes; the answers are given when all of it is read, so
//! that one write carries them.

use std::rc::Rc;

use wire::{Aborted, FieldList, Incoming, Piece, ServerEvents};

use crate::raw::call::{Call, Life, Turn};
use crate::raw::delays::Mailbox;
use crate::raw::request::{Purpose, Route};
use crate::raw::tally::Tally;
use crate::raw::thread::Thread;

/// The calls of one connection.
#[derive(Debug)]
pub(crate) struct Calls {
    thread: Rc<Thread>,
    mailbox: Rc<Mailbox>,
    slots: Vec<Call>,
    free: Vec<u32>,
    due: Vec<u32>,
    /// Empty, but for its capacity.
    spare: Vec<u32>,
    tally: Tally,
    /// A PING of ours came back.
    pub(crate) has_pong: bool,
}

/// A call by its slot and its generation: what `wire` knows it by.
#[inline]
fn token(slot: u32, call: &Call) -> u64 {
    u64::from(call.generation) << 32 | u64::from(slot)
}

impl Calls {
    pub(crate) fn new(thread: Rc<Thread>, mailbox: Rc<Mailbox>) -> Calls {
        Calls {
            thread,
            mailbox,
            slots: Vec::new(),
            free: Vec::new(),
            due: Vec::new(),
            spare: Vec::new(),
            tally: Tally::default(),
            has_pong: false,
        }
    }

    /// The call that a token stands for, if it is not over.
    #[inline]
    fn find(&mut self, token: u64) -> Option<(u32, &mut Call)> {
        let (slot, generation) = (token as u32, (token >> 32) as u32);
        let call = self.slots.get_mut(slot as usize)?;
        (call.generation == generation && call.stream != 0).then_some((slot, call))
    }

    /// Notes that a call is to be looked after.
    #[inline]
    fn mark(due: &mut Vec<u32>, slot: u32, call: &mut Call) {
        if !std::mem::replace(&mut call.is_due, true) {
            due.push(slot);
        }
    }

    #[inline]
    fn vacate(&mut self, slot: u32) {
        self.slots[slot as usize].vacate();
        self.free.push(slot);
    }

    /// Lets the calls speak whose time has come.
    #[inline]
    pub(crate) fn wake(&mut self, wire: &mut wire::Server) {
        let mailbox = self.mailbox.clone();
        mailbox.take(|token| {
            let Some((slot, _)) = self.find(token) else {
                return;
            };
            let mut turn = Turn {
                wire,
                thread: &self.thread,
                mailbox: &self.mailbox,
                tally: &mut self.tally,
            };
            if self.slots[slot as usize].wake(&mut turn) == Life::Over {
                self.vacate(slot);
            }
        });
    }

    /// Lets every call speak that has something to say, and hands over the counts.
    #[inline]
    pub(crate) fn answer(&mut self, wire: &mut wire::Server) {
        loop {
            while !self.due.is_empty() {
                self.answer_due(wire);
            }
            wire.pump(self);
            if self.due.is_empty() {
                break;
            }
        }
        self.tally.hand_over(&self.thread.counts);
    }

    #[inline]
    fn answer_due(&mut self, wire: &mut wire::Server) {
        let mut due = std::mem::replace(&mut self.due, std::mem::take(&mut self.spare));
        for slot in due.drain(..) {
            let call = &mut self.slots[slot as usize];
            call.is_due = false;
            if call.stream == 0 {
                continue;
            }
            let mut turn = Turn {
                wire,
                thread: &self.thread,
                mailbox: &self.mailbox,
                tally: &mut self.tally,
            };
            if call.speak(token(slot, call), &mut turn) == Life::Over {
                self.vacate(slot);
            }
        }
        self.spare = due;
    }
}

impl ServerEvents for Calls {
    fn route(&mut self, fields: &FieldList) -> u64 {
        Route::of(fields).pack()
    }

    #[inline]
    fn request(&mut self, stream: u32, request: &Incoming<'_>) -> u64 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Call::vacant());
            self.slots.len() as u32 - 1
        });
        let call = &mut self.slots[slot as usize];
        let route = Route::unpack(request.route);
        call.begin(stream, route, request.grpc);
        let token = token(slot, call);
        if let Purpose::Greet(method) = route.purpose {
            self.tally.call(method);
        }
        if call.is_refused() {
            Self::mark(&mut self.due, slot, call);
        } else if let Some(until) = call.patience() {
            self.thread.delays.wait(until, &self.mailbox, token);
        }
        token
    }

    #[inline]
    fn message(&mut self, call: wire::Call, piece: Piece<'_>) {
        let (slot, generation) = (call.token as u32, (call.token >> 32) as u32);
        let Some(call) = self.slots.get_mut(slot as usize) else {
            return;
        };
        if call.generation == generation && call.hear(piece, &self.thread, &mut self.tally) {
            Self::mark(&mut self.due, slot, call);
        }
    }

    #[inline]
    fn end(&mut self, call: wire::Call) {
        let (slot, generation) = (call.token as u32, (call.token >> 32) as u32);
        let Some(call) = self.slots.get_mut(slot as usize) else {
            return;
        };
        if call.generation == generation {
            call.hear_end();
            Self::mark(&mut self.due, slot, call);
        }
    }

    fn aborted(&mut self, call: wire::Call, _: Aborted) {
        if let Some((slot, _)) = self.find(call.token) {
            self.vacate(slot);
        }
    }

    fn sent(&mut self, call: wire::Call) {
        let (slot, generation) = (call.token as u32, (call.token >> 32) as u32);
        let Some(call) = self.slots.get_mut(slot as usize) else {
            return;
        };
        if call.generation == generation {
            call.hear_sent();
            Self::mark(&mut self.due, slot, call);
        }
    }

    fn pong(&mut self, _: u64) {
        self.has_pong = true;
    }
}
