//! When a connection is sent a PING, and what its answer says.
//!
//! A PING measures the way to the server's HTTP/2 layer and back. It must not end the connection: gRPC servers count
//! as a strike each PING that comes within five minutes (or two hours, without calls) of the last, and say GOAWAY
//! ENHANCE_YOUR_CALM, `too_many_pings`, at the third; HEADERS and DATA that *they* send set the count to nothing. So a
//! connection is sent another PING only when one of those has come since the answer to the last one: between any two
//! PINGs the server has sent something that forgives the first, and no count gets beyond one. One PING is out at a time.
//!
//! `client.http2.keepalive` is the scenario's own wish, and not held back.
//!
//! # Source
//!
//! RFC 9113 6.7; the gRPC keepalive guide (`doc/keepalive.md` of gRPC core: `GRPC_ARG_HTTP2_MAX_PING_STRIKES`,
//! `GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS`); `handlePing` of grpc-go and `KeepAliveEnforcer` of grpc-java
//! go by the same rules.

use scenarios::scenario::Keepalive;
use scenarios::units::Nanos;
use wire::Client;
use wire::frame::Kind;

use super::connection::Stamped;
use crate::engine::times::Step;

/// Between PINGs of one connection.
const EVERY: Nanos = Nanos::from_millis(500);
/// Between PINGs of all connections of a lane.
pub(super) const SPACING: Nanos = Nanos::from_millis(10);

/// The PINGs of one connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pings {
    /// When something was last read.
    pub(super) heard_at: Nanos,
    /// When the PING that is not answered yet was sent.
    out: Option<Nanos>,
    next_at: Nanos,
    /// HEADERS and DATA that had come when the last PING was answered.
    forgiving: u64,
}

/// What is to be done next to keep a connection alive, and when.
pub(super) enum Next {
    Ping(Nanos),
    Loss(Nanos),
}

impl Pings {
    /// Of a connection that is new.
    pub(super) fn new(now: Nanos) -> Pings {
        Pings {
            heard_at: now,
            ..Pings::default()
        }
    }

    #[inline]
    pub(super) fn is_out(&self) -> bool {
        self.out.is_some()
    }

    /// Whether another may be sent.
    pub(super) fn are_due(&self, client: &Client, now: Nanos) -> bool {
        self.out.is_none() && now >= self.next_at && forgiving(client) > self.forgiving
    }

    /// Notes one that is sent now; gives what it says.
    pub(super) fn send(&mut self, now: Nanos) -> u64 {
        self.out = Some(now);
        self.next_at = now + EVERY;
        now.0
    }

    /// Something came: perhaps the answer.
    pub(super) fn hear(&mut self, client: &Client, on: &mut impl Stamped) {
        if let Some(opaque) = on.take_pong()
            && let Some(sent) = self.out.take_if(|sent| sent.0 == opaque)
        {
            self.forgiving = forgiving(client);
            on.took(Step::Ping, on.at().since(sent));
        }
    }

    /// What keeping the connection alive asks for.
    pub(super) fn next(&self, keepalive: &Keepalive) -> Next {
        match self.out {
            Some(sent) => Next::Loss(sent + keepalive.timeout),
            None => Next::Ping(self.heard_at + keepalive.interval),
        }
    }
}

/// How much has come of what makes a server forgive a PING.
fn forgiving(client: &Client) -> u64 {
    let received = &client.counters().received;
    received.frames_of(Kind::HEADERS) + received.frames_of(Kind::DATA)
}
