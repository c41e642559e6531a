//! What a call hears: its requests, and the end of them.
//!
//! Hot. Nothing is answered here; [`speak`](super::speak) does that when all of a read is heard.

use std::mem;

use prost::Message;
use protos::helloworld::greeter_server::SERVICE_NAME;
use scenarios::method::Method;
use tonic::Status;
use tonic_health::pb::HealthCheckRequest;
use wire::Piece;

use crate::encodings::{self, Requests};
use crate::raw::call::{Call, KEPT, Stage, Told};
use crate::raw::request::{Asked, Purpose};
use crate::raw::tally::Tally;
use crate::raw::thread::Thread;
use crate::shape::Shape;

impl Call {
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

    /// Whether a step is taken and not told yet, so that the script must not be changed.
    #[inline]
    fn is_waiting(&self) -> bool {
        matches!(
            self.stage,
            Stage::Delayed(_) | Stage::Paced(_) | Stage::Swallowed
        )
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
