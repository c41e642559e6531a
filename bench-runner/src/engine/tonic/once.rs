//! One call by itself, with everything that comes back: for a look at a service, not for load.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use scenarios::units::Nanos;
use tokio::sync::mpsc;
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Status};

use super::connect::{look, on_channel};
use super::content_type::Typed;
use super::template::Template;
use crate::call::Call;
use crate::clock::Clock;
use crate::engine::{ConnectError, Endpoint};

/// What came of a call.
#[derive(Debug)]
pub(crate) struct Looked {
    /// How long it took to connect, and to hear a first answer on the connection.
    pub(crate) connect: Nanos,
    /// When the initial metadata came, from the start of the call.
    pub(crate) headers: Option<Nanos>,
    /// When the first message came.
    pub(crate) first_message: Option<Nanos>,
    /// When the status came.
    pub(crate) done: Nanos,
    /// The initial metadata.
    pub(crate) metadata: MetadataMap,
    /// The replies.
    pub(crate) replies: Vec<Bytes>,
    /// The trailing metadata.
    pub(crate) trailers: MetadataMap,
    /// The status.
    pub(crate) status: Code,
    /// Its text.
    pub(crate) message: String,
}

/// Makes one call on a connection of its own.
///
/// # Errors
///
/// Where the server cannot be reached.
pub(crate) async fn once(to: &Endpoint, call: &Call) -> Result<Looked, ConnectError> {
    let clock = Clock::starting_in(Duration::ZERO);
    let channel = look(to).await?;
    let grpc = on_channel(channel, to).max_decoding_message_size(usize::MAX);
    let started = clock.now();
    let mut looked = Looked {
        connect: started,
        headers: None,
        first_message: None,
        done: started,
        metadata: MetadataMap::new(),
        replies: Vec::new(),
        trailers: MetadataMap::new(),
        status: Code::Ok,
        message: String::new(),
    };
    let exchange = exchange(grpc, call, &mut looked, &clock, started);
    let ended = match call.head(0).deadline {
        None => exchange.await,
        Some(deadline) => {
            tokio::time::timeout(deadline.into(), exchange)
                .map(|ended| ended.unwrap_or_else(|_| Err(late())))
                .await
        }
    };
    if let Err(status) = ended {
        looked.status = status.code();
        looked.message = status.message().to_owned();
        looked.trailers = status.metadata().clone();
    }
    looked.done = clock.now().since(started);
    Ok(looked)
}

fn late() -> Status {
    Status::deadline_exceeded("the call's deadline passed")
}

/// Sends the call's messages, on a ping-pong stream each after the reply to the one before, and hears everything.
async fn exchange(
    grpc: Grpc<Typed>,
    call: &Call,
    looked: &mut Looked,
    clock: &Clock,
    started: Nanos,
) -> Result<(), Status> {
    let template = Template::new(call);
    let mut grpc = template.compressing(grpc);
    let (gate, mut passing) = mpsc::unbounded_channel();
    let mut left = call.request(0).messages();
    let ping_pong = call.is_ping_pong();
    let mut gate = Some(gate);
    // Without a next message the gate is dropped, which half-closes the stream.
    let mut pass = move |many: usize| {
        for _ in 0..many {
            let (Some(message), Some(open)) = (left.next(), &gate) else {
                gate = None;
                return;
            };
            // Nobody listens any more where the call has ended.
            let _ = open.send(message);
        }
    };
    pass(if ping_pong { 1 } else { usize::MAX });
    grpc.ready()
        .await
        .map_err(|error| Status::from_error(Box::new(error)))?;
    let messages = stream::poll_fn(move |cx| passing.poll_recv(cx));
    let (metadata, path) = (template.metadata(call, 0), template.path());
    let request = Request::from_parts(metadata, template.extensions(), messages);
    let response = grpc.streaming(request, path, template.codec()).await?;
    looked.headers = Some(clock.now().since(started));
    looked.metadata = response.metadata().clone();
    let mut replies = response.into_inner();
    while let Some(message) = replies.message().await? {
        looked
            .first_message
            .get_or_insert(clock.now().since(started));
        looked.replies.push(message);
        if ping_pong {
            pass(1);
        }
    }
    looked.trailers = replies.trailers().await?.unwrap_or_default();
    Ok(())
}
