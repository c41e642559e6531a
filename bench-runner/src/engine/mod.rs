//! How calls are made: the engines, behind one seam.
//!
//! An engine starts what it is told and says what happened. It owns no clock of its own, no counter and no decision:
//! pacing, deadlines and recording are the lane's, so a difference between two engines is a difference of engines.

mod failure;
pub mod fake;
mod greeting;
pub mod raw;
mod sockets;
pub mod status;
pub mod tap;
mod times;
pub mod tonic;

use std::sync::Arc;
use std::task::Context;

use reports::model::{FirstReply, Wire};
use scenarios::scenario::{Address, ClientHttp2, Scenario, Tcp};
use scenarios::units::Nanos;

pub use self::failure::{ConnectError, ConnectFailure};
pub use self::sockets::NoSource;
use self::status::Status;
use crate::call::{Misfit, Request};
use crate::clock::Clock;
use crate::encodings::Encodings;
use crate::mix::Mix;
use crate::tls::Tls;

/// A lane's name for a call in flight; free for another once the call has finished or was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u32);

/// A client stack.
pub trait Engine: Sized {
    /// Its channels, once the run has begun.
    type Channels: Channels;

    /// Opens channels and makes sure that a gRPC server answers on each.
    fn open(channels: &[Opening]) -> impl Future<Output = Result<Self, ConnectError>>;

    /// Makes ready what calls need, which of many messages takes its time; what comes of it binds the open channels to the
    /// run's clock.
    fn prepare(self, mix: Arc<Mix>) -> impl FnOnce(Clock) -> Self::Channels;
}

/// A channel that is to be opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Where it goes.
    pub to: Endpoint,
    /// When, after the first of them all; those of a lane come in order.
    pub after: Nanos,
}

impl Opening {
    /// Waits until it is due, where now is `now` after the first of all was.
    async fn due(&self, now: Nanos) {
        // A sleep of nothing still takes a tick of tokio's timer.
        if self.after > now {
            tokio::time::sleep(self.after.since(now).into()).await;
        }
    }
}

/// Where channels go, and how they are set up.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The target.
    pub address: Address,
    /// The near end of an emulated network, where one lies between: connections go there.
    pub via: Option<Address>,
    /// Whether compressed replies are asked for.
    pub compressed: bool,
    /// What calls name as their authority, where it is not the target's.
    pub authority: Option<String>,
    /// What calls name as their user agent, where it is not the runner's own.
    pub user_agent: Option<String>,
    /// HTTP/2 settings of our side.
    pub http2: ClientHttp2,
    /// Options of our TCP sockets.
    pub tcp: Tcp,
    /// What secures connections; `None` is plaintext.
    pub tls: Option<Tls>,
}

impl Endpoint {
    /// The way to a target that listens at `address`, as a scenario goes it.
    pub fn of(scenario: &Scenario, address: Address, tls: Option<Tls>) -> Endpoint {
        Endpoint {
            address,
            via: None,
            compressed: scenario.calls.iter().any(Encodings::accept_compressed),
            authority: scenario.calls.authority().cloned(),
            user_agent: scenario.client.user_agent.clone(),
            http2: scenario.client.http2,
            tcp: scenario.client.tcp,
            tls,
        }
    }

    /// Where connections go.
    fn near(&self) -> &Address {
        self.via.as_ref().unwrap_or(&self.address)
    }

    /// Its name where it cannot be reached: with the address, where its host has several. That one has the target's port;
    /// the near end of an emulated network has another.
    fn name(&self) -> String {
        match (&self.address, &self.via) {
            (Address::Tcp { port, .. }, Some(Address::Tcp { host, port: at, .. }))
                if port == at =>
            {
                format!("{} at {host}", self.address)
            }
            _ => self.address.to_string(),
        }
    }

    /// What calls name as their user agent.
    fn user_agent(&self) -> &str {
        const OWN: &str = concat!("bench-runner/", env!("CARGO_PKG_VERSION"));
        self.user_agent.as_deref().unwrap_or(OWN)
    }
}

/// The channels of one lane: HTTP/2 connections to the target, opened and verified.
///
/// Never waits, never reads a load model, never records, never gives up on a call by itself.
pub trait Channels {
    /// Whether the calls that are started in one turn of the lane are handed over together, so that one reading of the
    /// clock stamps them all.
    const BATCHED: bool = false;

    /// How many there are.
    fn count(&self) -> usize;

    /// Takes the messages that a call is to send instead of the prepared ones, before it is started with that request.
    fn put(&mut self, _op: OpId, _request: u32, _messages: Request) {}

    /// Starts a call with a prepared request, by its index in the [`Mix`], on a channel, or says that it has no free stream.
    /// `left` is what the server is told of its timeout, where that is not all of it: of an attempt after the first.
    fn try_start(
        &mut self,
        channel: usize,
        op: OpId,
        request: u32,
        left: Option<Nanos>,
    ) -> Result<(), Busy>;

    /// Resets the call's stream and forgets the call: nothing more is said of it. Tells what it had sent; `None` where
    /// the call has ended already, and its end is among the events of the last [`poll`](Channels::poll).
    fn cancel(&mut self, op: OpId) -> Option<Traffic>;

    /// Sends one more request, by its number from 0, on a call that is [held open](crate::call::Call::is_held_open), and ends its
    /// requests with it if it is the `last`.
    fn send(&mut self, op: OpId, number: u32, last: bool);

    /// Ends the requests of a call that is held open.
    fn finish(&mut self, op: OpId);

    /// Closes a channel on which nothing is in flight, and begins to open it anew; it is Busy until it is open.
    fn reopen(&mut self, channel: usize);

    /// Whether a channel has been opened anew since this was last asked.
    fn has_reopened(&mut self) -> bool {
        false
    }

    /// Drives the connections and appends what happened, each event stamped as it was seen.
    fn poll(&mut self, cx: &mut Context<'_>, events: &mut Vec<Event>);

    /// When it wants to be polled, whatever its connections have to say until then.
    fn next_wake(&self) -> Option<Nanos> {
        None
    }

    /// What went over the wire, where the engine can tell; asked once, when the run is over.
    fn wire(&self) -> Option<Wire> {
        None
    }

    /// What came with the first reply, where the engine has kept it.
    fn first_reply(&self) -> Option<FirstReply> {
        None
    }
}

/// A channel has no free stream; the call stays due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Messages and their bytes, without the five-byte prefixes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Traffic {
    /// Nothing.
    pub const NONE: Traffic = Traffic {
        messages: 0,
        bytes: 0,
    };
}

/// When the server saw a call, in nanoseconds of its CLOCK_MONOTONIC: ours too, where it runs on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamps {
    /// The server's number of the connection.
    pub connection: u64,
    /// When the call arrived.
    pub arrival: u64,
    /// When its status was meant to leave.
    pub planned: u64,
    /// When it did.
    pub released: u64,
    /// The timeout that it saw, where there was one.
    pub timeout: Option<u64>,
}

impl Stamps {
    /// The stamps among trailers, where all are there: `value` finds a trailer by its name.
    pub(crate) fn of<'a>(value: impl Fn(&'static str) -> Option<&'a [u8]>) -> Option<Stamps> {
        let number = |name| std::str::from_utf8(value(name)?).ok()?.parse().ok();
        Some(Stamps {
            connection: number("bench-connection")?,
            arrival: number("bench-arrival-ns")?,
            planned: number("bench-planned-ns")?,
            released: number("bench-released-ns")?,
            timeout: number("bench-timeout-ns"),
        })
    }
}

/// Something that happened to a call.
#[derive(Debug)]
pub struct Event {
    /// Which call.
    pub op: OpId,
    /// When it was seen.
    pub at: Nanos,
    /// What.
    pub kind: Happened,
}

/// What happened to a call.
#[derive(Debug)]
pub enum Happened {
    /// A reply message came, so many bytes long.
    Message {
        /// Its length without the prefix.
        bytes: u64,
        /// On a ping-pong stream, when the request that it answers was sent.
        asked_at: Option<Nanos>,
    },
    /// The last reply message came and the call ended with status OK, both at once.
    Answered {
        /// The message's length without the prefix.
        bytes: u64,
        /// As of a message.
        asked_at: Option<Nanos>,
        /// What was sent.
        sent: Traffic,
    },
    /// The server's stamps came with its end, which is the next event.
    Stamped(Stamps),
    /// Something of the answer is not what the scenario expects; the call goes on.
    Misfit(Misfit),
    /// The call ended.
    Finished(Outcome),
}

/// How a call ended.
#[derive(Debug)]
pub struct Outcome {
    /// Its status.
    pub status: Status,
    /// The status message, or what the transport said, where the status is not OK.
    pub detail: String,
    /// The connection failed, or could not be made.
    pub connection_lost: bool,
    /// No connection could be made: the call has reached nobody.
    pub unconnected: bool,
    /// What was sent.
    pub sent: Traffic,
}

impl Event {
    /// Whether it is the last of its call.
    pub fn is_end(&self) -> bool {
        matches!(self.kind, Happened::Answered { .. } | Happened::Finished(_))
    }
}

impl Outcome {
    /// Status OK, with what was sent.
    pub fn ok(sent: Traffic) -> Outcome {
        Outcome {
            status: Status::OK,
            detail: String::new(),
            connection_lost: false,
            unconnected: false,
            sent,
        }
    }
}
