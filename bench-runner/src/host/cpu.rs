//! CPU time, exact to the nanosecond: of the calling thread, and of any process of ours.

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use scenarios::units::Nanos;

/// User and system time of the calling thread so far.
pub fn thread_cpu() -> Nanos {
    read(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap_or_default()
}

/// User and system time of all threads of a process so far; `None` when it is gone.
pub fn process_cpu(pid: u32) -> Option<Nanos> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?);
    read(clock_getcpuclockid(pid).ok()?)
}

/// How long the calling thread has been ready to run without a core so far; `None` where the kernel does not tell.
pub fn thread_waited() -> Option<Nanos> {
    waited(&super::line("/proc/thread-self/schedstat")?)
}

/// The second number of a `schedstat`.
fn waited(schedstat: &str) -> Option<Nanos> {
    schedstat.split_whitespace().nth(1)?.parse().ok().map(Nanos)
}

fn read(clock: ClockId) -> Option<Nanos> {
    let time = clock_gettime(clock).ok()?;
    let seconds = u64::try_from(time.tv_sec()).ok()?;
    Some(Nanos(
        seconds * Nanos::SECOND.0 + u64::try_from(time.tv_nsec()).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_costs_time_and_a_process_costs_at_least_what_its_thread_does() {
        let before = thread_cpu();
        let mut sum = 0u64;
        while thread_cpu().since(before) < Nanos::from_millis(5) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let process = process_cpu(std::process::id()).unwrap();
        assert!(process >= thread_cpu().since(before));
    }

    #[test]
    fn waiting_is_the_second_number() {
        assert_eq!(waited("981 3726473 12"), Some(Nanos(3_726_473)));
        assert_eq!(waited("981"), None);
        assert!(thread_waited().is_some());
    }

    #[test]
    fn a_process_that_is_not_there_has_no_time() {
        assert_eq!(process_cpu(u32::MAX), None);
    }
}
