//! One call: its state. What it hears is in [`hear`](super::hear), what it says in [`speak`](super::speak).
//!
//! Hot. A call lives in a slot of its connection's slab and keeps its buffers for the next one there, so a warm unary
//! call allocates nothing.

use std::collections::VecDeque;
use std::rc::Rc;

use scenarios::method::Pattern;
use scenarios::units::Nanos;
use tonic::Status;
use wire::Incoming;

use crate::behaviour::{Fate, Plan};
use crate::encodings::{Encodings, Requests};
use crate::raw::answers::Ending;
use crate::raw::request::{Purpose, Route};
use crate::script::{Script, Step};
use crate::shape::Headers;
use crate::timer::now;

/// Buffers that grew beyond this are not kept for the next call of a slot.
pub(crate) const KEPT: usize = 64 << 10;

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

    #[inline]
    pub(crate) fn has_single_request(&self) -> bool {
        match self.purpose {
            Purpose::Greet(method) => {
                matches!(method.pattern(), Pattern::Unary | Pattern::ServerStreaming)
            }
            Purpose::Health | Purpose::Counters | Purpose::Unknown => true,
        }
    }
}
