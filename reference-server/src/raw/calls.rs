//! The calls of one connection: a slab, and the list of those that are to be looked after.
//!
//! Hot. Events come while a read is taken apart and only make notes; the answers are given when all of it is read, so
//! that one write carries them.

use std::rc::Rc;

use scenarios::units::Nanos;
use wire::{Aborted, FieldList, Incoming, Piece, ServerEvents};

use crate::raw::call::{Call, NEVER};
use crate::raw::delays::Mailbox;
use crate::raw::request::{Purpose, Route};
use crate::raw::speak::{Life, Turn};
use crate::raw::tally::Tally;
use crate::raw::thread::Thread;
use crate::timer::now;

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
    /// Calls that brought messages in this read, where credit is given back late.
    lenders: Vec<u32>,
    credit_delay: Option<Nanos>,
    tally: Tally,
    /// When deadlines are looked at next: no later than the first of them.
    watch: Nanos,
    /// When the latest read was, where that is to be known.
    read_at: Option<Nanos>,
    /// The number of this connection, which it gets with its first call.
    number: Option<u32>,
    /// A PING of ours came back.
    pub(crate) has_pong: bool,
}

/// Set in a route whose call lacks metadata that it must have; no timeout reaches so high.
const LACKS: u64 = 1 << 63;

/// Stands for the deadlines of all calls; no slot has this number.
const DEADLINES: u64 = u64::MAX;

/// Set in a token that stands for credit of its call; no slot has so high a number.
const CREDIT: u64 = 1 << 31;

/// A call by its slot and its generation: what `wire` knows it by.
#[inline]
fn token(slot: u32, call: &Call) -> u64 {
    u64::from(call.generation) << 32 | u64::from(slot)
}

impl Calls {
    pub(crate) fn new(thread: Rc<Thread>, mailbox: Rc<Mailbox>) -> Calls {
        Calls {
            lenders: Vec::new(),
            credit_delay: thread.fates.credit_delay,
            thread,
            mailbox,
            slots: Vec::new(),
            free: Vec::new(),
            due: Vec::new(),
            spare: Vec::new(),
            tally: Tally::default(),
            watch: NEVER,
            read_at: None,
            number: None,
            has_pong: false,
        }
    }

    /// The slot that a token stands for, if its call is not over.
    #[inline]
    fn find(&self, token: u64) -> Option<u32> {
        let (slot, generation) = (token as u32, (token >> 32) as u32);
        let call = self.slots.get(slot as usize)?;
        (call.generation == generation && call.stream != 0).then_some(slot)
    }

    /// Something was read just now.
    #[inline]
    pub(crate) fn begin_read(&mut self) {
        self.read_at = self.thread.is_timed.get().then(now);
    }

    /// Notes that a call is to be looked after.
    #[inline]
    fn mark(&mut self, slot: u32) {
        let call = &mut self.slots[slot as usize];
        if !std::mem::replace(&mut call.is_due, true) {
            self.due.push(slot);
        }
    }

    /// Lets the calls speak whose time has come.
    #[inline]
    pub(crate) fn wake(&mut self, wire: &mut wire::Server) {
        let mailbox = self.mailbox.clone();
        mailbox.take(|token| {
            if token == DEADLINES {
                self.expire(wire);
            } else if token & CREDIT != 0 {
                self.give_credit(token, wire);
            } else if let Some(slot) = self.find(token) {
                self.with(slot, wire, Call::wake);
            }
        });
    }

    /// Something was read and taken apart: lets the credit for it wait.
    pub(crate) fn end_read(&mut self, wire: &wire::Server) {
        let Some(delay) = self.credit_delay else {
            return;
        };
        let due = self.read_at.unwrap_or_else(now) + delay;
        for slot in self.lenders.drain(..) {
            let call = &mut self.slots[slot as usize];
            if call.stream != 0 && call.promise_credit(wire) {
                let token = token(slot, call) | CREDIT;
                self.thread.delays.wait(due, &self.mailbox, token);
            }
        }
    }

    #[cold]
    fn give_credit(&mut self, token: u64, wire: &mut wire::Server) {
        let (Some(slot), Some(delay)) = (self.find(token & !CREDIT), self.credit_delay) else {
            return;
        };
        if self.slots[slot as usize].give_credit(wire) {
            self.thread.delays.wait(now() + delay, &self.mailbox, token);
        }
    }

    /// Ends the calls whose deadline has passed. Deadlines are rarely met, so one look now and then at all calls costs
    /// less than a place in a queue for each.
    #[cold]
    fn expire(&mut self, wire: &mut wire::Server) {
        let now = now();
        let mut next = NEVER;
        for slot in 0..self.slots.len() as u32 {
            let patience = self.slots[slot as usize].patience();
            if patience <= now {
                self.with(slot, wire, |call, turn| call.expire(turn));
            } else {
                next = next.min(patience);
            }
        }
        self.watch = NEVER;
        if next < NEVER {
            self.watch_until(next);
        }
    }

    #[cold]
    fn watch_until(&mut self, next: Nanos) {
        self.watch = next;
        self.thread.delays.wait(next, &self.mailbox, DEADLINES);
    }

    /// Lets a call speak, and takes it out when it is over.
    #[inline]
    fn with(
        &mut self,
        slot: u32,
        wire: &mut wire::Server,
        speak: impl FnOnce(&mut Call, &mut Turn<'_>) -> Life,
    ) {
        let call = &mut self.slots[slot as usize];
        let mut turn = Turn {
            token: token(slot, call),
            wire,
            thread: &self.thread,
            mailbox: &self.mailbox,
            tally: &mut self.tally,
            read_at: self.read_at,
            connection: self.number.unwrap_or_default(),
        };
        if speak(call, &mut turn) == Life::Over {
            call.vacate();
            self.free.push(slot);
        }
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
            if call.stream != 0 {
                self.with(slot, wire, Call::speak);
            }
        }
        self.spare = due;
    }
}

impl ServerEvents for Calls {
    fn route(&mut self, fields: &FieldList) -> u64 {
        let admits = self.thread.fates.required.admits(|key| fields.get(key));
        Route::of(fields).pack() | if admits { 0 } else { LACKS }
    }

    #[inline]
    fn request(&mut self, stream: u32, request: &Incoming<'_>) -> u64 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Call::vacant());
            self.slots.len() as u32 - 1
        });
        let call = &mut self.slots[slot as usize];
        let route = Route::unpack(request.route & !LACKS);
        call.begin(stream, route, request);
        if request.route & LACKS != 0 {
            call.refuse_greeting();
        }
        let token = token(slot, call);
        let (patience, is_refused) = (call.patience(), call.is_refused());
        if let Purpose::Greet(method) = route.purpose {
            self.tally.call(method);
            if self.number.is_none() {
                self.number = Some(self.thread.fates.next_connection());
            }
        }
        if is_refused {
            self.mark(slot);
        }
        if patience < self.watch {
            self.watch_until(patience);
        }
        token
    }

    #[inline]
    fn message(&mut self, call: wire::Call, piece: Piece<'_>) {
        if let Some(slot) = self.find(call.token) {
            let call = &mut self.slots[slot as usize];
            if call.hear(piece, &self.thread, &mut self.tally) {
                self.mark(slot);
            }
            if self.credit_delay.is_some() {
                self.lenders.push(slot);
            }
        }
    }

    #[inline]
    fn end(&mut self, call: wire::Call) {
        if let Some(slot) = self.find(call.token) {
            self.slots[slot as usize].hear_end();
            self.mark(slot);
        }
    }

    fn aborted(&mut self, call: wire::Call, _: Aborted) {
        if let Some(slot) = self.find(call.token) {
            self.slots[slot as usize].vacate();
            self.free.push(slot);
        }
    }

    fn sent(&mut self, call: wire::Call) {
        if let Some(slot) = self.find(call.token) {
            self.slots[slot as usize].hear_sent();
            self.mark(slot);
        }
    }

    fn pong(&mut self, _: u64) {
        self.has_pong = true;
    }
}
