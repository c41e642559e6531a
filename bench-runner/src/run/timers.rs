//! Points in time that calls in flight wait for: their deadline, their cancellation, their next attempt. Hot: asked every
//! turn of the lane.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use scenarios::units::Nanos;

use super::ops::{Ops, Ticket};
use crate::engine::OpId;

/// Points in time, each of a call. What a call that has ended waited for is forgotten when it comes up.
#[derive(Debug)]
pub(super) enum Timers {
    /// That are set in the order in which they come: where all are as long.
    InOrder(VecDeque<(Nanos, Ticket)>),
    /// In any order.
    Mixed(BinaryHeap<Reverse<(Nanos, Ticket)>>),
}

impl Timers {
    /// None yet; whether they will be set in the order in which they come.
    pub(super) fn new(in_order: bool) -> Timers {
        if in_order {
            Timers::InOrder(VecDeque::new())
        } else {
            Timers::Mixed(BinaryHeap::new())
        }
    }

    /// Sets one.
    #[inline]
    pub(super) fn set(&mut self, at: Nanos, ticket: Ticket) {
        match self {
            Timers::InOrder(queue) => queue.push_back((at, ticket)),
            Timers::Mixed(heap) => heap.push(Reverse((at, ticket))),
        }
    }

    /// When the next comes, which may be of a call that has ended.
    #[inline]
    pub(super) fn next(&self) -> Option<Nanos> {
        self.front().map(|(at, _)| at)
    }

    /// Takes out the next that has come, of a call in flight.
    #[inline]
    pub(super) fn take_due(&mut self, now: Nanos, ops: &Ops) -> Option<OpId> {
        while let Some((at, ticket)) = self.front() {
            let op = ops.find(ticket);
            if at > now && op.is_some() {
                break;
            }
            self.pop();
            if op.is_some() {
                return op;
            }
        }
        None
    }

    #[inline]
    fn front(&self) -> Option<(Nanos, Ticket)> {
        match self {
            Timers::InOrder(queue) => queue.front().copied(),
            Timers::Mixed(heap) => heap.peek().map(|Reverse(timer)| *timer),
        }
    }

    #[inline]
    fn pop(&mut self) {
        match self {
            Timers::InOrder(queue) => drop(queue.pop_front()),
            Timers::Mixed(heap) => drop(heap.pop()),
        }
    }
}
