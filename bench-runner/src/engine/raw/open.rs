//! Opening the raw engine's connections, and hearing an answer on each before any load begins.

use std::collections::HashSet;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use scenarios::scenario::Address;
use scenarios::units::{Bytes, Nanos};
use wire::{ClientEvents, Config, Request, Template};

use super::Raw;
use super::authorities::{Authorities, Origin};
use super::connection::Stamped;
use super::hub::Hub;
use super::socket::{Peer, Place};
use crate::clock::Clock;
use crate::engine::greeting::spoken;
use crate::engine::times::{Step, Times};
use crate::engine::{ConnectError, ConnectFailure, Endpoint, Opening, sockets};

/// Connections that are opened at the same time, so that no backlog overflows.
const AT_ONCE: usize = 64;
/// How long a group of them may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens connections, each when it is due, and hears an answer to a health check on each.
pub(super) async fn open(channels: &[Opening]) -> Result<Raw, ConnectError> {
    let sites = Sites::find(channels).await?;
    let to = &channels[0].to;
    // A stopwatch: connections open before the run's clock starts.
    let clock = Clock::starting_in(Duration::ZERO);
    let mut hub = Hub::new(config(to), to.http2.keepalive, clock.clone())
        .map_err(|error| sites.failure(0, ConnectFailure::Io(error)))?;
    let mut probe = Probe::new(clock.clone());
    while hub.count() < channels.len() {
        let first = hub.count();
        channels[first].due(clock.now()).await;
        let due = channels[first..]
            .iter()
            .take_while(|opening| opening.after <= clock.now());
        let group = first..first + due.take(AT_ONCE).count().max(1);
        let answered = poll_fn(|cx| turn(&mut hub, &mut probe, &sites, group.end, cx));
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(())) => {}
            // The last one to be begun.
            Ok(Err(error)) => {
                return Err(sites.failure(hub.count() - 1, ConnectFailure::of(error)));
            }
            Err(_) => return Err(silence(&mut hub, &probe, &sites, first)),
        }
        for channel in group {
            let connection = hub.connection(channel);
            if connection.is_lost() {
                let failure = connection.take_failure();
                return Err(sites.failure(channel, explain(connection.greeting(), failure)));
            }
        }
    }
    Ok(Raw {
        hub,
        authorities: sites.authorities(),
        user_agent: to.user_agent().to_owned(),
        times: probe.times,
    })
}

/// The places that channels go to.
struct Sites {
    sites: Vec<Site>,
    /// The site of each channel.
    of: Vec<usize>,
}

struct Site {
    name: String,
    target: Address,
    near: Address,
    peer: Peer,
    origin: Origin,
    check: Template,
}

impl Sites {
    /// Finds where all channels go; each address is looked up once.
    async fn find(channels: &[Opening]) -> Result<Sites, ConnectError> {
        let (mut sites, mut of): (Vec<Site>, _) = (Vec::new(), Vec::new());
        for Opening { to, .. } in channels {
            let known = sites
                .iter()
                .position(|site| site.target == to.address && site.near == *to.near());
            of.push(known.unwrap_or(sites.len()));
            if known.is_none() {
                sites.push(Site::find(to).await?);
            }
        }
        Ok(Sites { sites, of })
    }

    fn of(&self, channel: usize) -> &Site {
        &self.sites[self.of[channel]]
    }

    fn failure(&self, channel: usize, why: ConnectFailure) -> ConnectError {
        ConnectError {
            target: self.of(channel).name.clone(),
            why,
        }
    }

    /// What the calls of each channel name as their authority.
    fn authorities(self) -> Authorities {
        let origins = self.sites.into_iter().map(|site| site.origin);
        Authorities::new(origins.collect(), self.of)
    }
}

impl Site {
    async fn find(to: &Endpoint) -> Result<Site, ConnectError> {
        let place = resolve(to).await.map_err(|error| ConnectError {
            target: to.name(),
            why: ConnectFailure::of(error),
        })?;
        let authority = to.authority.clone();
        let origin = Origin {
            scheme: to.address.scheme(),
            authority: authority.unwrap_or_else(|| to.address.authority()),
        };
        Ok(Site {
            name: to.name(),
            target: to.address.clone(),
            near: to.near().clone(),
            peer: Peer {
                place,
                tcp: to.tcp,
                tls: to.tls.clone(),
            },
            check: Template::request(&Request {
                scheme: origin.scheme,
                ..Request::new(&origin.authority, "/grpc.health.v1.Health/Check")
            }),
            origin,
        })
    }
}

/// Of connections from `first` on, not all have answered in time: what one of those has said instead.
fn silence(hub: &mut Hub, probe: &Probe, sites: &Sites, first: usize) -> ConnectError {
    let spoke = (first..hub.count()).find_map(|channel| {
        let said = spoken(hub.connection(channel).greeting())?;
        Some((channel, said))
    });
    let silent = probe
        .waiting
        .iter()
        .min()
        .map_or(first, |channel| *channel as usize);
    let (channel, why) = spoke.unwrap_or((silent, ConnectFailure::Timeout(PATIENCE)));
    sites.failure(channel, why)
}

/// Opens channels until there are `count`, hearing between any two what the others have to say, so that each is seen
/// as soon as it is made; ready when all have answered.
fn turn(
    hub: &mut Hub,
    probe: &mut Probe,
    sites: &Sites,
    count: usize,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    loop {
        let is_more = hub.count() < count;
        if is_more {
            begin(hub, probe, sites)?;
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
fn begin(hub: &mut Hub, probe: &mut Probe, sites: &Sites) -> io::Result<()> {
    let channel = hub.count();
    let Site { peer, check, .. } = sites.of(channel);
    hub.add(peer.clone());
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

async fn resolve(to: &Endpoint) -> io::Result<Place> {
    let (host, port) = match to.near() {
        Address::Unix(path) => return Ok(Place::Unix(path.clone())),
        Address::Tcp { host, port, .. } => (host.as_str(), *port),
    };
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
    if let [only] = found[..] {
        return Ok(Place::Tcp(only));
    }
    // A server may listen on one of its name's addresses alone, as one does on 127.0.0.1 where `localhost` is ::1 too.
    let tried = tokio::time::timeout(PATIENCE, sockets::connect(&found, &to.tcp)).await;
    tried?.and_then(|stream| stream.peer_addr()).map(Place::Tcp)
}

fn config(to: &Endpoint) -> Config {
    let http2 = &to.http2;
    let size = |bytes: Bytes| u32::try_from(bytes.0).unwrap_or(u32::MAX);
    Config {
        header_table_size: size(http2.header_table_size),
        initial_stream_window: size(http2.initial_stream_window),
        connection_window: size(http2.initial_connection_window),
        max_frame_size: size(http2.max_frame_size),
        max_message_size: u32::MAX,
        // Where none is asked for, none is allowed (compression.md of gRPC).
        compressed_messages: to.compressed,
        // A slow reader keeps its own window only, as in gRPC's C core and grpc-go.
        hold_connection: false,
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
