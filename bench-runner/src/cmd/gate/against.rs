//! The stored runs that a gate is held against: of the same gate, work and machine, and not too old.

use reports::model::{RunResult, Stored};

use super::Args;
use crate::exit::Failure;
use crate::gate::{Store, days_between};
use crate::output;

/// Puts the stored runs that may be used into the result.
pub(super) fn hold_against(result: &mut RunResult, args: &Args) -> Result<(), Failure> {
    let Some(folder) = args.against.as_deref() else {
        return Ok(());
    };
    // What the rounds beside each other say must be known before.
    reports::gate::judge_again(result);
    let all = Store::new(folder).all()?;
    let all: Vec<Stored> = all.into_iter().map(|(_, run)| run).collect();
    let (recent, old): (Vec<Stored>, Vec<Stored>) = all
        .into_iter()
        .partition(|run| is_recent(run, result, args.max_age));
    if !old.is_empty() {
        output::tell(&format!(
            "warning: {} stored runs in {} are not used, as they are more than {} days older than this one; add runs of \
             today with `bench-runner baseline add`, and remove the old ones with `bench-runner baseline prune`",
            old.len(),
            folder.display(),
            args.max_age
        ));
    }
    let matching = reports::gate::matching(result, &recent);
    if matching.len() < recent.len() {
        output::tell(&format!(
            "warning: {} of {} stored runs in {} are of another gate, work or machine; of the latest, {}",
            recent.len() - matching.len(),
            recent.len(),
            folder.display(),
            reports::gate::difference(result, &recent)
        ));
    }
    if let Some(gate) = &mut result.gate {
        gate.stored = Some(matching);
    }
    Ok(())
}

/// A run whose time nobody can read is not.
fn is_recent(run: &Stored, result: &RunResult, most_days: u32) -> bool {
    days_between(&run.started_at, &result.started_at).is_some_and(|days| days <= most_days.into())
}
