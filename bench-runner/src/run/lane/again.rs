//! Attempts after the first: of calls that found no connection and wait for one (`call.wait_for_ready`), and of calls
//! that failed in a way that is tried again (`call.retry`).
//!
//! A call that waits keeps its place on its channel, its deadline and its times: it is one call, from its intended start
//! to the status of its last attempt. Only the lane knows of the attempts; to the engine each is a call.

use scenarios::units::Nanos;

use super::Lane;
use crate::engine::{Channels, OpId, Outcome};
use crate::mix::Mix;

/// Between attempts to reach a server that is not there.
const UNREADY: Nanos = Nanos::from_millis(10);

impl<C: Channels> Lane<C> {
    /// Whether a call that has just failed is made again; it waits then.
    pub(super) fn goes_on(&mut self, id: OpId, at: Nanos, outcome: &Outcome) -> bool {
        let Some(op) = self.ops.get_mut(id).filter(|op| op.cut.is_none()) else {
            return false;
        };
        let call = self.mix.call(op.request);
        let pause = if call.wait_for_ready && outcome.unconnected {
            UNREADY
        } else if let Some(retry) = &call.retry
            && retry.is_for(outcome.status)
            && op.attempts < retry.attempts
            // An answer that has begun is not thrown away, as gRPC has it (proposal A6).
            && op.sample.received.messages == 0
        {
            op.attempts += 1;
            retry.backoff
        } else {
            return false;
        };
        op.sample.sent.add(outcome.sent);
        self.attempts.set(at + pause, self.ops.ticket(id));
        true
    }

    /// Makes the attempts that are due; one that finds no free stream waits for one.
    pub(super) fn start_again(&mut self, now: Nanos) {
        while let Some(id) = self.attempts.take_due(now, &self.ops) {
            let ticket = self.ops.ticket(id);
            self.waiting.push_back(ticket);
        }
        while let Some(ticket) = self.waiting.front().copied() {
            if let Some(id) = self.ops.find(ticket)
                && !self.attempt(id, now)
            {
                return;
            }
            self.waiting.pop_front();
        }
    }

    /// Makes one; `false` where there is no free stream. The server is told what is left of the deadline (proposal A6).
    fn attempt(&mut self, id: OpId, now: Nanos) -> bool {
        let Some(op) = self.ops.get_mut(id) else {
            return true;
        };
        let (channel, request, cell) = (op.sample.channel, op.request, op.sample.cell);
        let timeout = self.mix.call(request).head(Mix::within(request)).deadline;
        let left = timeout.map(|timeout| (op.sample.started + timeout).since(now).max(Nanos(1)));
        let started = self.channels.try_start(channel as usize, id, request, left);
        if started.is_err() {
            return false;
        }
        // Waiting for a connection is no attempt.
        if op.attempts > op.told {
            op.told = op.attempts;
            self.recorder.attempted(cell);
        }
        true
    }
}
