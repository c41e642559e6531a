//! What a well-behaved peer says, and what comes of it.

mod support;

use support::*;
use wire::{
    Client, Config, ErrorCode, Indexing, Message, Request, Sent, Server, StartError, Template,
};

fn client() -> Script<Client> {
    Script::client(&Config::default())
}

fn server() -> Script<Server> {
    Script::server(&Config::default())
}

/// A whole unary answer on stream 1.
fn answer() -> Bytes {
    [
        headers(1, RESPONSE),
        data(1, &message(3)),
        last_headers(1, OK),
    ]
    .concat()
}

#[test]
fn a_connection_opens_with_preface_settings_and_window() {
    let mut client = Script::silent(Client::new(&Config::default()));
    assert_eq!(client.says(), ["SETTINGS", "WINDOW_UPDATE 0 67043329"]);
    assert!(client.half.peer_settings().is_none());
    client.peer([settings(&[(3, 7)])]).lives();
    assert_eq!(
        client
            .half
            .peer_settings()
            .expect("known")
            .max_concurrent_streams,
        7
    );
    assert_eq!(client.says(), ["SETTINGS ack"]);
}

#[test]
fn a_unary_call() {
    let mut client = client();
    client.start(5);
    assert_eq!(client.says(), ["HEADERS 1", "DATA 1 8 end"]);
    client
        .peer([answer()])
        .lives()
        .hears(["head 5 200", "message 5 3", "end 5 OK Trailers"]);
    assert_eq!(client.half.open_streams(), 0);
    let received = client.half.counters().received;
    assert_eq!((received.messages, received.data_bytes), (1, 8));
    assert_eq!(received.frames_of(wire::frame::Kind::HEADERS), 2);
}

#[test]
fn an_answer_is_the_same_however_it_is_cut() {
    for len in 1..answer().len() {
        let mut client = client();
        client.start(5);
        client.peer_by(len, &answer()).lives();
        client.hears(["head 5 200", "message 5 3", "end 5 OK Trailers"]);
    }
}

#[test]
fn padding_and_priority_are_put_aside() {
    use wire::frame::{Flags, Kind};
    let mut client = client();
    client.start(5);
    let padded = [&[3][..], &[0; 5], &block(RESPONSE), &[0; 3]].concat();
    let flags = Flags::END_HEADERS.and(Flags::PADDED).and(Flags::PRIORITY);
    let body = [&[2][..], &message(3), &[0; 2]].concat();
    client.peer([
        frame(Kind::HEADERS, flags, 1, &padded),
        frame(Kind::PRIORITY, Flags::NONE, 1, &[0; 5]),
        frame(Kind::DATA, Flags::PADDED, 1, &body),
        last_headers(1, OK),
    ]);
    client
        .lives()
        .hears(["head 5 200", "message 5 3", "end 5 OK Trailers"]);
    assert_eq!(client.half.counters().received.data_bytes, 11);
}

#[test]
fn a_block_in_continuations_is_one_block() {
    use wire::frame::{Flags, Kind};
    let mut client = client();
    client.start(5);
    let block = block(TRAILERS_ONLY);
    let (first, rest) = block.split_at(3);
    let (second, third) = rest.split_at(4);
    client.peer([
        frame(Kind::HEADERS, Flags::END_STREAM, 1, first),
        frame(Kind::CONTINUATION, Flags::NONE, 1, second),
        frame(Kind::CONTINUATION, Flags::END_HEADERS, 1, third),
    ]);
    client.lives().hears(["end 5 NOT_FOUND TrailersOnly"]);
}

#[test]
fn a_long_block_is_sent_in_continuations() {
    let long = "v".repeat(40_000);
    let template = wire::Template::response(&[("x-long", long.as_bytes())]);
    let config = Config {
        huffman: false,
        ..Config::default()
    };
    let mut server = Script::server(&config);
    server.peer([last_headers(1, REQUEST)]);
    server.half.respond(1, &template).expect("open");
    let bytes = server.written();
    let mut client = Script::client(&Config::default());
    client.start(5);
    client.peer([bytes]).lives().hears(["head 5 200"]);
}

#[test]
fn statuses_come_from_wherever_they_are() {
    let fields = |status: &'static str| [(":status", status), ("content-type", "text/html")];
    for (frames, line) in [
        (
            vec![last_headers(1, TRAILERS_ONLY)],
            "end 1 NOT_FOUND TrailersOnly",
        ),
        (
            vec![
                headers(1, RESPONSE),
                last_headers(1, &[("grpc-status", "16")]),
            ],
            "end 1 UNAUTHENTICATED Trailers",
        ),
        (
            vec![
                headers(1, RESPONSE),
                last_headers(1, &[("grpc-status", "99")]),
            ],
            "end 1 UNKNOWN Trailers",
        ),
        (
            vec![headers(1, RESPONSE), last_headers(1, &[("x", "y")])],
            "end 1 UNKNOWN MissingStatus",
        ),
        (
            vec![headers(1, RESPONSE), last_data(1, &message(3))],
            "end 1 UNKNOWN MissingStatus",
        ),
        (
            vec![last_headers(1, &fields("400"))],
            "end 1 INTERNAL MissingStatus",
        ),
        (
            vec![last_headers(1, &fields("401"))],
            "end 1 UNAUTHENTICATED MissingStatus",
        ),
        (
            vec![last_headers(1, &fields("403"))],
            "end 1 PERMISSION_DENIED MissingStatus",
        ),
        (
            vec![last_headers(1, &fields("404"))],
            "end 1 UNIMPLEMENTED MissingStatus",
        ),
        (
            vec![last_headers(1, &fields("429"))],
            "end 1 UNAVAILABLE MissingStatus",
        ),
        (
            vec![last_headers(1, &fields("502"))],
            "end 1 UNAVAILABLE MissingStatus",
        ),
        (
            vec![last_headers(1, &fields("500"))],
            "end 1 UNKNOWN MissingStatus",
        ),
        (
            vec![
                headers(1, &fields("503")),
                last_data(1, b"<html>out of order</html>"),
            ],
            "end 1 UNAVAILABLE MissingStatus",
        ),
        (
            vec![last_headers(1, &[(":status", "503"), ("grpc-status", "8")])],
            "end 1 RESOURCE_EXHAUSTED TrailersOnly",
        ),
    ] {
        let mut client = client();
        client.start(1).peer(frames).lives();
        assert_eq!(client.heard().last().map(String::as_str), Some(line));
    }
}

#[test]
fn each_reset_code_has_its_status() {
    let expected = [
        "INTERNAL",
        "INTERNAL",
        "INTERNAL",
        "INTERNAL",
        "INTERNAL",
        "INTERNAL",
        "INTERNAL",
        "UNAVAILABLE",
        "CANCELLED",
        "INTERNAL",
        "INTERNAL",
        "RESOURCE_EXHAUSTED",
        "PERMISSION_DENIED",
        "INTERNAL",
        "UNKNOWN",
    ];
    for (code, status) in expected.iter().enumerate() {
        let code = ErrorCode(code as u32);
        let mut client = client();
        client.start(1).peer([reset(1, code)]).lives();
        client.hears([format!("end 1 {status} Reset({code})").as_str()]);
        assert_eq!(client.half.counters().received.resets_with(code), 1);
    }
}

#[test]
fn a_grpc_message_and_retry_advice_can_be_read() {
    #[derive(Default)]
    struct Words(Option<Vec<u8>>, Vec<bool>);
    impl wire::ClientEvents for Words {
        fn end(&mut self, _: wire::Call, outcome: &wire::Outcome<'_>) {
            self.0 = outcome.message().map(<[u8]>::to_vec);
            self.1.push(outcome.is_safe_to_retry());
        }
    }
    let mut words = Words::default();
    let mut client = client();
    client.start(1).start(2);
    client
        .half
        .receive(&last_headers(1, TRAILERS_ONLY), &mut words)
        .expect("fine");
    assert_eq!(words.0.as_deref(), Some(&b"no such thing"[..]));
    client
        .half
        .receive(&reset(3, ErrorCode::REFUSED_STREAM), &mut words)
        .expect("fine");
    assert_eq!(words.1, [false, true]);
}

#[test]
fn informational_answers_are_passed_over() {
    let mut client = client();
    client
        .start(1)
        .peer([headers(1, &[(":status", "103")]), answer()])
        .lives();
    client.hears(["head 1 200", "message 1 3", "end 1 OK Trailers"]);
}

#[test]
fn go_away_refuses_what_is_above_and_lets_the_rest_finish() {
    let mut client = client();
    client.start(1).start(2).start(3);
    client.peer([go_away(1, ErrorCode::NO_ERROR)]).lives();
    client.hears([
        "go away 1 NO_ERROR",
        "end 2 UNAVAILABLE Refused",
        "end 3 UNAVAILABLE Refused",
    ]);
    assert_eq!(client.half.ready(), Err(StartError::Draining));
    client
        .peer([answer()])
        .lives()
        .hears(["head 1 200", "message 1 3", "end 1 OK Trailers"]);
    client.log.0.clear();
    client.half.disconnect(&mut client.log);
    client.hears([]);
}

#[test]
fn a_lost_connection_ends_every_call_once() {
    let mut client = client();
    client.start(1).start(2).peer([headers(1, RESPONSE)]);
    client.half.disconnect(&mut client.log);
    client.half.disconnect(&mut client.log);
    client.hears([
        "head 1 200",
        "end 1 UNAVAILABLE Disconnected",
        "end 2 UNAVAILABLE Disconnected",
    ]);
    assert_eq!(client.half.ready(), Err(StartError::Failed));
}

#[test]
fn max_concurrent_streams_is_honoured() {
    let mut client = client();
    client.peer([settings(&[(3, 1)])]);
    client.start(1);
    assert_eq!(
        client
            .half
            .start(&request(), 2, &[7; 3], true)
            .map(|(id, _)| id),
        Err(StartError::Busy)
    );
    client.peer([answer()]);
    assert_eq!(client.half.ready(), Ok(()));
}

#[test]
fn what_is_given_up_is_ignored_when_it_comes() {
    let mut client = client();
    client.start(1);
    let (sent, received) = client.half.reset(1, ErrorCode::CANCEL).expect("open");
    assert_eq!((sent.messages, sent.bytes, received.messages), (1, 8, 0));
    assert!(client.half.reset(1, ErrorCode::CANCEL).is_none());
    client
        .peer([answer(), reset(1, ErrorCode::NO_ERROR), window_update(1, 5)])
        .lives()
        .hears([]);
    assert_eq!(
        client.says(),
        ["HEADERS 1", "DATA 1 8 end", "RST_STREAM 1 CANCEL"]
    );
}

#[test]
fn an_early_answer_stops_the_request() {
    let mut client = client();
    client
        .half
        .start(&request(), 1, &[7; 3], false)
        .expect("a stream");
    client.peer([answer()]).lives();
    client.hears(["head 1 200", "message 1 3", "end 1 OK Trailers"]);
    assert_eq!(
        client.says(),
        ["HEADERS 1", "DATA 1 8", "RST_STREAM 1 NO_ERROR"]
    );
    assert!(client.half.send(1, &[7; 3], true).is_err());
}

#[test]
fn small_messages_share_a_frame_until_someone_looks() {
    let mut client = client();
    client
        .half
        .start(&request(), 1, &[7; 3], false)
        .expect("a stream");
    client.half.send(1, &[7; 3], false).expect("open");
    client.half.finish(1).expect("open");
    assert_eq!(client.says(), ["HEADERS 1", "DATA 1 16 end"]);
    client
        .half
        .start(&request(), 1, &[7; 3], false)
        .expect("a stream");
    assert_eq!(client.says(), ["HEADERS 3", "DATA 3 8"]);
    client.half.send(3, &[7; 3], true).expect("open");
    assert_eq!(client.says(), ["DATA 3 8 end"]);
    assert!(client.half.finish(3).is_err());
}

#[test]
fn messages_wait_for_the_streams_window() {
    let mut client = client();
    client.peer([settings(&[(4, 10)])]);
    let _ = client.says();
    assert_eq!(
        client.half.start(&request(), 1, &[7; 20], true),
        Ok((1, Sent::Queued))
    );
    assert_eq!(client.says(), ["HEADERS 1", "DATA 1 10"]);
    assert_eq!(client.half.stalls().streams, 1);
    client.peer([window_update(1, 5)]).hears([]);
    assert_eq!(client.says(), ["DATA 1 5"]);
    let (sent, _) = client.half.progress(1).expect("open");
    assert_eq!((sent.messages, sent.bytes), (0, 15));
    client
        .peer([settings(&[(4, 5)])])
        .peer([window_update(1, 5)]);
    assert_eq!(client.says(), ["SETTINGS ack"]);
    client.peer([settings(&[(4, 20)])]).hears(["sent 1"]);
    assert_eq!(client.says(), ["SETTINGS ack", "DATA 1 10 end"]);
    assert_eq!(client.half.stalls().streams, 0);
}

#[test]
fn messages_wait_for_the_connections_window_and_take_turns() {
    let mut client = client();
    client.peer([settings(&[(4, 1 << 20), (5, 30_000)])]);
    let _ = client.says();
    client
        .half
        .start(&request(), 1, &[7; 60_000], true)
        .expect("a stream");
    client
        .half
        .start(&request(), 2, &[7; 60_000], true)
        .expect("a stream");
    // The first fits the connection's window and goes at once, in frames as the peer wants them.
    assert_eq!(
        client.says(),
        [
            "HEADERS 1",
            "DATA 1 30000",
            "DATA 1 30000",
            "DATA 1 5 end",
            "HEADERS 3",
            "DATA 3 5530"
        ]
    );
    assert!(client.half.stalls().connection);
    client
        .half
        .start(&request(), 3, &[7; 40_000], true)
        .expect("a stream");
    client.peer([window_update(0, 1_000_000)]);
    assert_eq!(
        client.says(),
        [
            "HEADERS 5",
            "DATA 3 30000",
            "DATA 5 30000",
            "DATA 3 24475 end",
            "DATA 5 10005 end"
        ]
    );
    client.hears(["sent 2", "sent 3"]);
    assert!(!client.half.stalls().connection);
}

#[test]
fn windows_are_given_back_by_the_sixty_fourth() {
    let config = Config {
        initial_stream_window: 6_400,
        ..small()
    };
    let mut client = Script::client(&config);
    client.start(1);
    let _ = client.says();
    client.peer([headers(1, RESPONSE), data(1, &message(94))]);
    assert_eq!(client.says(), Vec::<String>::new());
    client.peer([data(1, &message(0))]);
    assert_eq!(client.says(), ["WINDOW_UPDATE 1 104"]);
}

#[test]
fn a_slow_reader_gives_nothing_back() {
    let mut client = Script::client(&small());
    client.start(1);
    client.half.hold(1, true);
    let _ = client.says();
    client
        .peer([headers(1, RESPONSE), data(1, &message(90))])
        .lives();
    client.hears(["head 1 200", "message 1 90"]);
    assert_eq!(client.says(), Vec::<String>::new());
    client.half.hold(1, false);
    assert_eq!(client.says(), ["WINDOW_UPDATE 1 95"]);
}

#[test]
fn a_slow_reader_keeps_the_connections_window_only_where_it_is_to() {
    let with = |hold_connection| {
        let mut client = Script::client(&Config {
            hold_connection,
            connection_window: 65_535,
            initial_stream_window: 6_400,
            ..small()
        });
        client.start(1);
        client.half.hold(1, true);
        let _ = client.says();
        client.peer([headers(1, RESPONSE), data(1, &message(1_495))]);
        let at_once = client.says();
        client.half.give_back(1, 1_000);
        let in_part = client.says();
        client.half.give_back(1, 1_000);
        (at_once, in_part, client.says())
    };
    let (at_once, in_part, rest) = with(false);
    assert_eq!(at_once, ["WINDOW_UPDATE 0 1500"]);
    assert_eq!(in_part, ["WINDOW_UPDATE 1 1000"]);
    assert_eq!(rest, ["WINDOW_UPDATE 1 500"]);
    let (at_once, in_part, rest) = with(true);
    assert_eq!(at_once, Vec::<String>::new());
    assert_eq!(in_part, ["WINDOW_UPDATE 1 1000"]);
    assert_eq!(rest, ["WINDOW_UPDATE 1 500", "WINDOW_UPDATE 0 1500"]);
}

#[test]
fn pings_are_answered_and_ours_come_back() {
    let mut client = client();
    client.peer([ping(7)]);
    assert_eq!(client.says(), ["PING ack"]);
    client.half.ping(9);
    let mut sent = client.written();
    sent[4] = 1;
    client.peer([sent]).hears(["pong 9"]);
}

#[test]
fn unknown_frames_settings_and_flags_are_ignored() {
    use wire::frame::{Flags, Kind};
    let mut client = client();
    client.start(1).peer([
        frame(Kind(0xfe), Flags(0xff), 77, b"what is this"),
        settings(&[(0xff, 1)]),
        frame(Kind::PING, Flags(0xfe), 0, &[0; 8]),
        answer(),
    ]);
    client
        .lives()
        .hears(["head 1 200", "message 1 3", "end 1 OK Trailers"]);
}

#[test]
fn the_peers_table_size_is_followed() {
    for indexing in [Indexing::Incremental, Indexing::Stateless] {
        let config = Config {
            indexing,
            ..Config::default()
        };
        let mut client = Script::client(&config);
        // The script's decoder checks every block against what a decoder of this size must accept.
        for size in [4096, 0, 100, 4096, 8192, 60] {
            client.start(1).start(2);
            client.peer([settings(&[(1, size)])]);
            client.start(3);
            assert_eq!(client.says().len(), 7);
        }
    }
}

#[test]
fn a_server_knows_a_request_by_its_bytes() {
    let mut server = server();
    let request = |id| [headers(id, REQUEST), last_data(id, &message(3))].concat();
    server.peer([request(1), request(3)]).lives();
    server.hears([
        "route",
        "request 1 6",
        "message 1 3",
        "end 1",
        "request 3 6",
        "message 3 3",
        "end 3",
    ]);
    for stream in [1, 3] {
        server
            .half
            .respond_unary(stream, &response(), &[7; 3], &ok())
            .expect("open");
    }
    assert_eq!(
        server.says(),
        [
            "HEADERS 1",
            "DATA 1 8",
            "HEADERS 1 end",
            "HEADERS 3",
            "DATA 3 8",
            "HEADERS 3 end"
        ]
    );
    assert_eq!(server.half.open_streams(), 0);
}

#[test]
fn a_server_refuses_streams_above_its_limit() {
    let config = Config {
        max_concurrent_streams: 1,
        ..Config::default()
    };
    let mut server = Script::server(&config);
    server
        .peer([
            headers(1, REQUEST),
            headers(3, REQUEST),
            data(3, &message(3)),
        ])
        .lives();
    assert_eq!(server.says(), ["RST_STREAM 3 REFUSED_STREAM"]);
    server.hears(["route", "request 1 6"]);
}

#[test]
fn a_server_drains() {
    let mut server = server();
    server.peer([headers(1, REQUEST)]);
    server.half.announce_go_away();
    server.peer([headers(3, REQUEST)]);
    server.half.go_away(ErrorCode::NO_ERROR);
    server
        .peer([headers(5, REQUEST), last_data(5, &message(1))])
        .lives();
    assert_eq!(
        server.says(),
        ["GOAWAY 2147483647 NO_ERROR", "GOAWAY 3 NO_ERROR"]
    );
    server.hears(["route", "request 1 6", "request 3 6"]);
    assert!(!server.half.is_drained());
    for stream in [1, 3] {
        server
            .half
            .respond_unary(stream, &response(), &[7; 3], &ok())
            .expect("open");
    }
    assert!(server.half.is_drained());
}

#[test]
fn an_answer_to_half_a_request_stops_the_client() {
    let mut server = server();
    server.peer([headers(1, REQUEST)]);
    server
        .half
        .respond_unary(1, &response(), &[7; 3], &ok())
        .expect("open");
    assert_eq!(
        server.says(),
        [
            "HEADERS 1",
            "DATA 1 8",
            "HEADERS 1 end",
            "RST_STREAM 1 NO_ERROR"
        ]
    );
    server
        .peer([data(1, &message(3)), last_data(1, b"")])
        .lives();
}

#[test]
fn a_cancelled_request_is_told_and_cannot_be_answered() {
    let mut server = server();
    server
        .peer([headers(1, REQUEST)])
        .peer([reset(1, ErrorCode::CANCEL)])
        .lives();
    server.hears(["route", "request 1 6", "aborted 1 Reset(CANCEL)"]);
    assert!(server.half.respond(1, &response()).is_err());
}

#[test]
fn trailers_wait_behind_messages() {
    let mut server = server();
    server.peer([settings(&[(4, 10)]), last_headers(1, REQUEST)]);
    let _ = server.says();
    let sent = server.half.respond_unary(1, &response(), &[7; 20], &ok());
    assert_eq!(sent, Ok(Sent::Queued));
    assert_eq!(server.says(), ["HEADERS 1", "DATA 1 10"]);
    server.peer([window_update(1, 100)]);
    assert_eq!(server.says(), ["DATA 1 15", "HEADERS 1 end"]);
    assert_eq!(server.half.open_streams(), 0);
}

#[test]
fn large_messages_are_lent_to_a_vectored_write() {
    let mut client = client();
    client.peer([settings(&[(4, 1 << 20)]), window_update(0, 1 << 20)]);
    let _ = client.says();
    let large = wire::Message::new(&[7; 100_000]);
    client
        .half
        .start(&request(), 1, &large, true)
        .expect("a stream");
    client.half.pump(&mut client.log);
    let mut slices = [std::io::IoSlice::new(&[]); 64];
    let used = client.half.output_slices(&mut slices);
    let gathered: Bytes = slices[..used]
        .iter()
        .flat_map(|slice| slice.to_vec())
        .collect();
    assert_eq!(used, 13, "six pieces are lent, the last is short");
    assert_eq!(gathered.len(), client.half.output_len());
    // Written in odd pieces, it is the same.
    let mut pieces = Vec::new();
    while client.half.output_len() > 0 {
        let len = client.half.output().len().min(777);
        pieces.extend_from_slice(&client.half.output()[..len]);
        client.half.advance(len);
    }
    assert_eq!(pieces, gathered);
}

#[test]
fn an_answer_of_known_blocks_is_the_same_taken_whole_or_in_parts() {
    let (mut whole, mut parts) = (client(), client());
    for stream in [1, 3, 5] {
        let answer = [
            headers(stream, RESPONSE),
            data(stream, &message(stream as usize)),
            last_headers(stream, OK),
        ]
        .concat();
        for client in [&mut whole, &mut parts] {
            client.start(u64::from(stream));
        }
        whole.peer([answer.clone()]).lives();
        for byte in answer.chunks(1) {
            parts.peer([byte.to_vec()]).lives();
        }
        let heard = [
            format!("head {stream} 200"),
            format!("message {stream} {stream}"),
            format!("end {stream} OK Trailers"),
        ];
        whole.hears(heard.each_ref().map(String::as_str));
        parts.hears(heard.each_ref().map(String::as_str));
        assert_eq!(
            whole.half.counters().received,
            parts.half.counters().received
        );
        assert_eq!(whole.half.open_streams(), 0);
    }
}

#[test]
fn a_call_that_is_opened_again_is_the_same_on_the_wire() {
    let request = Template::request(&Request::new("localhost", "/a.B/C"));
    let (mut again, mut anew) = (client(), client());
    let message = Message::new(b"the same");
    for round in 0..6 {
        if round == 3 {
            // Half-way the server takes its table away: no index holds any longer.
            for client in [&mut again, &mut anew] {
                client.peer([settings(&[(1, 0)])]).lives();
            }
        }
        let copy = Message::new(b"the same");
        again.half.start(&request, round, &message, true).unwrap();
        anew.half.start(&request, round, &copy, true).unwrap();
        assert_eq!(again.half.output(), anew.half.output(), "call {round}");
        assert_eq!(again.half.counters().sent, anew.half.counters().sent);
    }
}

#[test]
fn a_whole_answer_behind_the_head_of_another_is_an_error_of_its_stream() {
    let mut client = client();
    client.start(1).start(3);
    client.peer([answer()]).lives();
    let second = [
        headers(3, RESPONSE),
        headers(3, RESPONSE),
        data(3, &message(3)),
        last_headers(3, OK),
    ];
    client.peer([second.concat()]).lives();
    let heard = client.heard();
    assert_eq!(heard[3], "head 3 200");
    assert!(
        heard[4].starts_with("end 3 INTERNAL Malformed"),
        "{heard:?}"
    );
    assert_eq!(heard.len(), 5);
}

#[test]
fn an_answer_that_is_not_grpc_has_a_bare_body() {
    const GET: &[(&str, &str)] = &[(":method", "GET"), (":scheme", "http"), (":path", "/")];
    let mut server = server();
    server
        .peer([settings(&[(4, 4)]), last_headers(1, GET)])
        .lives();
    let _ = server.says();
    let head = wire::Template::new([(":status", &b"415"[..])]);
    assert_eq!(server.half.respond_plain(1, &head, b"in words"), Ok(()));
    assert_eq!(server.says(), ["HEADERS 1", "DATA 1 4"]);
    server.peer([window_update(1, 9)]).lives();
    let rest = server.written();
    assert_eq!(rest, last_data(1, b"ords"));
    assert_eq!(server.half.open_streams(), 0);
    assert!(server.half.respond_plain(1, &head, b"again").is_err());
}
