//! A server that stands still for 100 ms in each second (T1).

use super::{MS, Row, SECOND, Seen, US, compare, for_each_engine, millis, near, run};

const STALL: &str = "stall: { period: 1s, width: 100ms }";

/// When a call that arrives then is to be answered: at the end of the stall, or at once.
fn release(arrival: u64) -> u64 {
    arrival + (100 * MS).saturating_sub(arrival % SECOND)
}

/// Percentiles conditioned on the arrivals, of the log and of the result.
fn holds_against_the_law(engine: &str, seen: &Seen) {
    // A hundred answers come at once when a stall ends, and tonic takes some ten microseconds for each of them.
    let absolute = if engine == "tonic" {
        1_500 * US
    } else {
        300 * US
    };
    for row in seen.measured() {
        assert_eq!(row.planned, row.arrival.map(release));
    }
    let expected = seen.owed();
    compare(
        "the log's response time",
        &seen.sorted(|row| row.response()),
        &expected,
        absolute,
        0.01,
    );
    compare(
        "the recorded response time",
        &seen.recorded(),
        &expected,
        absolute,
        0.01,
    );
    // The load goes on: as many calls reach a server that stands still as were meant to.
    let stands_still = |time: u64| time % SECOND < 100 * MS;
    let share = |time: fn(&Row) -> u64| {
        let times = seen.sorted(time);
        let still = times.iter().filter(|time| stands_still(**time)).count();
        100.0 * still as f64 / times.len() as f64
    };
    near(
        "calls that came to a server that stands still, %",
        share(|row| row.arrival.unwrap()),
        share(|row| row.intended),
        0.5,
    );
}

fn a_stall_is_in_the_percentiles_as_a_user_would_feel_it(engine: &str) {
    let seen = run(engine, STALL, &["phases.measure=60s"]);
    let response = &seen.repetition.response_time;
    holds_against_the_law(engine, &seen);
    let recorded = response.complete().unwrap();
    near(
        "p95",
        recorded.value_at_quantile(0.95) as f64 / MS as f64,
        50.0,
        3.0,
    );
    near("p99", millis(response.p99_ns), 90.0, 1.8);
    near("p99.9", millis(response.p999_ns), 99.0, 1.0);
    near("mean", response.mean_ns.unwrap() / MS as f64, 5.0, 0.6);
}

fn short_a_stall_is_in_the_percentiles(engine: &str) {
    let seen = run(engine, STALL, &["phases.measure=5s"]);
    holds_against_the_law(engine, &seen);
    near(
        "p99",
        millis(seen.repetition.response_time.p99_ns),
        90.0,
        5.0,
    );
}

for_each_engine! {
    a_stall_is_in_the_percentiles_as_a_user_would_feel_it
    short_a_stall_is_in_the_percentiles
}
