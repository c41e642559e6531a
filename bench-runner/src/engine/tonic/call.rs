//! One call over tonic, from its first request to its status.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use scenarios::units::Nanos;
use tokio::sync::mpsc;
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::{Request, Status as TonicStatus};

use super::classify::{classify, describe, never_left};
use super::content_type::Typed;
use super::log::{OpLog, bytes_of};
use super::template::Template;
use crate::call::Call;
use crate::engine::{Happened, Outcome, Traffic};

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
    /// What is left of its timeout, of an attempt after the first.
    pub(super) left: Option<Nanos>,
    pub(super) sent: Arc<Sent>,
}

impl Made<'_> {
    /// What the call says first.
    fn metadata(&self) -> MetadataMap {
        let metadata = self.template.metadata(self.call, self.request.index);
        let Some(left) = self.left else {
            return metadata;
        };
        let mut request = Request::new(());
        *request.metadata_mut() = metadata;
        request.set_timeout(Duration::from(left));
        request.into_parts().0
    }
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
    if made.call.is_ping_pong() {
        return ping_pong(grpc, made, passing, log).await;
    }
    let messages = stream::iter(made.request.messages.messages()).chain(further(passing));
    exchange(grpc, made, messages, log, |bytes| {
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
    made: &Made<'_>,
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
    let (template, counted) = (made.template, Arc::clone(&made.sent));
    let messages = messages.inspect(move |message| counted.count(message));
    let request = Request::from_parts(made.metadata(), template.extensions(), messages);
    let answer = grpc
        .streaming(request, template.path(), template.codec())
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
    let mut left = made.request.messages.messages().peekable();
    let (gate, own) = mpsc::unbounded_channel();
    let messages = further(Some(own)).chain(further(passing));
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
    exchange(grpc, made, messages, log, |bytes| {
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
