//! Whether the clock is fit to time calls with.

use super::{Evidence, Finding, tainted};

/// Clock sources that are read without a system call, run evenly and agree between cores.
const FIT: [&str; 4] = [
    "tsc",
    "kvm-clock",
    "arch_sys_counter",
    "hyperv_clocksource_tsc_page",
];

pub(super) fn source(evidence: &Evidence<'_>) -> Option<Finding> {
    let source = evidence.clock.source.as_deref()?;
    (!FIT.contains(&source)).then(|| {
        tainted(
            format!("the kernel tells the time by `{source}`, which is slow to read or uneven"),
            "boot with a usable TSC, or run on another machine; \
             /sys/devices/system/clocksource/clocksource0/available_clocksource lists what there is",
        )
    })
}

/// What reading the clock may cost, and the smallest step that it may make, in nanoseconds.
const MOST_NS: u64 = 100;

pub(super) fn coarse(evidence: &Evidence<'_>) -> Option<Finding> {
    let (cost, step) = (evidence.clock.cost_ns, evidence.clock.step_ns);
    (cost > MOST_NS || step > MOST_NS).then(|| {
        tainted(
            format!("reading the clock costs {cost} ns, and its smallest step is {step} ns"),
            "use a release build; if it is one, run on a machine whose clock is read without a system call",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Case;
    use super::*;

    #[test]
    fn a_clock_source_is_known_to_be_good_or_said_to_be_bad() {
        let mut case = Case::open();
        for good in FIT {
            case.clock.source = Some(good.into());
            assert_eq!(case.ask(source), None);
        }
        for bad in ["hpet", "acpi_pm", "jiffies"] {
            case.clock.source = Some(bad.into());
            assert!(case.ask(source).unwrap().seen.contains(bad));
        }
        case.clock.source = None;
        assert_eq!(case.ask(source), None, "nobody told");
    }

    #[test]
    fn a_reading_may_cost_a_hundred_nanoseconds() {
        let mut case = Case::open();
        (case.clock.cost_ns, case.clock.step_ns) = (100, 100);
        assert_eq!(case.ask(coarse), None);
        (case.clock.cost_ns, case.clock.step_ns) = (101, 20);
        assert!(case.ask(coarse).is_some());
        (case.clock.cost_ns, case.clock.step_ns) = (20, 101);
        assert!(case.ask(coarse).is_some());
    }
}
