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
use super::socket::{Peer, Place};
use crate::clock::Clock;
use crate::engine::greeting::spoken;
use crate::engine::times::{Step, Times};
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
    let peer = Peer {
        place: resolve(to.near()).await.map_err(io)?,
        tcp: to.tcp,
        tls: to.tls.clone(),
    };
    let scheme = to.address.scheme();
    let authority = to.authority.clone();
    let authority = authority.unwrap_or_else(|| to.address.authority());
    // A stopwatch: connections open before the run's clock starts.
    let clock = Clock::starting_in(Duration::ZERO);
    let mut hub =
        Hub::new(peer, config(&to.http2), to.http2.keepalive, clock.clone()).map_err(io)?;
    let check = Template::request(&Request {
        scheme,
        ..Request::new(&authority, "/grpc.health.v1.Health/Check")
    });
    let mut probe = Probe::new(clock);
    for first in (0..count).step_by(AT_ONCE) {
        let group = first..count.min(first + AT_ONCE);
        let answered = poll_fn(|cx| turn(&mut hub, &mut probe, &check, group.end, cx));
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(opened) => opened.map_err(|error| fail(ConnectFailure::of(error)))?,
            Err(_) => {
                let greeting = (first..hub.count())
                    .map(|channel| hub.connection(channel).greeting().to_vec())
                    .find(|g| !g.is_empty());
                let said = greeting.and_then(|greeting| spoken(&greeting));
                return Err(fail(said.unwrap_or(ConnectFailure::Timeout(PATIENCE))));
            }
        }
        for channel in group {
            let connection = hub.connection(channel);
            if connection.is_lost() {
                let failure = connection.take_failure();
                return Err(fail(explain(connection.greeting(), failure)));
            }
        }
    }
    Ok(Raw {
        hub,
        scheme,
        authority,
        user_agent: to.user_agent().to_owned(),
        times: probe.times,
    })
}

/// Opens channels until there are `count`, hearing between any two what the others have to say, so that each is seen
/// as soon as it is made; ready when all have answered.
fn turn(
    hub: &mut Hub,
    probe: &mut Probe,
    check: &Template,
    count: usize,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    loop {
        let is_more = hub.count() < count;
        if is_more {
            begin(hub, probe, check)?;
        }
        hub.flush_marked(probe);
        while !probe.waiting.is_empty() && hub.wait(cx) {
            hub.hear(probe);
        }
        if !is_more {
            return match probe.waiting.is_empty() {
                true => Poll::Ready(Ok(())),
                false => Poll::Pending,
            };
        }
    }
}

/// Begins a connection and its health check.
fn begin(hub: &mut Hub, probe: &mut Probe, check: &Template) -> io::Result<()> {
    let channel = hub.count();
    hub.add();
    if let Some(error) = hub.connection(channel).take_failure() {
        return Err(error);
    }
    let client = &mut hub.connection(channel).client;
    if client.start(check, channel as u64, b"", true).is_ok() {
        probe.waiting.insert(channel as u64);
    }
    hub.mark(channel);
    Ok(())
}

/// Waits for the end of the health checks, whatever it is: any answer will do.
struct Probe {
    waiting: HashSet<u64>,
    clock: Clock,
    at: Nanos,
    times: Times,
}

impl Probe {
    fn new(clock: Clock) -> Probe {
        Probe {
            waiting: HashSet::new(),
            clock,
            at: Nanos::ZERO,
            times: Times::new(),
        }
    }
}

impl ClientEvents for Probe {
    fn end(&mut self, call: wire::Call, _: &wire::Outcome<'_>) {
        self.waiting.remove(&call.token);
    }
}

impl Stamped for Probe {
    fn stamp(&mut self) {
        self.at = self.clock.now();
    }

    fn at(&self) -> Nanos {
        self.at
    }

    fn now(&self) -> Nanos {
        self.clock.now()
    }

    fn took(&mut self, step: Step, time: Nanos) {
        self.times.record(step, time);
    }

    /// There are no PINGs before the run.
    fn take_pong(&mut self) -> Option<u64> {
        None
    }
}

async fn resolve(address: &Address) -> io::Result<Place> {
    match address {
        Address::Unix(path) => Ok(Place::Unix(path.clone())),
        Address::Tcp { host, port, .. } => {
            let mut found = tokio::net::lookup_host((host.as_str(), *port)).await?;
            found
                .next()
                .map(Place::Tcp)
                .ok_or_else(|| io::Error::other("the host has no address"))
        }
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
