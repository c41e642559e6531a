//! Connections and what is under them (T18, T21).

use super::{MS, US, for_each_engine, near, run};
use crate::statistics::quantile;

fn a_lonely_small_call_never_waits_for_an_acknowledgement(engine: &str) {
    let settings = [
        "load.open.rate=10/s",
        "phases.measure=20s",
        "call.request.size=1B",
    ];
    let seen = run(engine, "", &settings);
    let longest = *seen.sorted(|row| row.service()).last().unwrap();
    println!(
        "the longest of {} calls took {longest} ns",
        seen.repetition.counts.ok
    );
    assert!(longest < 5 * MS, "{longest} ns");
}

fn one_slow_connection_is_told_from_the_others(engine: &str) {
    let settings = ["client.channels=8"];
    let seen = run(
        engine,
        "slow_connection: { index: 3, delay: 5ms }",
        &settings,
    );
    let of = |channel: u64| {
        let mut times: Vec<u64> = seen
            .measured()
            .filter(|row| row.channel == channel)
            .map(|row| row.service())
            .collect();
        times.sort_unstable();
        times
    };
    let channels: Vec<Vec<u64>> = (0..8).map(of).collect();
    for times in &channels {
        near("calls of a channel", times.len() as f64, 1_250.0, 13.0);
    }
    let medians: Vec<u64> = channels.iter().map(|times| quantile(times, 0.5)).collect();
    let slow = medians
        .iter()
        .filter(|median| median.abs_diff(5 * MS) < MS / 2)
        .count();
    let fast = medians.iter().filter(|median| **median < 500 * US).count();
    assert_eq!((slow, fast), (1, 7), "{medians:?}");
}

for_each_engine! {
    a_lonely_small_call_never_waits_for_an_acknowledgement
    one_slow_connection_is_told_from_the_others
}
