//! Servers that change their mind about how much they take: the client keeps to it, at once, and forgets no call.

use std::collections::BTreeMap;

use crate::for_both_engines;
use crate::frames::{settings, window_update};
use crate::run::{agree, run};
use crate::server::{Event, Peer, Server};

const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;
/// How many PINGs go back and forth while a thing must not happen.
const PINGS: u64 = 50;

fn a_limit_of_no_streams_is_kept_until_it_is_raised(engine: &str) {
    let server = Server::start(|_| {
        let (mut calls, mut step) = (0, Step::Open);
        move |peer: &mut Peer, event| match event {
            Event::Opened(stream) if step == Step::Shut => {
                peer.note(stream, "opened against the limit");
            }
            Event::Call(_) => {
                calls += 1;
                if calls == 10 {
                    step = Step::Closing;
                    peer.say([settings(&[(MAX_CONCURRENT_STREAMS, 0)])]);
                } else if step != Step::Closing {
                    answer_all(peer);
                }
            }
            // What was opened before the client heard of the limit has been read by now.
            Event::SettingsAck if step == Step::Closing => {
                step = Step::Shut;
                answer_all(peer);
                peer.ask_pong(1);
            }
            Event::Pong(PINGS) => {
                step = Step::Open;
                peer.say([settings(&[(MAX_CONCURRENT_STREAMS, 2)])]);
            }
            Event::Pong(count) => peer.ask_pong(count + 1),
            _ => {}
        }
    });
    let outcome = run(engine, &server, &[]);
    let notes = server.notes();
    assert_eq!(notes.count("opened against the limit"), 0, "{notes:?}");
    assert!(notes.count("OK") > 20, "it went on: {notes:?}");
    agree(engine, &outcome, &notes, &[]);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Open,
    Closing,
    Shut,
}

fn answer_all(peer: &mut Peer) {
    for stream in peer.waiting.clone() {
        peer.answer(stream);
    }
}

fn a_server_that_takes_no_streams_at_all_gets_none(engine: &str) {
    let server = Server::greeting(&[(MAX_CONCURRENT_STREAMS, 0)], false, |_| {
        |peer: &mut Peer, event| {
            if let Event::Opened(stream) = event {
                peer.note(stream, "opened against the limit");
            }
        }
    });
    let outcome = run(engine, &server, &["phases.drain=200ms"]);
    assert_eq!(outcome.code, Some(4), "{}", outcome.stderr);
    assert_eq!(server.notes().done, BTreeMap::new());
    match &outcome.result {
        Some(_) => {
            let repetition = outcome.repetition();
            assert_eq!((repetition.counts.started, repetition.counts.shed), (0, 3));
            assert!(
                repetition
                    .validity
                    .reasons
                    .iter()
                    .any(|r| r.contains("no call was started"))
            );
        }
        // A client that waits for SETTINGS before its health check never gets to open a channel.
        None => assert!(outcome.stderr.contains("within 5s"), "{}", outcome.stderr),
    }
}

/// What a server granted to a stream, and what came.
#[derive(Clone, Copy, Default)]
struct Window {
    granted: usize,
    came: usize,
}

fn a_window_of_nothing_is_widened_byte_by_byte(engine: &str) {
    let server = Server::greeting(&[(INITIAL_WINDOW_SIZE, 0)], false, |_| {
        let mut windows = BTreeMap::<u32, Window>::new();
        move |peer: &mut Peer, event| match event {
            // Time for DATA that must not come.
            Event::Opened(stream) => peer.ask_pong(stream.into()),
            Event::Pong(stream) => grant(
                peer,
                windows.entry(stream as u32).or_default(),
                stream as u32,
                1,
            ),
            Event::Data(stream, length) => {
                let window = windows.entry(stream).or_default();
                window.came += length;
                if window.came > window.granted {
                    peer.note(stream, "sent beyond the window");
                } else if window.came == window.granted {
                    grant(peer, window, stream, 1);
                }
            }
            Event::Call(stream) => peer.answer(stream),
            _ => {}
        }
    });
    let outcome = run(engine, &server, &[]);
    let notes = server.notes();
    assert_eq!(notes.count("sent beyond the window"), 0, "{notes:?}");
    assert!(notes.count("OK") > 3, "{notes:?}");
    agree(engine, &outcome, &notes, &[]);
    let wire = outcome.repetition().wire.clone().unwrap();
    if engine == "raw" {
        assert!(wire.stalled_on_stream_window_ns > Some(0), "{wire:?}");
    }
}

fn grant(peer: &mut Peer, window: &mut Window, stream: u32, bytes: usize) {
    window.granted += bytes;
    peer.say([window_update(stream, bytes as u32)]);
}

fn a_window_that_shrinks_below_what_is_on_its_way_is_made_up_for(engine: &str) {
    const BEFORE: usize = 65_535;
    const AFTER: usize = 10_000;
    const MORE: usize = 60_000;
    // Of 100 kB, 65,535 bytes come; the window is then set to 10,000, so it stands at -55,535, and an update by 60,000
    // lets 4,465 more come, no byte sooner.
    let server = Server::start(|_| {
        let (mut window, mut step) = (
            Window {
                granted: BEFORE,
                came: 0,
            },
            0,
        );
        move |peer: &mut Peer, event| match event {
            Event::Opened(_) if step > 0 => {
                window = Window {
                    granted: AFTER,
                    came: 0,
                }
            }
            Event::Data(stream, length) => {
                window.came += length;
                if window.came > window.granted {
                    return peer.note(stream, "sent beyond the window");
                }
                if window.came < window.granted {
                    return;
                }
                step += 1;
                if step == 1 {
                    peer.say([settings(&[(INITIAL_WINDOW_SIZE, AFTER as u32)])]);
                    peer.ask_pong(stream.into());
                } else {
                    grant(peer, &mut window, stream, MORE);
                }
            }
            Event::Pong(stream) => {
                window.granted = AFTER + MORE;
                peer.say([window_update(stream as u32, MORE as u32)]);
            }
            Event::Call(stream) => peer.answer(stream),
            _ => {}
        }
    });
    let sets = ["load.closed.in_flight=1", "call.request.size=100KB"];
    let outcome = run(engine, &server, &sets);
    let notes = server.notes();
    assert_eq!(notes.count("sent beyond the window"), 0, "{notes:?}");
    assert!(notes.count("OK") > 1, "{notes:?}");
    agree(engine, &outcome, &notes, &[]);
}

for_both_engines! {
    a_limit_of_no_streams_is_kept_until_it_is_raised
    a_server_that_takes_no_streams_at_all_gets_none
    a_window_of_nothing_is_widened_byte_by_byte
    a_window_that_shrinks_below_what_is_on_its_way_is_made_up_for
}
