//! A run that was kept to compare later ones with.

use serde::{Deserialize, Serialize};

use super::{Fingerprint, Gate, RunResult};

/// The name and version of the file format.
pub const STORED_SCHEMA: &str = "bench-runner/baseline/v1";

/// What is kept of a gate whose baseline is a control: a server that stays the same.
///
/// A machine's speed is in both arms, so it is not in their ratio: that of another day can stand beside today's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stored {
    /// [`STORED_SCHEMA`].
    pub schema: String,
    /// When the run began, RFC 3339.
    pub started_at: String,
    /// The gate's name.
    pub name: String,
    /// The machine and our version.
    pub machine: Fingerprint,
    /// What was found.
    pub ratios: Vec<StoredRatio>,
}

/// One metric of one case of a stored run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredRatio {
    /// The case.
    pub case: String,
    /// The fingerprint of the control's case: the work, and the control itself.
    pub work: String,
    /// The metric.
    pub metric: String,
    /// The change from the control to what was measured, as a share; of shares the difference.
    pub change: f64,
}

impl Stored {
    /// What is kept of a result; `None` where it is no gate's, or a finding says that it cannot be trusted.
    pub fn of(result: &RunResult) -> Option<Stored> {
        let gate = result.gate.as_ref()?;
        Stored::of_any(result).filter(|_| gate.findings.is_empty())
    }

    /// The same of a result that may not be trusted.
    pub(crate) fn of_any(result: &RunResult) -> Option<Stored> {
        let gate = result.gate.as_ref()?;
        Some(Stored {
            schema: STORED_SCHEMA.to_owned(),
            started_at: result.started_at.clone(),
            name: gate.name.clone(),
            machine: Fingerprint::of(&result.environment),
            ratios: ratios(result, gate),
        })
    }
}

fn ratios(result: &RunResult, gate: &Gate) -> Vec<StoredRatio> {
    let work = |case: &str| {
        let control = crate::gate::arm_name(case, super::Arm::Baseline);
        let found = result.cases.iter().find(|case| case.name == control);
        found
            .map(|case| case.fingerprint.clone())
            .unwrap_or_default()
    };
    let ratio = |test: &super::GateTest| {
        Some(StoredRatio {
            case: test.case.clone(),
            work: work(&test.case),
            metric: test.metric.clone(),
            change: test.measured?,
        })
    };
    gate.tests.iter().filter_map(ratio).collect()
}
