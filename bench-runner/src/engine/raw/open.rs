//! Opening the raw engine's connections, and hearing an answer on each before any load begins.

use std::collections::HashSet;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use scenarios::scenario::{Address, ClientHttp2};
use scenarios::units::{Bytes, Nanos};
use wire::{ClientEvents, Config, Request, Template};

use super::Raw;
use super::connection::Stamped;
use super::hub::Hub;
use super::socket::Peer;
use crate::engine::greeting::spoken;
use crate::engine::{ConnectError, ConnectFailure, Endpoint};

/// Connections that are opened at the same time, so that no backlog overflows.
const AT_ONCE: usize = 64;
/// How long a group of them may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens so many connections, and hears an answer to a health check on each.
pub(super) async fn open(to: &Endpoint, count: usize) -> Result<Raw, ConnectError> {
    let fail = |why| ConnectError {
        target: to.address.to_string(),
        why,
    };
    let io = |error| fail(ConnectFailure::Io(error));
    let peer = resolve(&to.address).await.map_err(io)?;
    let authority = authority(&to.address);
    let mut hub = Hub::new(peer, config(&to.http2)).map_err(io)?;
    let check = Template::request(&Request::new(&authority, "/grpc.health.v1.Health/Check"));
    for first in (0..count).step_by(AT_ONCE) {
        let group = first..count.min(first + AT_ONCE);
        let mut probe = Probe::default();
        for channel in group.clone() {
            hub.add();
            if let Some(error) = hub.connection(channel).take_failure() {
                return Err(io(error));
            }
            let client = &mut hub.connection(channel).client;
            if client.start(&check, channel as u64, b"", true).is_ok() {
                probe.waiting.insert(channel as u64);
            }
            hub.mark(channel);
        }
        let answered = poll_fn(|cx| turn(&mut hub, &mut probe, cx));
        if tokio::time::timeout(PATIENCE, answered).await.is_err() {
            let greeting = group
                .map(|channel| hub.connection(channel).greeting().to_vec())
                .find(|g| !g.is_empty());
            let said = greeting.and_then(|greeting| spoken(&greeting));
            return Err(fail(said.unwrap_or(ConnectFailure::Timeout(PATIENCE))));
        }
        for channel in group {
            let connection = hub.connection(channel);
            if connection.is_lost() {
                let failure = connection.take_failure();
                return Err(fail(explain(connection.greeting(), failure)));
            }
        }
    }
    Ok(Raw { hub, authority })
}

fn turn(hub: &mut Hub, probe: &mut Probe, cx: &mut Context<'_>) -> Poll<()> {
    hub.flush_marked(probe);
    while !probe.waiting.is_empty() && hub.wait(cx) {
        hub.hear(probe);
    }
    if probe.waiting.is_empty() {
        Poll::Ready(())
    } else {
        Poll::Pending
    }
}

/// Waits for the end of the health checks, whatever it is: any answer will do.
#[derive(Default)]
struct Probe {
    waiting: HashSet<u64>,
}

impl ClientEvents for Probe {
    fn end(&mut self, call: wire::Call, _: &wire::Outcome<'_>) {
        self.waiting.remove(&call.token);
    }
}

impl Stamped for Probe {
    fn stamp(&mut self) {}

    /// Nothing is timed before the run.
    fn now(&self) -> Nanos {
        Nanos::ZERO
    }
}

async fn resolve(address: &Address) -> io::Result<Peer> {
    match address {
        Address::Unix(path) => Ok(Peer::Unix(path.clone())),
        Address::Tcp { host, port } => {
            let mut found = tokio::net::lookup_host((host.as_str(), *port)).await?;
            found
                .next()
                .map(Peer::Tcp)
                .ok_or_else(|| io::Error::other("the host has no address"))
        }
    }
}

/// What calls name as their authority; a Unix socket has none of its own.
fn authority(address: &Address) -> String {
    match address {
        Address::Tcp { .. } => address.to_string().replace("http://", ""),
        Address::Unix(_) => "localhost".to_owned(),
    }
}

fn config(http2: &ClientHttp2) -> Config {
    let size = |bytes: Bytes| u32::try_from(bytes.0).unwrap_or(u32::MAX);
    Config {
        header_table_size: size(http2.header_table_size),
        initial_stream_window: size(http2.initial_stream_window),
        connection_window: size(http2.initial_connection_window),
        max_frame_size: size(http2.max_frame_size),
        max_message_size: u32::MAX,
        // None is asked for, so none is allowed (compression.md of gRPC).
        compressed_messages: false,
        ..Config::default()
    }
}

fn explain(greeting: &[u8], failure: Option<io::Error>) -> ConnectFailure {
    match (spoken(greeting), failure) {
        (Some(said), _) => said,
        (None, Some(error)) => ConnectFailure::of(error),
        (None, None) => ConnectFailure::Closed,
    }
}
