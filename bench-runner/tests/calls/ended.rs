//! Calls that the client cancels on purpose.

use super::common::Run;
use super::{FACES, counts};
use crate::for_both_engines;

fn yaml(face: &str, cadence: &str, call: &str) -> String {
    format!(
        "
name: cancelled
target: {{ reference_server: {{ face: {face}, behaviour: {{ {cadence} }} }} }}
call: {{ {call} }}
load: {{ closed: {{ in_flight: 3 }} }}
phases: {{ warm_up: 0s, measure: 150ms, drain: 5s }}
limits: [\"failed == 0\", \"error_share < 1%\", \"cancelled == 0\"]
"
    )
}

fn a_call_cancelled_after_messages_is_no_failure(engine: &str) {
    for face in FACES {
        // All at once, so that the end of a call has come when its third message is heard; and one by one.
        for (replies, cadence) in [(5, ""), (100, "cadence: { every: 2ms }")] {
            let call = format!(
                "method: LotsOfReplies, reply: {{ messages: {replies} }}, cancel: {{ after_messages: 3 }}"
            );
            let outcome = Run::new(&yaml(face, cadence, &call))
                .engine(engine)
                .finish();
            let what = format!("{engine} on {face}, {replies} replies");
            let counts = counts(&outcome, &what);
            assert!(counts.started > 10, "{what}: {counts:?}");
            assert_eq!(counts.cancelled_on_purpose, counts.started, "{what}");
            assert_eq!(counts.cancelled, counts.started, "{what}");
            assert_eq!(counts.by_status["CANCELLED"], counts.started, "{what}");
            assert_eq!(counts.messages_sent, counts.started, "{what}");
            assert_eq!(counts.messages_received, 3 * counts.started, "{what}");
            let repetition = outcome.repetition();
            assert!(repetition.failures.is_empty(), "{what}");
            assert_eq!(repetition.time_to_first_message.count, counts.started);
            assert_eq!(repetition.message_gap.count, 2 * counts.started, "{what}");
            assert!(repetition.intervals.iter().all(|second| second.failed == 0));
        }
    }
}

fn a_call_cancelled_after_a_time_is_told_apart_from_one_that_the_server_cancels(engine: &str) {
    for face in FACES {
        let slow = yaml(face, "delay: 2s", "cancel: { after: 20ms }");
        let outcome = Run::new(&slow).engine(engine).finish();
        let what = format!("{engine} on {face}");
        let counts = counts(&outcome, &what);
        assert!(counts.started >= 3, "{what}");
        assert_eq!(counts.cancelled_on_purpose, counts.started, "{what}");
        // Each was reset on the wire, where the server can see it; the last ones perhaps after the run's last write.
        let wire = outcome.repetition().wire.clone().unwrap();
        let resets = wire.resets["client CANCEL"];
        let expected = counts.started - 3..=counts.started;
        assert!(
            expected.contains(&resets),
            "{what}: {resets} of {}",
            counts.started
        );

        let by_server = yaml(face, "", "reply: { status: { code: CANCELLED } }");
        let outcome = Run::new(&by_server).engine(engine).finish();
        assert_eq!(outcome.code, Some(4), "no call ended as it should");
        let counts = &outcome.repetition().counts;
        assert_eq!(
            (counts.cancelled, counts.cancelled_on_purpose),
            (counts.started, 0)
        );
    }
}

for_both_engines! {
    a_call_cancelled_after_messages_is_no_failure
    a_call_cancelled_after_a_time_is_told_apart_from_one_that_the_server_cancels
}
