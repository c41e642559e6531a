//! The h2 library's defence against small DATA frames (`too_many_data_frames`): where it ends connections the report says
//! so in words and names the setting that avoids it, and the defaults never run into it.

use std::time::Duration;

use nix::sys::signal::Signal;
use reports::model::Verdict;
use wire::ErrorCode;
use wire::frame::{Flags, Kind};

use crate::common::{Outcome, Run};
use crate::for_both_engines;
use crate::frames::{Bytes, frame};
use crate::run::run;
use crate::server::{Event, Peer, Server};

const SMALL_AND_MANY: &str = "
name: calm
load: { closed: { in_flight: 2000 } }
phases: { warm_up: 0s, measure: 300ms, drain: 5s }
target: { reference_server: { behaviour: { delay: 20ms } } }
call: { request: { size: 10B }, reply: { size: 10B } }
";

/// The report has one reason that names the defence, the side that used it and the setting.
#[track_caller]
fn explains(outcome: &Outcome, who: &str, setting: &str) {
    let repetition = outcome.repetition();
    let wire = repetition.wire.clone().unwrap();
    assert!(
        wire.goaway
            .contains_key(&format!("{who} ENHANCE_YOUR_CALM")),
        "{wire:?}"
    );
    assert_ne!(repetition.validity.verdict, Verdict::Valid);
    let words = [who, "too_many_data_frames", setting];
    let reasons = &repetition.validity.reasons;
    assert!(
        reasons
            .iter()
            .any(|reason| words.iter().all(|word| reason.contains(word))),
        "{words:?} in {reasons:#?}"
    );
    for word in words {
        assert!(
            outcome.stdout.contains(word),
            "{word} in {}",
            outcome.stdout
        );
    }
}

#[test]
fn the_tonic_engines_own_h2_ends_a_connection() {
    let outcome = Run::new(SMALL_AND_MANY)
        .engine("tonic")
        .set("target.reference_server.face=raw")
        .set("target.reference_server.http2.max_concurrent_streams=10000")
        .set("client.http2.initial_connection_window=64KiB")
        .finish();
    explains(&outcome, "client", "client.http2.initial_connection_window");
}

#[test]
fn a_tonic_server_ends_a_connection_of_the_raw_engine() {
    // Last frames are exempt, and the raw engine's only one is: it takes streams of small requests.
    let outcome = Run::new(SMALL_AND_MANY)
        .engine("raw")
        .set("call.method=BidiHello")
        .set("call.request.messages=3")
        .set("target.reference_server.http2.max_concurrent_streams=10000")
        .set("target.reference_server.http2.initial_connection_window=64KiB")
        .finish();
    explains(
        &outcome,
        "server",
        "target.reference_server.http2.initial_connection_window",
    );
}

/// A GOAWAY that leaves all calls out.
fn calm(debug: &[u8]) -> Bytes {
    let code = ErrorCode::ENHANCE_YOUR_CALM.0.to_be_bytes();
    frame(
        Kind::GOAWAY,
        Flags::NONE,
        0,
        &[&[0; 4], &code[..], debug].concat(),
    )
}

fn a_server_of_another_stack_ends_a_connection(engine: &str) {
    let server = Server::start(|number| {
        move |peer: &mut Peer, event| match event {
            Event::Call(stream) if number > 0 => peer.answer(stream),
            Event::Call(_) if peer.waiting.len() == 3 => {
                peer.say([calm(b"too_many_data_frames")]);
                peer.close();
            }
            _ => {}
        }
    });
    let outcome = run(engine, &server, &[]);
    explains(&outcome, "server", "connection window");
    assert_eq!(outcome.repetition().counts.by_status["UNAVAILABLE"], 3);
}

/// GOAWAY 11 for any other reason is not blamed on a window.
fn other_reasons_for_calm_are_told_as_they_are(engine: &str) {
    let server = Server::start(|number| {
        move |peer: &mut Peer, event| match event {
            Event::Call(stream) if number > 0 => peer.answer(stream),
            Event::Call(_) if peer.waiting.len() == 3 => {
                peer.say([calm(b"too_many_pings")]);
                peer.close();
            }
            _ => {}
        }
    });
    let outcome = run(engine, &server, &[]);
    let reasons = outcome.repetition().validity.reasons.join("\n");
    assert!(reasons.contains("ENHANCE_YOUR_CALM"), "{reasons}");
    assert!(!reasons.contains("window"), "{reasons}");
    let failures = &outcome.repetition().failures;
    assert!(
        failures
            .iter()
            .all(|f| f.message.contains("too_many_pings")),
        "{failures:?}"
    );
}

/// No defence was used, and every call ended well.
#[track_caller]
fn is_calm(outcome: &Outcome) {
    let repetition = outcome.repetition();
    let counts = &repetition.counts;
    let wire = repetition.wire.clone().unwrap();
    assert_eq!(
        (counts.ok, wire.connections_lost),
        (counts.started, 0),
        "{wire:?} {:?}",
        repetition.failures
    );
    assert_eq!(wire.goaway, Default::default());
}

fn five_thousand_small_calls_on_one_channel(engine: &str) {
    for face in ["tonic", "raw"] {
        let outcome = Run::new(SMALL_AND_MANY)
            .engine(engine)
            .set("load.closed.in_flight=5000")
            .set(format!("target.reference_server.face={face}"))
            .finish();
        is_calm(&outcome);
        assert!(
            outcome.repetition().counts.ok >= 1_000,
            "{:?}",
            outcome.repetition().counts
        );
    }
}

fn many_small_replies_and_a_late_reader(engine: &str) {
    for face in ["tonic", "raw"] {
        let started = Run::new(SMALL_AND_MANY)
            .engine(engine)
            .set("load.closed.in_flight=1")
            .set("call.method=LotsOfReplies")
            .set("call.reply.messages=100000")
            .set(format!("target.reference_server.face={face}"))
            .start();
        // The whole client stands still, its sockets fill, and then it finds everything at once.
        std::thread::sleep(Duration::from_millis(400));
        started.signal(Signal::SIGSTOP);
        std::thread::sleep(Duration::from_millis(500));
        started.signal(Signal::SIGCONT);
        is_calm(&started.finish());
    }
}

for_both_engines! {
    a_server_of_another_stack_ends_a_connection
    other_reasons_for_calm_are_told_as_they_are
    five_thousand_small_calls_on_one_channel
    many_small_replies_and_a_late_reader
}
