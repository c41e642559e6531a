//! Paced streams (`call.stream`): every message of a stream has an intended time of its own, and so a response time.
//!
//! A message belongs to the segment of its intended time, whenever its stream began. Replies answer requests in their
//! order; what is not answered when its stream ends is known to have taken that long at least.

use std::collections::VecDeque;

use scenarios::stream::{Beats, Stream};
use scenarios::units::Nanos;

use super::Lane;
use crate::engine::{Channels, OpId};
use crate::mix::Mix;
use crate::record::{Cell, Sample};
use crate::run::Share;
use crate::run::ops::Ticket;
use crate::run::timeline::Timeline;
use crate::run::timers::Timers;

/// The paced streams of a lane.
pub(super) struct Streams {
    seed: u64,
    begun: u64,
    /// By the lane's ids.
    pulses: Vec<Option<Pulse>>,
    /// When the next message of a stream is meant to be sent.
    due: Timers,
}

/// One paced stream.
struct Pulse {
    start: Nanos,
    /// Whether each request has a reply of its own.
    answered: bool,
    /// Where its calls are counted, but for the segment.
    part: u16,
    beats: Beats,
    /// Whether there is more to send.
    is_open: bool,
    /// Requests that wait for their replies: when they were meant to be sent, and when they were.
    unanswered: VecDeque<(Nanos, Nanos)>,
}

impl Streams {
    /// No streams yet; `None` where no call is one.
    pub(super) fn new(mix: &Mix, share: Share) -> Option<Streams> {
        let any = mix.calls().iter().any(|call| call.stream.is_some());
        any.then(|| Streams {
            seed: share.seed.wrapping_add(u64::from(share.part.index) << 48),
            begun: 0,
            pulses: Vec::new(),
            due: Timers::new(false),
        })
    }

    /// When the next message is due.
    pub(super) fn next(&self) -> Option<Nanos> {
        self.due.next()
    }

    fn pulse(&mut self, id: OpId) -> Option<&mut Pulse> {
        self.pulses.get_mut(id.0 as usize)?.as_mut()
    }

    fn take(&mut self, id: OpId) -> Option<Pulse> {
        self.pulses.get_mut(id.0 as usize)?.take()
    }

    /// A stream was begun with its first message.
    fn begin(&mut self, id: OpId, stream: Stream, answered: bool, sample: &Sample) {
        let place = id.0 as usize;
        if self.pulses.len() <= place {
            self.pulses.resize_with(place + 1, || None);
        }
        let seed = self.seed.wrapping_add(self.begun);
        self.begun += 1;
        self.pulses[place] = Some(Pulse {
            start: sample.intended,
            answered,
            part: sample.cell.part,
            beats: stream.beats(seed),
            is_open: true,
            unanswered: VecDeque::new(),
        });
    }
}

impl Pulse {
    /// Where a message that was meant for then is counted.
    fn cell(&self, timeline: &Timeline, intended: Nanos) -> Cell {
        Cell {
            segment: timeline.segment_at(intended),
            part: self.part,
        }
    }

    /// When the next message is meant to be sent; `None` where there is none before `end`.
    fn next(&self, end: Nanos) -> Option<Nanos> {
        let at = self.start + self.beats.peek()?;
        (at < end).then_some(at)
    }
}

impl<C: Channels> Lane<C> {
    /// A stream was begun, and its first message with it.
    pub(super) fn begin_stream(&mut self, id: OpId, ticket: Ticket) {
        let (Some(streams), Some(op)) = (&mut self.streams, self.ops.get_mut(id)) else {
            return;
        };
        let (call, sample) = (self.mix.call(op.request), op.sample);
        let Some(stream) = call.stream else {
            return;
        };
        streams.begin(id, stream, call.answers_each, &sample);
        self.note_sent(id, sample.intended, sample.started);
        if !self.schedule(id, ticket) {
            self.channels.finish(id);
        }
    }

    /// Sends the messages that are due.
    pub(super) fn beat(&mut self, now: Nanos) {
        loop {
            let Some(streams) = &mut self.streams else {
                return;
            };
            let Some(id) = streams.due.take_due(now, &self.ops) else {
                return;
            };
            let intended = streams
                .pulse(id)
                .and_then(|pulse| pulse.next(self.measure_end));
            let Some(intended) = intended else {
                self.close(id);
                continue;
            };
            let number = self.note_sent(id, intended, now);
            let goes_on = self.schedule(id, self.ops.ticket(id));
            self.channels.send(id, number, !goes_on);
        }
    }

    /// Notes a message that is sent, and turns to the one behind it; gives its number.
    fn note_sent(&mut self, id: OpId, intended: Nanos, sent: Nanos) -> u32 {
        let Some(pulse) = self.streams.as_mut().and_then(|streams| streams.pulse(id)) else {
            return 0;
        };
        let cell = pulse.cell(&self.timeline, intended);
        self.recorder.message_sent(cell, sent.since(intended));
        let number = pulse.beats.count();
        pulse.beats.advance();
        if pulse.answered {
            pulse.unanswered.push_back((intended, sent));
        }
        number
    }

    /// Sets the time of the next message, or of the end of the measured time, whichever comes first; `false` where the
    /// stream has no other message.
    fn schedule(&mut self, id: OpId, ticket: Ticket) -> bool {
        let end = self.measure_end;
        let Some(streams) = &mut self.streams else {
            return false;
        };
        let Some(pulse) = streams.pulse(id) else {
            return false;
        };
        let next = pulse.beats.peek().map(|offset| pulse.start + offset);
        pulse.is_open = next.is_some();
        if let Some(at) = next {
            streams.due.set(at.min(end), ticket);
        }
        next.is_some()
    }

    /// Ends the requests of a stream, as it is meant to.
    fn close(&mut self, id: OpId) {
        let pulse = self.streams.as_mut().and_then(|streams| streams.pulse(id));
        if pulse.is_some_and(|pulse| std::mem::take(&mut pulse.is_open)) {
            self.channels.finish(id);
        }
    }

    /// The measured time is over before its time: so are all streams.
    pub(super) fn close_streams(&mut self) {
        if self.streams.is_some() {
            self.ops.ids().into_iter().for_each(|id| self.close(id));
        }
    }

    /// A reply came: it answers the request that has waited the longest.
    pub(super) fn answer(&mut self, id: OpId, at: Nanos) {
        let Some(pulse) = self.streams.as_mut().and_then(|streams| streams.pulse(id)) else {
            return;
        };
        if let Some((intended, sent)) = pulse.unanswered.pop_front() {
            let cell = pulse.cell(&self.timeline, intended);
            self.recorder
                .message_answered(cell, at.since(intended), at.since(sent));
        }
    }

    /// What is wrong with a stream that ended OK: requests that nobody has answered.
    pub(super) fn unanswered(&mut self, id: OpId) -> Option<String> {
        let pulse = self.streams.as_mut()?.pulse(id)?;
        let left = pulse.unanswered.len();
        (left > 0).then(|| format!("{left} requests of the stream were not answered"))
    }

    /// A stream has ended: what is not answered will never be.
    pub(super) fn end_stream(&mut self, id: OpId, at: Nanos) {
        let Some(pulse) = self.streams.as_mut().and_then(|streams| streams.take(id)) else {
            return;
        };
        for (intended, _) in &pulse.unanswered {
            let cell = pulse.cell(&self.timeline, *intended);
            self.recorder.message_lost(cell, at.since(*intended));
        }
    }
}
