//! What happened to calls, heard of the engine: their messages and their ends. **Hot**.

use std::task::Context;

use reports::mutant::{self, Mutant};
use scenarios::units::Nanos;

use super::{Lane, lies};
use crate::engine::status::Status;
use crate::engine::{Channels, Happened, OpId, Outcome, Traffic};
use crate::mix::Mix;
use crate::record::Recorder;
use crate::run::ops::Op;

/// How long a closed loop waits after a lost connection: a dead server is not hammered with calls that fail at once.
const AFTER_LOSS: Nanos = Nanos::from_millis(10);

impl<C: Channels> Lane<C> {
    /// Hears what happened; `false` where nothing did.
    pub(super) fn collect_events(&mut self, cx: &mut Context<'_>) -> bool {
        let mut events = std::mem::take(&mut self.events);
        self.channels.poll(cx, &mut events);
        let any = !events.is_empty() || (self.churn.is_some() && self.channels.has_reopened());
        for event in events.drain(..) {
            match event.kind {
                Happened::Message { bytes, asked_at } => {
                    self.hear(event.op, event.at, bytes, asked_at);
                }
                Happened::Answered {
                    bytes,
                    asked_at,
                    sent,
                } if self.is_particular => {
                    self.hear(event.op, event.at, bytes, asked_at);
                    self.ended_well(event.op, event.at, Status::OK, sent);
                }
                Happened::Answered {
                    bytes,
                    asked_at,
                    sent,
                } => self.answered(event.op, event.at, bytes, asked_at, sent),
                Happened::Stamped(stamps) => {
                    self.log.iter_mut().for_each(|log| log.stamp(stamps));
                }
                Happened::Misfit(misfit) => self.misfits(event.op, misfit),
                Happened::Finished(outcome) => self.finished(event.op, event.at, &outcome),
            }
        }
        self.events = events;
        any
    }

    fn finished(&mut self, id: OpId, at: Nanos, outcome: &Outcome) {
        if outcome.status == Status::OK || self.is_good(id, outcome.status) {
            return self.ended_well(id, at, outcome.status, outcome.sent);
        }
        if self.retries(id) || self.tries_again && self.goes_on(id, at, outcome) {
            return;
        }
        if self.was_cut(id, outcome.sent) {
            return;
        }
        let status = self.or_deadline(id, at, outcome.status);
        let detail = self.mix.without_secrets(&outcome.detail);
        self.end(id, at, Some(status), outcome.sent, &detail);
        self.offer.completed(if outcome.connection_lost {
            at + AFTER_LOSS
        } else {
            at
        });
    }

    /// A server whose own timer is first may say CANCELLED (tonic does): it was the deadline all the same.
    #[cold]
    fn or_deadline(&mut self, id: OpId, at: Nanos, status: Status) -> Status {
        let Some(op) = self.ops.get_mut(id).filter(|_| status == Status::CANCELLED) else {
            return status;
        };
        let head = self.mix.call(op.request).head(Mix::within(op.request));
        match head.deadline {
            Some(timeout) if at >= op.sample.started + timeout => Status::DEADLINE_EXCEEDED,
            _ => status,
        }
    }

    /// Whether a status is the good outcome of a call.
    fn is_good(&mut self, id: OpId, status: Status) -> bool {
        let op = self.ops.get_mut(id);
        op.is_some_and(|op| self.mix.call(op.request).is_good(status))
    }

    /// A call ended with status OK, or with the one that is expected, which its answer must bear out.
    fn ended_well(&mut self, id: OpId, at: Nanos, status: Status, sent: Traffic) {
        if self.was_cut(id, sent) {
            return;
        }
        let (status, wrong) = self.verdict(id, status);
        self.end(id, at, Some(status), sent, &wrong);
        self.offer.completed(at);
    }

    /// The last reply came of a call of which nothing is asked but what was prepared for it.
    #[inline]
    fn answered(
        &mut self,
        id: OpId,
        at: Nanos,
        bytes: u64,
        asked_at: Option<Nanos>,
        sent: Traffic,
    ) {
        let Some(op) = self.ops.get_mut(id) else {
            return;
        };
        hear_message(&mut self.recorder, op, at, bytes, asked_at);
        match self.mix.check(op.request, op.sample.received) {
            Ok(()) => self.end(id, at, Some(Status::OK), sent, ""),
            Err(wrong) => self.end(id, at, Some(Status::WRONG_REPLY), sent, &wrong),
        }
        self.offer.completed(at);
    }

    /// A reply message came.
    fn hear(&mut self, id: OpId, at: Nanos, bytes: u64, asked_at: Option<Nanos>) {
        let Some(op) = self.ops.get_mut(id).filter(|op| op.cut.is_none()) else {
            return;
        };
        hear_message(&mut self.recorder, op, at, bytes, asked_at);
        if self.is_particular {
            self.answer(id, at);
            self.close_after_replies(id);
            self.check_size(id, bytes);
            self.cancel_after_messages(id, at);
        }
    }

    /// Records the end of a call and frees its place. Inlined, so that an answer is heard in one go.
    #[inline(always)]
    pub(super) fn end(
        &mut self,
        id: OpId,
        done: Nanos,
        status: Option<Status>,
        sent: Traffic,
        detail: &str,
    ) {
        if self.is_particular {
            self.end_stream(id, done);
            self.misfits.remove(&id);
        }
        let Some(op) = self.ops.remove(id) else {
            return;
        };
        lies::average_gaps(&mut self.recorder, op);
        let sample = &mut op.sample;
        sample.done = done;
        sample.status = status;
        sample.sent.add(sent);
        self.router.ended(sample.channel);
        self.recorder.finished(sample, detail);
        if let Some(log) = &mut self.log {
            log.keep(sample);
        }
        if self.churn.is_some() {
            let channel = sample.channel as usize;
            self.renew(channel);
        }
    }
}

/// Notes a reply message of a call.
#[inline(always)]
fn hear_message(
    recorder: &mut Recorder,
    op: &mut Op,
    at: Nanos,
    bytes: u64,
    asked_at: Option<Nanos>,
) {
    let sample = &mut op.sample;
    sample.received.messages += 1;
    sample.received.bytes += bytes;
    match sample.first_message {
        None => sample.first_message = Some(at),
        Some(_) if mutant::is(Mutant::AverageGaps) => {}
        Some(_) => recorder.message_gap(sample.cell, at.since(op.last_message)),
    }
    op.last_message = at;
    if let Some(asked_at) = asked_at {
        recorder.exchange_time(sample.cell, at.since(asked_at));
    }
}
