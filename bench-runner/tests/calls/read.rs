//! Slow readers: replies are taken one by one, and what is not taken holds the server back.

use reports::model::Repetition;

use super::common::{Run, alone};
use super::streams::GREETER;
use super::{FACES, counts};
use crate::for_both_engines;

/// Calls of forty messages of 16 KiB each, four of which fill the window of a stream.
const SLOW: &str =
    "method: LotsOfReplies, reply: { messages: 40, size: 16KiB }, read: { delay: 5ms }";
const DELAY: u64 = 5_000_000;
/// The same as a histogram tells it: its smallest value is the bottom of a bucket that is a thousandth wide.
const SHORTEST: u64 = DELAY - DELAY / 1_000;

fn yaml(face: &str, calls: &str) -> String {
    format!(
        "
name: read
target: {{ reference_server: {{ face: {face} }} }}
client: {{ http2: {{ initial_stream_window: 64KiB }} }}
{calls}
load: {{ closed: {{ in_flight: 2 }} }}
phases: {{ warm_up: 0s, measure: 300ms, drain: 10s }}
"
    )
}

fn one_message_is_taken_in_each_delay(engine: &str) {
    let _alone = alone();
    for face in FACES {
        let what = format!("{engine} on {face}");
        let outcome = Run::new(&yaml(face, &format!("call: {{ {SLOW} }}")))
            .engine(engine)
            .finish();
        let counts = counts(&outcome, &what);
        assert!(counts.ok >= 2 && counts.ok == counts.started, "{what}");
        assert_eq!(counts.messages_received, 40 * counts.ok, "{what}");
        let repetition = outcome.repetition();
        assert_eq!(repetition.message_gap.count, 39 * counts.ok, "{what}");
        let shortest = repetition.message_gap.min_ns.unwrap();
        assert!(shortest >= SHORTEST, "{what}: {shortest} ns");
        let usual = repetition.message_gap.p50_ns.unwrap();
        assert!(usual < 2 * DELAY, "{what}: {usual} ns");
        // The status is a delay behind the last message.
        let shortest = repetition.service_time.min_ns.unwrap();
        assert!(shortest >= 40 * SHORTEST, "{what}: {shortest} ns");
        let first = repetition.time_to_first_message.p50_ns.unwrap();
        assert!(first < 10 * DELAY, "{what}: {first} ns");
        let totals = &repetition.totals;
        assert_eq!(totals.server, Some(totals.client), "{what}");
    }
}

/// Calls that are given up after ten messages: what the server could send of each until then.
fn what_is_not_taken_stays_with_the_server(engine: &str) {
    for face in FACES {
        let what = format!("{engine} on {face}");
        let call = format!("call: {{ {SLOW}, cancel: {{ after_messages: 10 }} }}");
        let sent = |window: &str| {
            let outcome = Run::new(&yaml(face, &call))
                .engine(engine)
                .set(format!("client.http2.initial_stream_window={window}"))
                .finish();
            let repetition = outcome.repetition();
            let (counts, wire) = (&repetition.counts, repetition.wire.as_ref().unwrap());
            assert!(counts.started >= 4, "{what}: {}", outcome.stderr);
            assert_eq!(counts.messages_received, 10 * counts.started, "{what}");
            wire.data_bytes_received as f64 / counts.started as f64 / f64::from(16 << 10)
        };
        // Ten that were taken and four in the window, but for the prefixes.
        let narrow = sent("64KiB");
        assert!((13.0..14.1).contains(&narrow), "{what}: {narrow} messages");
        let wide = sent("2MiB");
        assert!((40.0..40.1).contains(&wide), "{what}: {wide} messages");
    }
}

/// Slow and fast calls in turn, on one connection.
fn beside(engine: &str, connection_window: &str) -> Repetition {
    let fast = SLOW.replace(", read: { delay: 5ms }", "");
    let calls = format!("calls: [ {{ name: slow, {SLOW} }}, {{ name: fast, {fast} }} ]");
    let outcome = Run::new(&yaml("raw", &calls))
        .engine(engine)
        .set(format!(
            "client.http2.initial_connection_window={connection_window}"
        ))
        .set("load={ open: { rate: 40/s, arrivals: uniform } }")
        .finish();
    let counts = counts(&outcome, engine);
    assert_eq!((counts.ok, counts.messages_received), (12, 480));
    outcome.repetition().clone()
}

fn usual(repetition: &Repetition, call: &str) -> u64 {
    let mut calls = repetition.calls.iter();
    let part = calls.find(|part| part.name == call).unwrap();
    part.service_time.p50_ns.unwrap()
}

fn a_fast_reader_beside_slow_ones_is_not_slowed(engine: &str) {
    let _alone = alone();
    let wide = beside(engine, "16MiB");
    assert!(usual(&wide, "slow") >= 40 * DELAY);
    assert!(
        usual(&wide, "fast") < 10 * DELAY,
        "{}",
        usual(&wide, "fast")
    );
    // A connection's window that two slow readers fill is given back at once, or as they read.
    let narrow = usual(&beside(engine, "64KiB"), "fast");
    match engine {
        "raw" => assert!(narrow < 10 * DELAY, "{narrow} ns"),
        _ => assert!(narrow > 10 * DELAY, "{narrow} ns"),
    }
}

fn a_message_longer_than_the_window_gets_through(engine: &str) {
    for (window, size, messages) in [("64KiB", "300KiB", 3), ("1B", "7B", 4)] {
        let what = format!("{engine}, {window}");
        let call = format!(
            "call: {{ method: LotsOfReplies, reply: {{ messages: {messages}, size: {size} }}, read: {{ delay: 2ms }} }}"
        );
        let outcome = Run::new(&yaml("raw", &call))
            .engine(engine)
            .set(format!("client.http2.initial_stream_window={window}"))
            .finish();
        let counts = counts(&outcome, &what);
        assert!(counts.ok > 2 && counts.ok == counts.started, "{what}");
        assert_eq!(counts.messages_received, messages * counts.ok, "{what}");
    }
}

fn a_deadline_passes_while_the_answer_lies_unread(engine: &str) {
    for messages in [10, 100] {
        let what = format!("{engine}, {messages}");
        let call = format!(
            "call: {{ method: LotsOfReplies, reply: {{ messages: {messages} }}, read: {{ delay: 20ms }}, deadline: 90ms }}"
        );
        let outcome = Run::new(&yaml("raw", &call)).engine(engine).finish();
        assert_eq!(outcome.code, Some(4), "{what}: {}", outcome.stderr);
        let counts = outcome.repetition().counts.clone();
        assert!(counts.started >= 4, "{what}");
        assert_eq!(counts.deadline_exceeded, counts.started, "{what}");
        assert_eq!(counts.messages_sent, counts.started, "{what}");
        // Those of 0, 20, 40, 60 and 80 ms, but for what a busy machine lets slip.
        let each = counts.messages_received as f64 / counts.started as f64;
        assert!((2.0..=5.0).contains(&each), "{what}: {each}");
    }
}

fn a_paced_stream_is_read_slowly_too(engine: &str) {
    let stream = "stream: { rate: 1000/s, messages: 20 ANSWERED }, read: { delay: 5ms }";
    let own = format!("method: BidiHello, {stream}").replace("ANSWERED", "");
    let service = format!("{GREETER}, method: BidiHello, {stream}");
    for call in [own, service.replace("ANSWERED", ", answers_each: true")] {
        let outcome = Run::new(&yaml("raw", &format!("call: {{ {call} }}")))
            .engine(engine)
            .finish();
        let counts = counts(&outcome, engine);
        assert_eq!(counts.messages_received, counts.messages_sent);
        let repetition = outcome.repetition();
        let shortest = repetition.message_gap.min_ns.unwrap();
        assert!(shortest >= SHORTEST, "{shortest} ns");
        // The last of twenty was meant for 19 ms, and is taken at 95 ms at the earliest.
        let longest = repetition.message_response_time.max_ns.unwrap();
        assert!(longest >= 76_000_000, "{longest} ns");
    }
}

for_both_engines! {
    one_message_is_taken_in_each_delay
    what_is_not_taken_stays_with_the_server
    a_fast_reader_beside_slow_ones_is_not_slowed
    a_message_longer_than_the_window_gets_through
    a_deadline_passes_while_the_answer_lies_unread
    a_paced_stream_is_read_slowly_too
}
