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
use crate::codec::Reply;
use crate::greeter::Shared;
use crate::shape::{Headers, Rule, Shape, checked_size};
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

/// What there is to reply, delay and status aside.
struct Source {
    rule: Rule,
    /// The size that the first request asked for.
    size: Option<u32>,
    /// The size and the name of the latest request.
    latest: (Option<u32>, String),
    /// Requests since the last reply, for [`Rule::Every`].
    unanswered: u32,
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
        let Shape {
            size,
            rule,
            headers,
            end,
        } = Shape::of(first.as_ref(), method.pattern())?;
        let source = Source {
            rule,
            size,
            latest: Default::default(),
            unanswered: 0,
            first,
            rest,
        };
        let fate = shared.fates.next();
        Ok((
            Replies {
                source,
                opening: Opening::Awaited,
                fate,
                end,
                shared,
                method,
            },
            headers,
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
                    self.opening =
                        Opening::Delayed(first, self.shared.fates.sleep(self.fate.delay));
                }
                Opening::Delayed(first, sleep) => {
                    if let Some(sleep) = sleep {
                        ready!(Pin::new(sleep).poll(cx));
                    }
                    let first = self.fate.error.take().map(Err).or_else(|| first.take());
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
        match self.rule {
            Rule::AfterAll(replies) => {
                while ready!(self.poll_request(cx)?) {}
                let Some(left) = replies.checked_sub(1) else {
                    return Poll::Ready(None);
                };
                self.rule = Rule::AfterAll(left);
            }
            Rule::AfterFirst => {
                ready!(self.poll_request(cx)?);
                self.rule = Rule::AfterAll(0);
            }
            Rule::Every(every) => {
                while self.unanswered < every.get() && ready!(self.poll_request(cx)?) {}
                if self.unanswered == 0 {
                    return Poll::Ready(None);
                }
                self.unanswered = 0;
            }
        }
        Poll::Ready(Some(Ok(self.reply())))
    }

    /// Takes the next request in; false once the client has sent everything.
    fn poll_request(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool, Status>> {
        let request = match (self.first.take(), &mut self.rest) {
            (Some(first), _) => first,
            (None, None) => return Poll::Ready(Ok(false)),
            (None, Some(rest)) => match ready!(Pin::new(rest).poll_next(cx)?) {
                Some(request) => request,
                None => {
                    self.rest = None;
                    return Poll::Ready(Ok(false));
                }
            },
        };
        self.unanswered += 1;
        self.take_in(request)?;
        Poll::Ready(Ok(true))
    }

    /// Remembers what a reply needs to know of the latest request. A single reply greets the first.
    fn take_in(&mut self, request: HelloRequest) -> Result<(), Status> {
        let is_echo = matches!(self.rule, Rule::Every(_));
        if is_echo || self.unanswered == 1 {
            let size = request.reply.and_then(|reply| reply.size);
            self.latest = (checked_size(size)?, request.name);
        }
        Ok(())
    }

    fn reply(&self) -> Reply {
        let (own_size, name) = &self.latest;
        match own_size.or(self.size) {
            Some(size) => Reply::Filled(size),
            None => Reply::Words(format!("Hello, {name}!")),
        }
    }
}
