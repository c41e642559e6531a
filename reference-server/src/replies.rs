//! The replies of one call: when each is due, and how the call ends.
//!
//! Hot. A state machine rather than a task, so a call costs no spawn and no channel.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use protos::helloworld::HelloRequest;
use scenarios::units::Nanos;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status, Streaming};

use crate::behaviour::{Fate, Plan, Stamps};
use crate::greeter::Call;
use crate::reply::Reply;
use crate::script::{Script, Step};
use crate::shape::{Headers, Shape};
use crate::timer::{Sleep, now};

/// The replies of one call, then its status. tonic sends the status, and its metadata as the trailers.
pub(crate) struct Replies {
    source: Source,
    opening: Opening,
    plan: Plan,
    /// When the first reply was released, and how many there have been.
    released: Nanos,
    replied: u32,
    stamps: bool,
    /// How the call ends, where not with a plain OK.
    end: Option<Status>,
    call: Call,
}

/// The way to the first reply.
enum Opening {
    /// It is not there yet.
    Awaited,
    /// It is there (or the end is), and must wait for the delay.
    Delayed(Item, Option<Sleep>),
    /// It never goes.
    Swallowed,
    /// It may go.
    Ready(Item),
    /// It is gone.
    Past,
    /// So is it, and this reply is there and must wait until it is due.
    Paced(Item, Nanos, Sleep),
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
        call: Call,
        first: Option<HelloRequest>,
        rest: Option<Streaming<HelloRequest>>,
    ) -> Result<(Replies, Headers), Status> {
        let shape = Shape::of(
            first.as_ref().and_then(|first| first.reply.as_ref()),
            call.method.pattern(),
        )?;
        let mut script = Script::default();
        script.begin(&shape);
        let source = Source {
            script,
            first,
            rest,
        };
        Ok((
            Replies {
                source,
                opening: Opening::Awaited,
                plan: Plan::default(),
                released: Nanos::ZERO,
                replied: 0,
                stamps: shape.stamps,
                end: shape.end,
                call,
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
                    self.opening = self.plan(first);
                }
                Opening::Delayed(first, sleep) => {
                    if let Some(sleep) = sleep {
                        ready!(Pin::new(sleep).poll(cx));
                    }
                    let first = first.take();
                    self.opening = Opening::Ready(self.release(first));
                }
                // Nobody wakes it: the call is dropped when the client gives it up.
                Opening::Swallowed => return Poll::Pending,
                Opening::Ready(first) => {
                    let first = first.take();
                    self.opening = Opening::Past;
                    return Poll::Ready(first);
                }
                Opening::Past => {
                    let item = ready!(self.source.poll_next(cx));
                    match self.pace(item) {
                        Ok(item) => return Poll::Ready(item),
                        Err(paced) => self.opening = paced,
                    }
                }
                Opening::Paced(item, due, sleep) => {
                    ready!(Pin::new(sleep).poll(cx));
                    let (item, late) = (item.take(), now().since(*due));
                    self.call.shared.counts.lateness.record(late);
                    self.opening = Opening::Past;
                    return Poll::Ready(item);
                }
            }
        }
    }

    /// What comes first is there; says when it may go.
    fn plan(&mut self, first: Item) -> Opening {
        let fates = &self.call.shared.fates;
        if !fates.is_any() && !self.stamps {
            return Opening::Ready(first);
        }
        self.plan = fates.plan(now(), self.call.connection);
        match self.plan.fate {
            Fate::Swallowed => Opening::Swallowed,
            _ => Opening::Delayed(first, self.call.shared.until(self.plan.planned)),
        }
    }

    /// A later reply is there: it goes, or waits until it is due.
    fn pace(&mut self, item: Item) -> Result<Item, Opening> {
        if !matches!(item, Some(Ok(_))) {
            return Ok(item);
        }
        self.replied += 1;
        let due = self.call.shared.fates.reply_due(&self.plan, self.replied);
        match due.and_then(|due| Some((due, self.call.shared.until(due)?))) {
            Some((due, sleep)) => Err(Opening::Paced(item, due, sleep)),
            None => Ok(item),
        }
    }

    /// What comes first goes, or the error in its place.
    fn release(&mut self, first: Item) -> Item {
        self.released = now();
        let late = self.released.since(self.plan.planned);
        self.call.shared.counts.lateness.record(late);
        if self.plan.fate == Fate::Fails {
            return Some(Err(self.stamped(self.call.shared.fates.error())));
        }
        if self.stamps {
            let end = self.end.take().unwrap_or_else(|| Status::new(Code::Ok, ""));
            self.end = Some(self.stamped(end));
        }
        first
    }

    /// A status with the server's own times, if they are asked for.
    fn stamped(&self, mut status: Status) -> Status {
        if self.stamps {
            let stamps = Stamps {
                plan: self.plan,
                released: self.released,
                connection: self.call.connection,
                timeout: self.call.timeout(),
            };
            for (name, value) in stamps.trailers() {
                // Digits are metadata.
                let value = value.parse().unwrap_or(MetadataValue::from_static(""));
                status.metadata_mut().insert(name, value);
            }
        }
        status
    }

    /// The end of the call: its status, or nothing where that is a plain OK.
    fn end(&mut self) -> Item {
        let end = self.end.take();
        if end.as_ref().is_none_or(|status| status.code() == Code::Ok) {
            self.call.shared.counts.of(self.call.method).ok();
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
