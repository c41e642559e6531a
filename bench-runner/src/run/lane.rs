//! A lane: one thread's channels, its part of the load and its record, and the only loop that brings them together.
//!
//! **Hot**: `benches/lane.rs` guards the harness's own cost per call. Nothing is allocated, locked or logged per call.

mod again;
mod expect;
mod hear;
mod lies;
mod purpose;
mod rest;
mod start;
mod streams;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::Context;

use reports::model::{FirstReply, Wire};
use reports::mutant::{self, Mutant};
use scenarios::load::{Load, Part};
use scenarios::units::Nanos;

use self::rest::Rest;
use self::streams::Streams;
use super::churn::Churn;
use super::offer::{Due, Offer, Share};
use super::ops::{Ops, Ticket};
use super::router::Router;
use super::timeline::Timeline;
use super::timers::Timers;
use super::watch::{Spent, Watch};
use crate::call::{Call, Misfit, Pen, Written};
use crate::clock::Clock;
use crate::engine::status::Status;
use crate::engine::{Channels, Event, OpId};
use crate::mix::{Mix, Order};
use crate::record::{CallLog, Parts, Recorder};

/// The longest that a lane sleeps: it looks for an interrupt and shows its progress so often.
const LONGEST_SLEEP: Nanos = Nanos::from_millis(100);

/// One thread's part of a run.
pub struct Lane<C> {
    clock: Clock,
    channels: C,
    mix: Arc<Mix>,
    timeline: Arc<Timeline>,
    offer: Offer,
    router: Router,
    ops: Ops,
    expiries: Timers,
    /// When calls are given up on purpose.
    cancels: Timers,
    /// When calls that have failed are tried again, and those that are to be and find no free stream.
    attempts: Timers,
    waiting: VecDeque<Ticket>,
    /// Whether calls may be made again.
    tries_again: bool,
    /// Whether anything is asked of calls but to bring what was prepared for them.
    is_particular: bool,
    /// Whether calls have deadlines, or are given up or counted.
    asks_more: bool,
    /// Where requests are paced.
    streams: Option<Streams>,
    /// What is wrong with answers that are still coming.
    misfits: HashMap<OpId, Misfit>,
    events: Vec<Event>,
    recorder: Recorder,
    log: Option<CallLog>,
    watch: Watch,
    rest: Rest,
    started_in_time: u64,
    order: Order,
    parts: Parts,
    /// Encode the messages of each call, where that is not done before the load, by the call's number.
    pens: Vec<Option<Pen>>,
    /// The target of each channel; none where there is one only.
    targets: Vec<u16>,
    /// Where channels come and go.
    churn: Option<Churn>,
    measure_end: Nanos,
    drain_end: Nanos,
}

/// What a lane wants after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// To be polled again by then, or when a connection has something to say.
    Until(Nanos),
    /// To be polled again at once: it awaits answers and does not sleep.
    AtOnce,
    /// Nothing: it is done.
    Finished,
}

/// What a lane leaves behind.
pub struct LaneRecord {
    /// What became of its calls.
    pub recorder: Recorder,
    /// Its calls one by one, where that was asked for.
    pub log: Option<CallLog>,
    /// What it took to encode messages, where that was not done before.
    pub encoded: Option<Written>,
    /// When the measured time really ended.
    pub measure_end: Nanos,
    /// What its thread spent in the measured time.
    pub spent: Spent,
    /// Measured calls that it had begun when the measured time ended.
    pub started_in_time: u64,
    /// What went over its connections.
    pub wire: Option<Wire>,
    /// What came with its first reply.
    pub first_reply: Option<FirstReply>,
}

impl<C: Channels> Lane<C> {
    /// A lane at the start of the timeline.
    pub fn new(
        clock: Clock,
        channels: C,
        mix: Arc<Mix>,
        timeline: Arc<Timeline>,
        share: Share,
        watch: Watch,
    ) -> Lane<C> {
        let count = channels.count();
        let parts = Parts {
            calls: mix.calls().len() as u16,
            ..Parts::ONE
        };
        let mut lane = Lane {
            offer: Offer::new(Arc::clone(&timeline), share),
            router: Router::new(count),
            ops: Ops::default(),
            expiries: Timers::new(mix.deadlines_in_order()),
            cancels: Timers::new(mix.cancels_in_order()),
            attempts: Timers::new(false),
            waiting: VecDeque::new(),
            tries_again: mix.calls().iter().any(tries_again),
            is_particular: mix.calls().iter().any(is_particular),
            asks_more: mix.calls().iter().any(asks_more),
            streams: Streams::new(&mix, share),
            misfits: HashMap::new(),
            events: Vec::new(),
            recorder: Recorder::new(
                timeline.measured().len(),
                timeline.measure_start,
                timeline.measure_end.since(timeline.measure_start),
            )
            .with_parts(parts)
            .with_channels(count),
            log: None,
            watch,
            rest: Rest::default(),
            started_in_time: 0,
            order: Order::new(&mix, share.part, share.seed),
            churn: None,
            pens: pens(&mix, share.part, &clock),
            parts,
            targets: Vec::new(),
            measure_end: timeline.measure_end,
            drain_end: timeline.drain_end,
            timeline,
            channels,
            mix,
            clock,
        };
        lane.set_limit();
        lane
    }

    /// Keeps a log of single calls.
    pub fn with_log(mut self, log: Option<CallLog>) -> Lane<C> {
        self.log = log;
        self
    }

    /// Tells so many targets apart: which of them each channel goes to.
    pub fn with_targets(mut self, count: u16, targets: Vec<u16>) -> Lane<C> {
        if count > 1 {
            self.parts.targets = count;
            self.recorder = self.recorder.with_parts(self.parts);
            self.targets = targets;
        }
        self
    }

    /// Closes each channel after so many calls, and opens it anew.
    pub fn with_calls_per_channel(mut self, calls: Option<u32>) -> Lane<C> {
        self.churn = calls.map(|calls| Churn::new(calls, self.channels.count()));
        self
    }

    /// Does everything that can be done now.
    pub fn turn(&mut self, cx: &mut Context<'_>) -> Turn {
        loop {
            let now = self.clock.now(); // One `now` a turn: pacing, stopping and expiry agree.
            self.stop_if_asked(now);
            self.cancel_due(now);
            self.expire(now);
            self.collect_due(now);
            self.start_again(now);
            self.start_due();
            self.beat(now);
            self.watch.look(now, &mut self.recorder);
            if self.is_finished(now) {
                self.give_up(now);
                return Turn::Finished;
            }
            if !self.collect_events(cx) {
                return self.rest(now);
            }
            self.stir();
        }
    }

    /// The channels, for what an engine knows of them.
    pub fn channels(&self) -> &C {
        &self.channels
    }

    /// What the lane leaves behind.
    pub fn into_record(self) -> LaneRecord {
        let first_reply = self.channels.first_reply();
        LaneRecord {
            wire: self.channels.wire(),
            first_reply: first_reply.map(|reply| self.mix.hide_secrets(reply)),
            spent: self.watch.measured(),
            started_in_time: self.started_in_time,
            recorder: self.recorder,
            log: self.log,
            encoded: self
                .pens
                .iter()
                .flatten()
                .map(Pen::written)
                .reduce(Written::and),
            measure_end: self.measure_end,
        }
    }

    fn stop_if_asked(&mut self, now: Nanos) {
        if now < self.measure_end && self.watch.is_stopped() {
            self.offer.stop();
            self.measure_end = now.max(self.timeline.measure_start);
            self.drain_end = now + self.timeline.drain();
            self.close_streams();
        }
    }

    fn expire(&mut self, now: Nanos) {
        while let Some(id) = self.expiries.take_due(now, &self.ops) {
            let sent = self.channels.cancel(id).unwrap_or_default();
            self.end(
                id,
                now,
                Some(Status::DEADLINE_EXCEEDED),
                sent,
                "the call's deadline passed",
            );
            self.offer.completed(now);
        }
    }

    fn collect_due(&mut self, now: Nanos) {
        let (recorder, order, mix) = (&mut self.recorder, &mut self.order, &self.mix);
        let parts = self.parts;
        let shed = |due: Due| {
            // It has no target, and is counted with the first one's.
            recorder.shed(parts.cell(due.segment, Mix::number(order.next()), 0));
            order.advance(mix);
        };
        if self.offer.collect(lies::ticked(now), self.ops.len(), shed) {
            self.set_limit();
        }
        let begun = now >= self.timeline.measure_start;
        if self.watch.measuring(begun, now >= self.measure_end) {
            self.started_in_time = self.recorder.measured_started();
        }
    }

    /// Sets the router to the load model of the current segment.
    fn set_limit(&mut self) {
        if let Some(segment) = self.offer.segment() {
            self.router.set_limit(match &segment.load {
                Load::Closed(closed) => Some(closed.in_flight),
                Load::Open(_) | Load::Ramp(_) | Load::Stages(_) => None,
            });
        }
    }

    fn is_finished(&self, now: Nanos) -> bool {
        now >= self.measure_end
            && (now >= self.drain_end || (self.offer.is_over() && self.ops.len() == 0))
    }

    /// What is still in flight counts as unfinished, what was never begun as shed.
    fn give_up(&mut self, now: Nanos) {
        self.churn = None;
        for id in self.ops.ids() {
            let sent = self.channels.cancel(id).unwrap_or_default();
            if !mutant::is(Mutant::IgnoreInFlight) {
                self.end(id, now, None, sent, "");
            }
        }
        for due in self.offer.abandon() {
            let number = Mix::number(self.order.next());
            self.order.advance(&self.mix);
            self.recorder.shed(self.parts.cell(due.segment, number, 0));
        }
    }

    fn next_wake(&self, now: Nanos) -> Nanos {
        let phase_end = if now < self.measure_end {
            self.measure_end
        } else {
            self.drain_end
        };
        let timers = [&self.expiries, &self.cancels, &self.attempts].map(Timers::next);
        let beat = self.streams.as_ref().and_then(Streams::next);
        let wake = timers
            .into_iter()
            .chain([self.offer.next_wake(), beat, self.channels.next_wake()])
            .flatten()
            .fold(phase_end.min(now + LONGEST_SLEEP), Nanos::min);
        lies::on_tick(wake)
    }
}

/// Whether a call may be made again.
fn tries_again(call: &Call) -> bool {
    call.wait_for_ready || call.retry.is_some()
}

/// The encoders of a lane; none where all messages are prepared.
fn pens(mix: &Mix, part: Part, clock: &Clock) -> Vec<Option<Pen>> {
    let pen = |call: &Call| {
        let fresh = call.fresh.as_ref()?;
        Some(fresh.pen(part.index, part.of, clock.clone()))
    };
    let pens: Vec<Option<Pen>> = mix.calls().iter().map(pen).collect();
    let any = pens.iter().any(Option::is_some);
    if any { pens } else { Vec::new() }
}

/// Whether more is to be done with messages and ends than to count them.
fn is_particular(call: &Call) -> bool {
    call.expect.is_some() || call.is_held_open() || call.cancel.is_some()
}

/// Whether more is to be set with a call's start.
fn asks_more(call: &Call) -> bool {
    call.has_deadline() || call.cancel.is_some() || call.retry.is_some()
}
