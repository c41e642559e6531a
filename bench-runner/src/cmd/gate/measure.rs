//! Measuring: the rounds of a gate, and what is known before the first.

use std::path::Path;

use anyhow::Context as _;
use reports::model::{Ended, Gate, GateMetric, Outcome, Policy, RunResult};
use scenarios::gate::{Budget, Gate as Asked};
use scenarios::metric::{CostMetric, Metric};
use serde_json::json;

use super::against::hold_against;
use super::{Args, Judged, outcome};
use crate::exit::Failure;
use crate::gate::{Arms, CountError, Rounds, Schedule, arms, can_count, count, empty_cases};
use crate::interrupt;
use crate::output;
use crate::progress::Progress;
use crate::run::watch::Stop;

/// Makes all rounds of both arms, and judges them.
pub(super) fn measure(path: &Path, args: &Args) -> Result<Judged, Failure> {
    let asked = Asked::load(path)?;
    let cases = arms(&asked, &args.sets)?;
    let folder = args
        .out
        .clone()
        .unwrap_or_else(|| crate::cmd::run::default_folder(&asked.name));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let stop = Stop::default();
    interrupt::listen(stop.clone()).context("cannot listen for Ctrl-C")?;
    let mut result = play(&asked, &cases, args, &stop, &folder)?;
    if args.against.is_some() && outcome(&result) == Outcome::Regressed && !stop.is_asked() {
        // Stored runs tell less than runs side by side: what they call a regression must be seen twice.
        output::tell("regressed; measuring once more, which must confirm it");
        result = play(&asked, &cases, args, &stop, &folder)?;
    }
    crate::cmd::run::publish(&result, &folder)?;
    let folder = Some(folder);
    Ok(Judged { result, folder })
}

/// Plays all rounds, and judges them. Whatever goes wrong is part of the result, as soon as there is a round.
fn play(
    asked: &Asked,
    cases: &[Arms],
    args: &Args,
    stop: &Stop,
    folder: &Path,
) -> Result<RunResult, Failure> {
    let budget = args.budget.unwrap_or(asked.budget);
    let mut result = empty_result(asked, budget, cases)?;
    let mut looks = policy(asked).looks;
    if args.against.is_some() {
        // What stands beside is only the control: nothing is decided before the end.
        looks.drain(..looks.len().saturating_sub(1));
    }
    let schedule = Schedule::new(budget, looks);
    let all = cases.len() * 2 * schedule.most() as usize;
    let mut rounds = Rounds {
        cases,
        progress: Progress::of(args.quiet, all),
        schedule,
        stop: stop.clone(),
        seed: asked.seed,
    };
    count_instructions(&mut result, &mut rounds)?;
    let file = folder.join("result.json");
    let kept = rounds.play(&mut result, |so_far| {
        output::write(&file, so_far.to_json().as_bytes())
    });
    // A disk that is full ends the gate; the rounds before are on it.
    kept.map_err(|error| Failure::untrusted(format!("{error:#}")))?;
    if result.cases.iter().all(|case| case.repetitions.is_empty()) {
        let why = result.gate.and_then(|gate| gate.failure);
        return Err(Failure::untrusted(why.unwrap_or_else(|| {
            "the gate was stopped before its first round was over".to_owned()
        })));
    }
    hold_against(&mut result, args.against.as_deref())?;
    reports::gate::judge_again(&mut result);
    Ok(result)
}

/// Counts what cannot be sampled, where it is among the metrics.
fn count_instructions(result: &mut RunResult, rounds: &mut Rounds<'_>) -> Result<(), Failure> {
    let wanted = Metric::Cost(CostMetric::ServerInstructions).to_string();
    let Some(gate) = &mut result.gate else {
        return Ok(());
    };
    if !gate.metrics.iter().any(|metric| metric.metric == wanted) {
        return Ok(());
    }
    if !can_count() {
        return Err(Failure::usage(CountError::NoValgrind.to_string()));
    }
    for arms in rounds.cases {
        output::tell(&format!("counting instructions of {}", arms.name));
        let counts = count(arms, &mut rounds.around()).map_err(|error| match error {
            CountError::NotOurs | CountError::Secured => Failure::usage(error.to_string()),
            _ => Failure::untrusted(error.to_string()),
        })?;
        gate.instructions.push(counts);
    }
    Ok(())
}

fn empty_result(asked: &Asked, budget: Budget, cases: &[Arms]) -> Result<RunResult, Failure> {
    let both = || {
        cases
            .iter()
            .flat_map(|arms| reports::model::Arm::BOTH.map(|arm| arms.of(arm)))
    };
    let metric = |tolerance: &scenarios::gate::Tolerance| GateMetric {
        metric: tolerance.metric.to_string(),
        tolerance: tolerance.change,
        advisory: tolerance.advisory,
    };
    Ok(RunResult {
        scenario: json!({ "name": asked.name, "about": asked.about, "scenarios": asked.scenarios }),
        seed: asked.seed,
        peers: crate::cmd::run::peers(both())?,
        gate: Some(Gate {
            name: asked.name.clone(),
            baseline: asked.baseline.clone(),
            candidate: asked.candidate.clone(),
            policy: policy(asked),
            metrics: asked.metrics.iter().map(metric).collect(),
            budget: budget.to_string(),
            cases: empty_cases(cases),
            looks: Vec::new(),
            ended: Ended::Budget,
            failure: None,
            instructions: Vec::new(),
            stored: None,
            tests: Vec::new(),
            findings: Vec::new(),
            outcome: Outcome::Invalid,
        }),
        cases: both().map(crate::cmd::run::empty_case).collect(),
        ..crate::cmd::run::nothing_yet()
    })
}

/// What the file leaves out has the default of those who judge.
fn policy(asked: &Asked) -> Policy {
    let default = Policy::default();
    let asked = asked.policy.clone();
    Policy {
        alpha: asked.alpha.unwrap_or(default.alpha),
        beta: asked.beta.unwrap_or(default.beta),
        noise_floor: asked.noise_floor.unwrap_or(default.noise_floor),
        looks: asked.looks.unwrap_or(default.looks),
        stored_days: asked.stored_days.unwrap_or(default.stored_days),
    }
}
