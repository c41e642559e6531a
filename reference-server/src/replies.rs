//! The replies of one call: when each is due, and how the call ends.
//!
//! Hot. A state machine rather than a task, so a call costs no spawn and no channel.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use protos::helloworld::HelloRequest;
use scenarios::method::Method;
use tonic::{Code, Status, Streaming};

use crate::behaviour::Fate;
use crate::greeter::Shared;
use crate::reply::Reply;
use crate::script::{Script, Step};
use crate::shape::{Headers, Shape};
use crate::timer::Sleep;

/// The replies of one call, then its status. tonic sends the status, and its metadata as the trailers.
pub(crate) struct Replies {
    source: Source,
    opening: Opening,
    fate: Fate,
    /// How the call ends, where not with a plain OK.
    end: Option<Status>,
    shared: Arc<Shared>,
    method: Method,
}

/// The way to the first reply.
enum Opening {
    /// It is not there yet.
    Awaited,
    /// It is there (or the end is), and must wait for the delay.
    Delayed(Item, Option<Sleep>),
    /// It may go.
    Ready(Item),
    /// It is gone.
    Past,
}

/// A reply, or a failure, or the end.
type Item = Option<Result<Reply, Status>>;

/// What there is to reply, delay and status aside: the script, and the requests that it is told.
struct Source {
    script: Script,
    /// The first request, which was read to learn the shape and has not been answered yet.
    first: Option<HelloRequest>,
    /// The other requests; `None` once the client has sent everything.
    rest: Option<Streaming<HelloRequest>>,
}

impl Replies {
    /// The replies to a call whose first request is `first` and whose others are `rest`.
    pub(crate) fn new(
        shared: Arc<Shared>,
        method: Method,
        first: Option<HelloRequest>,
        rest: Option<Streaming<HelloRequest>>,
    ) -> Result<(Replies, Headers), Status> {
        let shape = Shape::of(
            first.as_ref().and_then(|first| first.reply.as_ref()),
            method.pattern(),
        )?;
        let mut script = Script::default();
        script.begin(&shape);
        let source = Source {
            script,
            first,
            rest,
        };
        let fate = shared.fates.next();
        Ok((
            Replies {
                source,
                opening: Opening::Awaited,
                fate,
                end: shape.end,
                shared,
                method,
            },
            shape.headers,
        ))
    }

    /// Waits until the first reply may go. A call that fails without any reply says so here, for then its headers are
    /// its trailers.
    pub(crate) async fn open(mut self) -> Result<Replies, Status> {
        let first = std::future::poll_fn(|cx| self.poll_first(cx)).await;
        match (first, self.end.take()) {
            (Some(Err(status)), _) => Err(status),
            (None, Some(status)) if status.code() != Code::Ok => Err(status),
            (first, end) => {
                self.opening = Opening::Ready(first);
                self.end = end;
                Ok(self)
            }
        }
    }

    fn poll_first(&mut self, cx: &mut Context<'_>) -> Poll<Item> {
        loop {
            match &mut self.opening {
                Opening::Awaited => {
                    let first = ready!(self.source.poll_next(cx));
                    self.opening = Opening::Delayed(first, self.shared.sleep(self.fate.delay));
                }
                Opening::Delayed(first, sleep) => {
                    if let Some(sleep) = sleep {
                        ready!(Pin::new(sleep).poll(cx));
                    }
                    let first = if self.fate.fails {
                        Some(Err(self.shared.fates.error()))
                    } else {
                        first.take()
                    };
                    self.opening = Opening::Ready(first);
                }
                Opening::Ready(first) => {
                    let first = first.take();
                    self.opening = Opening::Past;
                    return Poll::Ready(first);
                }
                Opening::Past => return self.source.poll_next(cx),
            }
        }
    }

    /// The end of the call: its status, or nothing where that is a plain OK.
    fn end(&mut self) -> Item {
        let end = self.end.take();
        if end.as_ref().is_none_or(|status| status.code() == Code::Ok) {
            self.shared.counts.of(self.method).ok();
        }
        end.map(Err)
    }
}

impl Stream for Replies {
    type Item = Result<Reply, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Item> {
        let this = self.get_mut();
        let item = ready!(this.poll_first(cx));
        Poll::Ready(item.or_else(|| this.end()))
    }
}

impl Source {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Item> {
        loop {
            match self.script.step() {
                Step::Read => ready!(self.poll_request(cx)?),
                Step::Reply => return Poll::Ready(Some(Ok(self.reply()))),
                Step::Done => return Poll::Ready(None),
            }
        }
    }

    /// Tells the script the next request, or that there is none.
    fn poll_request(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        let request = match (self.first.take(), &mut self.rest) {
            (Some(first), _) => Some(first),
            (None, None) => None,
            (None, Some(rest)) => ready!(Pin::new(rest).poll_next(cx)?),
        };
        Poll::Ready(match request {
            Some(HelloRequest { name, reply }) => self
                .script
                .take_in(reply.and_then(|reply| reply.size), &name),
            None => {
                self.rest = None;
                self.script.end();
                Ok(())
            }
        })
    }

    fn reply(&self) -> Reply {
        match self.script.reply() {
            Reply::Filled(size) => Reply::Filled(size),
            Reply::Greeting(name) => Reply::Greeting(name.to_owned()),
        }
    }
}
