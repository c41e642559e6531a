//! The tonic engine: what users of tonic deploy, one `Channel` (one connection) for each of ours.
//!
//! Known of tonic, and dealt with here: a deadline comes back as CANCELLED, a lost connection as UNKNOWN, and a call that
//! waits for a stream slot waits unseen, so a channel says Busy at the server's limit instead.

mod call;
mod classify;
mod codec;
mod connect;
mod once;

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::tonic::client::Grpc;
use ::tonic::transport::Channel;
use futures_util::StreamExt as _;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use reports::model::{FirstReply, Wire};

pub(crate) use self::connect::look;
pub(crate) use self::once::{Looked, once};

use self::call::{Log, Sending, Sent, Template};
use super::tap::{Seen, Shared};
use super::{Busy, Channels, ConnectError, Endpoint, Engine, Event, OpId, Traffic};
use crate::call::{Call, Request};
use crate::clock::Clock;

/// Channels that are open, before the run has begun.
pub struct Tonic {
    channels: Vec<Grpc<Channel>>,
    seen: Vec<Arc<Seen>>,
    shared: Shared,
}

/// The tonic channels of one lane.
pub struct TonicChannels {
    channels: Vec<Grpc<Channel>>,
    seen: Vec<Arc<Seen>>,
    shared: Shared,
    in_flight: Vec<u32>,
    running: Vec<Option<Running>>,
    calls: FuturesUnordered<Abortable<Pin<Box<dyn Future<Output = ()>>>>>,
    call: Arc<Call>,
    /// Messages of calls that do not take the prepared ones, by their ids.
    fresh: Vec<Option<Request>>,
    template: Rc<Template>,
    log: Log,
}

struct Running {
    channel: usize,
    abort: AbortHandle,
    sent: Arc<Sent>,
}

impl Engine for Tonic {
    type Channels = TonicChannels;

    async fn open(to: &Endpoint, count: usize) -> Result<Tonic, ConnectError> {
        // A stopwatch: connections open before the run's clock starts.
        let shared = Shared::new(Clock::starting_in(Duration::ZERO));
        let opening = futures_util::stream::iter(0..count)
            .map(|_| connect::open(to, &shared))
            .buffered(connect::AT_ONCE);
        let opened: Vec<_> = opening.collect().await;
        let (channels, seen) = opened
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .unzip();
        Ok(Tonic {
            channels,
            seen,
            shared,
        })
    }

    fn begin(self, clock: Clock, call: Arc<Call>) -> TonicChannels {
        let longest = longest_reply(&call);
        let channels = self.channels.into_iter();
        let channels: Vec<_> = channels
            .map(|grpc| grpc.max_decoding_message_size(longest))
            .collect();
        TonicChannels {
            in_flight: vec![0; channels.len()],
            running: Vec::new(),
            calls: FuturesUnordered::new(),
            template: Rc::new(Template::new(&call)),
            log: Log::new(clock, Arc::clone(&call)),
            call,
            fresh: Vec::new(),
            channels,
            seen: self.seen,
            shared: self.shared,
        }
    }
}

/// What tonic may put together in memory of one reply: what the scenario asks for, or a stock server that echoes could
/// make of it, and tonic's own limit on top. A server that announces more is refused.
fn longest_reply(call: &Call) -> usize {
    const TONICS_OWN: u64 = 4 << 20;
    usize::try_from(call.longest_message() + TONICS_OWN).unwrap_or(usize::MAX)
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

    fn put(&mut self, op: OpId, messages: Request) {
        let index = op.0 as usize;
        if self.fresh.len() <= index {
            self.fresh.resize_with(index + 1, || None);
        }
        self.fresh[index] = Some(messages);
    }

    fn try_start(&mut self, channel: usize, op: OpId, request: u32) -> Result<(), Busy> {
        if self.in_flight[channel] >= self.seen[channel].max_concurrent_streams() {
            return Err(Busy);
        }
        let sent = Arc::<Sent>::default();
        let grpc = self.channels[channel].clone();
        let template = Rc::clone(&self.template);
        let call = Arc::clone(&self.call);
        let log = self.log.of(op);
        let counted = Arc::clone(&sent);
        let fresh = self.fresh.get(op.0 as usize).cloned().flatten();
        let future = Box::pin(async move {
            let request = Sending {
                index: request,
                messages: fresh.as_ref().unwrap_or_else(|| call.request(request)),
            };
            call::run(grpc, &call, &template, request, counted, log).await;
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
        });
        self.in_flight[channel] += 1;
        Ok(())
    }

    fn cancel(&mut self, op: OpId) -> Option<Traffic> {
        let running = self.forget(op)?;
        running.abort.abort();
        Some(running.sent.get())
    }

    fn poll(&mut self, cx: &mut Context<'_>, events: &mut Vec<Event>) {
        while let Poll::Ready(Some(_)) = self.calls.poll_next_unpin(cx) {}
        self.log.drain(events);
        for event in events.iter() {
            if event.is_end() {
                self.forget(event.op);
            }
        }
    }

    fn wire(&self) -> Option<Wire> {
        let mut wire = Wire::default();
        for seen in &self.seen {
            seen.close();
            wire.add(&seen.wire());
        }
        self.shared.tell(&mut wire);
        Some(wire)
    }

    fn first_reply(&self) -> Option<FirstReply> {
        self.log.first_reply()
    }
}
