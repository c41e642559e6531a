//! Whole connections against h2: our client with its server, its client with our server. Random metadata, message sizes
//! and windows; what one side sends is what the other gets.

use bytes::{Buf, Bytes, BytesMut};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};
use wire::{
    Call, Client, ClientEvents, Config, ErrorCode, FieldList, Incoming, Indexing, Message, Outcome,
    Piece, Request, Server, ServerEvents, Status, Template,
};

type Metadata = Vec<(String, Vec<u8>)>;

/// One call: what goes up, and what comes back with it.
#[derive(Clone, Debug)]
struct Plan {
    metadata: Metadata,
    messages: Vec<usize>,
}

fn metadata() -> impl Strategy<Value = Metadata> {
    let name = prop_oneof!["x-[a-z0-9-]{1,12}", Just("x-tenant".to_string())];
    let value = proptest::collection::vec(0x21u8..0x7f, 0..40);
    proptest::collection::vec((name, value), 0..5)
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let size = prop_oneof![4 => 0usize..300, 2 => 300usize..20_000, 1 => 20_000usize..200_000];
    let plan = (metadata(), proptest::collection::vec(size, 1..4));
    proptest::collection::vec(
        plan.prop_map(|(metadata, messages)| Plan { metadata, messages }),
        1..8,
    )
}

/// How both ends are set: ours by a [`Config`], h2's by windows and frame size.
#[derive(Clone, Copy, Debug)]
struct Set {
    config: Config,
    window: u32,
    connection: u32,
    frame: u32,
    table: u32,
}

fn sets() -> impl Strategy<Value = Set> {
    let window = || prop_oneof![Just(65_535u32), Just(1u32 << 20), 1000u32..70_000];
    let table = || prop_oneof![Just(4096u32), Just(0), Just(100)];
    let ours = (
        window(),
        65_535u32..200_000,
        table(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    );
    let theirs = (window(), 65_535u32..200_000, 16_384u32..40_000, table());
    (ours, theirs).prop_map(|(ours, (window, connection, frame, table))| Set {
        config: Config {
            initial_stream_window: ours.0,
            connection_window: ours.1,
            header_table_size: ours.2,
            indexing: if ours.3 {
                Indexing::Incremental
            } else {
                Indexing::Stateless
            },
            huffman: ours.4,
            coalesce: ours.5,
            ..Config::default()
        },
        window,
        connection,
        frame,
        table,
    })
}

/// Runs to the end. Time is virtual: where everything waits for something else, the hour is over at once.
fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let local = tokio::task::LocalSet::new();
    let work = local.run_until(async {
        let hour = std::time::Duration::from_secs(3600);
        tokio::time::timeout(hour, work).await.expect("no deadlock")
    });
    runtime.block_on(work)
}

fn map(metadata: &Metadata) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in metadata {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
        map.append(name, HeaderValue::from_bytes(value).expect("a value"));
    }
    map
}

/// The metadata among some fields, in an order that does not depend on how a map keeps them.
fn of_list(fields: &FieldList) -> Metadata {
    sorted(
        fields
            .iter()
            .map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.to_vec())),
    )
}

fn of_map(map: &HeaderMap) -> Metadata {
    sorted(
        map.iter()
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())),
    )
}

fn sorted(fields: impl Iterator<Item = (String, Vec<u8>)>) -> Metadata {
    let mut fields: Metadata = fields.filter(|(name, _)| name.starts_with("x-")).collect();
    fields.sort();
    fields
}

fn template(fixed: &[(&'static str, &'static str)], metadata: &Metadata) -> Template {
    let fixed = fixed.iter().map(|(name, value)| (*name, value.as_bytes()));
    let metadata = metadata
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_slice()));
    Template::new(fixed.chain(metadata))
}

/// Sends bytes on a stream of h2's as its windows let it.
async fn send(stream: &mut h2::SendStream<Bytes>, mut bytes: Bytes) -> Result<(), h2::Error> {
    while bytes.has_remaining() {
        stream.reserve_capacity(bytes.len());
        let Some(capacity) = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await else {
            break;
        };
        let len = capacity?.min(bytes.len());
        stream.send_data(bytes.split_to(len), false)?;
    }
    Ok(())
}

/// All that comes on a stream of h2's.
async fn body(stream: &mut h2::RecvStream) -> Result<Bytes, h2::Error> {
    let mut all = BytesMut::new();
    while let Some(bytes) = stream.data().await {
        let bytes = bytes?;
        stream.flow_control().release_capacity(bytes.len())?;
        all.extend_from_slice(&bytes);
    }
    Ok(all.freeze())
}

// === our client, h2's server ===

#[derive(Debug, Default)]
struct Caller {
    calls: Vec<Answer>,
}

#[derive(Clone, Debug, Default)]
struct Answer {
    head: Metadata,
    messages: Vec<usize>,
    part: usize,
    end: Option<(Status, Metadata, u64)>,
}

impl ClientEvents for Caller {
    fn head(&mut self, call: Call, head: &wire::Head<'_>) {
        self.calls[call.token as usize].head = of_list(head.fields);
    }
    fn message(&mut self, call: Call, piece: Piece<'_>) {
        let answer = &mut self.calls[call.token as usize];
        assert_eq!(piece.offset, answer.part);
        assert!(piece.bytes.iter().all(|byte| *byte == 7));
        answer.part += piece.bytes.len();
        if piece.is_last() {
            answer.messages.push(std::mem::take(&mut answer.part));
        }
    }
    fn end(&mut self, call: Call, outcome: &Outcome<'_>) {
        let answer = &mut self.calls[call.token as usize];
        assert!(answer.end.is_none());
        answer.end = Some((
            outcome.status,
            of_list(outcome.trailers),
            outcome.sent.messages,
        ));
    }
}

/// Echoes bodies and metadata until the connection is closed.
async fn h2_server(io: DuplexStream, set: Set) {
    let mut builder = h2::server::Builder::new();
    builder
        .initial_window_size(set.window)
        .initial_connection_window_size(set.connection)
        .max_frame_size(set.frame)
        .header_table_size(set.table)
        .data_frame_budget(usize::MAX);
    let mut connection = builder
        .handshake::<_, Bytes>(io)
        .await
        .expect("our preface");
    while let Some(request) = connection.accept().await {
        let (request, mut respond) = request.expect("a good connection");
        tokio::task::spawn_local(async move {
            let (parts, mut stream) = request.into_parts();
            assert_eq!(parts.uri.path(), "/a.B/C");
            assert_eq!(parts.headers["te"], "trailers");
            let metadata = of_map(&parts.headers);
            let mut answer = http::Response::new(());
            *answer.headers_mut() = map(&metadata);
            answer
                .headers_mut()
                .insert("content-type", HeaderValue::from_static("application/grpc"));
            let mut up = respond
                .send_response(answer, false)
                .expect("an open stream");
            let bytes = body(&mut stream).await.expect("all of it");
            send(&mut up, bytes).await.expect("all of it");
            let mut trailers = map(&metadata);
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            up.send_trailers(trailers).expect("an open stream");
        });
    }
}

fn start(client: &mut Client, plans: &[Plan]) {
    for (token, plan) in plans.iter().enumerate() {
        let metadata: Vec<_> = plan
            .metadata
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        let request = Request {
            metadata: &metadata,
            ..Request::new("localhost", "/a.B/C")
        };
        let stream = client
            .open(&Template::request(&request), token as u64, false)
            .expect("room");
        for (at, len) in plan.messages.iter().enumerate() {
            let last = at + 1 == plan.messages.len();
            client
                .send(stream, &Message::new(&vec![7; *len]), last)
                .expect("open");
        }
    }
}

async fn our_client(io: DuplexStream, set: Set, plans: &[Plan]) -> Caller {
    let (mut from, mut to) = split(io);
    let mut client = Client::new(&set.config);
    let mut caller = Caller {
        calls: vec![Answer::default(); plans.len()],
    };
    let mut bytes = vec![0; 30_000];
    let mut started = false;
    while !started || client.open_streams() > 0 {
        // h2 lowers the window of a stream when its SETTINGS are acknowledged, but does not look whether it then owes
        // a WINDOW_UPDATE: what was sent before they came could stall for ever.
        if client.peer_settings().is_some() && !started {
            started = true;
            start(&mut client, plans);
        }
        client.pump(&mut caller);
        let output = client.output();
        tokio::select! {
            biased;
            written = to.write(output), if !output.is_empty() => client.advance(written.expect("an open pipe")),
            read = from.read(&mut bytes) => {
                let len = read.expect("an open pipe");
                assert!(len > 0, "closed early");
                client.receive(&bytes[..len], &mut caller).expect("a good server");
            }
        }
    }
    client.go_away(ErrorCode::NO_ERROR);
    let last = client.output().to_vec();
    to.write_all(&last).await.expect("an open pipe");
    caller
}

// === h2's client, our server ===

#[derive(Debug, Default)]
struct Echo {
    calls: std::collections::BTreeMap<u32, (Metadata, Vec<u8>)>,
    due: Vec<u32>,
}

impl ServerEvents for Echo {
    fn route(&mut self, fields: &FieldList) -> u64 {
        assert_eq!(fields.get(":path"), Some(&b"/a.B/C"[..]));
        1
    }
    fn request(&mut self, stream: u32, request: &Incoming<'_>) -> u64 {
        assert!(request.grpc);
        self.calls
            .insert(stream, (of_list(request.fields), Vec::new()));
        0
    }
    fn message(&mut self, call: Call, piece: Piece<'_>) {
        let (_, body) = self.calls.get_mut(&call.stream).expect("begun");
        if piece.offset == 0 {
            body.extend_from_slice(&[0]);
            body.extend_from_slice(&(piece.len as u32).to_be_bytes());
        }
        body.extend_from_slice(piece.bytes);
    }
    fn end(&mut self, call: Call) {
        self.due.push(call.stream);
    }
    fn aborted(&mut self, call: Call, why: wire::Aborted) {
        panic!("{call:?} {why:?}");
    }
}

async fn our_server(io: DuplexStream, set: Set) {
    let (mut from, mut to) = split(io);
    let (mut server, mut echo) = (Server::new(&set.config), Echo::default());
    let mut bytes = vec![0; 30_000];
    loop {
        for stream in std::mem::take(&mut echo.due) {
            let (metadata, body) = echo.calls.remove(&stream).expect("begun");
            let head = [(":status", "200"), ("content-type", "application/grpc")];
            server
                .respond(stream, &template(&head, &metadata))
                .expect("open");
            let mut rest = &body[..];
            while let Some((prefix, behind)) = rest.split_first_chunk::<5>() {
                let len = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
                server.send(stream, &behind[..len]).expect("open");
                rest = &behind[len..];
            }
            let trailers = template(&[("grpc-status", "0")], &metadata);
            server.trailers(stream, &trailers).expect("open");
        }
        server.pump(&mut echo);
        let output = server.output();
        tokio::select! {
            biased;
            written = to.write(output), if !output.is_empty() => match written {
                Ok(len) => server.advance(len),
                Err(_) => return,
            },
            read = from.read(&mut bytes) => match read {
                Ok(0) | Err(_) => return,
                Ok(len) => server.receive(&bytes[..len], &mut echo).expect("a good client"),
            }
        }
    }
}

async fn h2_client(io: DuplexStream, set: Set, plans: &[Plan]) {
    let mut builder = h2::client::Builder::new();
    builder
        .initial_window_size(set.window)
        .initial_connection_window_size(set.connection)
        .max_frame_size(set.frame)
        .header_table_size(set.table)
        .data_frame_budget(usize::MAX);
    let (sender, connection) = builder
        .handshake::<_, Bytes>(io)
        .await
        .expect("a handshake");
    tokio::task::spawn_local(async move { connection.await.expect("a good connection") });
    let mut calls = Vec::new();
    for plan in plans.iter().cloned() {
        let sender = sender.clone();
        calls.push(tokio::task::spawn_local(async move {
            let mut request = http::Request::post("http://localhost/a.B/C")
                .body(())
                .expect("a request");
            *request.headers_mut() = map(&plan.metadata);
            request
                .headers_mut()
                .insert("content-type", HeaderValue::from_static("application/grpc"));
            let (response, mut up) = sender
                .ready()
                .await
                .expect("room")
                .send_request(request, false)
                .expect("a stream");
            let sent: Vec<u8> = plan
                .messages
                .iter()
                .flat_map(|len| Message::new(&vec![7; *len]).as_framed().to_vec())
                .collect();
            send(&mut up, Bytes::from(sent.clone()))
                .await
                .expect("all of it");
            up.send_data(Bytes::new(), true).expect("an open stream");
            let (parts, mut stream) = response.await.expect("an answer").into_parts();
            let expected = sorted(plan.metadata.iter().cloned());
            assert_eq!(of_map(&parts.headers), expected);
            assert_eq!(body(&mut stream).await.expect("all of it"), sent);
            let trailers = stream
                .trailers()
                .await
                .expect("trailers")
                .expect("trailers");
            assert_eq!(of_map(&trailers), expected);
            assert_eq!(trailers["grpc-status"], "0");
        }));
    }
    for call in calls {
        call.await.expect("a call as planned");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn our_client_and_h2s_server(set in sets(), plans in plans(), pipe in 100usize..100_000) {
        let caller = run(async {
            let (ours, theirs) = duplex(pipe);
            tokio::task::spawn_local(h2_server(theirs, set));
            our_client(ours, set, &plans).await
        });
        for (answer, plan) in caller.calls.iter().zip(&plans) {
            let expected = sorted(plan.metadata.iter().cloned());
            prop_assert_eq!(&answer.head, &expected);
            prop_assert_eq!(&answer.messages, &plan.messages);
            prop_assert_eq!(&answer.end, &Some((Status::OK, expected, plan.messages.len() as u64)));
        }
    }

    #[test]
    fn h2s_client_and_our_server(set in sets(), plans in plans(), pipe in 100usize..100_000) {
        run(async {
            let (ours, theirs) = duplex(pipe);
            tokio::task::spawn_local(our_server(ours, set));
            h2_client(theirs, set, &plans).await;
        });
    }
}
