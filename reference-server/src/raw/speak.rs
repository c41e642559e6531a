//! What a call says: refusals, head, replies, trailers, each when its time has come.
//!
//! Hot.

use std::mem;
use std::rc::Rc;

use scenarios::method::Method;
use scenarios::units::Nanos;
use tonic::Status;
use wire::{Closed, Sent, Template};

use crate::behaviour::{Fate, Stamps};
use crate::encodings;
use crate::raw::answers::{Ending, NOT_GRPC};
use crate::raw::call::{Call, Refusal, Stage, Told};
use crate::raw::delays::Mailbox;
use crate::raw::request::Purpose;
use crate::raw::tally::Tally;
use crate::raw::thread::Thread;
use crate::script::Step;
use crate::shape::Headers;
use crate::timer::now;

/// Replies of one call that may wait in the output; further ones are made when these have left.
const QUEUED: u32 = 8;

/// What a call needs to speak.
pub(crate) struct Turn<'a> {
    pub(crate) wire: &'a mut wire::Server,
    pub(crate) thread: &'a Thread,
    pub(crate) mailbox: &'a Rc<Mailbox>,
    pub(crate) tally: &'a mut Tally,
    /// What the call is known by.
    pub(crate) token: u64,
    /// When what the call says was read, where that is known.
    pub(crate) read_at: Option<Nanos>,
    /// The number of the connection.
    pub(crate) connection: u32,
}

impl Turn<'_> {
    /// Lets the call be woken at that time.
    fn wait(&self, until: Nanos) {
        self.thread.delays.wait(until, self.mailbox, self.token);
    }
}

/// Whether a call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    GoesOn,
    Over,
}

impl Call {
    /// Says what is to be said now.
    #[inline]
    pub(crate) fn speak(&mut self, turn: &mut Turn<'_>) -> Life {
        let spoken = match self.purpose {
            _ if self.is_refused() => self.refuse(turn),
            Purpose::Greet(method) => self.greet(method, turn),
            Purpose::Health | Purpose::Counters | Purpose::Unknown => self.inform(turn),
        };
        // A stream that is closed has nothing more to be told.
        spoken.unwrap_or(Life::Over)
    }

    /// What waited may go.
    pub(crate) fn wake(&mut self, turn: &mut Turn<'_>) -> Life {
        let spoken = match (self.stage, self.purpose) {
            (Stage::Delayed(first), Purpose::Greet(method)) => self.release(method, first, turn),
            (Stage::Paced(due), Purpose::Greet(method)) => {
                turn.tally.released(now().since(due));
                self.stage = Stage::Open;
                self.tell(method, Step::Reply, turn)
            }
            _ => Ok(Life::GoesOn),
        };
        spoken.unwrap_or(Life::Over)
    }

    /// The deadline has passed, and the answer has not begun.
    pub(crate) fn expire(&self, turn: &mut Turn<'_>) -> Life {
        self.fail(&Status::deadline_exceeded("the deadline has passed"), turn)
            .unwrap_or(Life::Over)
    }

    #[cold]
    fn refuse(&self, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        let status = match self.stage {
            Stage::Refused(Refusal::NotGrpc { head }) => return self.refuse_plain(head, turn),
            Stage::Refused(Refusal::Encoded) => encodings::unknown(),
            Stage::Refused(Refusal::Lacking) => turn.thread.fates.required.refusal(),
            _ => Status::unimplemented("the raw face has no such method"),
        };
        self.fail(&status, turn)
    }

    /// What is not gRPC is answered when all of it has come, as by any HTTP server: only then is it known whether it is
    /// a well-formed request at all (RFC 9113 8.1.1).
    fn refuse_plain(&self, is_head: bool, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        if !self.has_ended {
            return Ok(Life::GoesOn);
        }
        let head = &turn.thread.blocks.not_grpc;
        if is_head {
            turn.wire.trailers(self.stream, head)?;
        } else {
            turn.wire.respond_plain(self.stream, head, NOT_GRPC)?;
        }
        Ok(Life::Over)
    }

    #[inline]
    fn greet(&mut self, method: Method, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        if let Some(status) = self.fault.take() {
            return self.fail(&status, turn);
        }
        if self.stage == Stage::Reading {
            if !self.is_ready() {
                return Ok(Life::GoesOn);
            }
            if let Err(status) = self.start(method, turn)? {
                return self.fail(&status, turn);
            }
        }
        if self.stage == Stage::Opening {
            return self.first(method, turn);
        }
        self.go_on(method, turn)
    }

    /// Whether enough is read to know what is asked for.
    #[inline]
    fn is_ready(&self) -> bool {
        self.has_ended || self.has_begun && !self.has_single_request()
    }

    /// It is known what is asked for.
    #[inline]
    fn start(&mut self, method: Method, turn: &mut Turn<'_>) -> Result<Result<(), Status>, Closed> {
        if !self.has_begun {
            if self.has_single_request() {
                return Ok(Err(no_request()));
            }
            match turn
                .thread
                .endings
                .borrow_mut()
                .wanted(None, method.pattern())
            {
                Ok((shape, end)) => {
                    self.script.begin(&shape);
                    (self.headers, self.end) = (shape.headers, end);
                }
                Err(status) => return Ok(Err(status)),
            }
        }
        self.stage = Stage::Opening;
        if self.headers == Headers::AtOnce {
            self.send_head(turn)?;
        }
        Ok(Ok(()))
    }

    /// What comes first may have to wait.
    #[inline]
    fn first(&mut self, method: Method, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        let first = self.next_step();
        if first == Step::Read {
            self.hold(turn);
            return Ok(Life::GoesOn);
        }
        if self.stamps || turn.thread.fates.is_any() {
            return self.plan(method, first, turn);
        }
        self.stage = Stage::Open;
        self.open(method, first, turn)
    }

    /// Plans when what comes first goes.
    #[inline(never)]
    fn plan(&mut self, method: Method, first: Step, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        let arrival = turn.read_at.unwrap_or_else(now);
        self.plan = turn.thread.fates.plan(arrival, turn.connection);
        if self.plan.fate == Fate::Swallowed {
            self.stage = Stage::Swallowed;
        } else if self.plan.planned <= now() {
            return self.release(method, first, turn);
        } else {
            self.stage = Stage::Delayed(first);
            turn.wait(self.plan.planned);
        }
        self.hold(turn);
        Ok(Life::GoesOn)
    }

    /// What was planned to come first goes.
    fn release(
        &mut self,
        method: Method,
        first: Step,
        turn: &mut Turn<'_>,
    ) -> Result<Life, Closed> {
        self.released = now();
        turn.tally.released(self.released.since(self.plan.planned));
        self.stage = Stage::Open;
        self.open(method, first, turn)
    }

    /// What comes first may go.
    #[inline]
    fn open(&mut self, method: Method, first: Step, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        if self.plan.fate == Fate::Fails {
            return self.finish(&turn.thread.blocks.error, turn);
        }
        self.tell(method, first, turn)
    }

    /// Takes a step, and those behind it.
    #[inline]
    fn tell(&mut self, method: Method, step: Step, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        match self.say(method, step, turn)? {
            Life::Over => Ok(Life::Over),
            Life::GoesOn => self.go_on(method, turn),
        }
    }

    /// Says what there is to say, until the client must send more or take more.
    fn go_on(&mut self, method: Method, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        while self.stage == Stage::Open && self.queued < QUEUED {
            let step = self.next_step();
            if step == Step::Read || step == Step::Reply && self.is_early(turn) {
                break;
            }
            if self.say(method, step, turn)? == Life::Over {
                return Ok(Life::Over);
            }
        }
        self.hold(turn);
        Ok(Life::GoesOn)
    }

    /// Whether the next reply is not due yet; it waits then.
    #[inline]
    fn is_early(&mut self, turn: &Turn<'_>) -> bool {
        let due = turn.thread.fates.reply_due(&self.plan, self.replied);
        let Some(due) = due.filter(|due| now() < *due) else {
            return false;
        };
        self.stage = Stage::Paced(due);
        turn.wait(due);
        true
    }

    /// What the script wants next, once it has been told what there is to tell. A request that cannot be is the end.
    #[inline]
    fn next_step(&mut self) -> Step {
        loop {
            let step = self.script.step();
            if step != Step::Read {
                return step;
            }
            match self.inbox.pop_front() {
                Some(Told::Request { size, name }) => {
                    if let Err(status) = self.script.take_in(size, &name) {
                        self.fault = Some(Box::new(status));
                        return Step::Done;
                    }
                }
                Some(Told::Fault(status)) => {
                    self.fault = Some(status);
                    return Step::Done;
                }
                None if self.has_ended => self.script.end(),
                None => return Step::Read,
            }
        }
    }

    /// Takes a step: a reply, or the end.
    #[inline]
    fn say(&mut self, method: Method, step: Step, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        if step == Step::Reply {
            return self.say_reply(method, turn);
        }
        if let Some(status) = self.fault.take() {
            return self.fail(&status, turn);
        }
        match &self.end {
            None => {
                turn.tally.ok(method);
                self.finish(&turn.thread.blocks.ok, turn)
            }
            Some(end) => {
                if end.is_ok {
                    turn.tally.ok(method);
                }
                self.finish(&end.clone(), turn)
            }
        }
    }

    #[inline]
    fn say_reply(&mut self, method: Method, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        let blocks = &turn.thread.blocks;
        let mut replies = turn.thread.replies.borrow_mut();
        let reply = replies.encoded(&self.script.reply(), self.encodings);
        turn.tally.reply(method, reply.len());
        self.replied = self.replied.saturating_add(1);
        if self.script.is_told() && !self.has_head {
            let end = self.end.as_deref().unwrap_or(&blocks.ok);
            if end.is_ok {
                turn.tally.ok(method);
            }
            let (wire, head) = (&mut *turn.wire, blocks.heads.of(self.encodings));
            if self.stamps {
                let trailers = self.stamped(&end.trailers, turn.connection);
                wire.respond_unary(self.stream, head, reply.outgoing(), &trailers)?;
            } else {
                wire.respond_unary(self.stream, head, reply.outgoing(), &end.trailers)?;
            }
            return Ok(Life::Over);
        }
        self.send_head(turn)?;
        if turn.wire.send(self.stream, reply.outgoing())? == Sent::Queued {
            self.queued += 1;
        }
        Ok(Life::GoesOn)
    }

    #[inline]
    fn send_head(&mut self, turn: &mut Turn<'_>) -> Result<(), Closed> {
        if mem::replace(&mut self.has_head, true) {
            return Ok(());
        }
        let head = turn.thread.blocks.heads.of(self.encodings);
        turn.wire.respond(self.stream, head)
    }

    /// Ends the call; one that fails without any reply has its trailers for headers.
    fn finish(&mut self, end: &Ending, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        if end.is_ok {
            self.send_head(turn)?;
        }
        let block = if self.has_head {
            &end.trailers
        } else {
            &end.trailers_only
        };
        if self.stamps {
            let block = self.stamped(block, turn.connection);
            turn.wire.trailers(self.stream, &block)?;
        } else {
            turn.wire.trailers(self.stream, block)?;
        }
        Ok(Life::Over)
    }

    /// Trailers with the server's own times.
    #[inline(never)]
    fn stamped(&self, trailers: &Template, connection: u32) -> Template {
        let stamps = Stamps {
            plan: self.plan,
            released: self.released,
            connection,
            timeout: self.timeout,
        }
        .trailers();
        let stamps = stamps
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        Template::once(trailers.fields().into_iter().chain(stamps))
    }

    #[cold]
    pub(super) fn fail(&self, status: &Status, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        let end = Ending::of(status);
        let block = if self.has_head {
            &end.trailers
        } else {
            &end.trailers_only
        };
        turn.wire.trailers(self.stream, block)?;
        Ok(Life::Over)
    }
}

pub(super) fn no_request() -> Status {
    Status::internal("Missing request message.")
}
