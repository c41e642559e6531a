//! Answers that are wrong, odd or none: one call after the other on one connection, which goes on.

use wire::ErrorCode;
use wire::frame::{Flags, Kind};

use crate::for_both_engines;
use crate::frames::{
    Bytes, OK, RESPONSE, block, data, frame, headers, last_data, last_headers, message, ping,
    reset, settings, window_update,
};
use crate::run::{Ends, Row, agree, call_by_call, rows, run};
use crate::server::{Peer, REPLY, answer};

/// A row whose frames and ends are the same for both engines.
macro_rules! row {
    ($what:literal, $frames:expr, $both:expr) => {
        row!($what, $frames, $both, $both)
    };
    ($what:literal, $frames:expr, $raw:expr, $tonic:expr) => {
        Row {
            what: $what,
            act: |peer, stream| {
                let frames: fn(u32) -> Bytes = $frames;
                peer.say([frames(stream)]);
            },
            raw: $raw,
            tonic: $tonic,
        }
    };
}

fn ends(status: &'static str, text: &'static str) -> Ends {
    Some((status, text))
}

fn one_after_the_other(engine: &str, table: &[Row], sets: &[&str], shaped: bool) {
    let rows = rows(table, engine);
    let server = call_by_call(&rows, &[], shaped);
    let outcome = run(engine, &server, sets);
    agree(engine, &outcome, &server.notes(), &rows);
    let wire = outcome.repetition().wire.clone().unwrap();
    assert_eq!(
        (wire.connections, wire.connections_lost),
        (1, 0),
        "{wire:?}"
    );
}

fn every_reset_means_what_the_specification_says(engine: &str) {
    macro_rules! reset_row {
        ($name:literal, $code:literal, $status:literal, $words:literal) => {
            row!(
                $name,
                |id| reset(id, ErrorCode($code)),
                ends($status, concat!("the server reset the stream: ", $name)),
                ends(
                    $status,
                    concat!(
                        "h2 protocol error: http2 error: stream error received: ",
                        $words
                    )
                )
            )
        };
    }
    // PROTOCOL-HTTP2.md, "Errors". It has no word for STREAM_CLOSED and HTTP_1_1_REQUIRED, for which gRPC's own stacks
    // say INTERNAL.
    let table = [
        reset_row!("NO_ERROR", 0, "INTERNAL", "not a result of an error"),
        reset_row!(
            "PROTOCOL_ERROR",
            1,
            "INTERNAL",
            "unspecific protocol error detected"
        ),
        reset_row!(
            "INTERNAL_ERROR",
            2,
            "INTERNAL",
            "unexpected internal error encountered"
        ),
        reset_row!(
            "FLOW_CONTROL_ERROR",
            3,
            "INTERNAL",
            "flow-control protocol violated"
        ),
        reset_row!(
            "SETTINGS_TIMEOUT",
            4,
            "INTERNAL",
            "settings ACK not received in timely manner"
        ),
        reset_row!(
            "STREAM_CLOSED",
            5,
            "INTERNAL",
            "received frame when stream half-closed"
        ),
        reset_row!("FRAME_SIZE_ERROR", 6, "INTERNAL", "frame with invalid size"),
        reset_row!(
            "REFUSED_STREAM",
            7,
            "UNAVAILABLE",
            "refused stream before processing any application logic"
        ),
        reset_row!("CANCEL", 8, "CANCELLED", "stream no longer needed"),
        reset_row!(
            "COMPRESSION_ERROR",
            9,
            "INTERNAL",
            "unable to maintain the header compression context"
        ),
        reset_row!(
            "CONNECT_ERROR",
            10,
            "INTERNAL",
            "connection established in response to a CONNECT request was reset or abnormally closed"
        ),
        reset_row!(
            "ENHANCE_YOUR_CALM",
            11,
            "RESOURCE_EXHAUSTED",
            "detected excessive load generating behavior"
        ),
        reset_row!(
            "INADEQUATE_SECURITY",
            12,
            "PERMISSION_DENIED",
            "security properties do not meet minimum requirements"
        ),
        reset_row!(
            "HTTP_1_1_REQUIRED",
            13,
            "INTERNAL",
            "endpoint requires HTTP/1.1"
        ),
        reset_row!("UNKNOWN(99)", 99, "UNKNOWN", "unknown reason"),
    ];
    one_after_the_other(engine, &table, &[], false);
}

fn an_http_status_stands_in_for_one_of_grpc(engine: &str) {
    macro_rules! http_row {
        ($code:literal, $reason:literal, $status:literal) => {
            row!(
                $code,
                |id| {
                    let head = [(":status", $code), ("content-type", "text/html")];
                    [headers(id, &head), last_data(id, b"<html>sorry</html>")].concat()
                },
                ends($status, concat!("no grpc-status came; the HTTP status was ", $code)),
                ends($status, concat!("protocol error: received message with invalid compression flag: 60 (valid flags are 0 and \
                    1) while receiving response with status: ", $code, " ", $reason))
            )
        };
    }
    // http-grpc-status-mapping.md.
    let table = [
        http_row!("400", "Bad Request", "INTERNAL"),
        http_row!("401", "Unauthorized", "UNAUTHENTICATED"),
        http_row!("403", "Forbidden", "PERMISSION_DENIED"),
        http_row!("404", "Not Found", "UNIMPLEMENTED"),
        http_row!("429", "Too Many Requests", "UNAVAILABLE"),
        http_row!("502", "Bad Gateway", "UNAVAILABLE"),
        http_row!("503", "Service Unavailable", "UNAVAILABLE"),
        http_row!("504", "Gateway Timeout", "UNAVAILABLE"),
        http_row!("302", "Found", "UNKNOWN"),
        http_row!("418", "I'm a teapot", "UNKNOWN"),
        http_row!("500", "Internal Server Error", "UNKNOWN"),
        row!(
            "200 of something else",
            |id| {
                let head = [(":status", "200"), ("content-type", "text/html")];
                [headers(id, &head), last_data(id, b"<html>hello</html>")].concat()
            },
            ends("UNKNOWN", "no grpc-status came; the HTTP status was 200"),
            ends(
                "INTERNAL",
                "protocol error: received message with invalid compression flag: 60 (valid flags are 0 and 1) \
                while receiving response with status: 200 OK"
            )
        ),
        row!(
            "503 without a body",
            |id| last_headers(id, &[(":status", "503")]),
            ends(
                "UNAVAILABLE",
                "no grpc-status came; the HTTP status was 503"
            ),
            ends(
                "UNAVAILABLE",
                "grpc-status header missing, mapped from HTTP status code 503"
            )
        ),
        row!(
            "a grpc-status has precedence",
            |id| last_headers(id, &[(":status", "503"), ("grpc-status", "5")]),
            ends("NOT_FOUND", "")
        ),
    ];
    one_after_the_other(engine, &table, &[], false);
}

fn every_status_is_counted_by_its_name(engine: &str) {
    macro_rules! status_row {
        ($code:literal, $name:literal) => {
            row!(
                $name,
                |id| {
                    let fields = [
                        RESPONSE,
                        &[
                            ("grpc-status", $code),
                            ("grpc-message", "50%25 %E2%98%83 %zz"),
                        ],
                    ]
                    .concat();
                    last_headers(id, &fields)
                },
                ends($name, "50% ☃ %zz")
            )
        };
    }
    let table = [
        status_row!("1", "CANCELLED"),
        status_row!("2", "UNKNOWN"),
        status_row!("3", "INVALID_ARGUMENT"),
        status_row!("4", "DEADLINE_EXCEEDED"),
        status_row!("5", "NOT_FOUND"),
        status_row!("6", "ALREADY_EXISTS"),
        status_row!("7", "PERMISSION_DENIED"),
        status_row!("8", "RESOURCE_EXHAUSTED"),
        status_row!("9", "FAILED_PRECONDITION"),
        status_row!("10", "ABORTED"),
        status_row!("11", "OUT_OF_RANGE"),
        status_row!("12", "UNIMPLEMENTED"),
        status_row!("13", "INTERNAL"),
        status_row!("14", "UNAVAILABLE"),
        status_row!("15", "DATA_LOSS"),
        status_row!("16", "UNAUTHENTICATED"),
    ];
    one_after_the_other(engine, &table, &[], false);
}

fn with_status(id: u32, status: &str) -> Bytes {
    [
        headers(id, RESPONSE),
        data(id, &message(REPLY)),
        last_headers(id, &[("grpc-status", status)]),
    ]
    .concat()
}

fn with_body(id: u32, body: &[u8]) -> Bytes {
    [headers(id, RESPONSE), data(id, body), last_headers(id, OK)].concat()
}

fn no_reply() -> Ends {
    ends("WRONG_REPLY", "0 reply messages instead of 1")
}

fn a_status_or_message_that_is_none_is_no_success(engine: &str) {
    let table = [
        row!(
            "a status that is a word",
            |id| with_status(id, "OK"),
            ends("UNKNOWN", "`OK` is no grpc-status"),
            ends("UNKNOWN", "")
        ),
        row!(
            "an empty status",
            |id| with_status(id, ""),
            ends("UNKNOWN", "`` is no grpc-status"),
            ends("UNKNOWN", "")
        ),
        row!(
            "a negative status",
            |id| with_status(id, "-1"),
            ends("UNKNOWN", "`-1` is no grpc-status"),
            ends("UNKNOWN", "")
        ),
        row!(
            "a status beyond the last",
            |id| with_status(id, "17"),
            ends("UNKNOWN", "`17` is no grpc-status"),
            ends("UNKNOWN", "")
        ),
        row!(
            "a status of many digits",
            |id| with_status(id, "99999999999999999999"),
            ends("UNKNOWN", "`99999999999999999999` is no grpc-status"),
            ends("UNKNOWN", "")
        ),
        row!(
            "a status with a zero in front",
            |id| with_status(id, "00"),
            ends("UNKNOWN", "`00` is no grpc-status"),
            ends("UNKNOWN", "")
        ),
        row!(
            "no trailers",
            |id| [headers(id, RESPONSE), last_data(id, &message(REPLY))].concat(),
            ends("UNKNOWN", "no grpc-status came; the HTTP status was 200"),
            ends(
                "UNKNOWN",
                "protocol error: missing grpc-status trailer, stream was terminated without a final status (possible \
            truncation by a proxy or load balancer)"
            )
        ),
        row!(
            "trailers without a status",
            |id| {
                [
                    headers(id, RESPONSE),
                    data(id, &message(REPLY)),
                    last_headers(id, &[("x-a", "b")]),
                ]
                .concat()
            },
            ends("UNKNOWN", "no grpc-status came; the HTTP status was 200"),
            ends(
                "UNKNOWN",
                "protocol error: missing grpc-status trailer, stream was terminated without a final status (possible \
            truncation by a proxy or load balancer)"
            )
        ),
        row!(
            "OK and no message",
            |id| last_headers(id, &[RESPONSE, OK].concat()),
            no_reply()
        ),
        row!(
            "two messages",
            |id| with_body(id, &[message(REPLY), message(REPLY)].concat()),
            ends("WRONG_REPLY", "2 reply messages instead of 1")
        ),
        row!(
            "a message that is too short",
            |id| with_body(id, &message(REPLY - 1)),
            ends("WRONG_REPLY", "17 bytes of reply messages instead of 18")
        ),
        row!(
            "a message that breaks off",
            |id| with_body(id, &message(REPLY)[..9]),
            ends("INTERNAL", "the answer breaks off inside a message"),
            no_reply()
        ),
        row!(
            "a prefix that breaks off",
            |id| with_body(id, &[message(REPLY), vec![0, 0, 0]].concat()),
            ends("INTERNAL", "the answer breaks off inside a message"),
            ends("OK", "")
        ),
        row!(
            "a message of four gigabytes",
            |id| with_body(id, &[0, 0xff, 0xff, 0xff, 0xff, 7, 7]),
            ends("INTERNAL", "the answer breaks off inside a message"),
            ends(
                "OUT_OF_RANGE",
                "Error, decoded message length too large: found 4294967295 bytes, the limit is: 4194327 bytes"
            )
        ),
        row!(
            "an unknown flag",
            |id| with_body(id, &[2, 0, 0, 0, 0]),
            ends(
                "INTERNAL",
                "the answer is no gRPC message: its first byte is neither 0 nor 1"
            ),
            ends(
                "INTERNAL",
                "protocol error: received message with invalid compression flag: 2 (valid flags are 0 and 1) \
                while receiving response with status: 200 OK"
            )
        ),
        row!(
            "compressed, and no encoding",
            |id| with_body(id, &[1, 0, 0, 0, 2, 7, 7]),
            ends(
                "INTERNAL",
                "the answer is compressed, which the runner did not ask for"
            ),
            ends(
                "INTERNAL",
                "protocol error: received message with compressed-flag but no grpc-encoding was specified"
            )
        ),
        row!(
            "an encoding that nobody asked for",
            |id| {
                let head = [RESPONSE, &[("grpc-encoding", "br")]].concat();
                [
                    headers(id, &head),
                    data(id, &[1, 0, 0, 0, 2, 7, 7]),
                    last_headers(id, OK),
                ]
                .concat()
            },
            ends(
                "INTERNAL",
                "the answer is compressed, which the runner did not ask for"
            ),
            ends(
                "UNIMPLEMENTED",
                "Content is compressed with `br` which isn't supported"
            )
        ),
    ];
    one_after_the_other(engine, &table, &[], true);
}

fn an_answer_that_breaks_http_2_ends_its_call_only(engine: &str) {
    let broken = |text| ends("INTERNAL", text);
    let table = [
        row!(
            "DATA in front of HEADERS",
            |id| data(id, &message(REPLY)),
            broken("PROTOCOL_ERROR: DATA in front of HEADERS"),
            None
        ),
        row!(
            "no :status",
            |id| headers(id, &[("content-type", "application/grpc")]),
            broken("PROTOCOL_ERROR: response without :status"),
            broken(
                "h2 protocol error: http2 error: stream error detected: unspecific protocol error detected"
            )
        ),
        row!(
            "two :status",
            |id| headers(id, &[(":status", "200"), (":status", "200")]),
            broken("PROTOCOL_ERROR: malformed response header fields"),
            broken(
                "h2 protocol error: http2 error: stream error detected: unspecific protocol error detected"
            )
        ),
        row!(
            "a :status of four digits",
            |id| headers(id, &[(":status", "2000")]),
            broken("PROTOCOL_ERROR: malformed response header fields"),
            None
        ),
        row!(
            "a name in capitals",
            |id| headers(id, &[RESPONSE, &[("X-Shard", "1")]].concat()),
            broken("PROTOCOL_ERROR: malformed response header fields"),
            None
        ),
        row!(
            "a connection header",
            |id| headers(id, &[RESPONSE, &[("connection", "close")]].concat()),
            broken("PROTOCOL_ERROR: malformed response header fields"),
            broken(
                "h2 protocol error: http2 error: stream error detected: unspecific protocol error detected"
            )
        ),
        row!(
            "trailers that do not end",
            |id| [headers(id, RESPONSE), headers(id, OK)].concat(),
            broken("PROTOCOL_ERROR: trailers without END_STREAM"),
            broken(
                "h2 protocol error: http2 error: stream error detected: unspecific protocol error detected"
            )
        ),
        row!(
            "trailers with :status",
            |id| [
                headers(id, RESPONSE),
                last_headers(id, &[(":status", "200"), ("grpc-status", "0")])
            ]
            .concat(),
            broken("PROTOCOL_ERROR: trailers with :status"),
            no_reply()
        ),
        row!(
            "more DATA than content-length",
            |id| {
                let head = [RESPONSE, &[("content-length", "5")]].concat();
                [
                    headers(id, &head),
                    data(id, &message(REPLY)),
                    last_headers(id, OK),
                ]
                .concat()
            },
            broken("PROTOCOL_ERROR: DATA does not fit content-length"),
            broken(
                "h2 protocol error: http2 error: stream error detected: unspecific protocol error detected"
            )
        ),
        row!(
            "an informational answer that ends",
            |id| last_headers(id, &[(":status", "103")]),
            broken("PROTOCOL_ERROR: informational response that ends the stream"),
            broken(
                "h2 protocol error: http2 error: stream error detected: unspecific protocol error detected"
            )
        ),
        row!(
            "a window that overflows",
            |id| window_update(id, (1 << 31) - 1),
            broken("FLOW_CONTROL_ERROR: the stream's window overflows"),
            None
        ),
        row!(
            "a window update of nothing",
            |id| window_update(id, 0),
            broken("PROTOCOL_ERROR: WINDOW_UPDATE of nothing"),
            None
        ),
        row!(
            "a header list above the limit",
            |id| long_headers(id, &long_list()),
            ends(
                "RESOURCE_EXHAUSTED",
                "ENHANCE_YOUR_CALM: header list above our MAX_HEADER_LIST_SIZE"
            ),
            None
        ),
        row!(
            "a small block that is a huge list",
            |id| long_headers(id, &bomb()),
            ends(
                "RESOURCE_EXHAUSTED",
                "ENHANCE_YOUR_CALM: header list above our MAX_HEADER_LIST_SIZE"
            ),
            None
        ),
    ];
    one_after_the_other(engine, &table, &[], false);
}

/// A header block in as many frames as it takes.
pub(crate) fn long_headers(stream: u32, block: &[u8]) -> Bytes {
    let mut frames = Vec::new();
    let mut pieces = block.chunks(16_000).peekable();
    let mut kind = Kind::HEADERS;
    while let Some(piece) = pieces.next() {
        let flags = match pieces.peek() {
            Some(_) => Flags::NONE,
            None => Flags::END_HEADERS,
        };
        frames.push(frame(kind, flags, stream, piece));
        kind = Kind::CONTINUATION;
    }
    frames.concat()
}

/// 72 kB of fields, in a block that is just short enough to be put together.
pub(crate) fn long_list() -> Bytes {
    let long = "x".repeat(9_000);
    let list: Vec<(&str, &str)> = [("x-long", long.as_str()); 8].into();
    block(&[RESPONSE, &list].concat())
}

/// Puts 3,900 bytes into the dynamic table, and names them ten thousand times: 10 KB that stand for 39 MB.
pub(crate) fn bomb() -> Bytes {
    let mut bytes = block(RESPONSE);
    // A literal with incremental indexing: name of 6, value of 3,900 (RFC 7541 6.2.1, 5.1).
    bytes.extend([0x40, 6]);
    bytes.extend(b"x-bomb");
    bytes.extend([
        0x7f,
        (3_900 - 127) as u8 & 0x7f | 0x80,
        ((3_900 - 127) >> 7) as u8,
    ]);
    bytes.extend(vec![b'x'; 3_900]);
    bytes.extend(vec![0x80 | 62; 10_000]);
    bytes
}

fn what_is_merely_odd_is_borne(engine: &str) {
    let ok = || ends("OK", "");
    let table = [
        row!(
            "informational answers in front",
            |id| {
                [
                    headers(id, &[(":status", "103"), ("link", "</a.css>")]),
                    headers(id, &[(":status", "100")]),
                    answer(id),
                ]
                .concat()
            },
            ok()
        ),
        row!(
            "frames of unknown types",
            |id| {
                [
                    frame(Kind(0x0a), Flags(0xff), 0, &[7; 100]),
                    frame(Kind(0xfe), Flags(0xff), id, b""),
                    answer(id),
                ]
                .concat()
            },
            ok()
        ),
        row!(
            "settings of unknown names",
            |id| [settings(&[(0xfe, 7), (0x0a, u32::MAX)]), answer(id)].concat(),
            ok()
        ),
        row!("the reserved bit", |id| answer(id | 1 << 31), ok()),
        row!(
            "priorities",
            |id| [
                frame(Kind::PRIORITY, Flags::NONE, id, &[0, 0, 0, 0, 16]),
                answer(id)
            ]
            .concat(),
            ok()
        ),
        row!(
            "padding",
            |id| {
                let padded = |kind, flags: Flags, payload: &[u8]| {
                    frame(
                        kind,
                        flags.and(Flags::PADDED),
                        id,
                        &[&[9], payload, &[0; 9]].concat(),
                    )
                };
                [
                    padded(Kind::HEADERS, Flags::END_HEADERS, &block(RESPONSE)),
                    padded(Kind::DATA, Flags::NONE, &message(REPLY)),
                    padded(
                        Kind::HEADERS,
                        Flags::END_HEADERS.and(Flags::END_STREAM),
                        &block(OK),
                    ),
                ]
                .concat()
            },
            ok()
        ),
        row!(
            "nothing but padding",
            |id| {
                [
                    headers(id, RESPONSE),
                    frame(Kind::DATA, Flags::PADDED, id, &[255; 256]),
                    data(id, &message(REPLY)),
                    last_headers(id, OK),
                ]
                .concat()
            },
            ok()
        ),
        row!(
            "a message in pieces of one byte",
            |id| {
                let pieces: Bytes = message(REPLY)
                    .iter()
                    .flat_map(|byte| data(id, &[*byte]))
                    .collect();
                [headers(id, RESPONSE), pieces, last_headers(id, OK)].concat()
            },
            ok()
        ),
        row!(
            "a header block in pieces",
            |id| {
                let pieces: Vec<Bytes> = block(RESPONSE)
                    .chunks(4)
                    .map(|piece| frame(Kind::CONTINUATION, Flags::NONE, id, piece))
                    .collect();
                [
                    frame(Kind::HEADERS, Flags::NONE, id, b""),
                    pieces.concat(),
                    frame(Kind::CONTINUATION, Flags::END_HEADERS, id, b""),
                    data(id, &message(REPLY)),
                    last_headers(id, OK),
                ]
                .concat()
            },
            ok()
        ),
        row!(
            "a few PINGs and empty DATA",
            |id| {
                [
                    ping(1),
                    headers(id, RESPONSE),
                    data(id, b""),
                    ping(2),
                    data(id, &message(REPLY)),
                    data(id, b""),
                    last_headers(id, OK),
                ]
                .concat()
            },
            ok()
        ),
        row!(
            "a header table that comes and goes",
            |id| {
                [
                    settings(&[(1, 0)]),
                    settings(&[(1, 65_536)]),
                    settings(&[(1, 100)]),
                    answer(id),
                ]
                .concat()
            },
            ok()
        ),
        row!(
            "a reset behind the end",
            |id| [answer(id), reset(id, ErrorCode::NO_ERROR)].concat(),
            ok()
        ),
        row!(
            "a window update behind the end",
            |id| [answer(id), window_update(id, 7)].concat(),
            ok()
        ),
        Row {
            what: "an answer byte by byte",
            act: |peer: &mut Peer, id| peer.dribble(&answer(id), 1),
            raw: ok(),
            tonic: ok(),
        },
    ];
    one_after_the_other(engine, &table, &[], false);
}

for_both_engines! {
    every_reset_means_what_the_specification_says
    an_http_status_stands_in_for_one_of_grpc
    every_status_is_counted_by_its_name
    a_status_or_message_that_is_none_is_no_success
    an_answer_that_breaks_http_2_ends_its_call_only
    what_is_merely_odd_is_borne
}
