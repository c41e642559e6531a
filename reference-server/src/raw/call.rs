//! One call: its state, and what is heard of it.
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
use tonic_health::pb::HealthCheckRequest;
use wire::{Incoming, Piece};

use crate::behaviour::{Fate, Plan};
use crate::encodings::{self, Encodings, Requests};
use crate::raw::answers::Ending;
use crate::raw::request::{Asked, Purpose, Route};
use crate::raw::tally::Tally;
use crate::raw::thread::Thread;
use crate::script::{Script, Step};
use crate::shape::{Headers, Shape};
use crate::timer::now;

/// Buffers that grew beyond this are not kept for the next call of a slot.
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
    pub(crate) purpose: Purpose,
    pub(crate) encodings: Encodings,
    pub(crate) stage: Stage,
    /// The client has sent everything.
    pub(crate) has_ended: bool,
    /// The first request has been read.
    pub(crate) has_begun: bool,
    /// Initial metadata is out.
    pub(crate) has_head: bool,
    pub(crate) is_held: bool,
    /// Replies that wait in the output.
    pub(crate) queued: u32,
    pub(crate) plan: Plan,
    /// When its first reply was released, and how many there have been.
    pub(crate) released: Nanos,
    pub(crate) replied: u32,
    /// The caller asks for the server's own times.
    pub(crate) stamps: bool,
    /// When the client gives up, and after how long.
    pub(crate) deadline: Nanos,
    pub(crate) timeout: Option<Nanos>,
    pub(crate) headers: Headers,
    pub(crate) end: Option<Rc<Ending>>,
    pub(crate) script: Script,
    /// What went wrong in reading.
    pub(crate) fault: Option<Box<Status>>,
    /// A message of which parts are still to come.
    pub(crate) partial: Vec<u8>,
    /// Requests that the script has no use for yet.
    pub(crate) inbox: VecDeque<Told>,
    /// Flow-control credit that is given back late: what each of its timers is to give, and the sum.
    pub(crate) credits: VecDeque<u32>,
    pub(crate) promised: u32,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is not known what is asked for.
    Reading,
    /// The first reply is to come, delayed perhaps.
    Opening,
    /// This was to come first, and waits for its time.
    Delayed(Step),
    /// A later reply waits until it is due.
    Paced(Nanos),
    /// Nothing ever comes.
    Swallowed,
    /// Replies go as they are made.
    Open,
    /// It is refused as it comes.
    Refused(Refusal),
}

/// Why a call is refused as it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A HEAD request has an answer without a body.
    NotGrpc {
        head: bool,
    },
    Encoded,
    Unknown,
    /// It lacks metadata that calls of the Greeter must have.
    Lacking,
}

/// A request that waits for its turn.
#[derive(Debug)]
pub(crate) enum Told {
    Request { size: Option<u32>, name: String },
    Fault(Box<Status>),
}

impl Call {
    /// A slot without a call.
    pub(crate) fn vacant() -> Call {
        Call {
            stream: 0,
            generation: 0,
            is_due: false,
            purpose: Purpose::Unknown,
            encodings: Encodings::default(),
            stage: Stage::Reading,
            has_ended: false,
            has_begun: false,
            has_head: false,
            is_held: false,
            queued: 0,
            plan: Plan::default(),
            released: Nanos::ZERO,
            replied: 0,
            stamps: false,
            deadline: NEVER,
            timeout: None,
            headers: Headers::WithFirst,
            end: None,
            script: Script::default(),
            fault: None,
            partial: Vec::new(),
            inbox: VecDeque::new(),
            credits: VecDeque::new(),
            promised: 0,
        }
    }

    /// A call begins in this slot.
    #[inline]
    pub(crate) fn begin(&mut self, stream: u32, route: Route, request: &Incoming<'_>) {
        self.stream = stream;
        self.purpose = route.purpose;
        self.encodings = route.encodings;
        self.stage = match route.purpose {
            _ if !request.grpc => Stage::Refused(Refusal::NotGrpc {
                head: request.fields.get(":method") == Some(b"HEAD"),
            }),
            Purpose::Unknown => Stage::Refused(Refusal::Unknown),
            _ if route.encodings.request == Requests::Unknown => Stage::Refused(Refusal::Encoded),
            _ => Stage::Reading,
        };
        self.has_ended = false;
        self.has_begun = false;
        self.has_head = false;
        self.is_held = false;
        self.queued = 0;
        self.plan.fate = Fate::Answered;
        self.replied = 0;
        self.stamps = false;
        self.timeout = route.timeout;
        self.deadline = match route.timeout {
            Some(timeout) => now() + timeout,
            None => NEVER,
        };
    }

    /// The call lacks what those of the Greeter must have.
    #[cold]
    pub(crate) fn refuse_greeting(&mut self) {
        if self.stage == Stage::Reading && matches!(self.purpose, Purpose::Greet(_)) {
            self.stage = Stage::Refused(Refusal::Lacking);
        }
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
        self.credits.clear();
        self.promised = 0;
        self.script.trim(KEPT);
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

    /// Whether a step is taken and not told yet, so that the script must not be changed.
    #[inline]
    fn is_waiting(&self) -> bool {
        matches!(
            self.stage,
            Stage::Delayed(_) | Stage::Paced(_) | Stage::Swallowed
        )
    }

    #[inline]
    pub(crate) fn has_single_request(&self) -> bool {
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
            return self.hear_as_it_came(piece.compressed, piece.bytes, thread, tally);
        }
        if piece.offset == 0 && piece.len > KEPT {
            self.partial = thread.spares.borrow_mut().take();
        }
        self.partial.extend_from_slice(piece.bytes);
        if !piece.is_last() {
            return false;
        }
        let mut message = mem::take(&mut self.partial);
        let is_due = self.hear_as_it_came(piece.compressed, &message, thread, tally);
        message.clear();
        if message.capacity() > KEPT {
            thread.spares.borrow_mut().give(message);
        } else {
            self.partial = message;
        }
        is_due
    }

    #[inline]
    fn hear_as_it_came(
        &mut self,
        compressed: bool,
        message: &[u8],
        thread: &Thread,
        tally: &mut Tally,
    ) -> bool {
        if compressed {
            self.hear_compressed(message, thread, tally)
        } else {
            self.hear_message(message, thread, tally)
        }
    }

    #[inline(never)]
    fn hear_compressed(&mut self, message: &[u8], thread: &Thread, tally: &mut Tally) -> bool {
        // `wire` lets no compressed message pass where none is announced, and what is not known is refused.
        let Requests::Encoded(encoding) = self.encodings.request else {
            return false;
        };
        let mut plain = thread.spares.borrow_mut().take();
        let is_due = match encoding.decompress(message, encodings::MOST, &mut plain) {
            Ok(()) => self.hear_message(&plain, thread, tally),
            Err(broken) => {
                let words = format!("a message cannot be decompressed: {broken}");
                self.fault = Some(Box::new(Status::new(broken.code(), words)));
                true
            }
        };
        plain.clear();
        thread.spares.borrow_mut().give(plain);
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
        let told = self
            .read(message)
            .and_then(|asked| Ok((asked.size()?, asked)));
        let is_at_rest = self.inbox.is_empty() && !self.is_waiting();
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

    /// Reads a request, which is as the call's header fields say.
    #[inline]
    fn read<'a>(&self, message: &'a [u8]) -> Result<Asked<'a>, Status> {
        if self.encodings.json {
            Asked::of_json(message)
        } else {
            Asked::read(message)
        }
    }

    /// The first request says how the call is to be answered.
    #[inline]
    fn hear_first(
        &mut self,
        method: Method,
        message: &[u8],
        thread: &Thread,
    ) -> Result<(), Status> {
        let mut latest = thread.latest.borrow_mut();
        if !self.encodings.json
            && let Some(shape) = latest.find(method, message)
        {
            self.heed(shape, thread);
            return self.script.take_in(shape.size, "");
        }
        let asked = self.read(message)?;
        let mut endings = thread.endings.borrow_mut();
        let (shape, end) = endings.wanted(Some(&asked), method.pattern())?;
        self.heed(&shape, thread);
        self.end = end;
        // The size is the shape's own, and checked.
        self.script.take_in(shape.size, &asked.name)?;
        if shape.size.is_some() && self.end.is_none() && !self.encodings.json {
            latest.keep(method, message, shape);
        }
        Ok(())
    }

    /// The call is to be answered so.
    #[inline]
    fn heed(&mut self, shape: &Shape, thread: &Thread) {
        self.script.begin(shape);
        self.headers = shape.headers;
        if shape.stamps {
            self.stamps = true;
            thread.is_timed.set(true);
        }
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
