//! Pins the threads to come to a set of cores.

use nix::errno::Errno;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::error::ServeError;

/// Pins this thread, and with it every thread that it starts from now on, to `cpus`; an empty list changes nothing.
pub(crate) fn pin(cpus: &[usize]) -> Result<(), ServeError> {
    if cpus.is_empty() {
        return Ok(());
    }
    let this = Pid::from_raw(0);
    let refused = |errno: Errno| ServeError::System("choose the cores", errno.into());
    let allowed = sched_getaffinity(this).map_err(refused)?;
    let mut wanted = CpuSet::new();
    for &cpu in cpus {
        // The kernel would silently take the part of the set that exists.
        if !allowed.is_set(cpu).unwrap_or(false) {
            return Err(ServeError::Cpu {
                cpu,
                allowed: ranges(&allowed),
            });
        }
        wanted.set(cpu).map_err(refused)?;
    }
    sched_setaffinity(this, &wanted).map_err(refused)
}

/// A set of cores as `0-3,7`.
fn ranges(set: &CpuSet) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for cpu in (0..CpuSet::count()).filter(|&cpu| set.is_set(cpu).unwrap_or(false)) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == cpu => *last = cpu,
            _ => runs.push((cpu, cpu)),
        }
    }
    let texts: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect();
    format!("CPU {}", texts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_core_that_is_not_there_is_named_beside_those_that_are() {
        let error = pin(&[1000]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(
            error
                .to_string()
                .starts_with("cannot run on CPU 1000: this process may use CPU "),
            "{error}"
        );
        assert!(pin(&[999_999]).is_err());
    }

    #[test]
    fn cores_are_listed_in_ranges() {
        let mut set = CpuSet::new();
        for cpu in [0, 1, 2, 7] {
            set.set(cpu).unwrap();
        }
        assert_eq!(ranges(&set), "CPU 0-2,7");
    }
}
