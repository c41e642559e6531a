//! Compressed answers that are wrong: other encodings than were asked for, broken ones, bombs.

use std::sync::OnceLock;

use protos::encoding::Encoding;

use crate::for_both_engines;
use crate::frames::{Bytes, OK, RESPONSE, data, headers, last_headers, message};
use crate::run::{Ends, Row, agree, call_by_call, rows, run};
use crate::server::{Peer, REPLY};

fn ends(status: &'static str, text: &'static str) -> Ends {
    Some((status, text))
}

/// An answer in an encoding, of one message with its flag.
fn answer(id: u32, encoding: &'static str, flag: u8, message: &[u8]) -> Bytes {
    let head = [RESPONSE, &[("grpc-encoding", encoding)]].concat();
    let prefix = [&[flag][..], &(message.len() as u32).to_be_bytes()].concat();
    [
        headers(id, &head),
        data(id, &[&prefix, message].concat()),
        last_headers(id, OK),
    ]
    .concat()
}

/// So many bytes of a reply, compressed.
fn gzip(len: usize) -> Bytes {
    Encoding::Gzip.compress(&message(len)[5..])
}

/// A few kilobytes that become more than the runner takes.
fn bomb() -> &'static Bytes {
    static BOMB: OnceLock<Bytes> = OnceLock::new();
    BOMB.get_or_init(|| Encoding::Gzip.compress(&vec![0; 5 << 20]))
}

macro_rules! row {
    ($what:literal, $frames:expr, $raw:expr, $tonic:expr) => {
        Row {
            what: $what,
            act: |peer: &mut Peer, stream| {
                let frames: fn(u32) -> Bytes = $frames;
                peer.say([frames(stream)]);
            },
            raw: $raw,
            tonic: $tonic,
        }
    };
}

fn compressed_answers_are_read_or_refused(engine: &str) {
    let ok = ends("OK", "");
    let flagged =
        "protocol error: received message with compressed-flag but no grpc-encoding was specified";
    let unnamed = "the answer has a compressed message, and its grpc-encoding names no encoding";
    let table = [
        row!(
            "compressed as it was asked",
            |id| answer(id, "gzip", 1, &gzip(REPLY)),
            ok,
            ok
        ),
        row!(
            "announced, but not compressed",
            |id| answer(id, "gzip", 0, &message(REPLY)[5..]),
            ok,
            ok
        ),
        row!(
            "flagged, but announced as not compressed",
            |id| answer(id, "identity", 1, &gzip(REPLY)),
            ends("INTERNAL", unnamed),
            ends("INTERNAL", flagged)
        ),
        row!(
            "compressed in another way",
            |id| answer(id, "deflate", 1, &Encoding::Deflate.compress(&[7; REPLY])),
            ends(
                "INTERNAL",
                "the answer is compressed with `deflate`, and the runner accepts `gzip`"
            ),
            ends(
                "UNIMPLEMENTED",
                "Content is compressed with `deflate` which isn't supported"
            )
        ),
        row!(
            "cut short",
            |id| answer(id, "gzip", 1, &gzip(REPLY)[..12]),
            ends(
                "INTERNAL",
                "the answer cannot be decompressed: it is no gzip: incomplete deflate stream"
            ),
            ends(
                "INTERNAL",
                "Error decompressing: incomplete deflate stream, while receiving response with status: 200 OK"
            )
        ),
        row!(
            "no gzip at all",
            |id| answer(id, "gzip", 1, &[7; REPLY]),
            ends(
                "INTERNAL",
                "the answer cannot be decompressed: it is no gzip: invalid gzip header"
            ),
            ends(
                "INTERNAL",
                "Error decompressing: invalid gzip header, while receiving response with status: 200 OK"
            )
        ),
        row!(
            "of the wrong size, once it is decompressed",
            |id| answer(id, "gzip", 1, &gzip(REPLY - 1)),
            ends("WRONG_REPLY", "17 bytes of reply messages instead of 18"),
            ends("WRONG_REPLY", "17 bytes of reply messages instead of 18")
        ),
        row!(
            "a bomb",
            |id| answer(id, "gzip", 1, bomb()),
            ends(
                "RESOURCE_EXHAUSTED",
                "the answer cannot be decompressed: it is longer than 4194327 bytes once it is decompressed"
            ),
            ends(
                "RESOURCE_EXHAUSTED",
                "Error decompressing: size limit, of 4194327 bytes, exceeded while decompressing message"
            )
        ),
    ];
    let rows = rows(&table, engine);
    // The calls are not compressed: the server takes no interest in what they say.
    let server = call_by_call(&rows, &[], true);
    let outcome = run(engine, &server, &["call.reply.compression=gzip"]);
    agree(engine, &outcome, &server.notes(), &rows);
    let wire = outcome.repetition().wire.clone().unwrap();
    assert_eq!(
        (wire.connections, wire.connections_lost),
        (1, 0),
        "{wire:?}"
    );
}

for_both_engines! { compressed_answers_are_read_or_refused }
