//! The raw engine: prepared HTTP/2 frames over the sans-I/O `wire` crate, the most load that a core can make.
//!
//! What makes it cheap: everything that one turn of the lane starts on a connection goes out in one write, one large
//! read brings many answers, and both are stamped once. **Hot**; `scripts/compare-generators` measures it.

mod authorities;
mod broken;
mod calls;
mod connection;
mod describe;
mod hearing;
mod hub;
mod open;
mod pings;
mod readers;
mod reading;
mod session;
mod socket;
mod templates;

use std::sync::Arc;
use std::task::Context;

use reports::model::{FirstReply, Wire};
use scenarios::units::Nanos;

use self::authorities::Authorities;
use self::calls::{Calls, Running};
use self::hearing::Hearing;
use self::hub::Hub;
use self::templates::Templates;
use super::times::Times;
use super::{Busy, Channels, ConnectError, Engine, Event, OpId, Opening, Traffic};
use crate::call::Request;
use crate::clock::Clock;
use crate::mix::Mix;

/// Connections that are open, before the run has begun.
pub struct Raw {
    hub: Hub,
    authorities: Authorities,
    user_agent: String,
    times: Times,
}

/// The raw channels of one lane.
pub struct RawChannels {
    hub: Hub,
    calls: Calls,
    templates: Templates,
    clock: Clock,
    times: Times,
    /// Calls that could not be handed to any connection, to be told of at the next poll.
    stillborn: Vec<OpId>,
}

impl Engine for Raw {
    type Channels = RawChannels;

    async fn open(channels: &[Opening]) -> Result<Raw, ConnectError> {
        open::open(channels).await
    }

    fn prepare(self, mix: Arc<Mix>) -> impl FnOnce(Clock) -> RawChannels {
        let templates = Templates::new(&mix, self.authorities, &self.user_agent);
        let calls = Calls::new(mix, self.hub.stream_window());
        let (mut hub, times) = (self.hub, self.times);
        move |clock| {
            hub.begin(clock.clone());
            RawChannels {
                hub,
                calls,
                templates,
                clock,
                times,
                stillborn: Vec::new(),
            }
        }
    }
}

impl Channels for RawChannels {
    const BATCHED: bool = true;

    fn count(&self) -> usize {
        self.hub.count()
    }

    fn put(&mut self, op: OpId, request: u32, messages: Request) {
        self.templates.put(op, request, &messages);
        self.calls.put(op, messages);
    }

    fn try_start(
        &mut self,
        channel: usize,
        op: OpId,
        request: u32,
        left: Option<Nanos>,
    ) -> Result<(), Busy> {
        let template = self.templates.of(request);
        let messages = self.templates.messages(op, request);
        let single = messages.count == 1 && !template.held_open;
        let head = self.templates.head(channel, messages);
        let shortened = left.map(|left| templates::shortened(head, left));
        let head = shortened.as_ref().unwrap_or(head);
        let token = u64::from(op.0);
        let started = self
            .hub
            .start(channel, head, token, &messages.first, single)?;
        let Some((connection, stream)) = started else {
            self.calls.keep(op, Running::stillborn());
            self.stillborn.push(op);
            return Ok(());
        };
        let (ping_pong, held_open) = (template.ping_pong, template.held_open);
        if messages.count > 1 && !ping_pong {
            for number in 1..messages.count {
                let last = number + 1 == messages.count && !held_open;
                self.hub.send(connection, stream, messages.at(number), last);
            }
        }
        let running = Running {
            connection,
            stream,
            request,
            left: if ping_pong { messages.count - 1 } else { 0 },
            asked_at: ping_pong.then(|| self.clock.now()),
        };
        if let Some(readers) = &mut self.calls.readers {
            readers.begin(op, &running, &mut self.hub);
        }
        self.calls.keep(op, running);
        Ok(())
    }

    fn cancel(&mut self, op: OpId) -> Option<Traffic> {
        let readers = self.calls.readers.as_mut();
        let unheard = readers.and_then(|readers| readers.forget(op));
        let Some(running) = self.calls.forget(op) else {
            return unheard;
        };
        self.stillborn.retain(|stillborn| *stillborn != op);
        let progress = self.hub.cancel(running.connection, running.stream);
        Some(progress.map_or_else(Traffic::default, |sent| {
            self.calls.sent(op, running.request, sent)
        }))
    }

    fn send(&mut self, op: OpId, number: u32, last: bool) {
        let Some(running) = self.calls.get_mut(op) else {
            return;
        };
        let (connection, stream) = (running.connection, running.stream);
        let message = self.templates.of(running.request);
        let message = message.messages(running.request).at(number);
        self.hub.send(connection, stream, message, last);
    }

    fn finish(&mut self, op: OpId) {
        if let Some(running) = self.calls.get_mut(op) {
            self.hub.finish(running.connection, running.stream);
        }
    }

    fn reopen(&mut self, channel: usize) {
        self.hub.reopen(channel);
    }

    fn has_reopened(&mut self) -> bool {
        self.calls.take_ready()
    }

    fn poll(&mut self, cx: &mut Context<'_>, events: &mut Vec<Event>) {
        let RawChannels {
            hub,
            calls,
            templates,
            clock,
            times,
            stillborn,
        } = self;
        for op in stillborn.drain(..) {
            calls.end_unsent(op, clock.now(), events);
        }
        hub.flush_marked(&mut Hearing::new(clock, calls, times, events));
        hub.keep_alive(cx, &mut Hearing::new(clock, calls, times, events));
        calls.read_slowly(hub, clock, times, events);
        while events.is_empty() && hub.wait(cx) {
            hub.hear(&mut Hearing::new(clock, calls, times, events));
            calls.end_broken(
                |connection, stream| hub.cancel(connection, stream),
                clock,
                events,
            );
            calls.read_slowly(hub, clock, times, events);
        }
        pass_on(hub, calls, templates, clock);
    }

    fn next_wake(&self) -> Option<Nanos> {
        self.calls.readers.as_ref()?.next()
    }

    fn wire(&self) -> Option<Wire> {
        let mut wire = self.hub.wire();
        self.times.tell(&mut wire);
        Some(wire)
    }

    fn first_reply(&self) -> Option<FirstReply> {
        self.calls.first_reply()
    }
}

/// Sends what became due by what was heard: the next message of ping-pong streams.
fn pass_on(hub: &mut Hub, calls: &mut Calls, templates: &Templates, clock: &Clock) {
    while let Some(op) = calls.next_due() {
        let Some(running) = calls.get_mut(op) else {
            continue;
        };
        let messages = templates.messages(op, running.request);
        let template = templates.of(running.request);
        let next = messages.at(messages.count - running.left);
        running.left -= 1;
        running.asked_at = Some(clock.now());
        let last = running.left == 0 && !template.held_open;
        hub.send(running.connection, running.stream, next, last);
    }
}
