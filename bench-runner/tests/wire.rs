//! What the scenario asks of HTTP/2 really reaches the wire, seen from outside the program: a relay between it and the
//! server keeps what the client sends.

mod common;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::{Run, Server};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const SHORT: &str = "
name: wire
phases: { warm_up: 50ms, measure: 200ms, drain: 1s }
load: { closed: { in_flight: 2 } }
";

/// Passes everything on, and keeps what each connection sends and receives.
struct Relay {
    address: String,
    kept: Arc<Mutex<Vec<Kept>>>,
}

/// Both ways of a connection.
#[derive(Clone, Default)]
struct Kept {
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl Relay {
    fn to(server: &Server) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let all = Arc::new(Mutex::new(Vec::<Kept>::new()));
        let (kept, server) = (all.clone(), server.address.replace("http://", ""));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let upstream = TcpStream::connect(&server).unwrap();
                let index = kept.lock().unwrap().len();
                kept.lock().unwrap().push(Kept::default());
                let (back, forth) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
                let (sent, received) = (kept.clone(), kept.clone());
                thread::spawn(move || {
                    pass(back, forth, |bytes| {
                        received.lock().unwrap()[index].received.extend(bytes);
                    });
                });
                thread::spawn(move || {
                    pass(client, upstream, |bytes| {
                        sent.lock().unwrap()[index].sent.extend(bytes);
                    });
                });
            }
        });
        Relay { address, kept: all }
    }

    /// The connections that made calls: the runner also asks the server for its counts, on connections of their own
    /// that never call the Greeter.
    fn connections(&self) -> Vec<Kept> {
        let all = self.kept.lock().unwrap();
        // The path of a first call is a literal, Huffman-coded or not; a channel that makes calls sends far more.
        all.iter()
            .filter(|kept| kept.sent.len() > 1_000)
            .cloned()
            .collect()
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut keep: impl FnMut(&[u8])) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        keep(&buffer[..length]);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// The value of a setting in the SETTINGS frame that follows the preface.
fn setting(bytes: &[u8], id: u16) -> Option<u32> {
    let frame = bytes
        .strip_prefix(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .expect("an HTTP/2 preface");
    assert_eq!(frame[3], 4, "the first frame is SETTINGS");
    let length = usize::from(frame[1]) << 8 | usize::from(frame[2]);
    let mut entries = frame[9..9 + length].chunks_exact(6);
    let found = entries.rfind(|entry| u16::from_be_bytes([entry[0], entry[1]]) == id)?;
    Some(u32::from_be_bytes(found[2..].try_into().unwrap()))
}

fn windows_and_frame_sizes_reach_the_wire(engine: &str) {
    for (text, bytes) in [("64KiB", 65_536), ("1MiB", 1 << 20)] {
        let server = Server::start(&[&format!("http2.initial_stream_window={text}")]);
        let relay = Relay::to(&server);
        let outcome = Run::new(SHORT)
            .engine(engine)
            .target(&relay.address)
            .set(format!("client.http2.initial_stream_window={text}"))
            .set("client.http2.max_frame_size=32KiB")
            .set("client.http2.header_table_size=1KiB")
            .finish();
        let seen = &relay.connections()[0].sent;
        assert_eq!(
            setting(seen, 4),
            Some(bytes),
            "SETTINGS_INITIAL_WINDOW_SIZE"
        );
        assert_eq!(setting(seen, 5), Some(32_768), "SETTINGS_MAX_FRAME_SIZE");
        assert_eq!(setting(seen, 1), Some(1_024), "SETTINGS_HEADER_TABLE_SIZE");
        // And the program says the same of itself, and of the server.
        let wire = outcome.repetition().wire.clone().unwrap();
        assert_eq!(wire.client_settings.initial_stream_window, Some(bytes));
        assert_eq!(wire.client_settings.max_frame_size, Some(32_768));
        assert_eq!(
            wire.client_settings.initial_connection_window,
            Some(64 << 20)
        );
        assert_eq!(wire.server_settings.initial_stream_window, Some(bytes));
        assert_eq!(wire.server_settings.max_concurrent_streams, Some(1_000));
        let window = wire.server_settings.initial_connection_window;
        assert_eq!(window, Some(64 << 20), "the server's WINDOW_UPDATE");
    }
}

fn so_many_channels_are_so_many_connections(engine: &str) {
    for channels in [1, 7] {
        let server = Server::start(&[]);
        let relay = Relay::to(&server);
        let outcome = Run::new(SHORT)
            .engine(engine)
            .target(&relay.address)
            .set(format!("client.channels={channels}"))
            .finish();
        assert_eq!(relay.connections().len(), channels);
        let repetition = outcome.repetition();
        assert_eq!(
            repetition.wire.as_ref().unwrap().connections,
            channels as u64
        );
        assert_eq!(repetition.totals.server, Some(repetition.totals.client));
    }
}

fn a_server_that_allows_one_stream_makes_calls_wait_where_it_shows(engine: &str) {
    let outcome = Run::new(SHORT)
        .engine(engine)
        .set("load={ open: { rate: 200/s } }")
        .set("target.reference_server.http2.max_concurrent_streams=1")
        .set("target.reference_server.behaviour.delay=4ms")
        .set("phases.measure=1s")
        .finish();
    let repetition = outcome.repetition();
    assert_eq!(repetition.counts.ok, 200);
    // Four fifths of the time the one stream is taken: calls wait before they start, not unseen inside the client.
    let lag = repetition.start_lag.p90_ns.unwrap();
    assert!(lag > 2_000_000, "start lag p90 {lag} ns");
    assert!(repetition.service_time.p50_ns.unwrap() < lag + 6_000_000);
}

#[test]
fn metadata_reaches_the_server_with_every_call() {
    let server = Server::start(&[]);
    let relay = Relay::to(&server);
    let outcome = Run::new(SHORT)
        .target(&relay.address)
        .set("call.metadata={ x-tenant: \"~~~~~~~~\" }")
        .finish();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    // In HPACK's Huffman code a tilde is 1111111111101; eight of them are 13 whole bytes (RFC 7541, appendix B).
    let bits = "1111111111101".repeat(8);
    let coded: Vec<u8> = (0..13)
        .map(|n| u8::from_str_radix(&bits[n * 8..n * 8 + 8], 2).unwrap())
        .collect();
    let seen = relay.connections();
    assert!(
        seen[0]
            .sent
            .windows(coded.len())
            .any(|window| window == coded)
    );
}

fn metadata_and_trailers_of_a_reply_are_seen(engine: &str) {
    let outcome = Run::new(SHORT)
        .engine(engine)
        .set("call.reply.trailers={ x-shard: seven }")
        .finish();
    let first = outcome
        .repetition()
        .first_reply
        .clone()
        .expect("a reply came");
    assert_eq!(first.metadata["content-type"], "application/grpc");
    assert_eq!(first.trailers["x-shard"], "seven");
}

/// Frames by type, and bytes, of one way of a connection; the GOAWAY of a client that closes in good order comes
/// after the counts were taken.
fn counted(mut bytes: &[u8]) -> ([u64; 10], u64) {
    let (mut frames, mut all) = ([0; 10], 0);
    if let Some(rest) = bytes.strip_prefix(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") {
        (bytes, all) = (rest, 24);
    }
    while let Some((head, rest)) = bytes.split_first_chunk::<9>() {
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let goaway = head[3] == 7;
        frames[usize::from(head[3])] += u64::from(!goaway);
        all += if goaway { 0 } else { 9 + length as u64 };
        bytes = rest.get(length..).unwrap_or_default();
    }
    (frames, all)
}

fn what_is_told_of_the_wire_is_what_passed(engine: &str) {
    for (method, messages) in [("SayHello", 1), ("BidiHello", 3)] {
        let server = Server::start(&[]);
        let relay = Relay::to(&server);
        let outcome = Run::new(SHORT)
            .engine(engine)
            .target(&relay.address)
            .set(format!("call.method={method}"))
            .set(format!(
                "call.request={{ size: 40KiB, messages: {messages} }}"
            ))
            .set("call.reply.size=40KiB")
            .set("client.channels=3")
            .set("client.http2.initial_connection_window=128KiB")
            .finish();
        let wire = outcome.repetition().wire.clone().unwrap();
        let sums = |way: fn(&Kept) -> &[u8]| {
            let ways = relay.connections();
            ways.iter().map(|kept| counted(way(kept))).fold(
                ([0; 10], 0),
                |(mut frames, bytes), (more, also)| {
                    frames.iter_mut().zip(more).for_each(|(sum, n)| *sum += n);
                    (frames, bytes + also)
                },
            )
        };
        let (sent, bytes_sent) = sums(|kept| &kept.sent);
        let (received, bytes_received) = sums(|kept| &kept.received);
        assert_eq!(wire.bytes_sent, bytes_sent);
        assert_eq!(wire.frames_sent, sent.iter().sum::<u64>(), "{sent:?}");
        assert_eq!(wire.window_updates_sent, sent[8]);
        // What came after the last call was over, nobody had to read: a WINDOW_UPDATE or two, an answer to a PING.
        let unread = bytes_received.checked_sub(wire.bytes_received);
        assert!(unread.is_some_and(|bytes| bytes < 200), "{unread:?}");
        let unread = received.iter().sum::<u64>() - wire.frames_received;
        assert!(unread < 12, "{unread} of {received:?}");
        let connections = (wire.connect_time.count, wire.ready_time.count);
        assert_eq!(connections, (3, 3));
        assert!(wire.connect_time.min_ns <= wire.ready_time.min_ns);
        // Names and values are known of every block, and are far more than HPACK makes of them.
        let lists = (
            wire.header_list_bytes_sent.unwrap(),
            wire.header_list_bytes_received.unwrap(),
        );
        assert!(lists.0 > 4 * wire.header_bytes_sent, "{wire:?}");
        assert!(lists.1 > 2 * wire.header_bytes_received, "{wire:?}");
    }
}

/// A server of the test's own that takes calls, but gives nothing back of their windows for a while.
mod slow {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::thread;
    use std::time::Duration;

    use bench_runner::clock::Clock;
    use wire::{Call, Config, FieldList, Incoming, Server, ServerEvents, Status, Template};

    pub(super) const HOLD: Duration = Duration::from_millis(150);

    #[derive(Default)]
    struct Greeter {
        begun: Vec<u32>,
        ended: Vec<Call>,
    }

    impl ServerEvents for Greeter {
        /// 1 for the Greeter; the rest, such as health checks, is not implemented.
        fn route(&mut self, fields: &FieldList) -> u64 {
            let path = fields.get(":path").unwrap_or_default();
            u64::from(path.starts_with(b"/helloworld.Greeter/"))
        }

        fn request(&mut self, stream: u32, request: &Incoming<'_>) -> u64 {
            self.begun.push(stream);
            request.route
        }

        fn end(&mut self, call: Call) {
            self.ended.push(call);
        }
    }

    pub(super) fn start(config: Config) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || serve(client, &config));
            }
        });
        address
    }

    fn serve(mut client: TcpStream, config: &Config) {
        let (mut server, mut greeter) = (Server::new(config), Greeter::default());
        let head = Template::response(&[]);
        let ends =
            [Status::UNIMPLEMENTED, Status::OK].map(|status| Template::trailers(status, &[]));
        let clock = Clock::starting_in(Duration::ZERO);
        let mut held = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        client.set_nodelay(true).unwrap();
        let tick = Duration::from_millis(1);
        client.set_read_timeout(Some(tick)).unwrap();
        loop {
            match client.read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => {
                    if server.receive(&buffer[..length], &mut greeter).is_err() {
                        return;
                    }
                }
                Err(_) => {}
            }
            for stream in greeter.begun.drain(..) {
                held.push((stream, Duration::from(clock.now()) + HOLD));
            }
            held.retain(|(stream, until)| {
                let holds = Duration::from(clock.now()) < *until;
                if !holds {
                    server.hold(*stream, false);
                }
                holds
            });
            for Call { stream, token } in greeter.ended.drain(..) {
                // An empty HelloReply.
                let _ = server.respond_unary(stream, &head, b"", &ends[token as usize]);
            }
            while server.output_len() > 0 {
                let Ok(written) = client.write(server.output()) else {
                    return;
                };
                server.advance(written);
            }
        }
    }
}

/// One call at a time, of more than a window: how long the two windows were waited for, and how many calls there were.
fn waited(engine: &str, window: u32, connection_window: u32) -> (f64, f64, f64, f64) {
    let address = slow::start(wire::Config {
        initial_stream_window: window,
        connection_window,
        hold_streams: true,
        ..wire::Config::default()
    });
    let outcome = Run::new(SHORT)
        .engine(engine)
        .target(&address)
        .set("load={ closed: { in_flight: 1 } }")
        .set("phases={ warm_up: 0s, measure: 1s, drain: 1s }")
        .set("call.request.size=100KiB")
        .finish();
    let repetition = outcome.repetition();
    let wire = repetition.wire.clone().unwrap();
    let service = repetition.service_time.mean_ns.unwrap() * repetition.counts.ok as f64 / 1e6;
    let [stream, connection] = [
        wire.stalled_on_stream_window_ns,
        wire.stalled_on_connection_window_ns,
    ]
    .map(|ns| ns.unwrap() as f64 / 1e6);
    (stream, connection, repetition.counts.ok as f64, service)
}

/// The run's clock stands at zero for so long before it starts, in ms; a first call that begins then seems shorter.
const LEAD: f64 = 20.0;

/// A call of 100 KiB stands still on a window of 64 KiB until the server gives it back, 150 ms after its beginning: so
/// the time stalled is 150 ms a call, less what it took to send 64 KiB, and no more than the calls took.
fn time_stalled_is_what_the_server_held_back(engine: &str) {
    let _alone = common::alone();
    let hold = slow::HOLD.as_secs_f64() * 1e3;
    let (stream, connection, calls, service) = waited(engine, 65_536, 1 << 24);
    assert!(calls >= 3.0, "{calls} calls");
    assert!(stream > 0.8 * hold * calls, "{stream} ms, {calls} calls");
    assert!(stream < service + LEAD, "{stream} of {service} ms");
    assert!(connection < 1.0, "{connection} ms");
    let (stream, connection, calls, service) = waited(engine, 1 << 20, 65_535);
    assert!(calls >= 3.0, "{calls} calls");
    assert!(connection > 0.8 * hold * calls, "{connection} ms");
    assert!(connection < service + LEAD, "{connection} of {service} ms");
    assert!(stream < 1.0, "{stream} ms");
}

fn a_silent_server_is_lost_where_keepalive_asks(engine: &str) {
    let _alone = common::alone();
    let run = |keepalive: bool| {
        let server = Server::start(&[]);
        let run = Run::new(SHORT)
            .engine(engine)
            .target(&server.address)
            .set("phases={ warm_up: 0s, measure: 3s, drain: 3s }");
        let run = match keepalive {
            true => run.set("client.http2.keepalive={ interval: 200ms, timeout: 300ms }"),
            false => run,
        };
        let run = run.start();
        let stopper = signal_later(&server, 1_000, Signal::SIGSTOP);
        let waker = signal_later(&server, 3_500, Signal::SIGCONT);
        let outcome = run.finish();
        stopper.join().unwrap();
        waker.join().unwrap();
        outcome
    };
    let outcome = run(true);
    let repetition = outcome.repetition();
    assert!(repetition.wire.as_ref().unwrap().connections_lost >= 1);
    assert!(repetition.counts.by_status["UNAVAILABLE"] >= 2);
    let said = &repetition.failures[0].message;
    let why = match engine {
        "raw" => "the connection was lost: a PING was not answered within 300ms",
        _ => "operation timed out",
    };
    assert!(said.contains(why), "{said}");
    let outcome = run(false);
    let repetition = outcome.repetition();
    assert_eq!(repetition.wire.as_ref().unwrap().connections_lost, 0);
    assert_eq!(repetition.counts.ok, repetition.counts.started);
}

/// Calls that take longer than the interval leave the connection silent in between.
fn pings_of_the_keepalive_are_timed(engine: &str) {
    let outcome = Run::new(SHORT)
        .engine(engine)
        .set("phases.measure=1s")
        .set("target.reference_server.behaviour.delay=300ms")
        .set("client.http2.keepalive={ interval: 50ms, timeout: 20s }")
        .finish();
    let repetition = outcome.repetition();
    let wire = repetition.wire.as_ref().unwrap();
    assert!(wire.ping_time.count >= 3, "{:?}", wire.ping_time);
    assert!(wire.ping_time.max_ns.unwrap() < 20_000_000_000);
    assert_eq!(wire.connections_lost, 0);
    assert_eq!(repetition.counts.ok, repetition.counts.started);
}

fn signal_later(server: &Server, ms: u64, signal: Signal) -> thread::JoinHandle<()> {
    let pid = Pid::from_raw(server.child.id() as i32);
    common::after(Duration::from_millis(ms), move || {
        kill(pid, signal).unwrap();
    })
}

for_both_engines! {
    what_is_told_of_the_wire_is_what_passed
    time_stalled_is_what_the_server_held_back
    a_silent_server_is_lost_where_keepalive_asks
    pings_of_the_keepalive_are_timed
    windows_and_frame_sizes_reach_the_wire
    so_many_channels_are_so_many_connections
    a_server_that_allows_one_stream_makes_calls_wait_where_it_shows
    metadata_and_trailers_of_a_reply_are_seen
}

#[test]
fn a_frame_level_engine_tells_what_waiting_for_windows_cost() {
    let run = |window: &str| {
        let outcome = Run::new(SHORT)
            .engine("raw")
            .set("call.request.size=1MiB")
            .set(format!(
                "target.reference_server.http2.initial_stream_window={window}"
            ))
            .finish();
        outcome.repetition().wire.clone().unwrap()
    };
    let (small, large) = (run("64KiB"), run("16MiB"));
    assert!(
        small.stalled_on_stream_window_ns.unwrap() > 1_000_000,
        "{small:?}"
    );
    assert_eq!(large.stalled_on_stream_window_ns, Some(0), "{large:?}");
    assert!(small.window_updates_received > large.window_updates_received);
    assert!(small.header_bytes_received < small.header_list_bytes_received.unwrap());
}

/// At most every half second on a connection, and only after something that makes a server forgive it.
#[test]
fn the_raw_engine_sends_a_ping_now_and_then() {
    let server = Server::start(&[]);
    let relay = Relay::to(&server);
    let outcome = Run::new(SHORT)
        .engine("raw")
        .target(&relay.address)
        .set("client.channels=4")
        .set("phases={ warm_up: 0s, measure: 1200ms, drain: 1s }")
        .finish();
    let wire = outcome.repetition().wire.clone().unwrap();
    let connections = relay.connections();
    assert_eq!(connections.len(), 4);
    let mut pings = 0;
    for kept in &connections {
        let sent = counted(&kept.sent).0[6];
        assert!((2..=4).contains(&sent), "{sent} PINGs in 1.2 s");
        pings += sent;
    }
    assert!(wire.ping_time.count <= pings && wire.ping_time.count >= pings - 4);
}
