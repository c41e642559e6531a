//! One call over tonic, from its first request to its status, and the log that it keeps.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue};
use protos::encoding::Encoding;
use reports::model::FirstReply;
use scenarios::units::Nanos;
use tokio::sync::mpsc;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request, Status as TonicStatus};

use super::classify::{classify, describe, never_left};
use super::codec::RawCodec;
use super::content_type::{Json, Typed};
use super::pauses::Pauses;
use crate::call::{Call, Expectation, Head, Misfit, Wants};
use crate::clock::Clock;
use crate::engine::{Event, Happened, OpId, Outcome, Stamps, Traffic};
use crate::mix::Mix;

/// What every call of a run has in common.
pub(super) struct Template {
    path: PathAndQuery,
    /// By [`Request::head`](crate::call::Request::head).
    heads: Vec<MetadataMap>,
    codec: RawCodec,
    /// What tonic is to compress with, and what it may decompress.
    sent: Option<CompressionEncoding>,
    received: Option<CompressionEncoding>,
}

/// The request of a call: which of the prepared ones says what comes first, and its messages.
#[derive(Clone, Copy)]
pub(super) struct Sending<'a> {
    pub(super) index: u32,
    pub(super) messages: &'a crate::call::Request,
}

/// What a call has handed to the transport; read from outside when the call is cut off.
#[derive(Debug, Default)]
pub(super) struct Sent {
    messages: AtomicU64,
    bytes: AtomicU64,
}

/// Where further requests of a call that is held open come from.
pub(super) type Gate = mpsc::UnboundedSender<Bytes>;

/// What is called, and what counts what goes out.
pub(super) struct Made<'a> {
    pub(super) call: &'a Call,
    pub(super) template: &'a Template,
    pub(super) request: Sending<'a>,
    pub(super) sent: Arc<Sent>,
}

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

impl Template {
    pub(super) fn new(call: &Call) -> Template {
        let encodings = call.encodings;
        let asked = encodings.asked();
        let heads = call.heads().iter();
        Template {
            path: call
                .path
                .parse()
                .unwrap_or_else(|_| unreachable!("names of protobuf make a valid path")),
            heads: heads
                .map(|head| metadata_of(head, asked.as_ref()))
                .collect(),
            codec: RawCodec {
                json: encodings.json,
            },
            sent: encodings.sent.map(tonics),
            received: encodings.received.map(tonics),
        }
    }

    /// The method.
    pub(super) fn path(&self) -> PathAndQuery {
        self.path.clone()
    }

    /// What a call says first.
    pub(super) fn metadata(&self, call: &Call, request: u32) -> MetadataMap {
        self.heads[call.request(request).head as usize].clone()
    }

    /// Lets tonic compress and decompress what the calls of the run have compressed.
    pub(super) fn compressing(&self, mut grpc: Grpc<Typed>) -> Grpc<Typed> {
        if let Some(encoding) = self.sent {
            grpc = grpc.send_compressed(encoding);
        }
        if let Some(encoding) = self.received {
            grpc = grpc.accept_compressed(encoding);
        }
        grpc
    }

    /// How messages are read.
    pub(super) fn codec(&self) -> RawCodec {
        self.codec
    }

    pub(super) fn extensions(&self) -> Extensions {
        let mut extensions = Extensions::default();
        if self.codec.json {
            extensions.insert(Json);
        }
        extensions
    }
}

fn tonics(encoding: Encoding) -> CompressionEncoding {
    match encoding {
        Encoding::Gzip => CompressionEncoding::Gzip,
        Encoding::Deflate => CompressionEncoding::Deflate,
        Encoding::Zstd => CompressionEncoding::Zstd,
    }
}

/// Metadata as tonic sends it: binary values are base64 already, as in what it takes from the wire.
fn metadata_of(head: &Head, asked: Option<&(&'static str, String)>) -> MetadataMap {
    let mut request = Request::new(());
    if let Some(timeout) = head.deadline {
        request.set_timeout(Duration::from(timeout));
    }
    let mut headers = request.metadata().clone().into_headers();
    for (key, value) in &head.metadata {
        if let (Ok(key), Ok(value)) = (key.parse::<HeaderName>(), value.parse()) {
            headers.append(key, value);
        }
    }
    if let Some((key, value)) = asked
        && let Ok(value) = value.parse()
    {
        headers.append(*key, value);
    }
    MetadataMap::from_headers(headers)
}

impl Sent {
    fn count(&self, message: &Bytes) {
        self.messages.fetch_add(1, Relaxed);
        self.bytes.fetch_add(message.len() as u64, Relaxed);
    }

    pub(super) fn get(&self) -> Traffic {
        Traffic {
            messages: self.messages.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
        }
    }
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
    fn now(&self) -> Nanos {
        self.log.clock.now()
    }

    /// Whether no reply has come whole yet.
    fn wants_reply(&self) -> bool {
        self.log.first_reply.get().is_none()
    }

    fn wants_stamps(&self) -> bool {
        self.call().stamps
    }

    fn call(&self) -> &Call {
        self.log.mix.call(self.request)
    }

    fn wants(&self) -> Wants {
        self.log.wants
    }

    /// Writes down what is wrong, where something is.
    #[cold]
    fn expect(&self, look: impl FnOnce(&Expectation) -> Result<(), Misfit>) {
        let misfit = self.call().expect.as_ref().map(look);
        if let Some(Err(misfit)) = misfit {
            self.write(Happened::Misfit(misfit));
        }
    }

    /// Looks at the trailers, where they are to be looked at.
    fn hear_trailers(&self, trailers: &MetadataMap) {
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
    async fn pause(&self) {
        if let Some(delay) = self.call().read_delay {
            let log = &self.log;
            log.pauses.until(self.now() + delay, &log.clock).await;
        }
    }

    fn keep_reply(&self, metadata: &MetadataMap, trailers: &MetadataMap) {
        self.log.first_reply.get_or_init(|| FirstReply {
            metadata: plain(metadata),
            trailers: plain(trailers),
        });
    }

    fn write(&self, kind: Happened) {
        self.log.events.borrow_mut().push(Event {
            op: self.op,
            at: self.now(),
            kind,
        });
    }
}

/// A value as it travels: base64, where it is binary.
fn bytes_of<'a>(metadata: &'a MetadataMap, key: &str) -> Option<&'a [u8]> {
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

/// Makes a call and logs all that happens to it.
pub(super) async fn run(
    mut grpc: Grpc<Typed>,
    made: Made<'_>,
    passing: Option<mpsc::UnboundedReceiver<Bytes>>,
    log: OpLog,
) {
    let is_given_more = passing.is_some();
    let result = match attempt(&mut grpc, &made, passing, &log).await {
        // What it was to be given during the call is lost with it: such a call fails.
        Err(status) if never_left(&status) && !is_given_more => {
            attempt(&mut grpc, &made, None, &log).await
        }
        result => result,
    };
    if let Err(status) = &result {
        log.hear_trailers(status.metadata());
    }
    let sent = made.sent.get();
    log.write(Happened::Finished(match result {
        Ok(()) => Outcome::ok(sent),
        Err(status) => failure(&status, made.call, sent),
    }));
}

async fn attempt(
    grpc: &mut Grpc<Typed>,
    made: &Made<'_>,
    passing: Option<mpsc::UnboundedReceiver<Bytes>>,
    log: &OpLog,
) -> Result<(), TonicStatus> {
    let Made {
        call,
        template,
        request,
        sent,
    } = made;
    if call.is_ping_pong() {
        return ping_pong(grpc, made, passing, log).await;
    }
    let counted = Arc::clone(sent);
    let messages = stream::iter(request.messages.messages())
        .chain(further(passing))
        .inspect(move |message| counted.count(message));
    let metadata = template.metadata(call, request.index);
    exchange(grpc, template, metadata, messages, log, |bytes| {
        log.write(Happened::Message {
            bytes,
            asked_at: None,
        });
    })
    .await
}

/// Sends all messages as fast as the transport takes them, and hears the replies meanwhile.
async fn exchange<S>(
    grpc: &mut Grpc<Typed>,
    template: &Template,
    metadata: MetadataMap,
    messages: S,
    log: &OpLog,
    mut heard: impl FnMut(u64),
) -> Result<(), TonicStatus>
where
    S: Stream<Item = Bytes> + Send + 'static,
{
    grpc.ready()
        .await
        .map_err(|error| TonicStatus::from_error(Box::new(error)))?;
    let request = Request::from_parts(metadata, template.extensions(), messages);
    let answer = grpc
        .streaming(request, template.path.clone(), template.codec)
        .await;
    let is_lost = answer.as_ref().err().is_some_and(never_left);
    if log.wants().metadata && !is_lost {
        // An answer that is nothing but trailers has no initial metadata.
        let metadata = answer.as_ref().ok().map(tonic::Response::metadata);
        log.expect(|expect| expect.metadata(|key| bytes_of(metadata?, key)));
    }
    let response = answer?;
    let metadata = log.wants_reply().then(|| response.metadata().clone());
    let mut replies = response.into_inner();
    while let Some(message) = replies.message().await? {
        if log.wants().messages {
            log.expect(|expect| expect.message(&message));
        }
        heard(message.len() as u64);
        log.pause().await;
    }
    if metadata.is_some() || log.wants_stamps() || log.wants().trailers {
        let trailers = replies.trailers().await?.unwrap_or_default();
        log.hear_trailers(&trailers);
        metadata
            .iter()
            .for_each(|metadata| log.keep_reply(metadata, &trailers));
    }
    Ok(())
}

/// The requests that pass a gate, until it is dropped; none where there is no gate.
fn further(passing: Option<mpsc::UnboundedReceiver<Bytes>>) -> impl Stream<Item = Bytes> + Send {
    let mut passing = passing;
    stream::poll_fn(move |cx| match &mut passing {
        Some(passing) => passing.poll_recv(cx),
        None => Poll::Ready(None),
    })
}

/// Sends each message when the reply to the one before it has come.
async fn ping_pong(
    grpc: &mut Grpc<Typed>,
    made: &Made<'_>,
    passing: Option<mpsc::UnboundedReceiver<Bytes>>,
    log: &OpLog,
) -> Result<(), TonicStatus> {
    let Made {
        call,
        template,
        request,
        sent,
    } = made;
    let mut left = request.messages.messages().peekable();
    let (gate, own) = mpsc::unbounded_channel();
    let counted = Arc::clone(sent);
    let messages = further(Some(own))
        .chain(further(passing))
        .inspect(move |message| counted.count(message));
    let mut gate = Some(gate);
    let mut asked_at = log.now();
    // With its last message the gate is dropped, which half-closes the stream, unless it is held open.
    let mut pass_next = move || {
        if let (Some(message), Some(open)) = (left.next(), &gate) {
            let _ = open.send(message);
        }
        if left.peek().is_none() {
            gate = None;
        }
    };
    pass_next();
    let metadata = template.metadata(call, request.index);
    exchange(grpc, template, metadata, messages, log, |bytes| {
        log.write(Happened::Message {
            bytes,
            asked_at: Some(asked_at),
        });
        asked_at = log.now();
        pass_next();
    })
    .await
}

fn failure(status: &TonicStatus, call: &Call, sent: Traffic) -> Outcome {
    let meaning = classify(status, call.has_deadline());
    Outcome {
        status: meaning.status,
        detail: describe(status),
        connection_lost: meaning.connection_lost,
        unconnected: meaning.unconnected,
        sent,
    }
}
