//! Scripted conversations, cut in every way, on a clock that stands still unless it is moved.

use std::sync::Arc;

use reports::model::{Wire, WireSettings};
use wire::frame::PREFACE;

use super::*;
use crate::clock::Hand;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags, 0, 0, 0, stream]);
    bytes.extend(payload);
    bytes
}

fn setting(id: u16, value: u32) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend(value.to_be_bytes());
    bytes
}

fn widen(stream: u8, increment: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
}

/// One connection under a tap, fed in pieces of one length.
struct Script {
    seen: Arc<Seen>,
    shared: Shared,
    tap: Tap<()>,
    hand: Hand,
    cut: usize,
}

impl Script {
    /// A connection that took 3 ns to be made.
    fn cut_every(cut: usize) -> Script {
        let (clock, hand) = Clock::manual();
        let shared = Shared::new(clock);
        let seen = Seen::new(&shared);
        let began = shared.now();
        hand.move_to(Nanos(3));
        seen.made(began);
        Script {
            tap: Tap::new((), Arc::clone(&seen), began),
            seen,
            shared,
            hand,
            cut,
        }
    }

    fn send(&mut self, bytes: &[u8]) -> &mut Script {
        bytes.chunks(self.cut).for_each(|part| self.tap.sent(part));
        self
    }

    fn receive(&mut self, bytes: &[u8]) -> &mut Script {
        let parts = bytes.chunks(self.cut);
        parts.for_each(|part| self.tap.received(part));
        self
    }

    fn at(&mut self, time: u64) -> &mut Script {
        self.hand.move_to(Nanos(time));
        self
    }

    fn wire(&self) -> Wire {
        let mut wire = self.seen.wire();
        self.shared.tell(&mut wire);
        wire
    }

    /// How long it was stalled on windows of streams, and on the connection's.
    fn stalled(&self) -> [u64; 2] {
        let wire = self.wire();
        [
            wire.stalled_on_stream_window_ns.unwrap(),
            wire.stalled_on_connection_window_ns.unwrap(),
        ]
    }
}

/// From the preface to the end, with one of everything.
fn whole_conversation(cut: usize) -> Wire {
    let mut script = Script::cut_every(cut);
    // A literal that enters the table, `te: trailers`, and `:method: POST`; then both by their index.
    let literal: &[u8] = b"\x83\x40\x02te\x08trailers";
    let indexed: &[u8] = b"\x83\xbe";
    script.send(PREFACE);
    script.send(&frame(SETTINGS, 0, 0, &setting(4, 1 << 20)));
    script.send(&widen(0, 1 << 24));
    script.at(10);
    script.receive(&frame(
        SETTINGS,
        0,
        0,
        &[setting(4, 65_536), setting(3, 100)].concat(),
    ));
    script.at(12).receive(&frame(SETTINGS, ACK, 0, &[]));
    script.send(&frame(HEADERS, END_HEADERS, 1, literal));
    script.send(&frame(DATA, END_STREAM, 1, &[0; 700]));
    script.receive(&widen(0, 100_000));
    // The same list in two frames, padded and with priority.
    let padded = [&[2, 0, 0, 0, 0, 9][..], &indexed[..1], &[0, 0]].concat();
    script.send(&frame(HEADERS, PADDED | PRIORITY, 3, &padded));
    script.send(&frame(CONTINUATION, END_HEADERS, 3, &indexed[1..]));
    script.send(&frame(RST_STREAM, 0, 3, &[0, 0, 0, 8]));
    script.at(20).send(&frame(PING, 0, 0, b"12345678"));
    script.at(24).receive(&frame(PING, ACK, 0, b"12345678"));
    script
        .at(30)
        .receive(&frame(PING, ACK, 0, b"12345678"))
        .receive(&frame(PING, 0, 0, b"whatever"));
    script.receive(&frame(DATA, 0, 1, &[0; 12]));
    script.receive(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0x88]));
    script.send(&widen(0, 12));
    script.receive(&frame(RST_STREAM, 0, 5, &[0, 0, 0, 99]));
    let debug = [&[0, 0, 0, 1, 0, 0, 0, 11][..], &[b'!'; 2_000]].concat();
    script.receive(&frame(GOAWAY, 0, 0, &debug));
    script.send(&frame(GOAWAY, 0, 0, &[0; 8]));
    script.tap.received(&[]);
    assert_eq!(script.seen.max_concurrent_streams(), 100);
    assert!(script.seen.was_lost());
    script.wire()
}

#[test]
fn a_conversation_is_understood_however_it_is_cut() {
    let whole = whole_conversation(usize::MAX);
    for cut in 1..100 {
        assert_eq!(whole_conversation(cut), whole, "cut every {cut} bytes");
    }
    assert_eq!((whole.connections, whole.connections_lost), (1, 1));
    assert_eq!((whole.frames_sent, whole.frames_received), (10, 10));
    let told = (whole.window_updates_sent, whole.window_updates_received);
    assert_eq!(told, (2, 1));
    // `:method: POST` is 11 bytes, `te: trailers` 10, `:status: 200` 10.
    assert_eq!(
        (whole.header_bytes_sent, whole.header_bytes_received),
        (16, 1)
    );
    assert_eq!(whole.header_list_bytes_sent, Some(2 * (11 + 10)));
    assert_eq!(whole.header_list_bytes_received, Some(10));
    let client = WireSettings {
        initial_stream_window: Some(1 << 20),
        initial_connection_window: Some(65_535 + (1 << 24)),
        ..WireSettings::default()
    };
    let server = WireSettings {
        initial_stream_window: Some(65_536),
        initial_connection_window: Some(165_535),
        max_concurrent_streams: Some(100),
        ..WireSettings::default()
    };
    assert_eq!(
        (whole.client_settings, whole.server_settings),
        (client, server)
    );
    let resets = [("client CANCEL", 1), ("server UNKNOWN(99)", 1)];
    let resets = resets.map(|(who, count)| (who.to_owned(), count));
    assert_eq!(whole.resets, resets.into());
    let goaway = [("server ENHANCE_YOUR_CALM".to_owned(), 1)];
    assert_eq!(whole.goaway, goaway.into());
    let connect = (whole.connect_time.count, whole.connect_time.max_ns);
    assert_eq!(connect, (1, Some(3)));
    let ready = (whole.ready_time.count, whole.ready_time.max_ns);
    assert_eq!(ready, (1, Some(10)));
    // Only the first answer is one.
    assert_eq!(
        (whole.ping_time.count, whole.ping_time.max_ns),
        (1, Some(4))
    );
    let stalled = (
        whole.stalled_on_stream_window_ns,
        whole.stalled_on_connection_window_ns,
    );
    assert_eq!(stalled, (Some(0), Some(0)));
}

#[test]
fn time_on_a_streams_window_runs_from_its_last_byte_to_the_update() {
    for cut in [1, 7, 10_000] {
        let mut script = Script::cut_every(cut);
        script.send(PREFACE);
        script.receive(&frame(SETTINGS, 0, 0, &setting(4, 100)));
        script.receive(&widen(0, 100_000));
        script.send(&frame(HEADERS, END_HEADERS, 1, &[0x83]));
        script.at(10).send(&frame(DATA, 0, 1, &[0; 60]));
        script.at(20).send(&frame(DATA, 0, 1, &[0; 40]));
        assert_eq!(script.at(25).stalled(), [5, 0]);
        // Updates of the connection, and a second stream that waits too, change nothing.
        script.at(30).receive(&widen(0, 10));
        script.send(&frame(HEADERS, END_HEADERS, 3, &[0x83]));
        script.send(&frame(DATA, 0, 3, &[0; 100]));
        script.at(40).receive(&widen(1, 1));
        assert_eq!(script.stalled(), [20, 0]);
        script.at(45).send(&frame(RST_STREAM, 0, 3, &[0, 0, 0, 8]));
        script.at(60).send(&frame(DATA, 0, 1, &[0]));
        script.at(61).receive(&widen(1, 1));
        script.at(70).send(&frame(DATA, END_STREAM, 1, &[0]));
        assert_eq!(script.at(90).stalled(), [26, 0]);
    }
}

#[test]
fn time_on_the_connections_window_counts_while_a_stream_could_send() {
    for cut in [1, 7, 100_000] {
        let mut script = Script::cut_every(cut);
        script.send(PREFACE);
        script.receive(&frame(SETTINGS, 0, 0, &setting(4, 100_000)));
        for (stream, last) in [(1, 0), (3, 0), (5, 0), (7, 16_383)] {
            script.send(&frame(HEADERS, END_HEADERS, stream, &[0x83]));
            let len = if last == 0 { 16_384 } else { last };
            script.send(&frame(DATA, END_STREAM, stream, &vec![0; len]));
        }
        // Used up to the last byte, but nobody waits.
        assert_eq!(script.at(50).stalled(), [0, 0]);
        script.send(&frame(HEADERS, END_HEADERS, 9, &[0x83]));
        script.at(80).receive(&widen(0, 20_000));
        assert_eq!(script.stalled(), [0, 30]);
        script.at(90).send(&frame(DATA, 0, 9, &vec![0; 10_000]));
        script.at(95).send(&frame(DATA, 0, 9, &vec![0; 10_000]));
        // The server answers to the end: what is left of the request is of no use to it.
        script.at(99);
        script.receive(&frame(HEADERS, END_HEADERS | END_STREAM, 9, &[0x88]));
        assert_eq!(script.at(200).stalled(), [0, 34]);
    }
}

#[test]
fn a_stall_ends_with_its_connection() {
    let mut script = Script::cut_every(usize::MAX);
    script.send(PREFACE);
    script.receive(&frame(SETTINGS, 0, 0, &setting(4, 0)));
    script
        .at(10)
        .send(&frame(HEADERS, END_HEADERS, 1, &[0x83]))
        .at(15);
    let Script {
        seen, tap, hand, ..
    } = script;
    drop(tap);
    hand.move_to(Nanos(40));
    let wire = seen.wire();
    assert_eq!(wire.stalled_on_stream_window_ns, Some(5));
    // hyper gave it up; the server did not.
    assert_eq!(wire.connections_lost, 1);
    assert!(!seen.was_lost());
}

#[test]
fn header_lists_are_unknown_from_the_first_block_that_is_not_hpack() {
    let mut script = Script::cut_every(usize::MAX);
    script.send(PREFACE);
    script.send(&frame(HEADERS, END_HEADERS, 1, &[0xff, 0xff, 0xff]));
    script.send(&frame(HEADERS, END_HEADERS, 3, &[0x83]));
    let wire = script.wire();
    assert_eq!(wire.header_bytes_sent, 4);
    assert_eq!(wire.header_list_bytes_sent, None);
    assert_eq!(wire.header_list_bytes_received, Some(0));
}
