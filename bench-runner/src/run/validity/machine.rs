//! What the machine did to the run.

use super::{Evidence, Finding, percent, tainted, time};

/// How late a beat of the runner's heartbeat may be. A core that is merely busy makes it late by a time slice, which is
/// 3 to 10 ms.
const STALL_NS: u64 = 20_000_000;

pub(super) fn runner_stalled(evidence: &Evidence<'_>) -> Option<Finding> {
    let heartbeat = evidence.repetition.heartbeat.as_ref()?;
    (heartbeat.late_max_ns > STALL_NS).then(|| {
        tainted(
            format!(
                "the runner itself stood still for {}, {:.1} s into the measured time: it was stopped, or other \
                 threads or another machine had its core",
                time(heartbeat.late_max_ns as f64),
                heartbeat.late_max_at_s
            ),
            "run it again on a quieter machine; nothing that was measured around then is the server's",
        )
    })
}

/// The share of the time of all cores that the hypervisor may take.
const STOLEN: f64 = 0.01;

pub(super) fn stolen_time(evidence: &Evidence<'_>) -> Option<Finding> {
    let stolen = evidence.conditions()?.stolen?;
    (stolen > STOLEN).then(|| {
        tainted(
            format!(
                "the hypervisor took {} of the cores' time for others",
                percent(stolen)
            ),
            "run it again, or on a machine that is not shared",
        )
    })
}

/// The share of the time of all cores that other programs may use.
const FOREIGN: f64 = 0.10;

pub(super) fn busy_machine(evidence: &Evidence<'_>) -> Option<Finding> {
    let foreign = evidence.conditions()?.foreign?;
    (foreign > FOREIGN).then(|| {
        tainted(
            format!(
                "other programs used {} of the cores' time during the measurement",
                percent(foreign)
            ),
            "stop them, and run it again",
        )
    })
}

#[cfg(test)]
mod tests {
    use reports::model::Heartbeat;

    use super::super::fixture::Case;
    use super::*;

    #[test]
    fn a_stall_of_the_runner_is_named_with_its_second() {
        let stall = |ns: u64| {
            let mut case = Case::closed();
            case.repetition.heartbeat = Some(Heartbeat {
                late_max_ns: ns,
                late_max_at_s: 3.25,
                ..Heartbeat::default()
            });
            case.ask(runner_stalled)
        };
        assert_eq!(stall(20_000_000), None);
        assert!(stall(20_000_001).is_some());
        let seen = stall(203_000_000).unwrap().seen;
        assert!(
            seen.starts_with("the runner itself stood still for 203 ms, 3.2 s into"),
            "{seen}"
        );
    }

    #[test]
    fn one_percent_may_be_stolen_and_ten_used_by_others() {
        let mut case = Case::open();
        case.conditions().stolen = Some(0.01);
        case.conditions().foreign = Some(0.10);
        assert_eq!(case.ask(stolen_time), None);
        assert_eq!(case.ask(busy_machine), None);
        case.conditions().stolen = Some(0.0101);
        case.conditions().foreign = Some(0.101);
        assert!(case.ask(stolen_time).unwrap().seen.contains("1.0 %"));
        assert!(case.ask(busy_machine).unwrap().seen.contains("10.1 %"));
    }
}
