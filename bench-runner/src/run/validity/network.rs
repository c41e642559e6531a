//! Whether the emulated network was the network that it stands for, and not a part of what was measured.

use super::{Evidence, Finding, percent, tainted, time};

/// A lateness that is fine whatever the delay, in nanoseconds.
const FINE_NS: f64 = 200_000.0;
/// The share of the one-way delay that a lateness may be.
const LATE: f64 = 0.02;
/// The share of a core from which the link's thread is a bottleneck.
const BUSY: f64 = 0.9;
/// The share of the measured time for which it may be full of what memory allows.
const FULL: f64 = 0.01;

pub(super) fn late(evidence: &Evidence<'_>) -> Option<Finding> {
    let p99 = evidence.repetition.network.as_ref()?.lateness.p99_ns? as f64;
    let one_way = evidence.scenario.network.as_ref()?.rtt.0 as f64 / 2.0;
    (p99 > FINE_NS.max(one_way * LATE)).then(|| {
        tainted(
            format!(
                "the emulated network let packets go late (p99 {}, on a way of {}), and all times include it",
                time(p99),
                time(one_way)
            ),
            "give its thread a core of its own (`network.cpus`), or offer less load",
        )
    })
}

pub(super) fn busy(evidence: &Evidence<'_>) -> Option<Finding> {
    let cpu_ns = evidence.repetition.network.as_ref()?.cpu_ns as f64;
    let share = cpu_ns / (evidence.repetition.measured_s * 1e9);
    (share > BUSY).then(|| {
        tainted(
            format!(
                "the thread of the emulated network used {} of a core: it may have been the bottleneck, and not the \
                 network that it stands for",
                percent(share)
            ),
            "offer less load, or set a `network.bandwidth` that it can keep up with",
        )
    })
}

pub(super) fn full(evidence: &Evidence<'_>) -> Option<Finding> {
    let held_back_ns = evidence.repetition.network.as_ref()?.held_back_ns as f64;
    (held_back_ns > evidence.repetition.measured_s * 1e9 * FULL).then(|| {
        tainted(
            format!(
                "the emulated network held as much as memory allows for {}, and took nothing in",
                time(held_back_ns)
            ),
            "set `network.bandwidth`",
        )
    })
}

#[cfg(test)]
mod tests {
    use reports::model::Network;

    use super::super::fixture::{Case, times};
    use super::*;

    /// A run over a network with so long a round trip.
    fn over(rtt: &str, seen: Network) -> Case {
        let mut case = Case::new(&format!("network: {{ rtt: {rtt} }}"));
        case.repetition.network = Some(seen);
        case
    }

    #[test]
    fn lateness_is_judged_against_the_delay() {
        let seen = |rtt, by_ns| {
            let lateness = times(1_000, by_ns, 0, by_ns);
            over(
                rtt,
                Network {
                    lateness,
                    ..Network::default()
                },
            )
            .ask(late)
        };
        assert_eq!(seen("0s", 190_000), None);
        assert!(seen("0s", 210_000).is_some());
        // 2 % of the 50 ms of one way are a millisecond.
        assert_eq!(seen("100ms", 990_000), None);
        let found = seen("100ms", 1_010_000).unwrap().seen;
        assert!(
            found.contains("p99 1.01 ms, on a way of 50.0 ms"),
            "{found}"
        );
    }

    #[test]
    fn a_busy_thread_and_a_full_link_are_named() {
        // Ten seconds are measured.
        let seen = |cpu_ns, held_back_ns| {
            over(
                "1ms",
                Network {
                    cpu_ns,
                    held_back_ns,
                    ..Network::default()
                },
            )
        };
        let quiet = seen(8_900_000_000, 99_000_000);
        assert_eq!((quiet.ask(busy), quiet.ask(full)), (None, None));
        let loud = seen(9_500_000_000, 101_000_000);
        assert!(loud.ask(busy).unwrap().seen.contains("95.0 % of a core"));
        assert!(loud.ask(full).unwrap().seen.contains("for 101 ms"));
    }
}
