//! The tonic engine: what users of tonic deploy, one `Channel` (one connection) for each of ours.
//!
//! Known of tonic, and dealt with here: a deadline comes back as CANCELLED, a lost connection as UNKNOWN, and a call that
//! waits for a stream slot waits unseen, so a channel says Busy at the server's limit instead.

mod call;
mod churn;
mod classify;
mod codec;
mod connect;
mod content_type;
mod dial;
mod log;
mod once;
mod pauses;
mod secured;
mod template;

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::tonic::client::Grpc;
use futures_util::StreamExt as _;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use reports::model::{FirstReply, Wire};
use scenarios::units::Nanos;
use tokio::sync::mpsc;

pub(crate) use self::connect::look;
pub(crate) use self::once::{Looked, once};

use self::call::{Gate, Made, Sending, Sent};
use self::churn::Churn;
use self::content_type::Typed;
use self::log::Log;
use self::template::Template;
use super::tap::{Seen, Shared};
use super::{Busy, Channels, ConnectError, Engine, Event, OpId, Opening, Traffic};
use crate::call::Request;
use crate::clock::Clock;
use crate::mix::Mix;

/// Channels that are open, before the run has begun.
pub struct Tonic {
    channels: Vec<Grpc<Typed>>,
    seen: Vec<Arc<Seen>>,
    shared: Shared,
    openings: Vec<Opening>,
}

/// The tonic channels of one lane.
pub struct TonicChannels {
    /// None is being opened anew.
    channels: Vec<Option<Grpc<Typed>>>,
    seen: Vec<Arc<Seen>>,
    shared: Shared,
    in_flight: Vec<u32>,
    churn: Churn,
    has_reopened: bool,
    longest: usize,
    running: Vec<Option<Running>>,
    calls: FuturesUnordered<Abortable<Pin<Box<dyn Future<Output = ()>>>>>,
    mix: Arc<Mix>,
    /// Messages of calls that do not send prepared ones, by their ids.
    fresh: Vec<Option<Request>>,
    /// What each call of the mix has in common.
    templates: Vec<Rc<Template>>,
    log: Log,
}

struct Running {
    channel: usize,
    abort: AbortHandle,
    sent: Arc<Sent>,
    /// Where further requests go, of a call that is held open; without it the stream is half-closed.
    gate: Option<Gate>,
    request: u32,
}

impl Engine for Tonic {
    type Channels = TonicChannels;

    async fn open(channels: &[Opening]) -> Result<Tonic, ConnectError> {
        // A stopwatch: connections open before the run's clock starts.
        let shared = Shared::new(Clock::starting_in(Duration::ZERO));
        let opening = futures_util::stream::iter(channels)
            .map(async |opening| {
                opening.due(shared.now()).await;
                connect::open(&opening.to, &shared).await
            })
            .buffered(connect::AT_ONCE);
        let opened: Vec<_> = opening.collect().await;
        let (grpc, seen) = opened
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .unzip();
        Ok(Tonic {
            openings: channels.to_vec(),
            channels: grpc,
            seen,
            shared,
        })
    }

    fn prepare(self, mix: Arc<Mix>) -> impl FnOnce(Clock) -> TonicChannels {
        let calls = mix.calls().iter();
        let templates = calls.map(|call| Rc::new(Template::new(call))).collect();
        let longest = mix.longest_reply();
        let channels = self.channels.into_iter();
        let channels: Vec<_> = channels
            .map(|grpc| Some(grpc.max_decoding_message_size(longest)))
            .collect();
        move |clock| {
            self.seen.iter().for_each(|seen| seen.begin());
            TonicChannels {
                in_flight: vec![0; channels.len()],
                churn: Churn::new(self.openings),
                has_reopened: false,
                longest,
                running: Vec::new(),
                calls: FuturesUnordered::new(),
                templates,
                log: Log::new(clock, Arc::clone(&mix)),
                mix,
                fresh: Vec::new(),
                channels,
                seen: self.seen,
                shared: self.shared,
            }
        }
    }
}

impl TonicChannels {
    fn forget(&mut self, op: OpId) -> Option<Running> {
        let running = self.running.get_mut(op.0 as usize)?.take()?;
        self.in_flight[running.channel] -= 1;
        Some(running)
    }
}

impl Channels for TonicChannels {
    fn count(&self) -> usize {
        self.channels.len()
    }

    fn put(&mut self, op: OpId, _: u32, messages: Request) {
        let index = op.0 as usize;
        if self.fresh.len() <= index {
            self.fresh.resize_with(index + 1, || None);
        }
        self.fresh[index] = Some(messages);
    }

    fn try_start(
        &mut self,
        channel: usize,
        op: OpId,
        request: u32,
        left: Option<Nanos>,
    ) -> Result<(), Busy> {
        if self.in_flight[channel] >= self.seen[channel].max_concurrent_streams() {
            return Err(Busy);
        }
        let grpc = self.channels[channel].clone().ok_or(Busy)?;
        let sent = Arc::<Sent>::default();
        let template = Rc::clone(&self.templates[Mix::number(request)]);
        let grpc = template.compressing(grpc);
        let mix = Arc::clone(&self.mix);
        let log = self.log.of(op, request);
        let counted = Arc::clone(&sent);
        let is_fresh = mix.call(request).fresh.is_some();
        let fresh = self.fresh.get(op.0 as usize).filter(|_| is_fresh);
        let fresh = fresh.cloned().flatten();
        let held_open = mix.call(request).is_held_open();
        let (gate, passing) = held_open.then(mpsc::unbounded_channel).unzip();
        let future = Box::pin(async move {
            let (call, index) = (mix.call(request), Mix::within(request));
            let made = Made {
                call,
                template: &template,
                left,
                request: Sending {
                    index,
                    messages: fresh.as_ref().unwrap_or_else(|| call.request(index)),
                },
                sent: counted,
            };
            call::run(grpc, made, passing, log).await;
        });
        let (abort, registration) = AbortHandle::new_pair();
        self.calls.push(Abortable::new(future, registration));
        let index = op.0 as usize;
        if self.running.len() <= index {
            self.running.resize_with(index + 1, || None);
        }
        self.running[index] = Some(Running {
            channel,
            abort,
            sent,
            gate,
            request,
        });
        self.in_flight[channel] += 1;
        Ok(())
    }

    fn cancel(&mut self, op: OpId) -> Option<Traffic> {
        let running = self.forget(op)?;
        running.abort.abort();
        Some(running.sent.get())
    }

    fn send(&mut self, op: OpId, number: u32, last: bool) {
        let running = self.running.get_mut(op.0 as usize);
        let Some(running) = running.and_then(Option::as_mut) else {
            return;
        };
        if let Some(gate) = &running.gate {
            // Nobody listens any more where the call has ended: its end is about to be heard.
            let _ = gate.send(self.mix.request(running.request).message(number).clone());
        }
        if last {
            running.gate = None;
        }
    }

    fn finish(&mut self, op: OpId) {
        let running = self.running.get_mut(op.0 as usize);
        if let Some(running) = running.and_then(Option::as_mut) {
            running.gate = None;
        }
    }

    fn reopen(&mut self, channel: usize) {
        self.channels[channel] = None;
        let seen = self.churn.begin(channel, &self.shared);
        let before = std::mem::replace(&mut self.seen[channel], seen);
        self.churn.close(before);
    }

    fn has_reopened(&mut self) -> bool {
        std::mem::take(&mut self.has_reopened)
    }

    fn poll(&mut self, cx: &mut Context<'_>, events: &mut Vec<Event>) {
        while let Some((channel, grpc)) = self.churn.poll(cx) {
            let grpc = grpc.map(|grpc| grpc.max_decoding_message_size(self.longest));
            self.channels[channel] = grpc;
            self.has_reopened = true;
        }
        self.log.wake();
        while let Poll::Ready(Some(_)) = self.calls.poll_next_unpin(cx) {}
        self.log.drain(events);
        for event in events.iter() {
            if event.is_end() {
                self.forget(event.op);
            }
        }
    }

    fn next_wake(&self) -> Option<Nanos> {
        self.log.next_wake()
    }

    fn wire(&self) -> Option<Wire> {
        let mut wire = Wire::default();
        for seen in &self.seen {
            seen.close();
            wire.add(&seen.wire());
        }
        self.churn.tell(&mut wire);
        self.shared.tell(&mut wire);
        Some(wire)
    }

    fn first_reply(&self) -> Option<FirstReply> {
        self.log.first_reply()
    }
}
