//! What all programs together used of our cores, and what the hypervisor took: `/proc/stat`, in the kernel's ticks.

use nix::unistd::{SysconfVar, sysconf};
use procfs::{CpuTime, ExplicitSystemInfo, FromReadSI as _, KernelStats};
use scenarios::units::Nanos;

use super::affinity;

/// What our cores have done since the machine started, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MachineLoad {
    /// Everything, idle time included.
    total: u64,
    /// Programs and the kernel on their behalf.
    used: u64,
    /// Taken by the hypervisor.
    stolen: u64,
}

/// Shares of the time of all our cores, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    /// Used by other programs.
    pub foreign: f64,
    /// Taken by the hypervisor.
    pub stolen: f64,
}

impl MachineLoad {
    /// What our cores have done so far; `None` where the kernel does not tell.
    pub fn read() -> Option<MachineLoad> {
        let stats = KernelStats::from_file("/proc/stat", &system()).ok()?;
        let ours = affinity::allowed();
        // Where a core is offline the list has gaps, and only the sum can be trusted.
        let cores: Option<Vec<&CpuTime>> =
            ours.iter().map(|core| stats.cpu_time.get(*core)).collect();
        Some(MachineLoad::sum(
            &cores.unwrap_or_else(|| vec![&stats.total]),
        ))
    }

    fn sum(cores: &[&CpuTime]) -> MachineLoad {
        let mut sum = MachineLoad::default();
        for core in cores {
            let (steal, iowait) = (core.steal.unwrap_or(0), core.iowait.unwrap_or(0));
            let interrupts = core.irq.unwrap_or(0) + core.softirq.unwrap_or(0);
            let used = core.user + core.nice + core.system;
            sum.used += used;
            sum.stolen += steal;
            sum.total += used + core.idle + iowait + interrupts + steal;
        }
        sum
    }

    /// What happened since `before`, of which our own processes used `ours`; `None` where no tick has passed.
    pub fn since(self, before: MachineLoad, ours: Nanos) -> Option<Shares> {
        let total = self.total.checked_sub(before.total).filter(|n| *n > 0)? as f64;
        let used = self.used.saturating_sub(before.used) as f64;
        let ours = ours.as_secs_f64() * ticks_per_second() as f64;
        Some(Shares {
            foreign: ((used - ours) / total).max(0.0),
            stolen: self.stolen.saturating_sub(before.stolen) as f64 / total,
        })
    }
}

/// What procfs needs to know to read it. Left to itself it looks into memory that valgrind does not map.
fn system() -> ExplicitSystemInfo {
    ExplicitSystemInfo {
        boot_time_secs: 0,
        ticks_per_second: ticks_per_second(),
        page_size: 4096,
        is_little_endian: cfg!(target_endian = "little"),
    }
}

/// The kernel's unit of time in `/proc`; 100 on every Linux of today.
fn ticks_per_second() -> u64 {
    let known = sysconf(SysconfVar::CLK_TCK).ok().flatten();
    known
        .and_then(|ticks| u64::try_from(ticks).ok())
        .unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_is_foreign_and_what_nobody_got_is_stolen() {
        let before = MachineLoad {
            total: 1_000,
            used: 500,
            stolen: 10,
        };
        let after = MachineLoad {
            total: 1_400,
            used: 700,
            stolen: 14,
        };
        let tick = Nanos(Nanos::SECOND.0 / ticks_per_second());
        let shares = after.since(before, Nanos(tick.0 * 160)).unwrap();
        assert_eq!(
            shares,
            Shares {
                foreign: 0.1,
                stolen: 0.01
            }
        );
        let all_ours = after.since(before, Nanos(tick.0 * 260)).unwrap();
        assert_eq!(all_ours.foreign, 0.0, "ticks are coarse");
        assert_eq!(before.since(before, Nanos::ZERO), None);
    }

    #[test]
    fn the_kernel_tells() {
        let load = MachineLoad::read().unwrap();
        assert!(load.total > load.used && load.used > 0, "{load:?}");
    }
}
