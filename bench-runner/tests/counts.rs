//! Both sides count the same: calls, messages and bytes, for every method, closed and open loop.

mod common;

use common::{Outcome, Run};
use reports::model::Counts;
use scenarios::method::Method;

const CLOSED: &str = "{ closed: { in_flight: 4 } }";
const OPEN: &str = "{ open: { rate: 1500/s } }";

fn yaml(method: Method, load: &str, extra: &str) -> String {
    let requests = if method.pattern().streams_requests() {
        "messages: 7, "
    } else {
        ""
    };
    let replies = if method == Method::LotsOfReplies {
        "messages: 9, "
    } else {
        ""
    };
    format!(
        "name: counts
client: {{ channels: 3, lanes: 2 }}
call: {{ method: {method}, request: {{ {requests}size: 40B }}, reply: {{ {replies}size: 300B }}, {extra} }}
load: {load}
phases: {{ warm_up: 100ms, measure: 400ms, drain: 2s }}
"
    )
}

fn every_method_is_counted_alike_on_both_sides(engine: &str) {
    for method in Method::ALL {
        for load in [CLOSED, OPEN] {
            let outcome = Run::new(&yaml(method, load, "")).engine(engine).finish();
            let repetition = outcome.repetition();
            assert_eq!(outcome.code, Some(0), "{method} {load}: {}", outcome.stderr);
            let counts = &repetition.counts;
            assert!(counts.ok > 50, "{method} {load}: {counts:?}");
            assert_eq!(counts.ok, counts.started, "{method} {load}");
            assert_eq!(
                repetition.totals.server,
                Some(repetition.totals.client),
                "{method} {load}"
            );
            let requests = if method.pattern().streams_requests() {
                7
            } else {
                1
            };
            let replies = match method {
                Method::LotsOfReplies => 9,
                Method::BidiHello => 7,
                _ => 1,
            };
            assert_eq!(
                counts.messages_sent,
                counts.ok * requests,
                "{method} {load}"
            );
            assert_eq!(
                counts.messages_received,
                counts.ok * replies,
                "{method} {load}"
            );
            // A message of 300 bytes is a tag, a length of two bytes, and itself.
            assert_eq!(
                counts.bytes_received,
                counts.messages_received * 303,
                "{method} {load}"
            );
        }
    }
}

fn independent_streams_and_drawn_sizes_are_counted_alike(engine: &str) {
    for extra in [
        "bidi: independent",
        "bidi: independent, metadata: { x-tenant: blue }",
    ] {
        let outcome = Run::new(&yaml(Method::BidiHello, CLOSED, extra))
            .engine(engine)
            .finish();
        let repetition = outcome.repetition();
        assert_eq!(repetition.totals.server, Some(repetition.totals.client));
        assert_eq!(
            repetition.exchange_time.count, 0,
            "exchanges are a matter of ping-pong"
        );
    }
    let drawn = Run::new(&yaml(Method::SayHello, CLOSED, "")).engine(engine)
        .set("call.request.size={ lognormal: { median: 200B, sigma: 1.0 } }")
        .set("call.reply.size={ weighted: [ { value: 16B, weight: 9 }, { value: 4KiB, weight: 1 } ] }")
        .finish();
    let repetition = drawn.repetition();
    assert_eq!(repetition.totals.server, Some(repetition.totals.client));
    let mean = repetition.counts.bytes_received as f64 / repetition.counts.messages_received as f64;
    assert!(
        (250.0..700.0).contains(&mean),
        "nine of ten are 16 B, one is 4 KiB: mean {mean}"
    );
}

fn a_ping_pong_stream_times_every_exchange(engine: &str) {
    let outcome = Run::new(&yaml(Method::BidiHello, CLOSED, "bidi: ping_pong"))
        .engine(engine)
        .finish();
    let repetition = outcome.repetition();
    let exchanges = repetition.counts.messages_received;
    assert_eq!(repetition.exchange_time.count, exchanges);
    assert_eq!(
        repetition.message_gap.count,
        exchanges - repetition.counts.ok
    );
    assert_eq!(repetition.time_to_first_message.count, repetition.counts.ok);
}

fn every_call_is_in_the_log_with_its_times(engine: &str) {
    let outcome = Run::new(&yaml(Method::SayHello, OPEN, ""))
        .engine(engine)
        .set("repetitions=2")
        .set("record.calls=10000")
        .argument("--also=ghz")
        .finish();
    let log = std::fs::read_to_string(outcome.path("counts.calls.csv")).unwrap();
    let mut rows = log.lines();
    let header: Vec<&str> = rows.next().unwrap().split(',').collect();
    let column = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split(',').collect()).collect();
    for (number, repetition) in ["1", "2"].iter().zip(outcome.repetitions()) {
        let mine: Vec<_> = rows.iter().filter(|row| row[0] == *number).collect();
        let log = repetition.call_log.as_ref().unwrap();
        assert_eq!((mine.len() as u64, log.left_out), (log.calls, 0));
        assert_eq!(log.calls, repetition.totals.client.calls);
        let measured: Vec<_> = mine
            .iter()
            .filter(|row| row[column("phase")] == "measure")
            .collect();
        assert_eq!(measured.len() as u64, repetition.counts.started);
        let begin = log.clock_origin_ns + 100_000_000;
        for row in measured {
            let at = |name: &str| row[column(name)].parse::<u64>().unwrap();
            let times = ["intended_ns", "started_ns", "first_message_ns", "done_ns"].map(at);
            assert!(times.is_sorted(), "{row:?}");
            assert!((begin..begin + 400_000_000).contains(&times[0]), "{row:?}");
            assert_eq!(row[column("status")], "OK");
        }
    }
    is_in_ghzs_shape_too(&outcome);
}

/// The same calls in the same order, at times of the wall clock.
fn is_in_ghzs_shape_too(outcome: &Outcome) {
    let text = std::fs::read_to_string(outcome.path("counts.ghz.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let details = report["details"].as_array().unwrap();
    let all = outcome.repetitions();
    let started: u64 = all.iter().map(|repetition| repetition.counts.started).sum();
    assert_eq!(details.len() as u64, started);
    assert_eq!(report["count"], started);
    let result = outcome.result.as_ref().unwrap();
    let began: jiff::Timestamp = result.started_at.parse().unwrap();
    let ended = jiff::Timestamp::now();
    for detail in details {
        let at: jiff::Timestamp = detail["timestamp"].as_str().unwrap().parse().unwrap();
        assert!((began..=ended).contains(&at), "{began} {detail} {ended}");
    }
    let csv = std::fs::read_to_string(outcome.path("counts.ghz.csv")).unwrap();
    assert_eq!(csv.lines().count(), details.len() + 1);
}

fn a_log_that_is_full_says_so(engine: &str) {
    let outcome = Run::new(&yaml(Method::SayHello, OPEN, ""))
        .engine(engine)
        .set("record.calls=10")
        .finish();
    let log = outcome.repetition().call_log.clone().unwrap();
    assert_eq!(log.calls, 10);
    assert_eq!(log.left_out, outcome.repetition().totals.client.calls - 10);
    assert!(
        outcome.stderr.contains("raise record.calls"),
        "{}",
        outcome.stderr
    );
}

fn every_call_of_a_mix_is_counted_by_itself_and_together_with_the_others(engine: &str) {
    let calls = "[ { weight: 6, name: hello, request: { size: 40B }, metadata: { x-kind: hello } },
        { weight: 2, method: LotsOfReplies, reply: { messages: 9, size: 300B } },
        { weight: 1, method: LotsOfGreetings, request: { messages: 7 } },
        { weight: 1, method: BidiHello, request: { messages: 5 }, reply: { size: 100B } } ]";
    for load in [CLOSED, OPEN] {
        let yaml = format!(
            "name: mix\nclient: {{ channels: 3, lanes: 2 }}\ncalls: {calls}\nload: {load}\nphases: {{ warm_up: 100ms, measure: 400ms, drain: 2s }}"
        );
        let outcome = Run::new(&yaml)
            .engine(engine)
            .set("record.calls=100000")
            .set("limits=[\"calls.BidiHello.failed == 0\", \"calls.hello.ok > 10\"]")
            .finish();
        assert_eq!(outcome.code, Some(0), "{load}: {}", outcome.stderr);
        let repetition = outcome.repetition();
        assert_eq!(
            repetition.totals.server,
            Some(repetition.totals.client),
            "{load}"
        );
        let mut sum = Counts::default();
        let messages = [(1, 1), (1, 9), (7, 1), (5, 5)];
        for (call, (sent, received)) in repetition.calls.iter().zip(messages) {
            let counts = &call.counts;
            assert!(counts.ok > 10, "{load} {}: {counts:?}", call.name);
            assert_eq!(counts.ok, counts.started, "{load} {}", call.name);
            assert_eq!(
                counts.messages_sent,
                counts.ok * sent,
                "{load} {}",
                call.name
            );
            assert_eq!(
                counts.messages_received,
                counts.ok * received,
                "{load} {}",
                call.name
            );
            assert_eq!(call.response_time.count, counts.ok);
            sum.add(counts);
        }
        assert_eq!(sum, repetition.counts, "{load}");
        let log = std::fs::read_to_string(outcome.path("mix.calls.csv")).unwrap();
        let measured = |name: &str| {
            let ends = format!(",{name}");
            log.lines()
                .filter(|row| row.contains(",measure,") && row.ends_with(&ends))
                .count() as u64
        };
        for call in &repetition.calls {
            assert_eq!(
                measured(&call.name),
                call.counts.started,
                "{load} {}",
                call.name
            );
        }
    }
}

for_both_engines! {
    every_call_of_a_mix_is_counted_by_itself_and_together_with_the_others
    every_method_is_counted_alike_on_both_sides
    independent_streams_and_drawn_sizes_are_counted_alike
    a_ping_pong_stream_times_every_exchange
    every_call_is_in_the_log_with_its_times
    a_log_that_is_full_says_so
}

/// What the server says of its own imprecision is in the result, of all calls that it planned, and only then.
#[test]
fn the_server_says_how_late_it_released_what_it_had_planned() {
    for face in ["tonic", "raw"] {
        let behaviour = "behaviour: { delay: 2ms }";
        for (settings, is_planned) in [(behaviour, true), ("threads: 1", false)] {
            let target = format!("target: {{ reference_server: {{ face: {face}, {settings} }} }}");
            let yaml = yaml(Method::SayHello, CLOSED, "") + &target;
            let repetition = Run::new(&yaml).finish().repetition().clone();
            let late = repetition.release_lateness;
            let planned = late.as_ref().map_or(0, |late| late.count);
            let calls = if is_planned {
                repetition.totals.client.calls
            } else {
                0
            };
            assert_eq!(planned, calls, "{face} {settings}");
            if let Some(late) = late {
                assert!(late.p50_ns <= late.p99_ns && late.p99_ns <= late.max_ns);
                assert_eq!(late.complete().unwrap().len(), calls);
            }
        }
    }
}
