//! Servers that never stop, or never listen: memory stays bounded, the run ends, and other connections go on.

use wire::ErrorCode;

use crate::common::Outcome;
use crate::for_both_engines;
use crate::frames::{Bytes, RESPONSE, data, headers, ping, settings, window_update};
use crate::run::run;
use crate::server::{Event, Peer, Server};

/// The most memory that the program may have held. A quiet run of a debug build takes some 30 MiB.
const MOST: u64 = 160 << 20;
/// What a flood sends at least, unless the client ends it: several times [`MOST`] if it were kept.
const FLOOD: usize = 64 << 20;

/// Calls in flight on the honest connection.
const HONEST: u64 = 3;

/// The first connection is honest; all others are flooded once three calls wait, with what `wave` gives for a call.
fn flooding(wave: fn(u32) -> Bytes) -> Server {
    Server::start(move |number| {
        move |peer: &mut Peer, event| match event {
            Event::Call(stream) if number == 0 => peer.answer(stream),
            Event::Call(stream) if peer.waiting.len() == 3 => {
                peer.note_all("flooded");
                peer.flood(&wave(stream), FLOOD);
            }
            _ => {}
        }
    })
}

/// The run ended in time, the honest connection went on, and the flooded one took no memory.
#[track_caller]
fn is_borne(outcome: &Outcome, server: &Server) {
    let (repetition, notes) = (outcome.repetition(), server.notes());
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(notes.count("flooded") > 0, "{notes:?}");
    // The drain may end while the client still has the flood in front of the last answers.
    let missed = notes.count("OK") - repetition.counts.ok;
    assert!(missed <= HONEST, "{notes:?} {:?}", repetition.counts);
    assert!(repetition.counts.ok >= HONEST, "{:?}", repetition.counts);
    let peak = repetition.client.peak_rss_bytes.unwrap();
    assert!(peak < MOST, "the program held {} MiB", peak >> 20);
}

const SETS: [&str; 2] = ["client.channels=2", "phases.drain=300ms"];

fn pings_whose_answers_nobody_reads(engine: &str) {
    let server = flooding(|_| ping(7).repeat(1_000));
    is_borne(&run(engine, &server, &SETS), &server);
}

fn settings_whose_acknowledgements_nobody_reads(engine: &str) {
    let server = flooding(|_| settings(&[(3, 100)]).repeat(1_000));
    is_borne(&run(engine, &server, &SETS), &server);
}

fn a_message_that_never_ends(engine: &str) {
    // It says that it is four gigabytes long, and goes on and on.
    let server = Server::start(move |number| {
        move |peer: &mut Peer, event| match event {
            Event::Call(stream) if number == 0 => peer.answer(stream),
            Event::Call(stream) if peer.waiting.len() == 3 => {
                peer.note_all("flooded");
                let prefix = data(stream, &[0, 0xff, 0xff, 0xff, 0xff]);
                peer.say([headers(stream, RESPONSE), prefix]);
                // As much as the client's window lets it, and beyond where that is widened.
                peer.flood(&data(stream, &[7; 16_384]), 4 * FLOOD);
            }
            _ => {}
        }
    });
    is_borne(&run(engine, &server, &SETS), &server);
}

fn informational_answers_without_end(engine: &str) {
    let server = flooding(|stream| headers(stream, &[(":status", "103")]).repeat(1_000));
    is_borne(&run(engine, &server, &SETS), &server);
}

fn window_updates_without_end(engine: &str) {
    let server = flooding(|stream| window_update(stream, 1).repeat(1_000));
    is_borne(&run(engine, &server, &SETS), &server);
}

/// A server that lets ten calls send 20 MiB each, and reads nothing of it.
fn a_server_that_stops_reading(engine: &str) {
    let server = Server::greeting(&[(4, (1 << 31) - 1)], false, |number| {
        move |peer: &mut Peer, event| match event {
            Event::Call(stream) if number == 0 => peer.answer(stream),
            Event::Opened(_) if number > 0 && peer.open.len() == 3 => {
                peer.note_all("flooded");
                peer.sleep();
            }
            _ => {}
        }
    });
    let sets = [
        "client.channels=2",
        "load.closed.in_flight=10",
        "call.method=LotsOfGreetings",
        "call.request={ size: 1MiB, messages: 20 }",
        "phases={ warm_up: 0s, measure: 1s, drain: 500ms }",
    ];
    let outcome = run(engine, &server, &sets);
    is_borne(&outcome, &server);
    let counts = &outcome.repetition().counts;
    assert!(counts.unfinished >= 10, "{counts:?}");
}

fn half_a_frame_and_then_silence(engine: &str) {
    let silent = || {
        Server::start(|number| {
            move |peer: &mut Peer, event| match event {
                Event::Call(stream) if number == 0 => peer.answer(stream),
                Event::Call(stream) if peer.waiting.len() == 3 => {
                    peer.say([headers(stream, RESPONSE)[..20].to_vec()]);
                    peer.fall_silent();
                }
                _ => {}
            }
        })
    };
    // Without a deadline they are unfinished when the drain ends.
    let server = silent();
    let outcome = run(engine, &server, &SETS);
    let counts = &outcome.repetition().counts;
    assert_eq!((counts.unfinished, counts.failed), (3, 0));
    assert_eq!(counts.ok, server.notes().count("OK"));
    // With one they end by it, are reset on the wire, and others take their place.
    let server = silent();
    let outcome = run(
        engine,
        &server,
        &["client.channels=2", "call.deadline=100ms"],
    );
    let repetition = outcome.repetition();
    let counts = &repetition.counts;
    let ended = counts.ok + counts.deadline_exceeded;
    assert_eq!(
        counts.started, ended,
        "{counts:?} {:?}",
        repetition.failures
    );
    assert!(counts.deadline_exceeded >= 6, "{counts:?}");
    // The last of them may not be reset any more: the run is over when they end.
    let cancelled = server.notes().resets["CANCEL"];
    let last = counts.deadline_exceeded - cancelled;
    assert!(last <= 3, "{cancelled} of {counts:?}");
    let wire = outcome.repetition().wire.clone().unwrap();
    let told = wire.resets[&format!("client {}", ErrorCode::CANCEL)];
    assert!(
        (cancelled..=counts.deadline_exceeded).contains(&told),
        "{wire:?}"
    );
}

for_both_engines! {
    pings_whose_answers_nobody_reads
    settings_whose_acknowledgements_nobody_reads
    a_message_that_never_ends
    informational_answers_without_end
    window_updates_without_end
    a_server_that_stops_reading
    half_a_frame_and_then_silence
}
