//! How much memory a process has held at the most.

use procfs::process::Process;

/// The peak resident set of a process, in bytes; `None` when it is gone.
pub fn peak_rss(pid: u32) -> Option<u64> {
    let status = Process::new(i32::try_from(pid).ok()?).ok()?.status().ok()?;
    status.vmhwm.map(|kib| kib * 1024)
}
