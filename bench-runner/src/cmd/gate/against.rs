//! The stored runs that a gate is held against: of the same gate, work and machine, and not too old.

use std::path::Path;

use reports::model::{RunResult, Stored};

use crate::exit::Failure;
use crate::gate::Store;
use crate::output;

/// Puts the stored runs that are of the same work and machine into the result.
pub(super) fn hold_against(result: &mut RunResult, folder: Option<&Path>) -> Result<(), Failure> {
    let Some(folder) = folder else { return Ok(()) };
    // What the rounds beside each other say must be known before.
    reports::gate::judge_again(result);
    let runs = Store::new(folder).all()?;
    let runs: Vec<Stored> = runs.into_iter().map(|(_, run)| run).collect();
    let matching = reports::gate::matching(result, &runs);
    if matching.len() < runs.len() {
        output::tell(&format!(
            "warning: {} of {} stored runs in {} are of another gate, work or machine, or too old; of the latest, {}",
            runs.len() - matching.len(),
            runs.len(),
            folder.display(),
            reports::gate::difference(result, &runs)
        ));
    }
    if let Some(gate) = &mut result.gate {
        gate.stored = Some(matching);
    }
    Ok(())
}
