//! The calls in flight of the raw engine.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use reports::model::FirstReply;
use scenarios::units::Nanos;
use wire::{Piece, Progress};

use super::broken::Broken;
use super::hearing::Hearing;
use super::hub::Hub;
use super::readers::Readers;
use super::reading::Reading;
use crate::call::{Misfit, Request, Wants};
use crate::clock::Clock;
use crate::engine::status::Status;
use crate::engine::times::Times;
use crate::engine::{Event, Happened, OpId, Outcome, Traffic};
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
    pub(super) mix: Arc<Mix>,
    pub(super) reading: Option<Reading>,
    /// Where replies are not taken as they come.
    pub(super) readers: Option<Readers>,
    /// Calls whose answer cannot be read, until they are ended for it.
    pub(super) broken: Broken,
    /// Whether the server is asked for its own times, of any call.
    pub(super) stamps: bool,
    pub(super) running: Vec<Option<Running>>,
    pub(super) due: Vec<OpId>,
    /// Messages of calls that do not send prepared ones, by their ids.
    fresh: Vec<Option<Request>>,
    /// Whether a connection has become ready since that was last asked.
    pub(super) has_ready: bool,
    pub(super) first: First,
    pub(super) wants: Wants,
    /// Whether answers are to be looked at part by part, once the first has been kept.
    pub(super) closely: bool,
    /// Messages of which parts are still to come, where messages are to be looked at.
    partial: HashMap<OpId, Vec<u8>>,
}

/// The first reply that came whole, and the metadata of the one that is on its way.
#[derive(Debug, Default)]
pub(super) struct First {
    pub(super) metadata: Option<(u64, BTreeMap<String, String>)>,
    pub(super) reply: Option<FirstReply>,
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
    pub(super) fn new(mix: Arc<Mix>, stream_window: u32) -> Calls {
        Calls {
            readers: Readers::of(&mix, stream_window),
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

    #[inline]
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

    #[inline(always)]
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
            self.tell(Event { op, at, kind }, events);
        }
    }

    /// Tells what happened to a call, or keeps it until a slow reader gets there.
    #[inline]
    pub(super) fn tell(&mut self, event: Event, events: &mut Vec<Event>) {
        match &mut self.readers {
            None => events.push(event),
            Some(readers) => events.extend(readers.keep(event)),
        }
    }

    /// Has slow readers take what they can.
    #[inline]
    pub(super) fn read_slowly(
        &mut self,
        hub: &mut Hub,
        clock: &Clock,
        times: &mut Times,
        events: &mut Vec<Event>,
    ) {
        if let Some(readers) = &mut self.readers {
            readers.turn(clock.now(), hub, events);
            hub.flush_marked(&mut Hearing::new(clock, self, times, events));
        }
    }

    /// The misfit of a message that has come, or of a part of one.
    #[cold]
    pub(super) fn look_at(&mut self, op: OpId, piece: &Piece<'_>) -> Option<Misfit> {
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
