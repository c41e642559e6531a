//! The log that the calls of a lane keep of themselves.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use reports::model::FirstReply;
use scenarios::units::Nanos;
use tonic::metadata::MetadataMap;

use super::pauses::Pauses;
use crate::call::{Call, Expectation, Misfit, Wants};
use crate::clock::Clock;
use crate::engine::{Event, Happened, OpId, Stamps};
use crate::mix::Mix;

/// Where the calls of a lane write what happens to them, stamped as it is seen.
#[derive(Clone)]
pub(super) struct Log {
    clock: Clock,
    events: Rc<RefCell<Vec<Event>>>,
    first_reply: Rc<OnceCell<FirstReply>>,
    pauses: Pauses,
    mix: Arc<Mix>,
    wants: Wants,
}

/// The log of one call.
pub(super) struct OpLog {
    op: OpId,
    /// The index of its request in the mix.
    request: u32,
    log: Log,
}

impl Log {
    pub(super) fn new(clock: Clock, mix: Arc<Mix>) -> Log {
        Log {
            clock,
            wants: mix.wants(),
            mix,
            events: Rc::default(),
            first_reply: Rc::default(),
            pauses: Pauses::default(),
        }
    }

    /// When the next slow reader goes on.
    pub(super) fn next_wake(&self) -> Option<Nanos> {
        self.pauses.next()
    }

    /// Lets slow readers go on whose pause is over.
    pub(super) fn wake(&self) {
        self.pauses.wake(&self.clock);
    }

    /// What came with the first reply that came whole.
    pub(super) fn first_reply(&self) -> Option<FirstReply> {
        self.first_reply.get().cloned()
    }

    pub(super) fn of(&self, op: OpId, request: u32) -> OpLog {
        OpLog {
            op,
            request,
            log: self.clone(),
        }
    }

    /// Moves what was written to `into`.
    pub(super) fn drain(&self, into: &mut Vec<Event>) {
        into.append(&mut self.events.borrow_mut());
    }
}

impl OpLog {
    pub(super) fn now(&self) -> Nanos {
        self.log.clock.now()
    }

    /// Whether no reply has come whole yet.
    pub(super) fn wants_reply(&self) -> bool {
        self.log.first_reply.get().is_none()
    }

    pub(super) fn wants_stamps(&self) -> bool {
        self.call().stamps
    }

    fn call(&self) -> &Call {
        self.log.mix.call(self.request)
    }

    pub(super) fn wants(&self) -> Wants {
        self.log.wants
    }

    /// Writes down what is wrong, where something is.
    #[cold]
    pub(super) fn expect(&self, look: impl FnOnce(&Expectation) -> Result<(), Misfit>) {
        let misfit = self.call().expect.as_ref().map(look);
        if let Some(Err(misfit)) = misfit {
            self.write(Happened::Misfit(misfit));
        }
    }

    /// Looks at the trailers, where they are to be looked at.
    pub(super) fn hear_trailers(&self, trailers: &MetadataMap) {
        self.stamp(trailers);
        if self.wants().trailers {
            self.expect(|expect| expect.trailers(|key| bytes_of(trailers, key)));
        }
    }

    /// Writes the server's stamps down, where they were asked for and came.
    fn stamp(&self, trailers: &MetadataMap) {
        let trailer = |name| trailers.get(name).map(|value| value.as_bytes());
        if self.wants_stamps()
            && let Some(stamps) = Stamps::of(trailer)
        {
            self.write(Happened::Stamped(stamps));
        }
    }

    /// Waits as long as a slow reader does between two messages.
    pub(super) async fn pause(&self) {
        if let Some(delay) = self.call().read_delay {
            let log = &self.log;
            log.pauses.until(self.now() + delay, &log.clock).await;
        }
    }

    pub(super) fn keep_reply(&self, metadata: &MetadataMap, trailers: &MetadataMap) {
        self.log.first_reply.get_or_init(|| FirstReply {
            metadata: plain(metadata),
            trailers: plain(trailers),
        });
    }

    pub(super) fn write(&self, kind: Happened) {
        self.log.events.borrow_mut().push(Event {
            op: self.op,
            at: self.now(),
            kind,
        });
    }
}

/// A value as it travels: base64, where it is binary.
pub(super) fn bytes_of<'a>(metadata: &'a MetadataMap, key: &str) -> Option<&'a [u8]> {
    let headers: &HeaderMap = metadata.as_ref();
    headers.get(key).map(HeaderValue::as_bytes)
}

/// Metadata as it travels: a binary value is base64 there already.
fn plain(metadata: &MetadataMap) -> BTreeMap<String, String> {
    let headers = metadata.clone().into_headers();
    headers
        .iter()
        .map(|(key, value)| {
            (
                key.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}
