//! Queues whose law is known: in the server (T7b), and in the client (T8).

use super::{MS, Row, Seen, US, compare, for_each_engine, near, run};
use crate::statistics::{departures, quantile};

/// The server against Lindley's recursion on the arrivals that it stamped, call by call, and our times against the server.
fn holds_against_lindley(seen: &Seen, service: u64) {
    let mut calls: Vec<_> = seen.rows.iter().collect();
    calls.sort_by_key(|row| row.arrival);
    let arrivals: Vec<u64> = calls.iter().map(|row| row.arrival.unwrap()).collect();
    let left = departures(&arrivals, 1, |_, _| service);
    for (row, left) in calls.iter().zip(left) {
        assert_eq!(row.planned, Some(left));
    }
    compare(
        "response time",
        &seen.sorted(|row| row.response()),
        &seen.owed(),
        100 * US,
        0.01,
    );
    let is_near = |row: &&Row| {
        let owed = row.released.unwrap() - row.intended;
        row.response() - owed <= (100 * US).max(owed / 100)
    };
    let share = seen.measured().filter(is_near).count() as f64 / seen.measured().count() as f64;
    println!("calls within 100 us or 1 %: {share:.4}");
    // The rest came while the core of the client, a virtual one perhaps, slept or stood still.
    assert!(share >= 0.9, "{share}");
}

/// A percentile, the response time there in service times of an M/D/1 queue at half load, and the share it may be off.
type Law = (f64, f64, f64);

/// What was recorded against Pollaczek and Khinchine, less what the wire and both programs add to every call.
fn holds_against_the_law(seen: &Seen, service: u64, law: &[Law]) {
    let floor = seen.floor();
    let recorded = seen.repetition.response_time.complete().unwrap();
    for (at, expected, tolerance) in law {
        let services = (recorded.value_at_quantile(*at) - floor) as f64 / service as f64;
        near(
            &format!("q{at} in service times"),
            services,
            *expected,
            expected * tolerance,
        );
    }
}

fn a_queue_in_the_server_is_the_md1_queue(engine: &str) {
    // Half load, 100,000 calls. Cores that stand still for a millisecond now and then, as virtual ones do, make arrivals
    // come together; the longer a service is, the less that is of it.
    let settings = [
        "load.open.rate=250/s",
        "phases.measure=400s",
        "phases.warm_up=1s",
    ];
    let seen = run(engine, "queue: { service: 2ms }", &settings);
    holds_against_lindley(&seen, 2 * MS);
    let law = [
        (0.9, 2.516, 0.02),
        (0.99, 4.336, 0.04),
        (0.999, 6.168, 0.09),
    ];
    holds_against_the_law(&seen, 2 * MS, &law);
}

fn short_a_queue_in_the_server_is_the_md1_queue(engine: &str) {
    // Half load too, of shorter services: 8,000 calls are some hundred busy periods at the ninth decile, and no more is asked.
    let seen = run(engine, "queue: { service: 500us }", &["phases.measure=8s"]);
    holds_against_lindley(&seen, 500 * US);
    holds_against_the_law(&seen, 500 * US, &[(0.9, 2.516, 0.2)]);
}

fn a_queue_in_the_client_is_response_time_and_not_service_time(engine: &str) {
    let settings = [
        "target.reference_server.http2.max_concurrent_streams=1",
        "load.open.rate=250/s",
        "phases.measure=40s",
    ];
    let seen = run(engine, "delay: 2ms", &settings);
    let service = seen.sorted(|row| row.service());
    let typical = quantile(&service, 0.5);
    // What the wire and both programs add is in every call.
    let floor = seen.floor();
    for (share, tolerance) in [(0.5, 0.1), (0.99, 0.3)] {
        let time = quantile(&service, share).saturating_sub(floor);
        near(
            &format!("service time q{share}, ms"),
            time as f64 / MS as f64,
            2.0,
            tolerance,
        );
    }
    // The stream is a server whose service time is the one that was seen: 2 ms and what is around it.
    let intended: Vec<u64> = seen.rows.iter().map(|row| row.intended).collect();
    let left = departures(&intended, 1, |number, _| seen.rows[number].service());
    let pairs = seen.rows.iter().zip(&left).filter(|(row, _)| row.measured);
    let mut expected: Vec<u64> = pairs.map(|(row, left)| left - row.intended).collect();
    expected.sort_unstable();
    for (what, times) in [
        ("the log's response time", seen.sorted(Row::response)),
        ("the recorded response time", seen.recorded()),
    ] {
        compare(what, &times, &expected, 300 * US, 0.04);
    }
    let waited = quantile(&seen.recorded(), 0.99);
    assert!(
        waited > 3 * typical,
        "p99 {waited} ns: nothing has waited for the stream"
    );
}

for_each_engine! {
    a_queue_in_the_server_is_the_md1_queue
    short_a_queue_in_the_server_is_the_md1_queue
    a_queue_in_the_client_is_response_time_and_not_service_time
}
