//! Answers that are held against what the scenario expects.

use super::common::Run;
use super::witness::Witness;
use super::{FACES, counts};
use crate::for_both_engines;

const LOAD: &str = "
load: { closed: { in_flight: 2 } }
phases: { warm_up: 0s, measure: 100ms, drain: 5s }
";
/// A reply of the reference server: five replies of three bytes, a trailer, and one that is binary.
const REPLY: &str = "method: LotsOfReplies, reply: { size: 3B, messages: 5, trailers: { x-a: blue, x-b-bin: aGk } }";

fn run(engine: &str, face: &str, call: &str) -> super::Outcome {
    let yaml = format!(
        "name: checks\ntarget: {{ reference_server: {{ face: {face} }} }}\ncall: {{ {call} }}\n{LOAD}"
    );
    Run::new(&yaml).engine(engine).finish()
}

fn answers_as_expected_are_ok(engine: &str) {
    let expect = "status: OK, messages: 5, size: 5B, fields: { message: xxx }, \
                  trailers: { x-a: blue, x-b-bin: \"aGk=\" }";
    for face in FACES {
        let what = format!("{engine} on {face}");
        let outcome = run(engine, face, &format!("{REPLY}, expect: {{ {expect} }}"));
        let counts = counts(&outcome, &what);
        assert!(counts.ok > 0 && counts.ok == counts.started, "{what}");
        assert_eq!(
            outcome.repetition().totals.server,
            Some(outcome.repetition().totals.client)
        );
    }
}

fn another_answer_fails_with_what_was_wrong(engine: &str) {
    let table = [
        (
            "status: NOT_FOUND",
            "expect.status: OK instead of NOT_FOUND",
        ),
        ("messages: 4", "expect.messages: 5 instead of 4"),
        ("size: 6B", "expect.size: a message of 5 bytes instead of 6"),
        (
            "fields: { message: xyz }",
            "expect.fields: `message` is `xxx` instead of `xyz`",
        ),
        (
            "trailers: { x-a: red }",
            "expect.trailers: `x-a` is `blue` instead of `red`",
        ),
        (
            "trailers: { x-c: red }",
            "expect.trailers: `x-c` did not come",
        ),
        (
            "trailers: { x-b-bin: aGo }",
            "expect.trailers: `x-b-bin` is `aGk` instead of `aGo`",
        ),
        (
            "metadata: { x-m: red }",
            "expect.metadata: `x-m` did not come",
        ),
    ];
    let expects: Vec<String> = table
        .iter()
        .map(|(expect, _)| format!("{{ {expect} }}"))
        .collect();
    for face in FACES {
        let yaml = format!(
            "name: checks\ntarget: {{ reference_server: {{ face: {face} }} }}\ncall: {{ {REPLY} }}\n{LOAD}\
             matrix: {{ call.expect: [ {} ] }}\n",
            expects.join(", ")
        );
        let outcome = Run::new(&yaml)
            .engine(engine)
            .set("phases.measure=30ms")
            .finish();
        assert_eq!(
            outcome.repetitions().len(),
            table.len(),
            "{}",
            outcome.stderr
        );
        for (repetition, (expect, said)) in outcome.repetitions().iter().zip(table) {
            let what = format!("{engine} on {face}, {expect}");
            let counts = &repetition.counts;
            assert_eq!(counts.by_status["CHECK_FAILED"], counts.started, "{what}");
            assert_eq!((counts.failed, counts.ok), (counts.started, 0), "{what}");
            assert_eq!(repetition.failures.len(), 1, "{what}");
            assert_eq!(repetition.failures[0].status, "CHECK_FAILED", "{what}");
            assert_eq!(repetition.failures[0].message, said, "{what}");
        }
    }
}

fn an_expected_status_is_the_good_outcome(engine: &str) {
    let reply =
        "reply: { status: { code: NOT_FOUND, message: none here }, trailers: { x-a: blue } }";
    for face in FACES {
        let what = format!("{engine} on {face}");
        let expect = "expect: { status: NOT_FOUND, trailers: { x-a: blue } }";
        let outcome = run(engine, face, &format!("{reply}, {expect}"));
        let good = counts(&outcome, &what);
        assert!(good.ok > 0 && good.ok == good.started, "{what}: {good:?}");
        assert_eq!(good.by_status["NOT_FOUND"], good.ok, "{what}");
        assert_eq!(outcome.repetition().response_time.count, good.ok, "{what}");
        assert!(outcome.repetition().failures.is_empty());

        // A failure that nobody expects stays what it is.
        let outcome = run(
            engine,
            face,
            &format!("{reply}, expect: {{ status: ABORTED }}"),
        );
        let other = &outcome.repetition().counts;
        assert_eq!(other.by_status["NOT_FOUND"], other.started, "{what}");
        assert_eq!(other.failed, other.started, "{what}");
    }
}

/// What a server sends that knows nothing of reply shapes.
fn a_stock_server_is_checked_by_what_it_says(engine: &str) {
    let witness = Witness::start();
    let yaml = format!(
        "name: stock
call:
  metadata: {{ authorization: me }}
  expect: {{ fields: {{ message: hello }}, size: 7B, metadata: {{ x-echo: me }} }}
{LOAD}"
    );
    let outcome = Run::new(&yaml)
        .engine(engine)
        .target(&witness.address)
        .finish();
    let stock = counts(&outcome, engine);
    assert!(stock.ok > 0 && stock.ok == stock.started, "{stock:?}");
    let outcome = Run::new(&yaml)
        .engine(engine)
        .target(&witness.address)
        .set("call.expect.metadata.x-echo=you")
        .finish();
    let failures = &outcome.repetition().failures;
    assert_eq!(
        failures[0].message,
        "expect.metadata: `x-echo` is `me` instead of `you`"
    );
}

/// A message that comes in many frames is looked at whole.
fn a_long_message_is_looked_at_whole(engine: &str) {
    for face in FACES {
        let text = "x".repeat(100_000);
        let call = "reply: { size: 100000B }".to_owned();
        let what = format!("{engine} on {face}");
        let expect = |text: &str| format!("{call}, expect: {{ fields: {{ message: {text} }} }}");
        let outcome = run(engine, face, &expect(&text));
        let good = counts(&outcome, &what);
        assert!(good.ok > 0 && good.ok == good.started, "{what}");
        let outcome = run(engine, face, &expect(&format!("{text}y")));
        let bad = &outcome.repetition().counts;
        assert_eq!(bad.by_status["CHECK_FAILED"], bad.started, "{what}");
    }
}

for_both_engines! {
    answers_as_expected_are_ok
    another_answer_fails_with_what_was_wrong
    an_expected_status_is_the_good_outcome
    a_stock_server_is_checked_by_what_it_says
    a_long_message_is_looked_at_whole
}
