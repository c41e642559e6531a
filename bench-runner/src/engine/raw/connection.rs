//! One channel of the raw engine: a socket and the client half of HTTP/2, over as many connections as it takes.

mod told;

use std::io::{self, IoSlice};

use reports::model::Wire;
use scenarios::scenario::Keepalive;
use scenarios::units::Nanos;
use wire::{Client, ClientEvents, Config, ConnectionError};

use self::told::add;
use super::pings::{Next, Pings};
use super::session::Shaking;
use super::socket::{Peer, Socket};
use crate::engine::times::{Stalled, Step};

/// Slices of one vectored write.
const SLICES: usize = 32;
/// How many of the first bytes received are kept, to tell what a server speaks that does not speak HTTP/2.
const GREETING: usize = 16;

/// Hears what comes, and notes when.
pub(super) trait Stamped: ClientEvents {
    /// Something was read just now; what is heard until the next stamp came with it.
    fn stamp(&mut self);

    /// When that was.
    fn at(&self) -> Nanos;

    /// The time.
    fn now(&self) -> Nanos;

    /// A step of a connection took so long.
    fn took(&mut self, step: Step, time: Nanos);

    /// The PING that was answered since this was last asked.
    fn take_pong(&mut self) -> Option<u64>;

    /// The connection is gone, or could never be made, for this reason; the ends of its calls follow.
    fn lost(&mut self, why: &str, never_connected: bool) {
        let _ = (why, never_connected);
    }
}

/// A channel.
pub(super) struct Connection {
    pub(super) client: Client,
    socket: Option<Socket>,
    stage: Stage,
    /// Whether what is to be written waits for room in the socket.
    blocked: bool,
    /// Whether the server has closed its side: what is left is read to the end, as no edge will tell of it.
    ending: bool,
    /// Whether it is on the list of those that have something to write.
    pub(super) marked: bool,
    greeting: Vec<u8>,
    failure: Option<io::Error>,
    past: Wire,
    /// DATA bytes sent and received before the run began: health checks.
    before: [u64; 2],
    /// On windows of streams, and on the connection's.
    stalled: [Stalled; 2],
    began: Nanos,
    /// When the connection was made.
    made: Nanos,
    /// Whether the server's SETTINGS have come.
    is_ready: bool,
    /// Whether it takes no calls before they have.
    is_held: bool,
    pub(super) pings: Pings,
}

/// How far the socket has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    /// It is connected, and is to be secured.
    Shaking,
    Open,
    Lost,
}

impl Connection {
    /// Begins to connect.
    pub(super) fn begin(peer: &Peer, config: &Config, now: Nanos) -> Connection {
        let mut connection = Connection {
            client: Client::new(config),
            socket: None,
            stage: Stage::Lost,
            blocked: false,
            ending: false,
            marked: false,
            greeting: Vec::new(),
            failure: None,
            past: Wire::default(),
            before: [0; 2],
            stalled: [Stalled::default(); 2],
            began: now,
            made: now,
            is_ready: false,
            is_held: false,
            pings: Pings::default(),
        };
        connection.connect(peer, now);
        connection
    }

    /// Connects anew after a loss, or leaves a connection that is spent. It is lost still where that is refused at once.
    pub(super) fn renew(&mut self, peer: &Peer, config: &Config, now: Nanos) {
        if !self.is_lost() {
            add(&mut self.past, &self.client);
            self.stage = Stage::Lost;
            self.socket = None;
        }
        self.client = Client::new(config);
        self.connect(peer, now);
    }

    fn connect(&mut self, peer: &Peer, now: Nanos) {
        self.is_held = false;
        self.past.connections += 1;
        self.began = now;
        self.is_ready = false;
        self.pings = Pings::new(now);
        match Socket::connect(peer) {
            Ok(socket) => {
                self.socket = Some(socket);
                self.stage = Stage::Connecting;
                self.blocked = true;
                self.ending = false;
            }
            Err(error) => self.failure = Some(error),
        }
    }

    pub(super) fn is_lost(&self) -> bool {
        self.stage == Stage::Lost
    }

    /// Takes no calls before HTTP/2 is ready.
    pub(super) fn hold(&mut self) {
        self.is_held = !self.is_lost();
    }

    /// Whether it is to be ready before it takes calls, and is not.
    #[inline]
    pub(super) fn is_held(&self) -> bool {
        self.is_held
    }

    /// Whether a GOAWAY, or the last stream id, has made the connection useless, and nothing is open on it.
    pub(super) fn is_spent(&self) -> bool {
        use wire::StartError::{Draining, Exhausted, Failed};
        self.client.open_streams() == 0
            && matches!(self.client.ready(), Err(Draining | Exhausted | Failed))
    }

    pub(super) fn socket(&self) -> Option<&Socket> {
        self.socket.as_ref()
    }

    /// Whether it can only go on when the socket has room, or has connected.
    #[inline]
    pub(super) fn waits_for_room(&self) -> bool {
        self.blocked
    }

    /// The server has closed its side.
    pub(super) fn will_end(&mut self) {
        self.ending = true;
    }

    pub(super) fn greeting(&self) -> &[u8] {
        &self.greeting
    }

    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// The socket has room, or has connected.
    pub(super) fn on_writable(&mut self, on: &mut impl Stamped) {
        self.blocked = false;
        if self.stage == Stage::Connecting {
            match self.socket.as_ref().map_or(Ok(()), Socket::connected) {
                Ok(()) => self.connected(on),
                Err(error) => return self.lose(Some(error), on),
            }
        }
        match self.stage {
            Stage::Shaking => self.shake(on),
            _ => self.flush(on),
        }
    }

    fn connected(&mut self, on: &mut impl Stamped) {
        let is_secured = self.socket.as_ref().is_some_and(Socket::is_secured);
        self.stage = if is_secured {
            Stage::Shaking
        } else {
            Stage::Open
        };
        self.made = on.now();
        on.took(Step::Connect, self.made.since(self.began));
    }

    /// Goes on with the TLS handshake; the connection is open when that is over.
    #[cold]
    fn shake(&mut self, on: &mut impl Stamped) {
        let Some(socket) = &mut self.socket else {
            return;
        };
        match socket.shake() {
            Ok(Shaking::Waits) => {}
            Ok(Shaking::Blocked) => self.blocked = true,
            Ok(Shaking::Done(negotiated)) => {
                self.stage = Stage::Open;
                self.past.shook_hands(&negotiated.suite, negotiated.resumed);
                on.took(Step::Handshake, on.now().since(self.made));
                self.flush(on);
            }
            Err(error) => self.lose(Some(error), on),
        }
    }

    /// Writes all that there is to write, as far as the socket takes it.
    #[inline]
    pub(super) fn flush(&mut self, on: &mut impl Stamped) {
        while self.stage == Stage::Open && !self.blocked {
            self.client.pump(on);
            if self.client.output_len() == 0 {
                return self.finish(on);
            }
            if let Err(error) = self.write() {
                return self.lose(Some(error), on);
            }
        }
    }

    /// What a secured socket has taken may not have gone yet.
    #[inline]
    fn finish(&mut self, on: &mut impl Stamped) {
        match self.socket.as_mut().map_or(Ok(true), Socket::flush) {
            Ok(all) => self.blocked = !all,
            Err(error) => self.lose(Some(error), on),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        let Some(socket) = &mut self.socket else {
            return Ok(());
        };
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = self.client.output_slices(&mut slices);
        match socket.write(&slices[..filled])? {
            Some(written) => self.client.advance(written),
            None => self.blocked = true,
        }
        Ok(())
    }

    /// Reads once into `buffer` and hears what came; tells whether there may be more.
    #[inline]
    pub(super) fn read(&mut self, buffer: &mut [u8], on: &mut impl Stamped) -> bool {
        let Some(socket) = &mut self.socket else {
            return false;
        };
        let read = socket.read(buffer);
        if self.stage == Stage::Shaking && read.is_ok() {
            self.shake(on);
            if self.is_lost() {
                return false;
            }
        }
        match read {
            Ok(None) => return false,
            Ok(Some(0)) => self.lose(None, on),
            Ok(Some(length)) => {
                self.hear(&buffer[..length], on);
                return self.has_more(length, buffer.len());
            }
            Err(error) => self.lose(Some(error), on),
        }
        false
    }

    /// Whether there may be more to read than what was just read into a buffer of `room`.
    #[inline]
    fn has_more(&self, length: usize, room: usize) -> bool {
        let socket = self.socket.as_ref();
        self.stage == Stage::Open
            && (self.ending || socket.is_some_and(|socket| socket.may_have_more(length, room)))
    }

    #[inline]
    fn hear(&mut self, bytes: &[u8], on: &mut impl Stamped) {
        on.stamp();
        self.pings.heard_at = on.at();
        let outcome = self.client.receive(bytes, on);
        if !self.is_ready {
            self.greet(bytes, on);
        }
        if self.pings.is_out() {
            self.pings.hear(&self.client, on);
        }
        if let Err(broken) = outcome {
            // The GOAWAY that says what was wrong goes out if it can.
            let _ = self.write();
            self.lose(Some(ended_by_us(broken)), on);
        } else if self.client.output_len() > 0 {
            self.flush(on);
        }
    }

    /// Keeps the first bytes, and looks out for the server's SETTINGS.
    #[cold]
    fn greet(&mut self, bytes: &[u8], on: &mut impl Stamped) {
        if self.greeting.is_empty() {
            self.greeting = bytes[..bytes.len().min(GREETING)].to_vec();
        }
        self.is_ready = self.client.peer_settings().is_some();
        if self.is_ready {
            self.is_held = false;
            on.took(Step::Ready, on.at().since(self.began));
        }
    }

    /// Sends a PING.
    pub(super) fn ping(&mut self, on: &mut impl Stamped) {
        self.client.ping(self.pings.send(on.now()));
        self.flush(on);
    }

    /// Whether a PING can be sent and would tell something.
    pub(super) fn may_be_asked(&self, now: Nanos) -> bool {
        self.stage == Stage::Open && self.pings.are_due(&self.client, now)
    }

    /// Does what keeping the connection alive takes: a PING where nothing was heard for the interval, and the end
    /// where the answer to one is overdue. Tells when to look again.
    pub(super) fn keep_alive(
        &mut self,
        keepalive: &Keepalive,
        on: &mut impl Stamped,
    ) -> Option<Nanos> {
        if self.stage != Stage::Open {
            return None;
        }
        let now = on.now();
        match self.pings.next(keepalive) {
            Next::Ping(at) if at <= now => {
                self.ping(on);
                Some(now + keepalive.timeout)
            }
            Next::Loss(at) if at <= now => {
                let why = format!("a PING was not answered within {}", keepalive.timeout);
                let error = io::Error::new(io::ErrorKind::TimedOut, why);
                self.lose(Some(error), on);
                None
            }
            Next::Ping(at) | Next::Loss(at) => Some(at),
        }
    }

    /// Notes whether what is to be sent waits for a window.
    #[inline]
    pub(super) fn note_stalls(&mut self, on: &impl Stamped) {
        let stalls = self.client.stalls();
        self.stalled[0].note(stalls.streams > 0, || on.now());
        self.stalled[1].note(stalls.connection, || on.now());
    }

    /// The connection is gone: every call on it ends.
    fn lose(&mut self, error: Option<io::Error>, on: &mut impl Stamped) {
        on.stamp();
        let why = match (self.stage, &error) {
            (Stage::Connecting | Stage::Shaking, Some(error)) => format!("cannot connect: {error}"),
            (_, Some(error)) if error.kind() == io::ErrorKind::InvalidData => error.to_string(),
            (_, Some(error)) => format!("the connection was lost: {error}"),
            (_, None) => "the server closed the connection".to_owned(),
        };
        let why = match self.client.farewell() {
            Some(farewell) => format!("{why} after {farewell}"),
            None => why,
        };
        on.lost(&why, self.stage == Stage::Connecting);
        self.client.disconnect(on);
        add(&mut self.past, &self.client);
        self.past.connections_lost += u64::from(self.stage == Stage::Open);
        self.stage = Stage::Lost;
        self.socket = None;
        self.blocked = false;
        self.is_held = false;
        self.failure = error.or(self.failure.take());
    }
}

/// What the server sent is against the rules of HTTP/2, or too much of it.
fn ended_by_us(broken: ConnectionError) -> io::Error {
    let why = format!("the runner ended the connection for what the server sent: {broken}");
    io::Error::new(io::ErrorKind::InvalidData, why)
}
