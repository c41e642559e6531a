//! What the scenario asks of HTTP/2 really reaches the wire, seen from outside the program: a relay between it and the
//! server keeps what the client sends.

mod common;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use common::{Run, Server};

const SHORT: &str = "
name: wire
phases: { warm_up: 50ms, measure: 200ms, drain: 1s }
load: { closed: { in_flight: 2 } }
";

/// Passes everything on, and keeps the first bytes that each connection sends.
struct Relay {
    address: String,
    beginnings: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Relay {
    fn to(server: &Server) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let beginnings = Arc::new(Mutex::new(Vec::new()));
        let (kept, server) = (beginnings.clone(), server.address.replace("http://", ""));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let upstream = TcpStream::connect(&server).unwrap();
                let index = kept.lock().unwrap().len();
                kept.lock().unwrap().push(Vec::new());
                let (back, forth) = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || pass(back, forth, |_| {}));
                let kept = kept.clone();
                thread::spawn(move || {
                    pass(client, upstream, |bytes| {
                        kept.lock().unwrap()[index].extend(bytes);
                    });
                });
            }
        });
        Relay {
            address,
            beginnings,
        }
    }

    /// The connections that made calls: the runner also asks the server for its counts, on connections of their own
    /// that never call the Greeter.
    fn connections(&self) -> Vec<Vec<u8>> {
        let all = self.beginnings.lock().unwrap();
        // The path of a first call is a literal, Huffman-coded or not; a channel that makes calls sends far more.
        all.iter()
            .filter(|bytes| bytes.len() > 1_000)
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
        let seen = &relay.connections()[0];
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
    assert!(seen[0].windows(coded.len()).any(|window| window == coded));
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

for_both_engines! {
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
