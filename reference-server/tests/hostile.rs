//! Clients that are odd, slow, broken or hostile: each has what it is due, and the server goes on serving the others.

mod common;

use common::{Running, request, settings, sized, until, whole_call};
use prost::Message;
use protos::encoding::{ALL_ACCEPTED, Encoding};
use protos::helloworld::{HelloRequest, ReplyShape};
use scenarios::method::Method;
use scenarios::scenario::{Face, ReferenceServer, ServerHttp2};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::transport::Endpoint;
use wire::{
    Call, Client, ClientEvents, Config, ErrorCode, Outcome, Piece, Request, Status, Template,
};

on_both_faces!(
    garbage_for_a_preface_ends_that_connection_only,
    half_a_frame_and_then_silence_disturbs_nobody,
    a_call_that_is_reset_in_its_stream_is_forgotten,
    a_reader_with_a_window_of_one_byte_gets_all_of_it,
    large_replies_pass_small_windows,
    streams_over_the_limit_are_refused_or_wait,
    a_stream_that_nobody_reads_stops,
    requests_in_pieces_are_put_together,
    a_frame_above_the_limit_ends_the_connection,
    what_is_not_grpc_is_refused_and_the_connection_goes_on,
    a_greeting_has_the_whole_name_however_it_comes,
    compressed_requests_are_read_or_refused,
);

const GOAWAY: u8 = 7;

/// A client at the level of frames.
struct Peer {
    socket: TcpStream,
    client: Client,
    seen: Seen,
}

/// What a client has heard.
#[derive(Default)]
struct Seen {
    ended: Vec<(u64, Status)>,
    refused: usize,
    messages: u64,
    bytes: u64,
    /// `grpc-accept-encoding` of the latest end.
    accepted: Vec<u8>,
}

impl ClientEvents for Seen {
    fn message(&mut self, _: Call, piece: Piece<'_>) {
        self.messages += u64::from(piece.is_last());
        self.bytes += piece.bytes.len() as u64;
    }

    fn end(&mut self, call: Call, outcome: &Outcome<'_>) {
        if outcome.status == Status::UNAVAILABLE {
            self.refused += 1;
        }
        let accepted = outcome.trailers.get("grpc-accept-encoding");
        self.accepted = accepted.unwrap_or_default().to_vec();
        self.ended.push((call.token, outcome.status));
    }
}

impl Peer {
    async fn connect(server: &Running, config: &Config) -> Peer {
        Peer {
            socket: socket(server).await,
            client: Client::new(config),
            seen: Seen::default(),
        }
    }

    async fn write(&mut self) {
        while self.client.output_len() > 0 {
            self.client.pump(&mut self.seen);
            let written = self.socket.write(self.client.output()).await.unwrap();
            self.client.advance(written);
        }
    }

    /// Reads once, and answers what HTTP/2 wants answered; false at the end.
    async fn turn(&mut self) -> bool {
        self.write().await;
        let mut buffer = vec![0; 64 << 10];
        let read = self.socket.read(&mut buffer).await.unwrap_or(0);
        let _ = self.client.receive(&buffer[..read], &mut self.seen);
        read > 0
    }

    /// Goes on until so many calls have ended.
    async fn until_ended(&mut self, calls: usize) {
        while self.seen.ended.len() < calls {
            assert!(self.turn().await, "the server hung up");
        }
    }
}

async fn socket(server: &Running) -> TcpStream {
    TcpStream::connect(server.address.strip_prefix("http://").unwrap())
        .await
        .unwrap()
}

fn head(method: Method) -> Template {
    Template::request(&Request::new("localhost", method.path()))
}

fn message(shape: ReplyShape) -> Vec<u8> {
    request(shape).encode_to_vec()
}

/// Another client is served as if nothing had been.
async fn assert_serves(server: &Running) {
    let channel = server.connect().await;
    let answer = whole_call(&channel, Method::SayHello, vec![request(sized(3))]).await;
    assert_eq!(answer.lengths, [3]);
}

/// Reads to the end of a connection, which the server closes.
async fn rest(socket: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(common::PATIENCE, socket.read_to_end(&mut rest)).await;
    // It may be closed by a reset too.
    let _ = closed.expect("the server closes the connection");
    rest
}

async fn garbage_for_a_preface_ends_that_connection_only(face: Face) {
    let server = Running::start(face);
    for garbage in [
        &b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..],
        &[0; 100],
        b"PRI * HTTP/2.0\r\n\r\nXX",
    ] {
        let mut socket = socket(&server).await;
        socket.write_all(garbage).await.unwrap();
        rest(&mut socket).await;
        assert_serves(&server).await;
    }
}

async fn half_a_frame_and_then_silence_disturbs_nobody(face: Face) {
    let server = Running::start(face);
    let mut peer = Peer::connect(&server, &Config::default()).await;
    peer.client
        .start(&head(Method::SayHello), 1, &message(sized(3))[..], true)
        .unwrap();
    let bytes = peer.client.output().to_vec();
    peer.socket
        .write_all(&bytes[..bytes.len() - 3])
        .await
        .unwrap();
    assert_serves(&server).await;
    // The other half completes it.
    peer.client.advance(bytes.len());
    peer.socket
        .write_all(&bytes[bytes.len() - 3..])
        .await
        .unwrap();
    peer.until_ended(1).await;
    assert_eq!(peer.seen.ended, [(1, Status::OK)]);
    // One that goes away in the middle of a frame is gone.
    let mut peer = Peer::connect(&server, &Config::default()).await;
    peer.client
        .start(&head(Method::SayHello), 1, &message(sized(3))[..], true)
        .unwrap();
    let bytes = peer.client.output().to_vec();
    peer.socket
        .write_all(&bytes[..bytes.len() - 3])
        .await
        .unwrap();
    drop(peer);
    assert_serves(&server).await;
}

async fn a_call_that_is_reset_in_its_stream_is_forgotten(face: Face) {
    let server = Running::start(face);
    let mut peer = Peer::connect(&server, &Config::default()).await;
    let endless = ReplyShape {
        messages: Some(u32::MAX),
        ..sized(1000)
    };
    let (stream, _) = peer
        .client
        .start(&head(Method::LotsOfReplies), 1, &message(endless)[..], true)
        .unwrap();
    while peer.seen.messages < 100 {
        assert!(peer.turn().await);
    }
    peer.client.reset(stream, ErrorCode::CANCEL).unwrap();
    let (echo, _) = peer
        .client
        .start(&head(Method::BidiHello), 2, &message(sized(5))[..], false)
        .unwrap();
    peer.write().await;
    peer.client.reset(echo, ErrorCode::CANCEL).unwrap();
    peer.client
        .start(&head(Method::SayHello), 3, &message(sized(5))[..], true)
        .unwrap();
    peer.until_ended(1).await;
    assert_eq!(peer.seen.ended, [(3, Status::OK)]);
    drop(peer);
    let counts = server.counted(Method::LotsOfReplies).await;
    assert_eq!((counts.calls, counts.ok), (1, 0));
}

async fn a_reader_with_a_window_of_one_byte_gets_all_of_it(face: Face) {
    let server = Running::start(face);
    let config = Config {
        initial_stream_window: 1,
        ..Config::default()
    };
    let mut peer = Peer::connect(&server, &config).await;
    for (token, method) in Method::ALL.into_iter().enumerate() {
        peer.client
            .start(&head(method), token as u64, &message(sized(100))[..], true)
            .unwrap();
    }
    peer.until_ended(Method::ALL.len()).await;
    assert!(
        peer.seen
            .ended
            .iter()
            .all(|(_, status)| *status == Status::OK)
    );
    // Each reply is a tag, a length and 100 bytes.
    assert_eq!((peer.seen.messages, peer.seen.bytes), (5, 5 * 102));
}

async fn large_replies_pass_small_windows(face: Face) {
    let server = Running::start(face);
    let endpoint = Endpoint::from_shared(server.address.clone()).unwrap();
    let channel = endpoint
        .initial_stream_window_size(64 << 10)
        .initial_connection_window_size(64 << 10)
        .connect()
        .await
        .unwrap();
    for method in Method::ALL {
        let answer = whole_call(&channel, method, vec![request(sized(1 << 20))]).await;
        assert_eq!(answer.lengths, [1 << 20], "{method:?}");
    }
    let many = ReplyShape {
        messages: Some(20),
        ..sized(1 << 20)
    };
    let calls =
        (0..8).map(|_| whole_call(&channel, Method::LotsOfReplies, vec![request(many.clone())]));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.lengths, [1 << 20; 20]);
    }
}

async fn streams_over_the_limit_are_refused_or_wait(face: Face) {
    let http2 = ServerHttp2 {
        max_concurrent_streams: 4,
        ..settings(face).http2
    };
    let server = Running::on(
        "127.0.0.1:0",
        &ReferenceServer {
            http2,
            ..settings(face)
        },
    );
    // A client that knows the limit waits for its turn.
    let channel = server.connect().await;
    whole_call(&channel, Method::SayHello, vec![request(sized(3))]).await;
    let calls = (0..100).map(|_| whole_call(&channel, Method::SayHello, vec![request(sized(3))]));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.lengths, [3]);
    }
    // One that does not know it yet is refused what is above it; these calls stay open.
    let mut peer = Peer::connect(&server, &Config::default()).await;
    for token in 0..10 {
        peer.client
            .start(
                &head(Method::BidiHello),
                token,
                &message(sized(3))[..],
                false,
            )
            .unwrap();
    }
    while peer.seen.refused < 6 || peer.seen.messages < 4 {
        assert!(peer.turn().await);
    }
    assert_eq!((peer.seen.refused, peer.seen.messages), (6, 4));
}

async fn a_stream_that_nobody_reads_stops(face: Face) {
    let server = Running::start(face);
    let mut peer = Peer::connect(&server, &Config::default()).await;
    let endless = ReplyShape {
        messages: Some(u32::MAX),
        ..sized(10_000)
    };
    for token in 0..4 {
        peer.client
            .start(
                &head(Method::LotsOfReplies),
                token,
                &message(endless.clone())[..],
                true,
            )
            .unwrap();
    }
    peer.write().await;
    // The client does not read on, so the server has made what windows and sockets hold, and stands still.
    let channel = server.connect().await;
    let mut before = until(&channel, Method::LotsOfReplies, |counts| counts.replies > 0).await;
    loop {
        assert_serves(&server).await;
        let now = until(&channel, Method::LotsOfReplies, |_| true).await;
        if now.replies == before.replies {
            break;
        }
        before = now;
    }
    assert!(before.replies < 10_000, "{before:?}");
}

async fn requests_in_pieces_are_put_together(face: Face) {
    let server = Running::start(face);
    let mut peer = Peer::connect(&server, &Config::default()).await;
    let long = HelloRequest {
        name: "n".repeat(100_000),
        reply: Some(sized(7)),
    };
    for (token, method) in Method::ALL.into_iter().enumerate() {
        peer.client
            .start(&head(method), token as u64, &long.encode_to_vec()[..], true)
            .unwrap();
    }
    // Seven bytes at a time: no frame comes whole.
    peer.client.pump(&mut peer.seen);
    let mut bytes = Vec::new();
    while peer.client.output_len() > 0 {
        bytes.extend_from_slice(peer.client.output());
        let len = peer.client.output().len();
        peer.client.advance(len);
        peer.client.pump(&mut peer.seen);
    }
    peer.socket.set_nodelay(true).unwrap();
    for piece in bytes[..700].chunks(7).chain(bytes[700..].chunks(9_999)) {
        peer.socket.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    peer.until_ended(Method::ALL.len()).await;
    assert!(
        peer.seen
            .ended
            .iter()
            .all(|(_, status)| *status == Status::OK)
    );
    assert_eq!((peer.seen.messages, peer.seen.bytes), (5, 5 * 9));
}

async fn a_frame_above_the_limit_ends_the_connection(face: Face) {
    let server = Running::start(face);
    let mut socket = socket(&server).await;
    let opening = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(),
        &[0, 0, 0, 4, 0, 0, 0, 0, 0],
        // DATA of 16 MiB on stream 1.
        &[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1],
    ];
    socket.write_all(&opening.concat()).await.unwrap();
    let said = rest(&mut socket).await;
    let mut at = 0;
    let mut kinds = Vec::new();
    while let Some(head) = said.get(at..at + 9) {
        kinds.push(head[3]);
        at += 9 + u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    }
    assert_eq!(kinds.last(), Some(&GOAWAY), "{kinds:?}");
    assert_serves(&server).await;
}

async fn what_is_not_grpc_is_refused_and_the_connection_goes_on(face: Face) {
    let server = Running::start(face);
    let mut peer = Peer::connect(&server, &Config::default()).await;
    let get = [
        (":method", &b"GET"[..]),
        (":scheme", b"http"),
        (":authority", b"localhost"),
        (":path", b"/"),
    ];
    peer.client.open(&Template::new(get), 1, true).unwrap();
    peer.client.open(&head(Method::SayHello), 2, true).unwrap();
    // A compressed message, of which nothing was said, and one that is no HelloRequest.
    let framed = wire::Message::compressed(b"\x0a\x01n");
    peer.client
        .start(&head(Method::SayHello), 3, &framed, true)
        .unwrap();
    peer.client
        .start(&head(Method::SayHello), 4, b"\x0a\x05n", true)
        .unwrap();
    peer.client
        .start(&head(Method::BidiHello), 5, b"\xff", false)
        .unwrap();
    peer.client
        .start(&head(Method::SayHello), 6, &message(sized(3))[..], true)
        .unwrap();
    peer.until_ended(6).await;
    let mut ended = peer.seen.ended.clone();
    ended.sort_unstable();
    assert!(
        ended[..5].iter().all(|(_, status)| *status != Status::OK),
        "{ended:?}"
    );
    assert_eq!(
        (ended[1], ended[3], ended[4]),
        (
            (2, Status::INTERNAL),
            (4, Status::INTERNAL),
            (5, Status::INTERNAL)
        )
    );
    assert_eq!(ended[5], (6, Status::OK));
}

/// The answers to a request that is not gRPC, in the order in which they come; a call that is begun later ends first.
#[tokio::test]
async fn what_is_not_grpc_is_answered_when_all_of_it_has_come() {
    let server = Running::start(Face::Raw);
    let mut peer = Peer::connect(&server, &Config::default()).await;
    let post = [
        (":method", &b"POST"[..]),
        (":scheme", b"http"),
        (":authority", b"localhost"),
        (":path", b"/"),
        ("content-length", b"8"),
    ];
    let streams = [1, 2].map(|token| {
        let opened = peer.client.open(&Template::new(post), token, false);
        opened.unwrap()
    });
    peer.client
        .start(&head(Method::SayHello), 3, &message(sized(3))[..], true)
        .unwrap();
    peer.until_ended(1).await;
    assert_eq!(peer.seen.ended, [(3, Status::OK)]);
    // Eight bytes, as announced; and thirteen, which are malformed (RFC 9113 8.1.1).
    for (stream, body) in streams.into_iter().zip([&b"abc"[..], b"abcdefgh"]) {
        peer.client.send(stream, body, true).unwrap();
        peer.until_ended(stream as usize / 2 + 2).await;
    }
    assert_eq!(
        peer.seen.ended[1..],
        [(1, Status::UNKNOWN), (2, Status::INTERNAL)]
    );
    assert_serves(&server).await;
}

async fn a_greeting_has_the_whole_name_however_it_comes(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    for len in [0, 1, 1000, 20_000, 100_000] {
        let name = "\u{e4}".repeat(len);
        let stock = HelloRequest {
            name: name.clone(),
            reply: None,
        };
        for method in Method::ALL {
            let answer = whole_call(&channel, method, vec![stock.clone(); 1]).await;
            assert_eq!(
                answer.replies[0].message,
                format!("Hello, {name}!"),
                "{method:?} {len}"
            );
        }
    }
}

async fn compressed_requests_are_read_or_refused(face: Face) {
    let server = Running::start(face);
    let mut peer = Peer::connect(&server, &Config::default()).await;
    let hello = message(sized(3));
    let gzip = Encoding::Gzip.compress(&hello);
    let bomb = Encoding::Zstd.compress(&vec![0; 65 << 20]);
    let table = [
        ("gzip", 1, &gzip[..], Status::OK),
        ("gzip", 0, &hello, Status::OK),
        ("identity", 0, &hello, Status::OK),
        // Flagged, and no encoding named (gRPC's compression.md).
        ("identity", 1, &gzip, Status::INTERNAL),
        ("gzip", 1, &gzip[..gzip.len() - 9], Status::INTERNAL),
        ("deflate", 1, &gzip, Status::INTERNAL),
        ("zstd", 1, &bomb, Status::RESOURCE_EXHAUSTED),
        ("br", 1, &hello, Status::UNIMPLEMENTED),
        ("gzip", 1, &gzip, Status::OK),
    ];
    for (number, (encoding, flag, bytes, status)) in table.into_iter().enumerate() {
        let metadata = [("grpc-encoding", encoding.as_bytes())];
        let method = Method::ALL[number % 2].path();
        let head = Template::request(&Request {
            metadata: &metadata,
            ..Request::new("localhost", method)
        });
        let framed = match flag {
            0 => wire::Message::new(bytes),
            _ => wire::Message::compressed(bytes),
        };
        let token = number as u64;
        peer.client.start(&head, token, &framed, true).unwrap();
        peer.until_ended(number + 1).await;
        let what = format!("{encoding}, flag {flag}, {} bytes", bytes.len());
        assert_eq!(peer.seen.ended[number], (token, status), "{what}");
        let accepted = match status {
            Status::UNIMPLEMENTED => ALL_ACCEPTED.as_bytes(),
            _ => b"",
        };
        assert_eq!(peer.seen.accepted, accepted, "{what}");
    }
    assert_eq!((peer.seen.messages, peer.seen.bytes), (4, 4 * 5));
}
