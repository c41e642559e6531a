//! Servers that take their leave: what was promised is kept, what was left out says so, and the load moves on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use wire::ErrorCode;
use wire::frame::{Flags, GoAway, Kind, MAX_STREAM_ID};

use crate::for_both_engines;
use crate::frames::{Bytes, frame, go_away};
use crate::run::{Row, agree, run};
use crate::server::{Event, Peer, Server};

fn go_away_saying(last_stream: u32, code: ErrorCode, debug: &[u8]) -> Bytes {
    let mut out = Vec::new();
    GoAway {
        last_stream,
        code,
        debug,
    }
    .encode(&mut out);
    out
}

/// The first connection goes as `leave` says when three calls are in flight; all others are honest.
fn leaving(leave: fn(&mut Peer, Event)) -> Server {
    Server::start(move |number| {
        move |peer: &mut Peer, event| match (number, event) {
            (0, event) => leave(peer, event),
            (_, Event::Call(stream)) => peer.answer(stream),
            _ => {}
        }
    })
}

fn all_are_there(peer: &Peer, event: Event) -> bool {
    matches!(event, Event::Call(_)) && peer.waiting.len() == 3
}

/// The calls in the order of their streams.
fn in_order(peer: &Peer) -> Vec<u32> {
    let mut streams = peer.waiting.clone();
    streams.sort_unstable();
    streams
}

const LEFT_OUT: Row = Row {
    what: "left out",
    act: |_, _| {},
    raw: Some((
        "UNAVAILABLE",
        "the server left the call out: GOAWAY NO_ERROR (moving house)",
    )),
    tonic: Some((
        "UNAVAILABLE",
        "h2 protocol error: http2 error: connection error received: not a result of an error (b\"moving house\")",
    )),
};

fn a_goaway_leaves_out_what_is_above_its_last_stream(engine: &str) {
    let server = leaving(|peer, event| {
        if !all_are_there(peer, event) {
            return;
        }
        let calls = in_order(peer);
        peer.say([go_away_saying(
            calls[0],
            ErrorCode::NO_ERROR,
            b"moving house",
        )]);
        peer.answer(calls[0]);
        peer.note_all("left out");
    });
    let outcome = run(engine, &server, &[]);
    let notes = server.notes();
    assert_eq!((notes.connections, notes.count("left out")), (2, 2));
    agree(engine, &outcome, &notes, &[LEFT_OUT]);
    let wire = outcome.repetition().wire.clone().unwrap();
    assert_eq!(
        (wire.connections, wire.goaway["server NO_ERROR"]),
        (2, 1),
        "{wire:?}"
    );
    assert_eq!(wire.connections_lost, 0, "the client closed it: {wire:?}");
}

fn a_goaway_in_two_steps_costs_no_call(engine: &str) {
    let server = leaving(|peer, event| match event {
        event if all_are_there(peer, event) => {
            peer.say([go_away(MAX_STREAM_ID, ErrorCode::NO_ERROR)]);
            peer.ask_pong(1);
        }
        Event::Pong(1) => {
            let calls = in_order(peer);
            peer.say([go_away(calls[2], ErrorCode::NO_ERROR)]);
            calls.into_iter().for_each(|call| peer.answer(call));
            peer.close();
        }
        _ => {}
    });
    let outcome = run(engine, &server, &[]);
    let notes = server.notes();
    assert_eq!(notes.connections, 2);
    agree(engine, &outcome, &notes, &[]);
    let wire = outcome.repetition().wire.clone().unwrap();
    assert_eq!(
        (wire.connections, wire.goaway["server NO_ERROR"]),
        (2, 2),
        "{wire:?}"
    );
}

fn calls_that_die_after_a_goaway_say_both(engine: &str) {
    const DIED: Row = Row {
        what: "died",
        act: |_, _| {},
        raw: Some((
            "UNAVAILABLE",
            "the server closed the connection after GOAWAY INTERNAL_ERROR (out of disk)",
        )),
        // Here the result's `wire.goaway` has to do.
        tonic: Some(("UNAVAILABLE", "transport error: connection reset")),
    };
    let server = leaving(|peer, event| {
        if all_are_there(peer, event) {
            peer.say([go_away_saying(
                MAX_STREAM_ID,
                ErrorCode::INTERNAL_ERROR,
                b"out of disk",
            )]);
            peer.note_all("died");
            peer.close();
        }
    });
    let outcome = run(engine, &server, &[]);
    let notes = server.notes();
    agree(engine, &outcome, &notes, &[DIED]);
    let wire = outcome.repetition().wire.clone().unwrap();
    assert_eq!(
        (wire.connections_lost, wire.goaway["server INTERNAL_ERROR"]),
        (1, 1),
        "{wire:?}"
    );
}

/// Not tonic, which now and then hands a call to a connection that is about to close.
#[test]
fn a_channel_of_the_raw_engine_goes_on_while_old_calls_take_their_time() {
    let engine = "raw";
    // The first connection keeps two of its calls until the second has answered twenty.
    let answered = Arc::new(AtomicUsize::new(0));
    let server = Server::start(move |number| {
        let answered = Arc::clone(&answered);
        move |peer: &mut Peer, event| match (number, event) {
            (0, event) if all_are_there(peer, event) => {
                peer.say([go_away(MAX_STREAM_ID, ErrorCode::NO_ERROR)]);
                peer.answer(in_order(peer)[0]);
                peer.ask_pong(1);
            }
            (0, Event::Pong(_)) if answered.load(Relaxed) < 20 => peer.ask_pong(1),
            (0, Event::Pong(_)) => in_order(peer)
                .into_iter()
                .for_each(|call| peer.answer(call)),
            (0, _) => {}
            (_, Event::Call(stream)) => {
                peer.answer(stream);
                answered.fetch_add(1, Relaxed);
            }
            _ => {}
        }
    });
    let outcome = run(engine, &server, &[]);
    let notes = server.notes();
    assert_eq!(notes.connections, 2);
    agree(engine, &outcome, &notes, &[]);
    let wire = outcome.repetition().wire.clone().unwrap();
    assert_eq!(
        (wire.connections, wire.connections_lost),
        (2, 0),
        "{wire:?}"
    );
}

/// RFC 9113 6.8: a later one may only take fewer. tonic's h2 lets it pass.
#[test]
fn a_later_goaway_that_takes_more_is_no_goaway() {
    const ENDED: Row = Row {
        what: "ended",
        act: |_, _| {},
        raw: Some((
            "UNAVAILABLE",
            "the runner ended the connection for what the server sent: PROTOCOL_ERROR: a later GOAWAY takes more \
             streams after GOAWAY NO_ERROR",
        )),
        tonic: None,
    };
    let server = leaving(|peer, event| {
        if all_are_there(peer, event) {
            let last = in_order(peer)[2];
            peer.say([
                go_away(last, ErrorCode::NO_ERROR),
                go_away(last + 2, ErrorCode::NO_ERROR),
            ]);
            peer.note_all("ended");
        }
    });
    let outcome = run("raw", &server, &[]);
    agree("raw", &outcome, &server.notes(), &[ENDED]);
}

fn goaway_after_goaway_is_a_connection_each(engine: &str) {
    // Every connection serves three calls and goes; half a frame of the next answer is all that is left behind.
    let server = Server::start(|_| {
        |peer: &mut Peer, event| {
            if all_are_there(peer, event) {
                let calls = in_order(peer);
                let farewell = go_away(calls[2], ErrorCode::NO_ERROR);
                peer.say([farewell]);
                calls.into_iter().for_each(|call| peer.answer(call));
                peer.say([frame(Kind::PING, Flags::NONE, 0, &[0; 8])[..5].to_vec()]);
            }
        }
    });
    let outcome = run(
        engine,
        &server,
        &["load.closed.in_flight=3", "phases.measure=500ms"],
    );
    let notes = server.notes();
    let repetition = outcome.repetition();
    assert_eq!(repetition.counts.ok, notes.count("OK"));
    // A call that hyper had accepted but not yet sent when the GOAWAY came fails in a tonic client, as it does for its
    // users.
    let missed = repetition.failures.iter().all(|failure| {
        engine == "tonic" && failure.message == "operation was canceled: connection closed"
    });
    assert!(missed, "{:?}", repetition.failures);
    assert!(notes.connections > 5, "{notes:?}");
    let wire = outcome.repetition().wire.clone().unwrap();
    // The run may end between what one side has counted and what the other has.
    let made = notes.connections as u64;
    assert!(wire.connections.abs_diff(made) <= 8, "{made} {wire:?}");
    let goaways = wire.goaway["server NO_ERROR"];
    assert!(goaways.abs_diff(made) <= 8, "{made} {wire:?}");
}

for_both_engines! {
    a_goaway_leaves_out_what_is_above_its_last_stream
    a_goaway_in_two_steps_costs_no_call
    calls_that_die_after_a_goaway_say_both
    goaway_after_goaway_is_a_connection_each
}
