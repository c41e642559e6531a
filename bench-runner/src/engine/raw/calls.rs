//! The calls in flight of the raw engine, and how what is heard of them becomes events of the lane.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use reports::model::FirstReply;
use scenarios::units::Nanos;
use wire::message::PREFIX_LEN;
use wire::{
    Cause, ClientEvents, ErrorCode, Farewell, FieldList, Head, MessageFault, Piece, Progress,
};

use super::broken::Broken;
use super::reading::Reading;
use crate::call::{Call, Misfit, Request, Wants};
use crate::clock::Clock;
use crate::engine::status::Status;
use crate::engine::times::{Step, Times};
use crate::engine::{Event, Happened, OpId, Outcome, Stamps, Traffic};
use crate::mix::Mix;

/// A call in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    pub(super) connection: usize,
    pub(super) stream: u32,
    pub(super) request: u32,
    /// Requests of a ping-pong stream that wait for a reply.
    pub(super) left: u32,
    /// When the request was sent that the next reply answers; ping-pong only.
    pub(super) asked_at: Option<Nanos>,
}

/// The calls in flight, by the lane's ids.
pub(super) struct Calls {
    mix: Arc<Mix>,
    reading: Option<Reading>,
    /// Calls whose answer cannot be read, until they are ended for it.
    broken: Broken,
    /// Whether the server is asked for its own times, of any call.
    stamps: bool,
    running: Vec<Option<Running>>,
    due: Vec<OpId>,
    /// Messages of calls that do not send prepared ones, by their ids.
    fresh: Vec<Option<Request>>,
    /// Whether a connection has become ready since that was last asked.
    has_ready: bool,
    first: First,
    wants: Wants,
    /// Whether answers are to be looked at part by part, once the first has been kept.
    closely: bool,
    /// Messages of which parts are still to come, where messages are to be looked at.
    partial: HashMap<OpId, Vec<u8>>,
}

/// The first reply that came whole, and the metadata of the one that is on its way.
#[derive(Debug, Default)]
struct First {
    metadata: Option<(u64, BTreeMap<String, String>)>,
    reply: Option<FirstReply>,
}

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

impl Running {
    /// A call that was never handed to a connection.
    pub(super) fn stillborn() -> Running {
        Running {
            connection: 0,
            stream: 0,
            request: 0,
            left: 0,
            asked_at: None,
        }
    }
}

impl Calls {
    pub(super) fn new(mix: Arc<Mix>) -> Calls {
        Calls {
            wants: mix.wants(),
            closely: mix.has_stamps() || mix.wants().any() || !mix.is_plain(),
            stamps: mix.has_stamps(),
            reading: Reading::of(&mix),
            broken: Broken::default(),
            mix,
            running: Vec::new(),
            due: Vec::new(),
            fresh: Vec::new(),
            has_ready: false,
            first: First::default(),
            partial: HashMap::new(),
        }
    }

    pub(super) fn keep(&mut self, op: OpId, running: Running) {
        let index = op.0 as usize;
        if self.running.len() <= index {
            self.running.resize(index + 1, None);
        }
        self.running[index] = Some(running);
    }

    pub(super) fn get_mut(&mut self, op: OpId) -> Option<&mut Running> {
        self.running.get_mut(op.0 as usize)?.as_mut()
    }

    pub(super) fn forget(&mut self, op: OpId) -> Option<Running> {
        if self.wants.messages {
            self.partial.remove(&op);
        }
        self.running.get_mut(op.0 as usize)?.take()
    }

    /// Whether a connection has become ready since this was last asked.
    pub(super) fn take_ready(&mut self) -> bool {
        std::mem::take(&mut self.has_ready)
    }

    /// The next ping-pong stream that is to send.
    pub(super) fn next_due(&mut self) -> Option<OpId> {
        self.due.pop()
    }

    /// Keeps the messages of a call that does not send prepared ones.
    pub(super) fn put(&mut self, op: OpId, messages: Request) {
        let index = op.0 as usize;
        if self.fresh.len() <= index {
            self.fresh.resize_with(index + 1, || None);
        }
        self.fresh[index] = Some(messages);
    }

    /// What the first messages of a call amount to.
    pub(super) fn sent(&self, op: OpId, request: u32, progress: Progress) -> Traffic {
        let call = self.mix.call(request);
        let fresh = call.fresh.as_ref().and(self.fresh.get(op.0 as usize));
        let sent = fresh.and_then(Option::as_ref);
        let sent = sent.unwrap_or_else(|| self.mix.request(request));
        sent.traffic(progress.messages)
    }

    /// Ends a call that no connection took.
    pub(super) fn end_unsent(&mut self, op: OpId, at: Nanos, events: &mut Vec<Event>) {
        if self.forget(op).is_some() {
            let outcome = Outcome {
                status: Status::UNAVAILABLE,
                detail: "cannot connect: connection refused".to_owned(),
                connection_lost: true,
                unconnected: true,
                sent: Traffic::default(),
            };
            events.push(Event {
                op,
                at,
                kind: Happened::Finished(outcome),
            });
        }
    }

    /// Ends the calls whose answer cannot be read; `cancel` resets a stream and tells how far its request has come.
    #[inline]
    pub(super) fn end_broken(
        &mut self,
        cancel: impl FnMut(usize, u32) -> Option<Progress>,
        clock: &Clock,
        events: &mut Vec<Event>,
    ) {
        if !self.broken.is_empty() {
            self.end_all_broken(cancel, clock.now(), events);
        }
    }

    #[cold]
    fn end_all_broken(
        &mut self,
        mut cancel: impl FnMut(usize, u32) -> Option<Progress>,
        at: Nanos,
        events: &mut Vec<Event>,
    ) {
        for (op, fault) in self.broken.take_all() {
            let Some(running) = self.forget(op) else {
                continue;
            };
            let progress = cancel(running.connection, running.stream);
            let sent = progress.map_or_else(Traffic::default, |progress| {
                self.sent(op, running.request, progress)
            });
            let kind = Happened::Finished(fault.outcome(sent));
            events.push(Event { op, at, kind });
        }
    }

    /// The misfit of a message that has come, or of a part of one.
    #[cold]
    fn look_at(&mut self, op: OpId, piece: &Piece<'_>) -> Option<Misfit> {
        let running = self.running.get(op.0 as usize).copied().flatten()?;
        let expect = self.mix.call(running.request).expect.as_ref()?;
        if piece.is_whole() {
            return expect.message(piece.bytes).err();
        }
        let partial = self.partial.entry(op).or_default();
        partial.extend_from_slice(piece.bytes);
        if !piece.is_last() {
            return None;
        }
        let misfit = expect.message(partial).err();
        partial.clear();
        misfit
    }

    pub(super) fn first_reply(&self) -> Option<FirstReply> {
        self.first.reply.clone()
    }
}

impl<'a> Hearing<'a> {
    fn tell(&mut self, op: OpId, kind: Happened) {
        self.events.push(Event {
            op,
            at: self.at,
            kind,
        });
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
        self.events.push(Event {
            op,
            at: self.at,
            kind,
        });
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

impl super::connection::Stamped for Hearing<'_> {
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
            let kind = Happened::Stamped(stamps);
            let at = self.at;
            self.events.push(Event { op, at, kind });
        }
        if self.calls.wants.any() {
            self.look_at_end(op, running.request, outcome);
        }
        let sent = self.calls.sent(op, running.request, outcome.sent);
        if let Some(fault) = self.calls.broken.take(op) {
            let (at, kind) = (self.at, Happened::Finished(fault.outcome(sent)));
            return self.events.push(Event { op, at, kind });
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
        self.events.push(Event {
            op,
            at: self.at,
            kind: Happened::Finished(told),
        });
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

/// What to tell a person: the server's message, or what happened to the stream.
fn describe(outcome: &wire::Outcome<'_>, lost: &str, call: &Call) -> String {
    match outcome.message() {
        Some(message) => percent_decoded(message),
        None => match outcome.cause {
            Cause::Trailers | Cause::TrailersOnly => unknown_status(outcome.trailers),
            Cause::MissingStatus => format!(
                "no grpc-status came; the HTTP status was {}",
                outcome.http_status
            ),
            Cause::Message(fault) => {
                no_message(fault, call.encodings.received.is_some()).to_owned()
            }
            Cause::Reset(code) => format!("the server reset the stream: {code}"),
            Cause::Malformed(error) => error.to_string(),
            Cause::Refused | Cause::Disconnected => lost.to_owned(),
        },
    }
}

/// A `grpc-status` that is none, which counts as UNKNOWN.
fn unknown_status(trailers: &FieldList) -> String {
    let value = trailers.get("grpc-status").unwrap_or_default();
    let is_known = value == b"2" || wire::Status::load(value) != wire::Status::UNKNOWN;
    if is_known {
        return String::new();
    }
    format!("`{}` is no grpc-status", value.escape_ascii())
}

/// What is wrong with a message of a call that accepts compressed ones, or does not.
fn no_message(fault: MessageFault, compressed: bool) -> &'static str {
    match fault {
        MessageFault::Compressed if compressed => {
            "the answer has a compressed message, and its grpc-encoding names no encoding"
        }
        MessageFault::Flag => "the answer is no gRPC message: its first byte is neither 0 nor 1",
        MessageFault::TooLong => "the answer is longer than the runner takes",
        MessageFault::Compressed => "the answer is compressed, which the runner did not ask for",
        MessageFault::Truncated => "the answer breaks off inside a message",
    }
}

/// `grpc-message` decoded; a percent sign that encodes nothing stays.
fn percent_decoded(text: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_message_is_percent_decoded() {
        assert_eq!(percent_decoded(b"50%25 off%2C caf%C3%A9"), "50% off, café");
        assert_eq!(
            percent_decoded(b"100% and %zz and %4"),
            "100% and %zz and %4"
        );
    }
}
