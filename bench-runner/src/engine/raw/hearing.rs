//! What is heard of a connection, written down as events of the lane. **Hot**.

use std::collections::BTreeMap;

use reports::model::FirstReply;
use scenarios::units::Nanos;
use wire::message::PREFIX_LEN;
use wire::{Cause, ClientEvents, ErrorCode, Farewell, FieldList, Head, Piece};

use super::calls::Calls;
use super::connection::Stamped;
use super::describe::describe;
use crate::clock::Clock;
use crate::engine::status::Status;
use crate::engine::times::{Step, Times};
use crate::engine::{Event, Happened, OpId, Outcome, Stamps, Traffic};
use crate::mix::Mix;

/// Hears a connection, and writes down what happens in the lane's terms.
pub(super) struct Hearing<'a> {
    clock: &'a Clock,
    /// When what is being read came: one stamp for each read.
    at: Nanos,
    /// Why the connection is gone, or takes no more calls, while the ends of its calls are heard.
    lost: String,
    /// Whether that is because it could not be made.
    never_connected: bool,
    pong: Option<u64>,
    calls: &'a mut Calls,
    times: &'a mut Times,
    events: &'a mut Vec<Event>,
}

impl<'a> Hearing<'a> {
    #[inline]
    fn tell(&mut self, op: OpId, kind: Happened) {
        let at = self.at;
        self.calls.tell(Event { op, at, kind }, self.events);
    }

    /// Looks at a call's initial metadata.
    #[cold]
    fn look_at_metadata(&mut self, call: wire::Call, fields: &FieldList) {
        let op = op_of(call);
        let Some(running) = self.calls.running.get(op.0 as usize).copied().flatten() else {
            return;
        };
        let expect = self.calls.mix.call(running.request).expect.as_ref();
        let misfit = expect.and_then(|expect| expect.metadata(|key| fields.get(key)).err());
        if let Some(misfit) = misfit {
            self.tell(op, Happened::Misfit(misfit));
        }
    }

    /// Looks at what came with a call's end.
    #[cold]
    fn look_at_end(&mut self, op: OpId, request: u32, outcome: &wire::Outcome<'_>) {
        let wants = self.calls.wants;
        // An answer that is nothing but trailers has no initial metadata.
        if wants.metadata && outcome.cause == Cause::TrailersOnly {
            let expect = self.calls.mix.call(request).expect.as_ref();
            let misfit = expect.and_then(|expect| expect.metadata(|_| None).err());
            misfit
                .into_iter()
                .for_each(|misfit| self.tell(op, Happened::Misfit(misfit)));
        }
        if wants.trailers {
            let expect = self.calls.mix.call(request).expect.as_ref();
            let trailers = outcome.trailers;
            let misfit = expect.and_then(|expect| expect.trailers(|key| trailers.get(key)).err());
            misfit
                .into_iter()
                .for_each(|misfit| self.tell(op, Happened::Misfit(misfit)));
        }
    }

    pub(super) fn new(
        clock: &'a Clock,
        calls: &'a mut Calls,
        times: &'a mut Times,
        events: &'a mut Vec<Event>,
    ) -> Hearing<'a> {
        Hearing {
            clock,
            at: Nanos::ZERO,
            lost: String::new(),
            never_connected: false,
            pong: None,
            calls,
            times,
            events,
        }
    }

    /// A reply of so many bytes is there.
    #[inline]
    fn heard(&mut self, op: OpId, bytes: u64) {
        let Some(running) = self.calls.running.get(op.0 as usize).copied().flatten() else {
            return;
        };
        if running.left > 0 {
            self.calls.due.push(op);
        }
        let kind = Happened::Message {
            bytes,
            asked_at: running.asked_at,
        };
        self.tell(op, kind);
    }

    /// The head of such an answer.
    #[inline(never)]
    fn read_head(&mut self, op: OpId, fields: &FieldList) {
        let running = self.calls.running.get(op.0 as usize).copied().flatten();
        if let Some((running, reading)) = running.zip(self.calls.reading.as_ref())
            && let Err(fault) = reading.head(Mix::number(running.request), fields)
        {
            self.calls.broken.add(op, fault);
        }
    }

    /// A reply of a run in which some are compressed or JSON, or a part of it.
    #[inline(never)]
    fn read(&mut self, op: OpId, piece: Piece<'_>) {
        let calls = &mut *self.calls;
        let running = calls.running.get(op.0 as usize).copied().flatten();
        let (Some(running), Some(reading)) = (running, calls.reading.as_mut()) else {
            return;
        };
        if calls.broken.has(op) {
            return;
        }
        match reading.hear(op, Mix::number(running.request), piece) {
            Ok(None) => {}
            Ok(Some(bytes)) => {
                let expect = calls.mix.call(running.request).expect.as_ref();
                let misfit = expect.and_then(|expect| expect.message(reading.message()).err());
                if let Some(misfit) = misfit {
                    self.tell(op, Happened::Misfit(misfit));
                }
                self.heard(op, bytes);
            }
            Err(fault) => calls.broken.add(op, fault),
        }
    }
}

impl Stamped for Hearing<'_> {
    fn stamp(&mut self) {
        self.at = self.clock.now();
    }

    fn at(&self) -> Nanos {
        self.at
    }

    fn now(&self) -> Nanos {
        self.clock.now()
    }

    fn took(&mut self, step: Step, time: Nanos) {
        self.calls.has_ready |= step == Step::Ready;
        self.times.record(step, time);
    }

    fn take_pong(&mut self) -> Option<u64> {
        self.pong.take()
    }

    fn lost(&mut self, why: &str, never_connected: bool) {
        why.clone_into(&mut self.lost);
        self.never_connected = never_connected;
    }
}

impl ClientEvents for Hearing<'_> {
    fn pong(&mut self, opaque: u64) {
        self.pong = Some(opaque);
    }

    fn head(&mut self, call: wire::Call, head: &Head<'_>) {
        if self.calls.reading.is_some() {
            self.read_head(op_of(call), head.fields);
        }
        let first = &mut self.calls.first;
        if first.reply.is_none() && first.metadata.is_none() {
            first.metadata = Some((call.token, plain(head.fields)));
        }
        if self.calls.wants.metadata {
            self.look_at_metadata(call, head.fields);
        }
    }

    #[inline]
    fn message(&mut self, call: wire::Call, piece: Piece<'_>) {
        let op = op_of(call);
        if let Some(readers) = &mut self.calls.readers {
            readers.came(op, &piece);
        }
        if self.calls.reading.is_some() {
            return self.read(op, piece);
        }
        if self.calls.wants.messages
            && let Some(misfit) = self.calls.look_at(op, &piece)
        {
            self.tell(op, Happened::Misfit(misfit));
        }
        if piece.is_last() {
            self.heard(op, piece.len as u64);
        }
    }

    /// One event instead of two, where nothing else is to be done.
    #[inline]
    fn answer(
        &mut self,
        call: wire::Call,
        head: &Head<'_>,
        message: Piece<'_>,
        outcome: &wire::Outcome<'_>,
    ) {
        let whole = self.calls.first.reply.is_none() || self.calls.closely;
        if whole || outcome.status != wire::Status::OK {
            self.head(call, head);
            self.message(call, message);
            return self.end(call, outcome);
        }
        let op = op_of(call);
        if let Some(running) = self.calls.forget(op) {
            let kind = Happened::Answered {
                bytes: message.len as u64,
                // The request is all out, so all its bytes but the prefixes are messages.
                sent: Traffic {
                    messages: outcome.sent.messages,
                    bytes: outcome.sent.bytes - outcome.sent.messages * PREFIX_LEN as u64,
                },
                asked_at: running.asked_at,
            };
            let at = self.at;
            self.events.push(Event { op, at, kind });
        }
    }

    fn go_away(&mut self, _: u32, code: ErrorCode, debug: &[u8]) {
        self.lost = format!(
            "the server left the call out: {}",
            Farewell::of(code, debug)
        );
    }

    #[inline]
    fn end(&mut self, call: wire::Call, outcome: &wire::Outcome<'_>) {
        let op = op_of(call);
        let Some(running) = self.calls.forget(op) else {
            return;
        };
        if self
            .calls
            .first
            .metadata
            .as_ref()
            .is_some_and(|(token, _)| *token == call.token)
        {
            let (_, metadata) = self.calls.first.metadata.take().unwrap_or_default();
            let trailers = plain(outcome.trailers);
            self.calls.first.reply = Some(FirstReply { metadata, trailers });
        }
        if self.calls.stamps
            && let Some(stamps) = Stamps::of(|name| outcome.trailers.get(name))
        {
            self.tell(op, Happened::Stamped(stamps));
        }
        if self.calls.wants.any() {
            self.look_at_end(op, running.request, outcome);
        }
        let sent = self.calls.sent(op, running.request, outcome.sent);
        if let Some(fault) = self.calls.broken.take(op) {
            return self.tell(op, Happened::Finished(fault.outcome(sent)));
        }
        let status = Status::from_code(outcome.status.0.into());
        let told = match status {
            Status::OK => Outcome::ok(sent),
            _ => Outcome {
                status,
                detail: describe(outcome, &self.lost, self.calls.mix.call(running.request)),
                connection_lost: matches!(outcome.cause, Cause::Disconnected | Cause::Refused),
                unconnected: self.never_connected && outcome.cause == Cause::Disconnected,
                sent,
            },
        };
        self.tell(op, Happened::Finished(told));
    }
}

fn op_of(call: wire::Call) -> OpId {
    OpId(u32::try_from(call.token).unwrap_or(u32::MAX))
}

/// Header fields as text, without the pseudo-header fields.
fn plain(fields: &FieldList) -> BTreeMap<String, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    fields
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .filter(|(name, _)| !name.starts_with(':'))
        .collect()
}
