//! A server that speaks HTTP/2 by hand, and misbehaves as a script says.
//!
//! It answers what the runner asks before and after the load (health checks, counters) as an honest server would, so
//! that a script is only ever asked about the scenario's own calls. Every connection has a thread of its own, and all
//! that comes on it is an [`Event`]: a script that wants to act later sends a PING and acts on its answer, so nothing
//! here waits for a time to pass.

use std::collections::BTreeMap;
use std::io::{self, Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use wire::ErrorCode;
use wire::frame::{Flags, HEAD_LEN, Head, Kind, PREFACE};
use wire::hpack::{Decoder, FieldList};

use crate::frames::{
    Bytes, OK, RESPONSE, data, frame, headers, last_headers, message, ping, settings, settings_ack,
    window_update,
};

/// The length of a reply message of 16 bytes of text, as the runner asks for it: a tag, a length, the text.
pub(crate) const REPLY: usize = 18;

/// What comes on a connection that makes calls.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// A call began.
    Opened(u32),
    /// DATA of a call, so many bytes.
    Data(u32, usize),
    /// A call has said all that it has to say.
    Call(u32),
    /// A PING of ours came back.
    Pong(u64),
    /// The client acknowledged SETTINGS.
    SettingsAck,
}

/// A script for each connection that makes calls, by their number from 0.
type Script = dyn Fn(usize) -> Box<Hears> + Send + Sync;
type Hears = dyn FnMut(&mut Peer, Event) + Send;

/// A scripted server. The runs against it are over when it is dropped.
pub(crate) struct Server {
    pub(crate) address: String,
    seen: Arc<Seen>,
}

/// What all connections of a server have seen and done.
pub(crate) struct Seen {
    notes: Mutex<Notes>,
    changed: Condvar,
    script: Box<Script>,
    shaped: bool,
    greeting: Bytes,
}

/// The same, as numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// Connections on which calls were made.
    pub(crate) connections: usize,
    /// Calls, by what the script did to them.
    pub(crate) done: BTreeMap<&'static str, u64>,
    /// GOAWAY from the client, by code, NO_ERROR left out.
    pub(crate) goaway: BTreeMap<String, u64>,
    /// RST_STREAM from the client, by code.
    pub(crate) resets: BTreeMap<String, u64>,
    /// Connections that are read.
    live: usize,
    over: bool,
}

/// One connection, for its script.
pub(crate) struct Peer {
    socket: TcpStream,
    decoder: Decoder,
    /// The connection's number among those that make calls, once it has made one.
    number: Option<usize>,
    /// Calls that have begun and are not answered, in the order in which they began.
    pub(crate) open: Vec<u32>,
    /// The same, of calls that have said all that they have to say.
    pub(crate) waiting: Vec<u32>,
    /// Streams of the runner's own questions, with the answer's message.
    asides: BTreeMap<u32, Option<Bytes>>,
    broken_off: bool,
    silent: bool,
    seen: Arc<Seen>,
}

impl Server {
    /// A server with a script for each connection.
    pub(crate) fn start<S>(script: impl Fn(usize) -> S + Send + Sync + 'static) -> Server
    where
        S: FnMut(&mut Peer, Event) + Send + 'static,
    {
        Server::greeting(&[], false, script)
    }

    /// The same, with SETTINGS of its own; `shaped` says that replies are as long as they are asked to be.
    pub(crate) fn greeting<S>(
        entries: &[(u16, u32)],
        shaped: bool,
        script: impl Fn(usize) -> S + Send + Sync + 'static,
    ) -> Server
    where
        S: FnMut(&mut Peer, Event) + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Seen {
            notes: Mutex::default(),
            changed: Condvar::new(),
            script: Box::new(move |number| Box::new(script(number))),
            shaped,
            greeting: [settings(entries), window_update(0, 1 << 30)].concat(),
        });
        let accepting = Arc::clone(&seen);
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let seen = Arc::clone(&accepting);
                let live = Live::new(&seen);
                thread::spawn(move || {
                    Peer::new(socket, seen).serve();
                    drop(live);
                });
            }
        });
        Server { address, seen }
    }

    /// What was seen and done, once all connections have been read to their end.
    pub(crate) fn notes(&self) -> Notes {
        let notes = self.seen.wait_until(|notes| notes.live == 0);
        notes.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.seen.notes().over = true;
        self.seen.changed.notify_all();
    }
}

impl Seen {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until(&self, there: impl Fn(&Notes) -> bool) -> MutexGuard<'_, Notes> {
        let waited = self.changed.wait_while(self.notes(), |notes| !there(notes));
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    /// One connection more, or less.
    fn now_live(&self, change: isize) {
        let mut notes = self.notes();
        notes.live = notes.live.wrapping_add_signed(change);
        self.changed.notify_all();
    }
}

/// A connection that is read, however that ends.
struct Live(Arc<Seen>);

impl Live {
    fn new(seen: &Arc<Seen>) -> Live {
        seen.now_live(1);
        Live(Arc::clone(seen))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.now_live(-1);
    }
}

impl Notes {
    /// Calls to which the script did this.
    pub(crate) fn count(&self, what: &str) -> u64 {
        self.done.get(what).copied().unwrap_or_default()
    }
}

/// What a script can do.
impl Peer {
    /// Sends these in one write. A client that has gone away does not hear them.
    pub(crate) fn say(&mut self, frames: impl IntoIterator<Item = Bytes>) {
        if self.silent {
            return;
        }
        let bytes = frames.into_iter().collect::<Vec<_>>().concat();
        let _ = self.socket.write_all(&bytes);
    }

    /// Sends these, so many bytes in a write.
    pub(crate) fn dribble(&mut self, bytes: &[u8], at_once: usize) {
        for piece in bytes.chunks(at_once) {
            let _ = self.socket.write_all(piece);
        }
    }

    /// Answers a call as it should be.
    pub(crate) fn answer(&mut self, stream: u32) {
        self.end(stream, "OK", answer(stream));
    }

    /// Ends a call with these frames, and notes what that is.
    pub(crate) fn end(&mut self, stream: u32, what: &'static str, frames: Bytes) {
        self.note(stream, what);
        self.say([frames]);
    }

    /// Notes what becomes of a call.
    pub(crate) fn note(&mut self, stream: u32, what: &'static str) {
        self.open.retain(|open| *open != stream);
        self.waiting.retain(|waiting| *waiting != stream);
        *self.seen.notes().done.entry(what).or_default() += 1;
    }

    /// Notes what becomes of all calls that are not answered.
    pub(crate) fn note_all(&mut self, what: &'static str) {
        for stream in self.open.clone() {
            self.note(stream, what);
        }
    }

    /// Closes the connection in good order.
    pub(crate) fn close(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Breaks the connection off: the client gets a TCP reset.
    pub(crate) fn abort(&mut self) {
        let socket = socket2::SockRef::from(&self.socket);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
        self.broken_off = true;
    }

    /// Sends a wave again and again without reading, up to so many bytes, or until the client has ended the connection.
    pub(crate) fn flood(&mut self, wave: &[u8], bytes: usize) {
        let waves = bytes.div_ceil(wave.len());
        let _ = (0..waves).try_for_each(|_| self.socket.write_all(wave));
    }

    /// Says nothing more, not even to a PING.
    pub(crate) fn fall_silent(&mut self) {
        self.silent = true;
    }

    /// Asks for an [`Event::Pong`].
    pub(crate) fn ask_pong(&mut self, opaque: u64) {
        self.say([ping(opaque)]);
    }

    /// Reads nothing more until the test is over.
    pub(crate) fn sleep(&mut self) {
        self.seen.now_live(-1);
        drop(self.seen.wait_until(|notes| notes.over));
        self.seen.now_live(1);
    }
}

/// An answer as it should be.
pub(crate) fn answer(stream: u32) -> Bytes {
    [
        headers(stream, RESPONSE),
        data(stream, &message(REPLY)),
        last_headers(stream, OK),
    ]
    .concat()
}

/// What HTTP/2 wants done anyway.
impl Peer {
    fn new(socket: TcpStream, seen: Arc<Seen>) -> Peer {
        socket.set_nodelay(true).unwrap();
        Peer {
            socket,
            decoder: Decoder::default(),
            number: None,
            open: Vec::new(),
            waiting: Vec::new(),
            asides: BTreeMap::new(),
            broken_off: false,
            silent: false,
            seen,
        }
    }

    /// Hears the connection to its end.
    fn serve(mut self) {
        let mut reading = io::BufReader::new(self.socket.try_clone().unwrap());
        let mut preface = [0; PREFACE.len()];
        if reading.read_exact(&mut preface).is_err() || &preface != PREFACE {
            return;
        }
        self.say([self.seen.greeting.clone()]);
        let mut script = None;
        while let Ok((head, payload)) = next(&mut reading) {
            for event in self.hear(&head, &payload) {
                let script = script.get_or_insert_with(|| {
                    let mut notes = self.seen.notes();
                    let number = notes.connections;
                    notes.connections += 1;
                    self.number = Some(number);
                    (self.seen.script)(number)
                });
                script(&mut self, event);
                if self.broken_off {
                    return;
                }
            }
        }
    }

    /// Makes events of a frame; those of the runner's own questions are answered here.
    fn hear(&mut self, head: &Head, payload: &[u8]) -> Vec<Event> {
        let ended = head.flags.has(Flags::END_STREAM);
        let word = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        let mut events = match head.kind {
            Kind::HEADERS => self.open(head.stream, payload),
            Kind::DATA if self.asides.contains_key(&head.stream) => Vec::new(),
            Kind::DATA => vec![Event::Data(head.stream, payload.len())],
            Kind::RST_STREAM => {
                *self.seen.notes().resets.entry(code(word(0))).or_default() += 1;
                self.open.retain(|open| *open != head.stream);
                self.waiting.retain(|waiting| *waiting != head.stream);
                Vec::new()
            }
            Kind::SETTINGS if head.flags.has(Flags::ACK) => vec![Event::SettingsAck],
            Kind::SETTINGS => {
                self.say([settings_ack()]);
                Vec::new()
            }
            Kind::PING if head.flags.has(Flags::ACK) => {
                vec![Event::Pong(u64::from_be_bytes(payload.try_into().unwrap()))]
            }
            Kind::PING => {
                self.say([frame(Kind::PING, Flags::ACK, 0, payload)]);
                Vec::new()
            }
            Kind::GOAWAY if word(4) != 0 => {
                *self.seen.notes().goaway.entry(code(word(4))).or_default() += 1;
                Vec::new()
            }
            _ => Vec::new(),
        };
        if ended && matches!(head.kind, Kind::HEADERS | Kind::DATA) {
            match self.asides.remove(&head.stream) {
                Some(reply) => self.say([aside(head.stream, reply)]),
                None => {
                    self.waiting.push(head.stream);
                    events.push(Event::Call(head.stream));
                }
            }
        }
        // What comes before the first call is no business of a script.
        events.retain(|event| self.number.is_some() || matches!(event, Event::Opened(_)));
        events
    }

    fn open(&mut self, stream: u32, block: &[u8]) -> Vec<Event> {
        let mut fields = FieldList::new();
        self.decoder.decode(block, &mut fields).unwrap();
        let path = fields.get(":path").unwrap_or_default();
        if path.starts_with(b"/helloworld.Greeter/") {
            self.open.push(stream);
            return vec![Event::Opened(stream)];
        }
        // No counts of any method is what a reference server says that was never called.
        let counters = self.seen.shaped && path.ends_with(b"/GetCounters");
        self.asides.insert(stream, counters.then(|| message(0)));
        Vec::new()
    }
}

/// An answer to a question of the runner's own: a message, or UNIMPLEMENTED.
fn aside(stream: u32, reply: Option<Bytes>) -> Bytes {
    match reply {
        Some(message) => [
            headers(stream, RESPONSE),
            data(stream, &message),
            last_headers(stream, OK),
        ]
        .concat(),
        None => last_headers(stream, &[RESPONSE, &[("grpc-status", "12")]].concat()),
    }
}

fn next(reading: &mut impl Read) -> io::Result<(Head, Bytes)> {
    let mut head = [0; HEAD_LEN];
    reading.read_exact(&mut head)?;
    let head = Head::load(&head);
    let mut payload = vec![0; head.len as usize];
    reading.read_exact(&mut payload)?;
    Ok((head, payload))
}

fn code(code: u32) -> String {
    ErrorCode(code).to_string()
}
