//! Which cores a thread may run on.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// The calling thread.
const THIS: Pid = Pid::from_raw(0);

/// Keeps the calling thread on one core.
///
/// # Errors
///
/// One sentence with the remedy, where there is no such core or this process may not use it.
pub fn pin(core: usize) -> Result<(), String> {
    pin_to(&[core])
}

/// Keeps the calling thread on some cores.
///
/// # Errors
///
/// As [`pin`].
pub fn pin_to(cores: &[usize]) -> Result<(), String> {
    let mut set = CpuSet::new();
    cores
        .iter()
        .try_for_each(|core| set.set(*core))
        .and_then(|()| sched_setaffinity(THIS, &set))
        .map_err(|error| {
            format!(
                "cannot run on core {} ({error}); this process may use cores {}",
                list(cores),
                list(&allowed())
            )
        })
}

/// The cores that this process may use.
pub fn allowed() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(THIS) else {
        return Vec::new();
    };
    (0..CpuSet::count())
        .filter(|core| set.is_set(*core).unwrap_or(false))
        .collect()
}

fn list(cores: &[usize]) -> String {
    cores
        .iter()
        .map(usize::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_is_not_there_is_refused_with_those_that_are() {
        let error = pin(1_000).unwrap_err();
        assert!(
            error.contains("core 1000") && error.contains("may use cores 0"),
            "{error}"
        );
    }

    #[test]
    fn a_pinned_thread_may_use_that_core_only() {
        std::thread::spawn(|| {
            let core = allowed()[0];
            pin(core).unwrap();
            assert_eq!(allowed(), [core]);
        })
        .join()
        .unwrap();
    }
}
