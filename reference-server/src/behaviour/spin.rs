//! Work that is there to cost something.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use scenarios::units::Nanos;

/// Burns so much CPU time on this thread. Time in which the thread does not run does not count.
pub(super) fn burn(length: Nanos) {
    let end = burnt() + length;
    while burnt() < end {
        std::hint::spin_loop();
    }
}

/// The CPU time that this thread has used.
fn burnt() -> Nanos {
    // The clock exists on every Linux; where it does not, nothing is burnt for ever.
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .map_or(Nanos(u64::MAX), |time| Nanos::from(Duration::from(time)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_burnt_is_cpu_time_of_this_thread() {
        let before = burnt();
        burn(Nanos::from_millis(2));
        assert!(burnt().since(before) >= Nanos::from_millis(2));
    }
}
