//! Paced streams, and streams that are half-closed last, over real connections.

use std::time::Duration;

use super::common::{Run, Server, after};
use super::{FACES, counts};
use crate::for_both_engines;
use nix::sys::signal::Signal;

fn yaml(face: &str, call: &str) -> String {
    format!(
        "
name: streams
target: {{ reference_server: {{ face: {face} }} }}
client: {{ channels: 2 }}
call: {{ {call} }}
load: {{ closed: {{ in_flight: 3 }} }}
phases: {{ warm_up: 100ms, measure: 200ms, drain: 5s }}
"
    )
}

/// Six streams of 200 messages a second each, over a fifth of a second.
fn messages_are_sent_when_they_are_meant_to_be(engine: &str) {
    for face in FACES {
        for arrivals in ["uniform", "poisson"] {
            let what = format!("{engine} on {face}, {arrivals}");
            let call =
                format!("method: BidiHello, stream: {{ rate: 200/s, arrivals: {arrivals} }}");
            let outcome = Run::new(&yaml(face, &call)).engine(engine).finish();
            assert_eq!(outcome.code, Some(0), "{what}: {}", outcome.stderr);
            let repetition = outcome.repetition();
            let paced = repetition.paced.as_ref().unwrap();
            assert_eq!(paced.sent, paced.answered, "{what}");
            match arrivals {
                "uniform" => assert_eq!(paced.sent, 6 * 40, "{what}"),
                _ => assert!((150..350).contains(&paced.sent), "{what}: {}", paced.sent),
            }
            assert_eq!(repetition.message_response_time.count, paced.sent, "{what}");
            assert_eq!(repetition.exchange_time.count, paced.sent, "{what}");
            // All streams began in the warm-up, and both sides counted their messages.
            let totals = &repetition.totals;
            assert_eq!(totals.client.calls, 6, "{what}");
            assert_eq!(totals.server, Some(totals.client), "{what}");
        }
    }
}

fn a_stream_of_greetings_is_paced_and_answered_once(engine: &str) {
    for face in FACES {
        let what = format!("{engine} on {face}");
        let call = "method: LotsOfGreetings, stream: { rate: 500/s, messages: 10 }";
        let outcome = Run::new(&yaml(face, call)).engine(engine).finish();
        let counts = counts(&outcome, &what);
        assert!(
            counts.ok > 12 && counts.ok == counts.started,
            "{what}: {counts:?}"
        );
        assert_eq!(counts.messages_received, counts.ok, "{what}");
        let repetition = outcome.repetition();
        assert_eq!(repetition.paced.as_ref().unwrap().answered, 0, "{what}");
        assert_eq!(
            repetition.totals.server,
            Some(repetition.totals.client),
            "{what}"
        );
        // A stream of ten messages at 500/s lasts 18 ms; those that were under way in the end, less.
        let median = repetition.service_time.p50_ns.unwrap();
        assert!(median >= 17_900_000, "{what}: {median} ns");
    }
}

fn a_stalled_server_shows_in_the_response_time_of_messages(engine: &str) {
    let _alone = super::common::alone();
    let server = Server::start(&["face=raw"]);
    let yaml = "
name: streams
call: { method: BidiHello, stream: { rate: 50/s } }
load: { closed: { in_flight: 20 } }
phases: { warm_up: 0s, measure: 2s, drain: 5s }
";
    let run = Run::new(yaml)
        .engine(engine)
        .target(&server.address)
        .start();
    let freezer = after(Duration::from_millis(1_000), move || {
        server.signal(Signal::SIGSTOP);
        std::thread::sleep(Duration::from_millis(500));
        server.signal(Signal::SIGCONT);
        server
    });
    let outcome = run.finish();
    drop(freezer.join().unwrap());
    let repetition = outcome.repetition();
    let paced = repetition.paced.as_ref().unwrap();
    assert_eq!((paced.sent, paced.answered), (2_000, 2_000));
    // A quarter of the messages was meant for the stall and waits from 500 ms down to nothing.
    let times = repetition.message_response_time.complete().unwrap();
    let share = |from: u64| times.count_between(from * 1_000_000, u64::MAX) as f64 / 2_000.0;
    assert!((0.09..0.25).contains(&share(250)), "{}", share(250));
    assert!(share(450) > 0.005, "{}", share(450));
}

fn a_call_can_be_half_closed_when_its_replies_have_come(engine: &str) {
    for face in FACES {
        for bidi in ["ping_pong", "independent"] {
            let what = format!("{engine} on {face}, {bidi}");
            let call = format!("method: BidiHello, bidi: {bidi}, request: {{ messages: 4 }}");
            let last = Run::new(&yaml(face, &format!("{call}, half_close: after_replies")))
                .engine(engine)
                .finish();
            let first = Run::new(&yaml(face, &call)).engine(engine).finish();
            for outcome in [&last, &first] {
                let counts = counts(outcome, &what);
                assert!(
                    counts.ok > 10 && counts.ok == counts.started,
                    "{what}: {counts:?}"
                );
                assert_eq!(counts.messages_received, 4 * counts.ok, "{what}");
                let totals = &outcome.repetition().totals;
                assert_eq!(totals.server, Some(totals.client), "{what}");
            }
        }
    }
}

/// The Greeter as a service that the runner knows nothing of.
pub(crate) const GREETER: &str = concat!(
    "service: helloworld.Greeter, proto: [ ",
    env!("CARGO_MANIFEST_DIR"),
    "/../protos/proto/helloworld.proto ]"
);

fn messages_of_a_service_are_paced(engine: &str) {
    for face in FACES {
        for (answers_each, answered) in [(true, 6 * 40), (false, 0)] {
            let what = format!("{engine} on {face}, {answers_each}");
            let call = format!(
                "{GREETER}, method: BidiHello, messages: [{{ name: a }}, {{ name: '{{{{message}}}}' }}], stream: {{ rate: 200/s, answers_each: {answers_each} }}"
            );
            let outcome = Run::new(&yaml(face, &call)).engine(engine).finish();
            counts(&outcome, &what);
            let repetition = outcome.repetition();
            let paced = repetition.paced.as_ref().unwrap();
            assert_eq!((paced.sent, paced.answered), (6 * 40, answered), "{what}");
            assert_eq!(repetition.message_response_time.count, answered, "{what}");
            let totals = &repetition.totals;
            assert_eq!(totals.client.calls, 6, "{what}");
            assert_eq!(totals.client.replies, totals.client.requests, "{what}");
        }
        let what = format!("{engine} on {face}");
        let call = format!(
            "{GREETER}, method: LotsOfGreetings, message: {{ name: a }}, stream: {{ rate: 500/s, messages: 10 }}"
        );
        let outcome = Run::new(&yaml(face, &call)).engine(engine).finish();
        let counts = counts(&outcome, &what);
        assert!(counts.ok > 12 && counts.ok == counts.started, "{what}");
        assert_eq!(counts.messages_received, counts.ok, "{what}");
        let median = outcome.repetition().service_time.p50_ns.unwrap();
        assert!(median >= 17_900_000, "{what}: {median} ns");
    }
}

/// Requests of the Greeter that are not answered, where a stream of another service is said to answer each.
fn a_service_that_answers_less_than_it_is_said_to_fails(engine: &str) {
    let call = format!(
        "{GREETER}, method: BidiHello, message: {{ reply: {{ when: WHEN_EVERY, every: 2 }} }}, stream: {{ rate: 500/s, messages: 10, answers_each: true }}"
    );
    let outcome = Run::new(&yaml("raw", &call)).engine(engine).finish();
    let counts = outcome.repetition().counts.clone();
    // Of the streams that the end of the measured time cuts short a single message may be left, which is answered: of those
    // in flight, three of the warm-up and three more.
    assert!(counts.failed > 12, "{counts:?}");
    assert!(counts.failed + 6 >= counts.started, "{counts:?}");
    let whys = &outcome.repetition().failures;
    let is_told = |why: &str| why.contains("5 requests of the stream were not answered");
    assert!(whys.iter().any(|why| is_told(&why.message)), "{whys:?}");
}

fn a_service_can_be_half_closed_when_its_replies_have_come(engine: &str) {
    for face in FACES {
        for (shape, expect, replies) in [
            ("", "", Some(4)),
            (
                "when: WHEN_EVERY, every: 2",
                "expect: { messages: 2 }",
                Some(2),
            ),
            // It waits for the half-close, which waits for it.
            ("when: WHEN_AFTER_ALL", "deadline: 60ms", None),
        ] {
            let what = format!("{engine} on {face}, {shape}");
            let call = format!(
                "{GREETER}, method: BidiHello, message: {{ name: a, reply: {{ {shape} }} }}, request: {{ messages: 4 }}, half_close: after_replies, {expect}"
            );
            let outcome = Run::new(&yaml(face, &call)).engine(engine).finish();
            let counts = outcome.repetition().counts.clone();
            match replies {
                Some(replies) => {
                    assert!(counts.ok > 10 && counts.ok == counts.started, "{what}");
                    assert_eq!(counts.messages_received, replies * counts.ok, "{what}");
                }
                None => assert_eq!(counts.deadline_exceeded, counts.started, "{what}"),
            }
        }
    }
}

for_both_engines! {
    messages_of_a_service_are_paced
    a_service_that_answers_less_than_it_is_said_to_fails
    a_service_can_be_half_closed_when_its_replies_have_come
    messages_are_sent_when_they_are_meant_to_be
    a_stream_of_greetings_is_paced_and_answered_once
    a_stalled_server_shows_in_the_response_time_of_messages
    a_call_can_be_half_closed_when_its_replies_have_come
}
