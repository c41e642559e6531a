//! The cases of a gate, each with its two arms.

use reports::model::Arm;
use scenarios::gate::Gate;
use scenarios::{Case, ScenarioError};

/// A case and its arms: they differ in their target only.
#[derive(Clone, Debug)]
pub struct Arms {
    /// The case of the scenario.
    pub name: String,
    baseline: Case,
    candidate: Case,
}

impl Arms {
    /// The case of an arm.
    pub fn of(&self, arm: Arm) -> &Case {
        match arm {
            Arm::Baseline => &self.baseline,
            Arm::Candidate => &self.candidate,
        }
    }
}

/// Why a gate has no cases.
#[derive(Debug, thiserror::Error)]
pub enum ArmsError {
    /// A scenario is wrong, or an arm's target does not go with it.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Two cases have one name.
    #[error("the gate has two cases named `{0}`; give the scenarios different names")]
    Twice(String),
}

/// Every case of every scenario of a gate, with `sets` over all.
///
/// # Errors
///
/// The first mistake.
pub fn arms(gate: &Gate, sets: &[String]) -> Result<Vec<Arms>, ArmsError> {
    let mut all: Vec<Arms> = Vec::new();
    for scenario in &gate.scenarios {
        let baseline = gate.suite(scenario, &gate.baseline, sets)?.cases;
        let candidate = gate.suite(scenario, &gate.candidate, sets)?.cases;
        for (baseline, candidate) in baseline.into_iter().zip(candidate) {
            if all.iter().any(|arms| arms.name == baseline.name) {
                return Err(ArmsError::Twice(baseline.name));
            }
            all.push(Arms {
                name: baseline.name.clone(),
                baseline: named(baseline, Arm::Baseline),
                candidate: named(candidate, Arm::Candidate),
            });
        }
    }
    Ok(all)
}

/// The case under its arm's name.
fn named(mut case: Case, arm: Arm) -> Case {
    case.name = reports::gate::arm_name(&case.name, arm);
    case.point.insert("arm".to_owned(), arm.name().into());
    case
}
