//! On what machine and with what software a result was made.

use serde::{Deserialize, Serialize};

use super::CalibrationSummary;

/// The machine and the software.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// The processor.
    pub cpu: Cpu,
    /// The rest of the machine.
    pub machine: Machine,
    /// The software.
    pub software: Software,
    /// What was found when this machine was last calibrated, where that still holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<CalibrationSummary>,
}

/// The processor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cpu {
    /// As the kernel names it.
    pub model: Option<String>,
    /// Cores that this process may use.
    pub cores: u32,
    /// The frequency governor.
    pub governor: Option<String>,
    /// Whether the kernel sees a hypervisor.
    pub virtualized: Option<bool>,
}

/// The rest of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// `Linux`.
    pub os: String,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The processor's architecture.
    pub arch: String,
    /// Main memory.
    pub memory_bytes: Option<u64>,
    /// What the kernel tells the time by.
    pub clock_source: Option<String>,
    /// What one reading of the clock costs.
    pub clock_cost_ns: Option<u64>,
    /// The smallest step between two readings of the clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_step_ns: Option<u64>,
}

/// The software.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Software {
    /// Our version.
    pub bench_runner: String,
    /// `release` or `debug`.
    pub build_profile: String,
    /// The commit of the repository that the run was started in.
    pub git_commit: Option<String>,
    /// Whether that repository had uncommitted changes.
    pub git_dirty: Option<bool>,
}
