//! Servers that break HTTP/2 itself: the connection ends, its calls say why, and the load goes on over a new one, while
//! an honest connection beside it never notices.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use wire::ErrorCode;
use wire::frame::{Flags, Kind};

use crate::answers::{bomb, long_headers, long_list};
use crate::for_both_engines;
use crate::frames::{
    OK, RESPONSE, block, data, frame, headers, last_headers, message, ping, reset, settings,
    window_update,
};
use crate::run::{Ends, Row, agree, rows, run};
use crate::server::{Event, Peer, REPLY, Server, answer};

/// The calls that are in flight on a connection when it is broken.
const IN_FLIGHT: usize = 3;

/// Ends of the runner's own doing, with the words of both engines' HTTP/2.
macro_rules! row {
    ($what:literal, $act:expr, $raw:literal $(, $tonic:literal)?) => {
        Row {
            what: $what,
            act: $act,
            raw: lost(concat!("the runner ended the connection for what the server sent: ", $raw)),
            tonic: row!(@tonic $($tonic)?),
        }
    };
    // tonic's h2 bears it.
    (@tonic) => { None };
    (@tonic $words:literal) => { lost(concat!("h2 protocol error: http2 error: ", $words)) };
}

fn lost(text: &'static str) -> Ends {
    Some(("UNAVAILABLE", text))
}

fn table() -> Vec<Row> {
    vec![
        row!(
            "a frame above the limit",
            |peer, id| peer.say([data(id, &[0; 40_000])]),
            "FRAME_SIZE_ERROR: frame above our MAX_FRAME_SIZE",
            "connection error detected: frame with invalid size"
        ),
        row!(
            "DATA on an idle stream",
            |peer, id| peer.say([data(id + 1_000, b"")]),
            "PROTOCOL_ERROR: a frame on an idle stream",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "DATA on stream 0",
            |peer, _| peer.say([data(0, b"")]),
            "PROTOCOL_ERROR: a frame on an idle stream",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "HEADERS on stream 0",
            |peer, _| peer.say([headers(0, RESPONSE)]),
            "PROTOCOL_ERROR: HEADERS on stream 0",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "HEADERS on an even stream",
            |peer, _| peer.say([headers(2, RESPONSE)]),
            "PROTOCOL_ERROR: a frame on an idle stream",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "RST_STREAM on an idle stream",
            |peer, id| peer.say([reset(id + 1_000, ErrorCode::CANCEL)]),
            "PROTOCOL_ERROR: RST_STREAM on an idle stream",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "RST_STREAM of three bytes",
            |peer, id| peer.say([frame(Kind::RST_STREAM, Flags::NONE, id, &[0; 3])]),
            "FRAME_SIZE_ERROR: RST_STREAM is not four bytes",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "WINDOW_UPDATE on an idle stream",
            |peer, id| peer.say([window_update(id + 1_000, 1)]),
            "PROTOCOL_ERROR: WINDOW_UPDATE on an idle stream",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "WINDOW_UPDATE of nothing",
            |peer, _| peer.say([window_update(0, 0)]),
            "PROTOCOL_ERROR: WINDOW_UPDATE of nothing",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "a window that overflows",
            |peer, _| peer.say([window_update(0, (1 << 31) - 1)]),
            "FLOW_CONTROL_ERROR: the connection's window overflows",
            "connection error detected: flow-control protocol violated"
        ),
        row!(
            "an initial window that overflows",
            |peer, id| peer.say([window_update(id, 1 << 30), settings(&[(4, (1 << 31) - 1)])]),
            "FLOW_CONTROL_ERROR: INITIAL_WINDOW_SIZE overflows a stream's window"
        ),
        row!(
            "an initial window above the largest",
            |peer, _| peer.say([settings(&[(4, 1 << 31)])]),
            "FLOW_CONTROL_ERROR: INITIAL_WINDOW_SIZE above the maximum",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "a frame size below the smallest",
            |peer, _| peer.say([settings(&[(5, 16_383)])]),
            "PROTOCOL_ERROR: MAX_FRAME_SIZE out of range",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "a server that wants pushes",
            |peer, _| peer.say([settings(&[(2, 1)])]),
            "PROTOCOL_ERROR: a server cannot take pushes"
        ),
        row!(
            "half a setting",
            |peer, _| peer.say([frame(Kind::SETTINGS, Flags::NONE, 0, &[0; 5])]),
            "FRAME_SIZE_ERROR: SETTINGS are not whole entries",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "SETTINGS on a stream",
            |peer, id| peer.say([frame(Kind::SETTINGS, Flags::NONE, id, &[])]),
            "PROTOCOL_ERROR: SETTINGS on a stream",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "PING of seven bytes",
            |peer, _| peer.say([frame(Kind::PING, Flags::NONE, 0, &[0; 7])]),
            "FRAME_SIZE_ERROR: PING is not eight bytes",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "PING on a stream",
            |peer, id| peer.say([frame(Kind::PING, Flags::NONE, id, &[0; 8])]),
            "PROTOCOL_ERROR: PING on a stream",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "a push",
            |peer, id| {
                let promise = [&[0, 0, 0, 2], &block(RESPONSE)[..]].concat();
                peer.say([frame(Kind::PUSH_PROMISE, Flags::END_HEADERS, id, &promise)]);
            },
            "PROTOCOL_ERROR: PUSH_PROMISE, which we never allow",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "a header block that is not HPACK",
            |peer, id| peer.say([frame(Kind::HEADERS, Flags::END_HEADERS, id, &[0xff; 9])]),
            "COMPRESSION_ERROR: header block is not HPACK",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "a header block that is interrupted",
            |peer, id| {
                peer.say([
                    frame(Kind::HEADERS, Flags::NONE, id, &block(RESPONSE)),
                    data(id, b""),
                ]);
            },
            "PROTOCOL_ERROR: a frame inside a header block",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "a header block of another stream",
            |peer, id| {
                let rest = frame(Kind::CONTINUATION, Flags::END_HEADERS, id + 2, b"");
                peer.say([
                    frame(Kind::HEADERS, Flags::NONE, id, &block(RESPONSE)),
                    rest,
                ]);
            },
            "PROTOCOL_ERROR: a frame inside a header block",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "CONTINUATION of nothing",
            |peer, id| peer.say([frame(Kind::CONTINUATION, Flags::END_HEADERS, id, b"")]),
            "PROTOCOL_ERROR: CONTINUATION of no header block",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "a header block that never ends",
            |peer, id| {
                let more = frame(Kind::CONTINUATION, Flags::NONE, id, b"");
                peer.say([
                    frame(Kind::HEADERS, Flags::NONE, id, &block(RESPONSE)),
                    more.repeat(1_000),
                ]);
            },
            "ENHANCE_YOUR_CALM: a header block that does not end",
            "connection error detected: detected excessive load generating behavior (b\"too_many_continuations\")"
        ),
        row!(
            "a header block that grows for ever",
            |peer, id| {
                let more = frame(Kind::CONTINUATION, Flags::NONE, id, &[0x40; 16_000]);
                peer.say([
                    frame(Kind::HEADERS, Flags::NONE, id, &block(RESPONSE)),
                    more.repeat(100),
                ]);
            },
            "ENHANCE_YOUR_CALM: a header block that does not end",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "padding longer than the frame",
            |peer, id| {
                peer.say([
                    headers(id, RESPONSE),
                    frame(Kind::DATA, Flags::PADDED, id, &[9, 0, 0]),
                ]);
            },
            "PROTOCOL_ERROR: padding exceeds the payload",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "GOAWAY on a stream",
            |peer, id| peer.say([frame(Kind::GOAWAY, Flags::NONE, id, &[0; 8])]),
            "PROTOCOL_ERROR: GOAWAY on a stream",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "GOAWAY cut short",
            |peer, _| peer.say([frame(Kind::GOAWAY, Flags::NONE, 0, &[0; 7])]),
            "FRAME_SIZE_ERROR: GOAWAY is cut short",
            "connection error detected: unspecific protocol error detected"
        ),
        row!(
            "a flood of empty DATA",
            |peer, id| peer.say([headers(id, RESPONSE), data(id, b"").repeat(20_000)]),
            "ENHANCE_YOUR_CALM: too many empty DATA frames",
            "connection error detected: detected excessive load generating behavior (b\"too_many_data_frames\")"
        ),
        Row {
            what: "DATA behind the end",
            act: |peer, id| {
                // In one write: the call's end makes room for another, which would not be seen.
                peer.end(id, "OK", [answer(id), data(id, b"late")].concat());
            },
            raw: lost(
                "the runner ended the connection for what the server sent: STREAM_CLOSED: DATA on a stream that is over",
            ),
            tonic: None,
        },
        Row {
            what: "HEADERS behind the end",
            act: |peer, id| {
                peer.end(id, "OK", [answer(id), last_headers(id, OK)].concat());
            },
            raw: lost(
                "the runner ended the connection for what the server sent: STREAM_CLOSED: HEADERS on a stream that is over",
            ),
            tonic: None,
        },
        Row {
            what: "a flood of PINGs",
            act: |peer, _| peer.say([ping(7).repeat(50_000)]),
            raw: lost(
                "the runner ended the connection for what the server sent: ENHANCE_YOUR_CALM: too many PINGs",
            ),
            tonic: None,
        },
        Row {
            what: "a flood of SETTINGS",
            act: |peer, _| peer.say([settings(&[]).repeat(50_000)]),
            raw: lost(
                "the runner ended the connection for what the server sent: ENHANCE_YOUR_CALM: too many SETTINGS",
            ),
            tonic: None,
        },
        Row {
            what: "a header list above the limit",
            act: |peer, id| peer.say([long_headers(id, &long_list())]),
            raw: None,
            tonic: lost(
                "h2 protocol error: http2 error: connection error detected: unable to maintain the header compression context",
            ),
        },
        Row {
            what: "a small block that is a huge list",
            act: |peer, id| peer.say([long_headers(id, &bomb())]),
            raw: None,
            tonic: lost(
                "h2 protocol error: http2 error: connection error detected: detected excessive load generating behavior (b\"header_list_way_too_large\")",
            ),
        },
        Row {
            what: "another protocol in the middle",
            act: |peer, _| {
                peer.say([b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n".to_vec()]);
            },
            raw: lost(
                "the runner ended the connection for what the server sent: FRAME_SIZE_ERROR: frame above our MAX_FRAME_SIZE",
            ),
            tonic: lost(
                "h2 protocol error: http2 error: connection error detected: frame with invalid size",
            ),
        },
        Row {
            what: "the end, in the middle of a frame",
            act: |peer, id| {
                peer.say([data(id, &message(REPLY))[..12].to_vec()]);
                peer.close();
            },
            raw: lost("the server closed the connection"),
            tonic: lost("transport error: bytes remaining on stream"),
        },
        Row {
            what: "a reset of the connection",
            act: |peer, _| peer.abort(),
            raw: lost("the connection was lost: Connection reset by peer (os error 104)"),
            tonic: lost("transport error: connection reset"),
        },
    ]
}

/// One channel is honest. The other plays the rows, one a connection, each when all its calls are in flight.
fn one_a_connection(rows: Vec<Row>) -> Server {
    let played = Arc::new(AtomicUsize::new(0));
    Server::start(move |number| {
        let row = match number {
            0 => None,
            _ => rows.get(played.fetch_add(1, Relaxed)).copied(),
        };
        move |peer: &mut Peer, event| match (event, row) {
            (Event::Call(stream), None) => peer.answer(stream),
            (Event::Call(_), Some(row)) if peer.waiting.len() == IN_FLIGHT => {
                let victim = peer.waiting[1];
                (row.act)(peer, victim);
                peer.note_all(row.what);
            }
            _ => {}
        }
    })
}

fn what_breaks_a_connection_ends_its_calls_and_no_others(engine: &str) {
    let rows = rows(&table(), engine);
    let server = one_a_connection(rows.clone());
    let outcome = run(
        engine,
        &server,
        &["client.channels=2", "phases.measure=1500ms"],
    );
    let notes = server.notes();
    agree(engine, &outcome, &notes, &rows);
    let wire = outcome.repetition().wire.clone().unwrap();
    assert_eq!(wire.connections, 2 + rows.len() as u64, "{wire:?}");
    assert_eq!(wire.connections_lost, rows.len() as u64, "{wire:?}");
    // What the program says that it told the server is what the server heard.
    let told = |kind: &BTreeMap<String, u64>| -> BTreeMap<String, u64> {
        kind.iter()
            .filter_map(|(who, count)| Some((who.strip_prefix("client ")?.to_owned(), *count)))
            .collect()
    };
    assert_eq!(told(&wire.goaway), notes.goaway);
}

for_both_engines! {
    what_breaks_a_connection_ends_its_calls_and_no_others
}
