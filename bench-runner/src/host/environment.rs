//! What machine and what software a result was made on, as far as the kernel tells.

use std::fs;
use std::process::{Command, Stdio};

use reports::model::{Cpu, Environment, Machine, Software};

use super::clock::ClockFacts;
use super::{affinity, line};

/// Looks at the machine and the software.
pub fn look() -> Environment {
    Environment {
        cpu: cpu(),
        machine: machine(),
        software: software(),
        calibration: None,
    }
}

/// Whether a hypervisor shares this machine's cores out; `None` where the processor does not tell.
pub fn is_virtual() -> Option<bool> {
    let flags = cpu_info("flags")?;
    Some(flags.split(' ').any(|flag| flag == "hypervisor"))
}

fn cpu_info(name: &str) -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn cpu() -> Cpu {
    Cpu {
        model: cpu_info("model name"),
        cores: u32::try_from(affinity::allowed().len()).unwrap_or(u32::MAX),
        governor: line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        virtualized: is_virtual(),
    }
}

fn machine() -> Machine {
    let clock = ClockFacts::look();
    Machine {
        os: std::env::consts::OS.to_owned(),
        kernel: line("/proc/sys/kernel/osrelease"),
        arch: std::env::consts::ARCH.to_owned(),
        memory_bytes: memory(),
        clock_source: clock.source.clone(),
        clock_cost_ns: Some(clock.cost_ns),
        clock_step_ns: Some(clock.step_ns),
    }
}

fn software() -> Software {
    let changes = git(&["status", "--porcelain"]);
    Software {
        bench_runner: env!("CARGO_PKG_VERSION").to_owned(),
        build_profile: if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        }
        .to_owned(),
        git_commit: git(&["rev-parse", "HEAD"]).filter(|commit| !commit.is_empty()),
        git_dirty: changes.map(|changes| !changes.is_empty()),
    }
}

fn memory() -> Option<u64> {
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let kib: u64 = info
        .strip_prefix("MemTotal:")?
        .split_whitespace()
        .next()?
        .parse()
        .ok()?;
    Some(kib * 1024)
}

/// What git says of the repository that we were started in; `None` where there is no git or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
