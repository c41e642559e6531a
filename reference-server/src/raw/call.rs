//! One call: what has been heard of it, and what it is to say next.
//!
//! Hot. A call lives in a slot of its connection's slab and keeps its buffers for the next one there, so a warm unary
//! call allocates nothing.

use std::collections::VecDeque;
use std::mem;
use std::rc::Rc;

use prost::Message;
use protos::helloworld::greeter_server::SERVICE_NAME;
use scenarios::method::{Method, Pattern};
use scenarios::units::Nanos;
use tonic::Status;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use wire::{Closed, Piece, Sent};

use crate::behaviour::Fate;
use crate::raw::answers::Ending;
use crate::raw::delays::Mailbox;
use crate::raw::request::{Asked, Purpose, Route};
use crate::raw::tally::Tally;
use crate::raw::thread::Thread;
use crate::script::{Script, Step};
use crate::shape::Headers;
use crate::timer::now;

/// Replies of one call that may wait in the output; further ones are made when these have left.
const QUEUED: u32 = 8;

/// Requests of one call that may wait to be answered; above, the client's window stays shut.
const UNANSWERED: usize = 64;

/// Buffers that grew beyond this are not kept for the next call.
const KEPT: usize = 64 << 10;

/// No deadline.
pub(crate) const NEVER: Nanos = Nanos(u64::MAX);

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    /// The stream, 0 for a slot without a call.
    pub(crate) stream: u32,
    /// Which call of its slot this is.
    pub(crate) generation: u32,
    /// Whether it is to be looked after.
    pub(crate) is_due: bool,
    purpose: Purpose,
    stage: Stage,
    /// The client has sent everything.
    has_ended: bool,
    /// The first request has been read.
    has_begun: bool,
    /// Initial metadata is out.
    has_head: bool,
    is_held: bool,
    /// Replies that wait in the output.
    queued: u32,
    fate: Fate,
    /// When the client gives up.
    deadline: Nanos,
    headers: Headers,
    end: Option<Rc<Ending>>,
    script: Script,
    /// What went wrong in reading.
    fault: Option<Box<Status>>,
    /// A message of which parts are still to come.
    partial: Vec<u8>,
    /// Requests that the script has no use for yet.
    inbox: VecDeque<Told>,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It is not known what is asked for.
    Reading,
    /// The first reply is to come, delayed perhaps.
    Opening,
    /// This was to come first, and waits for the delay.
    Delayed(Step),
    /// Replies go as they are made.
    Open,
    /// It is refused as it comes.
    Refused(Refusal),
}

/// Why a call is refused as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    NotGrpc,
    Encoded,
    Unknown,
}

/// A request that waits for its turn.
#[derive(Debug)]
enum Told {
    Request { size: Option<u32>, name: String },
    Fault(Box<Status>),
}

/// What a call needs to speak.
pub(crate) struct Turn<'a> {
    pub(crate) wire: &'a mut wire::Server,
    pub(crate) thread: &'a Thread,
    pub(crate) mailbox: &'a Rc<Mailbox>,
    pub(crate) tally: &'a mut Tally,
}

/// Whether a call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    GoesOn,
    Over,
}

impl Call {
    /// A slot without a call.
    pub(crate) fn vacant() -> Call {
        Call {
            stream: 0,
            generation: 0,
            is_due: false,
            purpose: Purpose::Unknown,
            stage: Stage::Reading,
            has_ended: false,
            has_begun: false,
            has_head: false,
            is_held: false,
            queued: 0,
            fate: Fate::default(),
            deadline: NEVER,
            headers: Headers::WithFirst,
            end: None,
            script: Script::default(),
            fault: None,
            partial: Vec::new(),
            inbox: VecDeque::new(),
        }
    }

    /// A call begins in this slot.
    #[inline]
    pub(crate) fn begin(&mut self, stream: u32, route: Route, is_grpc: bool) {
        self.stream = stream;
        self.purpose = route.purpose;
        self.stage = match route.purpose {
            _ if !is_grpc => Stage::Refused(Refusal::NotGrpc),
            Purpose::Unknown => Stage::Refused(Refusal::Unknown),
            _ if route.encoded => Stage::Refused(Refusal::Encoded),
            _ => Stage::Reading,
        };
        self.has_ended = false;
        self.has_begun = false;
        self.has_head = false;
        self.is_held = false;
        self.queued = 0;
        self.deadline = match route.timeout {
            Some(timeout) => now() + timeout,
            None => NEVER,
        };
    }

    /// The call of this slot is over.
    #[inline]
    pub(crate) fn vacate(&mut self) {
        self.stream = 0;
        self.generation = self.generation.wrapping_add(1);
        self.end = None;
        self.fault = None;
        self.partial.clear();
        self.inbox.clear();
        if self.partial.capacity() > KEPT {
            self.partial = Vec::new();
        }
        if self.inbox.capacity() > KEPT / size_of::<Told>() {
            self.inbox = VecDeque::new();
        }
    }

    /// Whether it is refused as it comes.
    #[inline]
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.stage, Stage::Refused(_))
    }

    /// Until when the call may wait for its answer to begin.
    #[inline]
    pub(crate) fn patience(&self) -> Nanos {
        if self.stream == 0 || self.has_head || self.is_refused() {
            NEVER
        } else {
            self.deadline
        }
    }

    #[inline]
    fn has_single_request(&self) -> bool {
        match self.purpose {
            Purpose::Greet(method) => {
                matches!(method.pattern(), Pattern::Unary | Pattern::ServerStreaming)
            }
            Purpose::Health | Purpose::Counters | Purpose::Unknown => true,
        }
    }

    // === hearing ===

    /// A message has come, or a part of one. Says whether the call is to be looked after.
    #[inline]
    pub(crate) fn hear(&mut self, piece: Piece<'_>, thread: &Thread, tally: &mut Tally) -> bool {
        if piece.is_whole() {
            return self.hear_message(piece.bytes, thread, tally);
        }
        self.partial.extend_from_slice(piece.bytes);
        if !piece.is_last() {
            return false;
        }
        let message = mem::take(&mut self.partial);
        let is_due = self.hear_message(&message, thread, tally);
        self.partial = message;
        self.partial.clear();
        is_due
    }

    #[inline]
    fn hear_message(&mut self, message: &[u8], thread: &Thread, tally: &mut Tally) -> bool {
        match self.purpose {
            Purpose::Greet(method) => {
                tally.request(method, message.len());
                self.hear_request(method, message, thread);
                self.fault.is_some() || !self.has_single_request()
            }
            Purpose::Health => {
                self.has_begun = true;
                self.fault = check_health(message).err().map(Box::new);
                false
            }
            Purpose::Counters => {
                self.has_begun = true;
                false
            }
            Purpose::Unknown => false,
        }
    }

    #[inline]
    fn hear_request(&mut self, method: Method, message: &[u8], thread: &Thread) {
        if self.fault.is_some() {
            return;
        }
        if !self.has_begun {
            self.has_begun = true;
            if let Err(status) = self.hear_first(method, message, thread) {
                self.fault = Some(Box::new(status));
            }
            return;
        }
        let told = Asked::read(message).and_then(|asked| Ok((asked.size()?, asked)));
        let is_at_rest = self.inbox.is_empty() && !matches!(self.stage, Stage::Delayed(_));
        let told = match told {
            Ok((size, asked)) if is_at_rest && self.script.is_reading() => {
                match self.script.take_in(size, &asked.name) {
                    Ok(()) => return,
                    Err(status) => Told::Fault(Box::new(status)),
                }
            }
            Ok((size, asked)) => Told::Request {
                // A name matters only where no size is asked for.
                name: match size {
                    Some(_) => String::new(),
                    None => asked.name.into_owned(),
                },
                size,
            },
            Err(status) => Told::Fault(Box::new(status)),
        };
        self.inbox.push_back(told);
    }

    /// The first request says how the call is to be answered.
    #[inline]
    fn hear_first(
        &mut self,
        method: Method,
        message: &[u8],
        thread: &Thread,
    ) -> Result<(), Status> {
        let asked = Asked::read(message)?;
        let mut endings = thread.endings.borrow_mut();
        let (shape, end) = endings.wanted(Some(&asked), method.pattern())?;
        self.script.begin(&shape);
        self.headers = shape.headers;
        self.end = end;
        // The size is the shape's own, and checked.
        self.script.take_in(shape.size, &asked.name)
    }

    /// The client has sent everything.
    #[inline]
    pub(crate) fn hear_end(&mut self) {
        self.has_ended = true;
    }

    /// A reply that waited in the output has left.
    pub(crate) fn hear_sent(&mut self) {
        self.queued = self.queued.saturating_sub(1);
    }

    // === speaking ===

    /// Says what is to be said now.
    #[inline]
    pub(crate) fn speak(&mut self, token: u64, turn: &mut Turn<'_>) -> Life {
        let spoken = match self.purpose {
            _ if self.is_refused() => self.refuse(turn),
            Purpose::Greet(method) => self.greet(method, token, turn),
            Purpose::Health | Purpose::Counters | Purpose::Unknown => self.inform(turn),
        };
        // A stream that is closed has nothing more to be told.
        spoken.unwrap_or(Life::Over)
    }

    /// The delay is over.
    pub(crate) fn wake(&mut self, turn: &mut Turn<'_>) -> Life {
        let (Stage::Delayed(first), Purpose::Greet(method)) = (self.stage, self.purpose) else {
            return Life::GoesOn;
        };
        self.stage = Stage::Open;
        self.open(method, first, turn).unwrap_or(Life::Over)
    }

    /// The deadline has passed, and the answer has not begun.
    pub(crate) fn expire(&self, turn: &mut Turn<'_>) -> Life {
        // tonic says CANCELLED where gRPC says DEADLINE_EXCEEDED.
        self.fail(&Status::cancelled("Timeout expired"), turn)
            .unwrap_or(Life::Over)
    }

    #[cold]
    fn refuse(&self, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        let status = match self.stage {
            Stage::Refused(Refusal::NotGrpc) => {
                turn.wire
                    .trailers(self.stream, &turn.thread.blocks.not_grpc)?;
                return Ok(Life::Over);
            }
            Stage::Refused(Refusal::Encoded) => {
                Status::unimplemented("compressed requests are not supported")
            }
            _ => Status::unimplemented("the raw face has no such method"),
        };
        self.fail(&status, turn)
    }

    /// Health and counts.
    #[cold]
    fn inform(&self, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        if !self.has_ended {
            return Ok(Life::GoesOn);
        }
        if let Some(status) = &self.fault {
            return self.fail(status, turn);
        }
        if !self.has_begun {
            return self.fail(&no_request(), turn);
        }
        let reply = match self.purpose {
            Purpose::Counters => {
                turn.tally.hand_over(&turn.thread.counts);
                turn.thread.counts.snapshot().encode_to_vec()
            }
            _ => HealthCheckResponse {
                status: ServingStatus::Serving.into(),
            }
            .encode_to_vec(),
        };
        let blocks = &turn.thread.blocks;
        turn.wire
            .respond_unary(self.stream, &blocks.head, &reply[..], &blocks.ok.trailers)?;
        Ok(Life::Over)
    }

    #[inline]
    fn greet(&mut self, method: Method, token: u64, turn: &mut Turn<'_>) -> Result<Life, Closed> {
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
            return self.first(method, token, turn);
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
        self.fate = turn.thread.fates.next();
        self.stage = Stage::Opening;
        if self.headers == Headers::AtOnce {
            self.send_head(turn)?;
        }
        Ok(Ok(()))
    }

    /// What comes first may have to wait.
    #[inline]
    fn first(&mut self, method: Method, token: u64, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        let first = self.next_step();
        if first == Step::Read {
            self.hold(turn);
            return Ok(Life::GoesOn);
        }
        if self.fate.delay == Nanos::ZERO {
            self.stage = Stage::Open;
            return self.open(method, first, turn);
        }
        self.stage = Stage::Delayed(first);
        let due = now() + self.fate.delay;
        turn.thread.delays.wait(due, turn.mailbox, token);
        self.hold(turn);
        Ok(Life::GoesOn)
    }

    /// What comes first may go.
    #[inline]
    fn open(&mut self, method: Method, first: Step, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        if self.fate.fails {
            return self.finish(&turn.thread.blocks.error, turn);
        }
        match self.say(method, first, turn)? {
            Life::Over => Ok(Life::Over),
            Life::GoesOn => self.go_on(method, turn),
        }
    }

    /// Says what there is to say, until the client must send more or take more.
    fn go_on(&mut self, method: Method, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        while self.stage == Stage::Open && self.queued < QUEUED {
            let step = self.next_step();
            if step == Step::Read {
                break;
            }
            if self.say(method, step, turn)? == Life::Over {
                return Ok(Life::Over);
            }
        }
        self.hold(turn);
        Ok(Life::GoesOn)
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
        let reply = replies.encoded(&self.script.reply());
        turn.tally.reply(method, reply.len());
        if self.script.is_told() && !self.has_head {
            let end = self.end.as_deref().unwrap_or(&blocks.ok);
            if end.is_ok {
                turn.tally.ok(method);
            }
            turn.wire
                .respond_unary(self.stream, &blocks.head, reply.outgoing(), &end.trailers)?;
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
        turn.wire.respond(self.stream, &turn.thread.blocks.head)
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
        turn.wire.trailers(self.stream, block)?;
        Ok(Life::Over)
    }

    #[cold]
    fn fail(&self, status: &Status, turn: &mut Turn<'_>) -> Result<Life, Closed> {
        let end = Ending::of(status);
        let block = if self.has_head {
            &end.trailers
        } else {
            &end.trailers_only
        };
        turn.wire.trailers(self.stream, block)?;
        Ok(Life::Over)
    }

    /// Keeps the client's window shut while too many of its requests wait.
    #[inline]
    fn hold(&mut self, turn: &mut Turn<'_>) {
        let is_held = self.inbox.len() > UNANSWERED;
        if is_held != self.is_held {
            self.is_held = is_held;
            turn.wire.hold(self.stream, is_held);
        }
    }
}

fn check_health(message: &[u8]) -> Result<(), Status> {
    let request = HealthCheckRequest::decode(message).map_err(|error| {
        Status::internal(format!("the request is no HealthCheckRequest: {error}"))
    })?;
    match request.service.as_str() {
        "" | SERVICE_NAME => Ok(()),
        _ => Err(Status::not_found("service not registered")),
    }
}

fn no_request() -> Status {
    Status::internal("Missing request message.")
}
