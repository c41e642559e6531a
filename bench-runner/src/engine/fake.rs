//! A scripted engine on a manual clock, so that the whole lane can be tested with exact numbers.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::task::{Context, Waker};

use scenarios::units::Nanos;

use super::status::Status;
use super::{Busy, Channels, Event, Happened, OpId, Outcome, Traffic};
use crate::clock::{Clock, Hand};
use crate::run::lane::{Lane, Turn};

/// Says how a call goes, from its number and its start.
pub type Script = Box<dyn FnMut(u64, Nanos) -> Fate>;

/// How a scripted call goes.
#[derive(Clone, Copy, Debug)]
pub struct Fate {
    /// How long the server takes once it has begun.
    pub service: Nanos,
    /// How the call ends; `None` is never.
    pub status: Option<Status>,
}

/// Channels with so many streams each, whose calls go as scripted.
pub struct Fake {
    clock: Clock,
    streams: usize,
    in_flight: Vec<usize>,
    script: Script,
    /// When each message of a call that ends OK comes; the last comes with its end.
    messages: Vec<Nanos>,
    pending: BinaryHeap<Reverse<(Nanos, u32, u64)>>,
    /// Of paced streams: the replies to come, by their stream; and when the last was planned.
    replies: BinaryHeap<Reverse<(Nanos, u32, u64)>>,
    is_paced: bool,
    messages_sent: u64,
    running: Vec<Option<(usize, u64, Option<Status>)>>,
    started: u64,
    reopened: u64,
}

impl Fate {
    /// OK after `service`.
    pub fn ok(service: Nanos) -> Fate {
        Fate {
            service,
            status: Some(Status::OK),
        }
    }
}

impl Fake {
    /// So many channels of so many streams each.
    pub fn new(clock: Clock, channels: usize, streams: usize, script: Script) -> Fake {
        let in_flight = vec![0; channels];
        Fake {
            clock,
            streams,
            in_flight,
            script,
            messages: vec![Nanos::ZERO],
            pending: BinaryHeap::new(),
            replies: BinaryHeap::new(),
            is_paced: false,
            messages_sent: 0,
            running: Vec::new(),
            started: 0,
            reopened: 0,
        }
    }

    /// Calls that end OK bring a message at each of these times, counted from any common zero; the last is their end.
    pub fn with_messages(mut self, messages: Vec<Nanos>) -> Fake {
        self.messages = messages;
        self
    }

    /// Calls are paced streams: each message is answered as scripted, by its number and the time when it was sent, and
    /// the stream ends when its client has sent everything.
    pub fn paced(mut self) -> Fake {
        self.is_paced = true;
        self
    }

    /// When the next call ends: what a manual clock may be moved to.
    pub fn next_event(&self) -> Option<Nanos> {
        let ends = self.pending.peek().map(|Reverse((at, ..))| *at);
        let replies = self.replies.peek().map(|Reverse((at, ..))| *at);
        ends.into_iter().chain(replies).min()
    }

    /// Plans the reply to a message that is sent now; gives its time.
    fn reply_to_message(&mut self, op: u32, sequence: u64) -> Nanos {
        let now = self.clock.now();
        let fate = (self.script)(self.messages_sent, now);
        self.messages_sent += 1;
        let at = now + fate.service;
        self.replies.push(Reverse((at, op, sequence)));
        at
    }

    /// Calls started so far.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// How often a channel was opened anew.
    pub fn reopened(&self) -> u64 {
        self.reopened
    }

    /// The most calls that are in flight on any channel now.
    pub fn busiest(&self) -> usize {
        self.in_flight.iter().copied().max().unwrap_or(0)
    }

    fn begin_paced(&mut self, channel: usize, op: OpId) {
        let index = op.0 as usize;
        if self.running.len() <= index {
            self.running.resize(index + 1, None);
        }
        self.running[index] = Some((channel, self.started, Some(Status::OK)));
        self.in_flight[channel] += 1;
        self.started += 1;
        self.reply_to_message(op.0, self.started - 1);
    }

    fn end(&mut self, op: u32, sequence: u64) -> Option<Status> {
        let place = self.running.get_mut(op as usize)?;
        let (channel, _, status) = place.take_if(|(_, running, _)| *running == sequence)?;
        self.in_flight[channel] -= 1;
        status
    }
}

impl Channels for Fake {
    fn count(&self) -> usize {
        self.in_flight.len()
    }

    fn try_start(
        &mut self,
        channel: usize,
        op: OpId,
        _request: u32,
        _left: Option<Nanos>,
    ) -> Result<(), Busy> {
        if self.in_flight[channel] == self.streams {
            return Err(Busy);
        }
        let now = self.clock.now();
        if self.is_paced {
            self.begin_paced(channel, op);
            return Ok(());
        }
        let fate = (self.script)(self.started, now);
        let index = op.0 as usize;
        if self.running.len() <= index {
            self.running.resize(index + 1, None);
        }
        self.running[index] = Some((channel, self.started, fate.status));
        if fate.status.is_some() {
            self.pending
                .push(Reverse((now + fate.service, op.0, self.started)));
        }
        self.in_flight[channel] += 1;
        self.started += 1;
        Ok(())
    }

    fn cancel(&mut self, op: OpId) -> Option<Traffic> {
        let (channel, ..) = self.running.get_mut(op.0 as usize)?.take()?;
        self.in_flight[channel] -= 1;
        Some(Traffic {
            messages: 1,
            bytes: 0,
        })
    }

    fn send(&mut self, op: OpId, _number: u32, last: bool) {
        let running = self.running.get(op.0 as usize).copied().flatten();
        let Some((_, sequence, _)) = running else {
            return;
        };
        let at = self.reply_to_message(op.0, sequence);
        if last {
            self.pending.push(Reverse((at, op.0, sequence)));
        }
    }

    fn finish(&mut self, op: OpId) {
        let running = self.running.get(op.0 as usize).copied().flatten();
        if let Some((_, sequence, _)) = running {
            let mine = self
                .replies
                .iter()
                .filter(|Reverse((_, of, _))| *of == op.0);
            let last = mine.map(|Reverse((at, ..))| *at).max();
            let at = last.unwrap_or(self.clock.now());
            self.pending.push(Reverse((at, op.0, sequence)));
        }
    }

    fn reopen(&mut self, channel: usize) {
        assert_eq!(self.in_flight[channel], 0, "something is in flight");
        self.reopened += 1;
    }

    fn poll(&mut self, _: &mut Context<'_>, events: &mut Vec<Event>) {
        let now = self.clock.now();
        while let Some(Reverse((at, op, _))) = self.replies.peek().copied()
            && at <= now
        {
            self.replies.pop();
            let kind = Happened::Message {
                bytes: 0,
                asked_at: None,
            };
            events.push(Event {
                op: OpId(op),
                at,
                kind,
            });
        }
        while let Some(Reverse((at, op, sequence))) = self.pending.peek().copied()
            && at <= now
        {
            self.pending.pop();
            let Some(status) = self.end(op, sequence) else {
                continue;
            };
            let op = OpId(op);
            if let (Status::OK, Some(last), false) = (status, self.messages.last(), self.is_paced) {
                events.extend(self.messages.iter().map(|message| Event {
                    op,
                    at: Nanos(at.0 + message.0 - last.0),
                    kind: Happened::Message {
                        bytes: 0,
                        asked_at: None,
                    },
                }));
            }
            let outcome = Outcome {
                status,
                ..Outcome::ok(Traffic {
                    messages: 1,
                    bytes: 0,
                })
            };
            events.push(Event {
                op,
                at,
                kind: Happened::Finished(outcome),
            });
        }
    }
}

/// Runs a lane over a fake engine to its end, moving the clock from one event to the next.
pub fn simulate(lane: &mut Lane<Fake>, hand: &Hand) {
    simulate_with_stop(lane, hand, Nanos::ZERO..Nanos::ZERO);
}

/// The same with a client that stands still from one point in time to another: past all events between, at once.
// `scripts/count-instructions` counts what happens in it.
#[inline(never)]
pub fn simulate_with_stop(lane: &mut Lane<Fake>, hand: &Hand, stop: Range<Nanos>) {
    let mut cx = Context::from_waker(Waker::noop());
    while let Turn::Until(at) = lane.turn(&mut cx) {
        let event = lane.channels().next_event();
        let next = event.map_or(at, |event| event.min(at));
        hand.move_to(if stop.contains(&next) { stop.end } else { next });
    }
}
