//! What is inside one call: waiting for flow-control credit (T19), and the gaps between the messages of a stream (T20).

use super::{MS, US, for_each_engine, near, run};

/// A request of 1,000 KiB under a window of 64 KiB has to wait for the window fifteen times.
const WAITS: u64 = 15;
const LATE_CREDIT: u64 = 50 * MS;

fn waiting_for_credit_is_response_time_and_told_apart(engine: &str) {
    let seen = run(
        engine,
        "window_update_delay: 50ms",
        &[
            "target.reference_server.http2.initial_stream_window=64KiB",
            "call.request.size=1000KiB",
            "load={ closed: { in_flight: 1 } }",
            "phases={ warm_up: 0s, measure: 8s, drain: 2s }",
        ],
    );
    let predicted = WAITS * LATE_CREDIT;
    let [response, expected] = [
        seen.repetition.response_time.p50_ns.unwrap(),
        predicted + seen.floor().min(5 * MS),
    ]
    .map(|ns| ns as f64 / MS as f64);
    near("response time, ms", response, expected, expected * 0.02);
    let wire = seen.repetition.wire.as_ref().unwrap();
    let calls = seen.rows.len() as u64;
    let stalled = wire.stalled_on_stream_window_ns.unwrap() as f64 / (calls * predicted) as f64;
    near("time stalled, of what was predicted", stalled, 1.0, 0.05);
    assert_eq!(wire.stalled_on_connection_window_ns, Some(0));
}

fn a_stall_in_a_stream_is_one_long_gap(engine: &str) {
    let seen = run(
        engine,
        "cadence: { every: 10ms, stall_at: 50, stall: 100ms }",
        &[
            "call={ method: LotsOfReplies, reply: { size: 16B, messages: 100 }, stamps: true }",
            "load={ closed: { in_flight: 1 } }",
            "phases={ warm_up: 0s, measure: 10s, drain: 3s }",
        ],
    );
    let calls = seen.repetition.counts.ok;
    let gaps = seen.repetition.message_gap.complete().unwrap();
    assert!(calls >= 8 && gaps.len() == calls * 99, "{calls} calls");
    let long = gaps.count_between(50 * MS, u64::MAX);
    assert_eq!(long, calls, "one long gap in each call");
    let longest = gaps.max() as f64 / MS as f64;
    near("the longest gap, ms", longest, 110.0, 1.0);
    let as_told = gaps.count_between(9_800 * US, 10_200 * US);
    let share = as_told as f64 / (gaps.len() - long) as f64;
    println!("gaps of 10 ms, within 0.2 ms: {share:.3}");
    // The rest is how late a core that slept wakes up, the server's and ours; a virtual one sometimes by milliseconds.
    assert!(share >= 0.9, "{share}");
    let first = seen.repetition.time_to_first_message.p50_ns.unwrap();
    assert!(first < 2 * MS, "the first message took {first} ns");
}

for_each_engine! {
    waiting_for_credit_is_response_time_and_told_apart
    a_stall_in_a_stream_is_one_long_gap
}
