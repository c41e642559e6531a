//! Opening a tonic channel, and making sure that a gRPC server is at the other end before any load begins.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use scenarios::scenario::Address;
use tokio::io::{AsyncRead, AsyncWrite};
use tonic::client::Grpc;
use tonic::transport::{Channel, Uri};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::content_type::Typed;
use super::dial::Dial;
use crate::clock::Clock;
use crate::engine::greeting::spoken;
use crate::engine::tap::{Seen, Shared, Tap};
use crate::engine::{ConnectError, ConnectFailure, Endpoint};
use crate::tls::Tls;

/// Channels of one lane that are opened at the same time.
pub(super) const AT_ONCE: usize = 16;
/// How long a channel may take to open and to give a first answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens a channel and hears an answer on it.
///
/// The answer is to a health check, which every gRPC server answers, if only with UNIMPLEMENTED: so the scenario's own
/// method is not called before the load begins.
pub(super) async fn open(
    to: &Endpoint,
    shared: &Shared,
) -> Result<(Grpc<Typed>, Arc<Seen>), ConnectError> {
    let (channel, seen) = verified(to, shared).await?;
    Ok((on_channel(channel, to), seen))
}

/// A channel for a look at the server, before or beside any load.
pub(crate) async fn look(to: &Endpoint) -> Result<Channel, ConnectError> {
    let shared = Shared::new(Clock::starting_in(Duration::ZERO));
    // The load must not resume a session that a look has left behind.
    let apart = Endpoint {
        tls: to.tls.as_ref().map(Tls::apart),
        ..to.clone()
    };
    Ok(verified(&apart, &shared).await?.0)
}

async fn verified(to: &Endpoint, shared: &Shared) -> Result<(Channel, Arc<Seen>), ConnectError> {
    let seen = Seen::new(shared);
    let opening = async {
        let channel = connect(to, &seen, shared, When::Now).await?;
        verify(&channel).await.map(|()| channel)
    };
    let outcome = match tokio::time::timeout(PATIENCE, opening).await {
        Ok(Ok(channel)) => return Ok((channel, seen)),
        Ok(Err(error)) => explain(error.as_ref(), &seen),
        Err(_) => spoken(&seen.greeting()).unwrap_or(ConnectFailure::Timeout(PATIENCE)),
    };
    Err(ConnectError {
        target: to.name(),
        why: outcome,
    })
}

/// When a connection is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Now,
    /// With the first call, which hears of it if it cannot be made.
    FirstUsed,
}

/// Opens a channel anew during the run. Where that fails, the channel's next call tries again, and says why.
pub(super) async fn reopen(
    to: &Endpoint,
    seen: &Arc<Seen>,
    shared: &Shared,
) -> Option<Grpc<Typed>> {
    let channel = match connect(to, seen, shared, When::Now).await {
        Ok(channel) => channel,
        Err(_) => connect(to, seen, shared, When::FirstUsed).await.ok()?,
    };
    Some(on_channel(channel, to))
}

async fn made<C, S>(
    endpoint: tonic::transport::Endpoint,
    connector: C,
    when: When,
) -> Result<Channel, tonic::transport::Error>
where
    C: tower::Service<Uri, Response = TokioIo<Tap<S>>, Error = io::Error> + Send + 'static,
    C::Future: Send,
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    match when {
        When::Now => endpoint.connect_with_connector(connector).await,
        When::FirstUsed => Ok(endpoint.connect_with_connector_lazy(connector)),
    }
}

/// A client of calls that name the target as their authority.
pub(super) fn on_channel(channel: Channel, to: &Endpoint) -> Grpc<Typed> {
    Grpc::with_origin(Typed(channel), origin(to))
}

/// What calls name as their authority; a Unix socket has none of its own.
fn origin(to: &Endpoint) -> Uri {
    let authority = to.authority.clone();
    let authority = authority.unwrap_or_else(|| to.address.authority());
    format!("{}://{authority}", to.address.scheme())
        .parse()
        .unwrap_or_else(|_| Uri::from_static("http://localhost"))
}

async fn connect(
    to: &Endpoint,
    seen: &Arc<Seen>,
    shared: &Shared,
    when: When,
) -> Result<Channel, Box<dyn Error + Send + Sync>> {
    let endpoint = configure(tonic::transport::Endpoint::from(origin(to)), to);
    let dial = Dial::new(to, seen, shared);
    // Each kind of connection has its own type, so that a plain one pays for no other.
    let channel = match (to.near(), &to.tls) {
        (Address::Unix(_), _) => {
            let connector = tower::service_fn(move |_: Uri| dial.clone().unix());
            made(endpoint, connector, when).await
        }
        (Address::Tcp { .. }, None) => {
            let connector = tower::service_fn(move |_: Uri| dial.clone().plain());
            made(endpoint, connector, when).await
        }
        (Address::Tcp { .. }, Some(_)) => {
            let connector = tower::service_fn(move |_: Uri| dial.clone().secured());
            made(endpoint, connector, when).await
        }
    };
    Ok(channel?)
}

fn configure(endpoint: tonic::transport::Endpoint, to: &Endpoint) -> tonic::transport::Endpoint {
    let http2 = &to.http2;
    let size = |bytes: scenarios::units::Bytes| u32::try_from(bytes.0).unwrap_or(u32::MAX);
    let endpoint = endpoint
        .initial_stream_window_size(size(http2.initial_stream_window))
        .initial_connection_window_size(size(http2.initial_connection_window))
        .max_frame_size(size(http2.max_frame_size))
        .http2_header_table_size(size(http2.header_table_size))
        .user_agent(to.user_agent())
        .unwrap_or_else(|_| unreachable!("printable ASCII is a valid header value"));
    match http2.keepalive {
        None => endpoint,
        Some(keepalive) => endpoint
            .http2_keep_alive_interval(keepalive.interval.into())
            .keep_alive_timeout(keepalive.timeout.into())
            .keep_alive_while_idle(true),
    }
}

async fn verify(channel: &Channel) -> Result<(), Box<dyn Error + Send + Sync>> {
    match HealthClient::new(channel.clone())
        .check(HealthCheckRequest::default())
        .await
    {
        // Any answer of the server's own will do; only a status with a source is a failed connection.
        Err(status) if status.source().is_some() => Err(Box::new(status)),
        _ => Ok(()),
    }
}

fn explain(error: &(dyn Error + 'static), seen: &Seen) -> ConnectFailure {
    if let Some(failure) = spoken(&seen.greeting()) {
        return failure;
    }
    if let Some(failure) = seen.refused() {
        return ConnectFailure::Security(failure);
    }
    if seen.was_lost() {
        return ConnectFailure::Closed;
    }
    let mut source = Some(error);
    let mut innermost = error;
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return ConnectFailure::told(io)
                .unwrap_or_else(|| ConnectFailure::of(io::Error::new(io.kind(), io.to_string())));
        }
        innermost = error;
        source = error.source();
    }
    // Not an error of the socket, and not a byte came: the server closed before it said anything.
    if seen.greeting().is_empty() {
        return ConnectFailure::Closed;
    }
    ConnectFailure::NotHttp2(innermost.to_string())
}
