//! What is offered, whatever the server does (T2, T3, T4, T8, T20, T21).

use reports::model::Quantile;
use scenarios::units::Nanos;

use super::{MS, SECOND, exactly, histogram, ok, stalled};
use crate::lab::experiment;
use crate::statistics::{departures, quantile};

const THOUSAND_A_SECOND: &str = "
name: load
load: { open: { rate: 1000/s, arrivals: poisson } }
phases: { warm_up: 0s, measure: 10s, drain: 5s }
";

#[test]
fn a_server_that_stands_still_does_not_stop_an_open_loop() {
    let seen = experiment(THOUSAND_A_SECOND, |_, start| {
        stalled(start, 4 * SECOND, 6 * SECOND)
    })
    .run();
    let in_flight = |at: u64| {
        let lives = |c: &&bench_runner::record::LoggedCall| {
            c.sample.started.0 < at && at <= c.sample.done.0
        };
        seen.calls.iter().filter(lives).count()
    };
    let waiting = in_flight(6 * SECOND);
    // 2,000 arrivals in two seconds, less five standard deviations.
    assert!(waiting > 1_776, "{waiting} calls wait for the server");
    let due = seen
        .calls
        .iter()
        .filter(|c| (4 * SECOND..6 * SECOND).contains(&c.sample.intended.0));
    assert!(waiting as f64 >= 0.99 * due.count() as f64);
    assert_eq!(seen.repetition.counts.ok, 10_000);
}

#[test]
fn what_waits_for_a_stream_is_counted_from_its_intended_start() {
    // Ten streams, and a server that stands still for a second: about 990 arrivals wait for a stream.
    let experiment = experiment(THOUSAND_A_SECOND, |_, start| {
        stalled(start, 3 * SECOND, 4 * SECOND)
    })
    .streams(10);
    let seen = experiment.run();
    let arrivals = experiment.schedule();
    let counts = &seen.repetition.counts;
    assert_eq!((counts.ok, counts.shed), (arrivals.len() as u64, 0));
    let left = departures(&arrivals, 10, |_, start| {
        stalled(Nanos(start), 3 * SECOND, 4 * SECOND).service.0
    });
    let responses = || {
        left.iter()
            .zip(&arrivals)
            .map(|(left, arrived)| left - arrived)
    };
    let mut sorted: Vec<u64> = responses().collect();
    sorted.sort_unstable();
    let p99 = exactly(&seen.repetition.response_time, Quantile::P99) as f64;
    assert!(
        (p99 / quantile(&sorted, 0.99) as f64 - 1.0).abs() < 0.001,
        "p99 {p99} ns"
    );
    assert!(p99 > 0.85 * SECOND as f64);
    assert_eq!(
        seen.repetition.response_time.histogram,
        histogram(responses())
    );
}

#[test]
fn after_a_stop_of_the_client_all_overdue_calls_start_at_once_with_their_lag() {
    let (from, to) = (Nanos(5 * SECOND), Nanos(5 * SECOND + 500 * MS));
    let experiment = experiment(THOUSAND_A_SECOND, |_, _| ok(MS)).stopped(from, to);
    let seen = experiment.run();
    let intended: Vec<u64> = seen.calls.iter().map(|c| c.sample.intended.0).collect();
    assert!(
        intended == experiment.schedule(),
        "an arrival is missing, or was moved"
    );
    let mut overdue = 0;
    for call in &seen.calls {
        let stopped = (from..to).contains(&call.sample.intended);
        overdue += u32::from(stopped);
        let start = if stopped { to } else { call.sample.intended };
        assert_eq!(call.sample.started, start);
    }
    assert!(
        overdue > 388,
        "500 arrivals in half a second, less five standard deviations"
    );
    let lags = seen
        .calls
        .iter()
        .map(|c| c.sample.started.0 - c.sample.intended.0);
    assert_eq!(seen.repetition.start_lag.histogram, histogram(lags));
}

#[test]
fn a_queue_in_the_client_is_the_md1_queue() {
    // One stream, 2 ms a call, 250/s: the calls that wait for the stream are a queue M/D/1 at half load.
    let yaml = "
name: md1
load: { open: { rate: 250/s, arrivals: poisson } }
phases: { warm_up: 0s, measure: 80s, drain: 5s }
";
    let experiment = experiment(yaml, |_, _| ok(2 * MS)).streams(1);
    let (arrivals, seen) = (experiment.schedule(), experiment.run());
    let left = departures(&arrivals, 1, |_, _| 2 * MS);
    let responses = left
        .iter()
        .zip(&arrivals)
        .map(|(left, arrived)| left - arrived);
    assert_eq!(
        seen.repetition.response_time.histogram,
        histogram(responses)
    );
    // Pollaczek and Khinchine; 20,000 calls bring the p99 within some percent.
    let p99 = exactly(&seen.repetition.response_time, Quantile::P99) as f64 / (2 * MS) as f64;
    assert!(
        (p99 / 4.336 - 1.0).abs() < 0.08,
        "p99 is {p99} service times"
    );
    let service = &seen.repetition.service_time;
    assert_eq!(service.histogram, histogram((0..20_000).map(|_| 2 * MS)));
}

#[test]
fn a_stall_in_a_stream_is_one_long_gap() {
    let yaml = "
name: stream
call: { method: LotsOfReplies, reply: { messages: 100 } }
load: { open: { rate: 10/s } }
phases: { warm_up: 0s, measure: 10s, drain: 5s }
";
    // A message every 10 ms, and before the 50th a stall of 100 ms.
    let at = |n: u64| Nanos(n * 10 * MS + if n < 50 { 0 } else { 100 * MS });
    let seen = experiment(yaml, |_, _| ok(1_100 * MS))
        .messages((1..=100).map(at).collect())
        .run();
    let gaps = (0..100).flat_map(|_| (1..100).map(|n| if n == 49 { 110 * MS } else { 10 * MS }));
    assert_eq!(seen.repetition.message_gap.histogram, histogram(gaps));
    let first = &seen.repetition.time_to_first_message;
    assert_eq!(first.histogram, histogram((0..100).map(|_| 10 * MS)));
}

#[test]
fn channels_share_the_load_evenly() {
    let yaml = format!("{THOUSAND_A_SECOND}client: {{ channels: 8 }}\n");
    let seen = experiment(&yaml, |_, _| ok(3 * MS)).run();
    let mut counts = [0u32; 8];
    for call in &seen.calls {
        counts[call.sample.channel as usize] += 1;
    }
    assert!(
        counts.iter().all(|count| count.abs_diff(1_250) <= 12),
        "{counts:?}"
    );
}
