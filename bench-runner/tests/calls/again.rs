//! Calls that are tried again, and calls that wait for a connection.

use std::net::TcpListener;
use std::time::Duration;

use super::common::{Run, Server, after};
use super::{FACES, counts};
use crate::for_both_engines;

fn half_of_the_attempts_fail(face: &str, retry: &str) -> String {
    format!(
        "
name: retry
target: {{ reference_server: {{ face: {face}, behaviour: {{ error: {{ share: 0.5, code: UNAVAILABLE }} }} }} }}
call: {{ {retry} }}
load: {{ closed: {{ in_flight: 4 }} }}
phases: {{ warm_up: 0s, measure: 200ms, drain: 5s }}
"
    )
}

fn a_call_is_tried_again_and_counted_once(engine: &str) {
    for face in FACES {
        let what = format!("{engine} on {face}");
        let yaml = half_of_the_attempts_fail(face, "retry: { attempts: 40, backoff: 0s }");
        let outcome = Run::new(&yaml).engine(engine).finish();
        let counts = counts(&outcome, &what);
        assert!(counts.started > 20, "{what}");
        assert_eq!(counts.ok, counts.started, "{what}: {counts:?}");
        // Each call takes two attempts on the average, give or take chance, and the server saw them all.
        let mean = counts.attempts as f64 / counts.started as f64;
        assert!((1.2..3.2).contains(&mean), "{what}: {mean}");
        let repetition = outcome.repetition();
        assert_eq!(
            repetition.totals.server.unwrap().calls,
            counts.attempts,
            "{what}"
        );
        assert_eq!(counts.messages_sent, counts.attempts, "{what}");
        assert!(repetition.failures.is_empty(), "{what}");
    }
}

fn attempts_have_a_bound_and_other_statuses_are_not_tried_again(engine: &str) {
    let never = "
name: retry
target: { reference_server: { behaviour: { error: { share: 1, code: UNAVAILABLE } } } }
call: { retry: { attempts: 3, backoff: 1ms } }
load: { closed: { in_flight: 1 } }
phases: { warm_up: 0s, measure: 100ms, drain: 5s }
";
    let outcome = Run::new(never).engine(engine).finish();
    let counts = outcome.repetition().counts.clone();
    assert_eq!(counts.by_status["UNAVAILABLE"], counts.started);
    assert_eq!(counts.attempts, 3 * counts.started);
    let outcome = Run::new(never)
        .engine(engine)
        .set("call.retry.on=[ABORTED]")
        .finish();
    let counts = outcome.repetition().counts.clone();
    assert_eq!(
        (counts.failed, counts.attempts),
        (counts.started, counts.started)
    );
    let outcome = Run::new(&half_of_the_attempts_fail("tonic", "stamps: false"))
        .engine(engine)
        .finish();
    let counts = outcome.repetition().counts.clone();
    assert!(
        counts.failed > 0 && counts.attempts == 0,
        "none is made again unasked"
    );
}

fn each_attempt_is_given_what_is_left_of_the_deadline(engine: &str) {
    let _alone = super::common::alone();
    for face in FACES {
        let what = format!("{engine} on {face}");
        let call = "stamps: true, deadline: 2s, retry: { attempts: 40, backoff: 40ms }";
        let yaml = half_of_the_attempts_fail(face, call) + "record: { calls: 1000 }\n";
        let outcome = Run::new(&yaml).engine(engine).finish();
        let counts = counts(&outcome, &what);
        assert!(counts.attempts > counts.started, "{what}: {counts:?}");
        let log = std::fs::read_to_string(outcome.path("retry.calls.csv")).unwrap();
        let mut rows = log.lines().map(|row| row.split(',').collect::<Vec<_>>());
        let head = rows.next().unwrap();
        let column = |name| head.iter().position(|title| *title == name).unwrap();
        let columns = ["started_ns", "server_arrival_ns", "server_timeout_ns"].map(column);
        let mut later = 0;
        for row in rows {
            let [started, arrival, timeout] =
                columns.map(|column| row[column].parse::<i64>().unwrap());
            // What had gone of it when the attempt came, but for the way there and a timeout that is rounded.
            let gone = 2_000_000_000 - timeout;
            let late = arrival - started - gone;
            assert!((-1_000_000..30_000_000).contains(&late), "{what}: {late}");
            later += u32::from(arrival - started > 40_000_000);
        }
        assert!(later > 2, "{what}: {later} calls were tried again");
    }
}

/// A server that goes away for a while in the middle of the run, on a port that stays its own.
fn run_over_a_gap(engine: &str, wait: bool) -> super::Outcome {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let listen = format!("127.0.0.1:{port}");
    let first = Server::listening(&listen);
    let yaml = format!(
        "
name: gap
call: {{ wait_for_ready: {wait}, deadline: 10s }}
load: {{ open: {{ rate: 100/s, arrivals: uniform }} }}
phases: {{ warm_up: 0s, measure: 1500ms, drain: 5s }}
"
    );
    let run = Run::new(&yaml)
        .engine(engine)
        .target(&format!("http://{listen}"))
        .start();
    let second = after(Duration::from_millis(700), move || {
        first.stop();
        std::thread::sleep(Duration::from_millis(300));
        Server::listening(&listen)
    });
    let outcome = run.finish();
    drop(second.join().unwrap());
    outcome
}

fn a_call_without_a_connection_waits_for_one_where_it_is_to(engine: &str) {
    let _alone = super::common::alone();
    let outcome = run_over_a_gap(engine, true);
    let waited = outcome.repetition().counts.clone();
    assert_eq!(waited.started, 150);
    // Those that were under way when the server went may be lost with it; a gap of 300 ms is meant for thirty others.
    assert!(
        waited.ok >= 135,
        "{waited:?} {:?}",
        outcome.repetition().failures
    );
    let slowest = outcome.repetition().response_time.max_ns.unwrap();
    assert!(
        slowest > 200_000_000,
        "the wait is response time: {slowest} ns"
    );
    let failed = run_over_a_gap(engine, false).repetition().counts.clone();
    assert!(failed.by_status["UNAVAILABLE"] > 10, "{failed:?}");
}

for_both_engines! {
    a_call_is_tried_again_and_counted_once
    attempts_have_a_bound_and_other_statuses_are_not_tried_again
    each_attempt_is_given_what_is_left_of_the_deadline
    a_call_without_a_connection_waits_for_one_where_it_is_to
}
