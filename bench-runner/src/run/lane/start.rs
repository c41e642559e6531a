//! How calls are started, and what is kept of each from then on. **Hot**.

use scenarios::scenario::Cancel;
use scenarios::units::Nanos;

use super::{Lane, lies};
use crate::engine::{Channels, OpId};
use crate::mix::Mix;
use crate::record::{Cell, Sample};
use crate::run::offer::Due;
use crate::run::ops::{Op, Ticket};

impl<C: Channels> Lane<C> {
    pub(super) fn start_due(&mut self) {
        let mut now = self.clock.now();
        let mut begun = 0;
        while let Some(due) = self.offer.front() {
            if self.writes() || !C::BATCHED {
                now = self.clock.now();
            }
            if self.holds_back(begun) || !self.start(due, now) {
                break;
            }
            self.offer.begun();
            begun += 1;
        }
    }

    /// Encodes the messages of the next call, where they are not prepared; `false` where no call asks for that.
    #[inline]
    fn writes(&mut self) -> bool {
        if self.pens.is_empty() {
            return false;
        }
        let request = self.order.next();
        if let Some(pen) = &mut self.pens[Mix::number(request)] {
            pen.write(self.ops.next_id(), request, &mut self.channels);
        }
        true
    }

    /// Starts a call on the first channel that takes it; `false` where none does.
    fn start(&mut self, due: Due, started: Nanos) -> bool {
        let request = self.order.next();
        for _ in 0..self.router.candidates() {
            let channel = self.router.front();
            let id = self.ops.next_id();
            if !self.is_spent(channel)
                && self.channels.try_start(channel, id, request, None).is_ok()
            {
                self.router.started(channel);
                self.keep(id, due, channel, started);
                return true;
            }
            self.router.skip();
        }
        false
    }

    /// Whether a channel has made its calls, and takes no more until it is opened anew.
    #[inline]
    fn is_spent(&self, channel: usize) -> bool {
        self.churn
            .as_ref()
            .is_some_and(|churn| churn.is_spent(channel))
    }

    /// Opens a channel anew whose last call has ended, as long as there will be others.
    pub(super) fn renew(&mut self, channel: usize) {
        let Some(churn) = &mut self.churn else { return };
        if churn.is_spent(channel) && self.router.is_idle(channel) && !self.offer.is_over() {
            churn.reopened(channel);
            self.channels.reopen(channel);
        }
    }

    fn keep(&mut self, id: OpId, due: Due, channel: usize, started: Nanos) {
        if let Some(churn) = &mut self.churn {
            churn.started(channel);
        }
        let request = self.order.next();
        if let Some(Some(pen)) = self.pens.get_mut(Mix::number(request)) {
            pen.started();
        }
        self.order.advance(&self.mix);
        let target = self.targets.get(channel).copied().unwrap_or(0);
        let cell = self.parts.cell(due.segment, Mix::number(request), target);
        let op = Op {
            sample: Sample {
                cell,
                channel: channel as u32,
                intended: lies::intended(due.intended, started),
                started,
                ..Sample::BLANK
            },
            request,
            ..Op::BLANK
        };
        let ticket = self.ops.insert(id, op);
        self.recorder.started(cell, started.since(due.intended));
        if self.asks_more {
            self.ask_more(request, cell, ticket, started);
        }
        if self.streams.is_some() {
            self.begin_stream(id, ticket);
        }
    }

    /// Sets what a call asks for besides: its deadline, its cancellation, the count of its attempts.
    fn ask_more(&mut self, request: u32, cell: Cell, ticket: Ticket, started: Nanos) {
        let call = self.mix.call(request);
        if call.has_deadline()
            && let Some(timeout) = call.head(Mix::within(request)).deadline
        {
            self.expiries.set(started + timeout, ticket);
        }
        if let Some(Cancel::After(after)) = call.cancel {
            self.cancels.set(started + after, ticket);
        }
        if call.retry.is_some() {
            self.recorder.attempted(cell);
        }
    }
}
