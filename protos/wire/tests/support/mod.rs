//! A small language for tests: frames as a peer would send them, what came of them as lines of text.
//!
//! ```text
//! let mut client = Script::client(config);
//! client.start(1).peer([headers(1, OK_HEAD), data(1, MESSAGE), trailers(1, "0")]).hears(["head 1", "message 1 3", "end 1 OK"]);
//! ```

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use wire::frame::{Flags, GoAway, HEAD_LEN, Head, Kind, PREFACE, Ping, Reset, WindowUpdate};
use wire::hpack::{Decoder, Encoder, Indexing};
use wire::{
    Aborted, Call, Client, ClientEvents, Config, ConnectionError, ErrorCode, FieldList, Incoming,
    Outcome, Piece, Request, Server, ServerEvents, Status, Template,
};

pub type Bytes = Vec<u8>;

pub const RESPONSE: &[(&str, &str)] = &[(":status", "200"), ("content-type", "application/grpc")];
pub const OK: &[(&str, &str)] = &[("grpc-status", "0")];
pub const TRAILERS_ONLY: &[(&str, &str)] = &[
    (":status", "200"),
    ("content-type", "application/grpc"),
    ("grpc-status", "5"),
    ("grpc-message", "no such thing"),
];
pub const REQUEST: &[(&str, &str)] = &[
    (":method", "POST"),
    (":scheme", "http"),
    (":path", "/a.B/C"),
    (":authority", "localhost"),
    ("te", "trailers"),
    ("content-type", "application/grpc"),
];

pub fn frame(kind: Kind, flags: Flags, stream: u32, payload: &[u8]) -> Bytes {
    let mut out = Head::new(kind, flags, stream, payload.len())
        .bytes()
        .to_vec();
    out.extend_from_slice(payload);
    out
}

pub fn block(fields: &[(&str, &str)]) -> Bytes {
    let mut out = Vec::new();
    let fields = fields
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    Encoder::new(Indexing::Stateless, true).encode(fields, &mut out);
    out
}

pub fn headers(stream: u32, fields: &[(&str, &str)]) -> Bytes {
    frame(Kind::HEADERS, Flags::END_HEADERS, stream, &block(fields))
}

pub fn last_headers(stream: u32, fields: &[(&str, &str)]) -> Bytes {
    frame(
        Kind::HEADERS,
        Flags::END_HEADERS.and(Flags::END_STREAM),
        stream,
        &block(fields),
    )
}

pub fn data(stream: u32, payload: &[u8]) -> Bytes {
    frame(Kind::DATA, Flags::NONE, stream, payload)
}

pub fn last_data(stream: u32, payload: &[u8]) -> Bytes {
    frame(Kind::DATA, Flags::END_STREAM, stream, payload)
}

/// A message of that many sevens, framed.
pub fn message(len: usize) -> Bytes {
    wire::Message::new(&vec![7; len]).as_framed().to_vec()
}

pub fn settings(entries: &[(u16, u32)]) -> Bytes {
    let payload: Bytes = entries
        .iter()
        .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()[..]].concat())
        .collect();
    frame(Kind::SETTINGS, Flags::NONE, 0, &payload)
}

pub fn settings_ack() -> Bytes {
    frame(Kind::SETTINGS, Flags::ACK, 0, &[])
}

pub fn window_update(stream: u32, increment: u32) -> Bytes {
    encoded(|out| WindowUpdate { stream, increment }.encode(out))
}

pub fn reset(stream: u32, code: ErrorCode) -> Bytes {
    encoded(|out| Reset { stream, code }.encode(out))
}

pub fn go_away(last_stream: u32, code: ErrorCode) -> Bytes {
    encoded(|out| {
        let debug = b"";
        GoAway {
            last_stream,
            code,
            debug,
        }
        .encode(out);
    })
}

pub fn ping(opaque: u64) -> Bytes {
    let opaque = opaque.to_be_bytes();
    encoded(|out| Ping { ack: false, opaque }.encode(out))
}

fn encoded(encode: impl FnOnce(&mut Bytes)) -> Bytes {
    let mut out = Vec::new();
    encode(&mut out);
    out
}

/// What a listener heard, a line for each event.
#[derive(Debug, Default)]
pub struct Log(pub Vec<String>);

impl ClientEvents for Log {
    fn head(&mut self, call: Call, head: &wire::Head<'_>) {
        self.0
            .push(format!("head {} {}", call.token, head.http_status));
    }
    fn message(&mut self, call: Call, piece: Piece<'_>) {
        assert!(piece.bytes.iter().all(|byte| *byte == 7));
        if piece.is_last() {
            self.0.push(format!("message {} {}", call.token, piece.len));
        }
    }
    fn sent(&mut self, call: Call) {
        self.0.push(format!("sent {}", call.token));
    }
    fn end(&mut self, call: Call, outcome: &Outcome<'_>) {
        self.0.push(format!(
            "end {} {} {:?}",
            call.token, outcome.status, outcome.cause
        ));
    }
    fn go_away(&mut self, last_stream: u32, code: ErrorCode, _: &[u8]) {
        self.0.push(format!("go away {last_stream} {code}"));
    }
    fn pong(&mut self, opaque: u64) {
        self.0.push(format!("pong {opaque}"));
    }
}

impl ServerEvents for Log {
    fn route(&mut self, fields: &FieldList) -> u64 {
        self.0.push("route".into());
        fields.get(":path").map_or(0, |path| path.len() as u64)
    }
    fn request(&mut self, stream: u32, request: &Incoming<'_>) -> u64 {
        self.0.push(format!("request {stream} {}", request.route));
        u64::from(stream)
    }
    fn message(&mut self, call: Call, piece: Piece<'_>) {
        if piece.is_last() {
            self.0.push(format!("message {} {}", call.token, piece.len));
        }
    }
    fn end(&mut self, call: Call) {
        self.0.push(format!("end {}", call.token));
    }
    fn aborted(&mut self, call: Call, why: Aborted) {
        self.0.push(format!("aborted {} {why:?}", call.token));
    }
    fn sent(&mut self, call: Call) {
        self.0.push(format!("sent {}", call.token));
    }
}

/// One half, its listener, and what it says. Made with the preliminaries behind it.
pub struct Script<T> {
    pub half: T,
    pub log: Log,
    pub outcome: Result<(), ConnectionError>,
    decoder: Decoder,
}

/// What the two halves share, as far as a script needs it.
pub trait Half {
    fn receive(&mut self, bytes: &[u8], log: &mut Log) -> Result<(), ConnectionError>;
    fn pump(&mut self, log: &mut Log);
    fn output(&mut self) -> &[u8];
    fn advance(&mut self, len: usize);
    fn disconnect(&mut self, log: &mut Log);
}

macro_rules! half {
    ($half:ident) => {
        impl Half for $half {
            fn receive(&mut self, bytes: &[u8], log: &mut Log) -> Result<(), ConnectionError> {
                $half::receive(self, bytes, log)
            }
            fn pump(&mut self, log: &mut Log) {
                $half::pump(self, log);
            }
            fn output(&mut self) -> &[u8] {
                $half::output(self)
            }
            fn advance(&mut self, len: usize) {
                $half::advance(self, len);
            }
            fn disconnect(&mut self, log: &mut Log) {
                $half::disconnect(self, log);
            }
        }
    };
}
half!(Client);
half!(Server);

impl Script<Client> {
    /// A client whose server has sent its SETTINGS.
    pub fn client(config: &Config) -> Self {
        let mut script = Script::silent(Client::new(config));
        let _ = script.written();
        script.peer([settings(&[]), settings_ack()]);
        let _ = script.says();
        script
    }

    /// Starts a call of one small message.
    pub fn start(&mut self, token: u64) -> &mut Self {
        self.half
            .start(&request(), token, &[7; 3], true)
            .expect("a stream");
        self
    }
}

pub fn request() -> Template {
    Template::request(&Request::new("localhost", "/a.B/C"))
}

pub fn response() -> Template {
    Template::response(&[])
}

pub fn ok() -> Template {
    Template::trailers(Status::OK, &[])
}

impl Script<Server> {
    /// A server whose client has sent preface and SETTINGS.
    pub fn server(config: &Config) -> Self {
        let mut script = Script::silent(Server::new(config));
        script.peer([PREFACE.to_vec(), settings(&[]), settings_ack()]);
        let _ = script.says();
        script
    }
}

impl<T: Half> Script<T> {
    /// A half whose peer has said nothing yet.
    pub fn silent(half: T) -> Self {
        Script {
            half,
            log: Log::default(),
            outcome: Ok(()),
            decoder: Decoder::default(),
        }
    }

    /// The peer sends these, in one read.
    pub fn peer(&mut self, frames: impl IntoIterator<Item = Bytes>) -> &mut Self {
        let bytes: Bytes = frames.into_iter().flatten().collect();
        self.outcome = self
            .outcome
            .and_then(|()| self.half.receive(&bytes, &mut self.log));
        self
    }

    /// The peer sends these, in reads of so many bytes.
    pub fn peer_by(&mut self, len: usize, bytes: &[u8]) -> &mut Self {
        for bytes in bytes.chunks(len) {
            self.peer([bytes.to_vec()]);
        }
        self
    }

    /// What the listener heard since the last time.
    pub fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log.0)
    }

    pub fn hears<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) -> &mut Self {
        let lines: Vec<&str> = lines.into_iter().collect();
        assert_eq!(self.heard(), lines);
        self
    }

    /// The connection failed with that code.
    #[track_caller]
    pub fn fails(&mut self, code: ErrorCode) -> &mut Self {
        let error = self.outcome.expect_err("an error of the connection");
        assert_eq!(error.code, code, "{}", error.reason);
        // What is said last is GOAWAY with the same code.
        let said = self.says();
        let last = said.last().expect("a GOAWAY");
        assert!(
            last.starts_with("GOAWAY") && last.ends_with(&code.to_string()),
            "{said:?}"
        );
        self
    }

    /// The connection goes on.
    #[track_caller]
    pub fn lives(&mut self) -> &mut Self {
        assert_eq!(self.outcome, Ok(()));
        self
    }

    /// What the half has written since the last time.
    pub fn written(&mut self) -> Bytes {
        let mut bytes = Vec::new();
        loop {
            self.half.pump(&mut self.log);
            let piece = self.half.output();
            let len = piece.len();
            if len == 0 {
                return bytes;
            }
            bytes.extend_from_slice(piece);
            self.half.advance(len);
        }
    }

    /// The same, a line for each frame.
    pub fn says(&mut self) -> Vec<String> {
        let bytes = self.written();
        let mut rest = bytes.strip_prefix(PREFACE).unwrap_or(&bytes);
        let mut lines = Vec::new();
        while let Some((head, behind)) = rest.split_first_chunk::<HEAD_LEN>() {
            let head = Head::load(head);
            let (payload, behind) = behind.split_at(head.len as usize);
            rest = behind;
            lines.push(self.line(&head, payload));
        }
        assert!(rest.is_empty(), "half a frame");
        lines
    }

    fn line(&mut self, head: &Head, payload: &[u8]) -> String {
        let name = head.kind.name();
        let word =
            |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().expect("four bytes"));
        let end = if head.flags.has(Flags::END_STREAM) {
            " end"
        } else {
            ""
        };
        match head.kind {
            Kind::DATA => format!("{name} {} {}{end}", head.stream, head.len),
            Kind::HEADERS => {
                let mut fields = FieldList::new();
                self.decoder
                    .decode(payload, &mut fields)
                    .expect("our own block");
                format!("{name} {}{end}", head.stream)
            }
            Kind::RST_STREAM => format!("{name} {} {}", head.stream, ErrorCode(word(0))),
            Kind::GOAWAY => format!("{name} {} {}", word(0), ErrorCode(word(4))),
            Kind::WINDOW_UPDATE => format!("{name} {} {}", head.stream, word(0)),
            Kind::SETTINGS | Kind::PING if head.flags.has(Flags::ACK) => format!("{name} ack"),
            _ => name.to_string(),
        }
    }
}

/// A configuration of the smallest windows.
pub fn small() -> Config {
    Config {
        initial_stream_window: 100,
        connection_window: 65_535,
        ..Config::default()
    }
}
