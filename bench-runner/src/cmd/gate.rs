//! `bench-runner gate`: fails where a candidate is worse than its baseline, and for nothing else.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reports::model::{Ended, Gate, GateMetric, Outcome, Policy, RunResult, Stored};
use scenarios::gate::{Budget, Gate as Asked};
use scenarios::metric::{CostMetric, Metric};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::gate::{Arms, CountError, Rounds, Schedule, Store, arms, can_count, count, empty_cases};
use crate::github::Step;
use crate::interrupt;
use crate::output;
use crate::progress::Progress;
use crate::run::watch::Stop;

/// Judges a candidate against its baseline, in rounds in which both run.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A gate file, or a scenario file that has a `gate`.
    #[arg(required_unless_present = "replay", conflicts_with = "replay")]
    gate: Option<PathBuf>,
    /// Judges the rounds of this result again, and measures nothing.
    #[arg(long, value_name = "RESULT.json")]
    replay: Option<PathBuf>,
    /// Holds the candidate against the stored runs of this folder: the gate's baseline is then a control, a server that
    /// stays the same. See `bench-runner baseline`.
    #[arg(long, value_name = "DIR")]
    against: Option<PathBuf>,
    /// Where the result's files go; without it, a new folder in reports/runs, and none for a replay.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Sets a key of every scenario by its path, as often as needed: `--set phases.measure=2s`.
    #[arg(long = "set", value_name = "KEY=VALUE", conflicts_with = "replay")]
    sets: Vec<String>,
    /// How long it may take, or how many rounds: `10m`, `30 rounds`; without it the gate file's.
    #[arg(long, value_name = "BUDGET", conflicts_with = "replay")]
    budget: Option<Budget>,
    /// What exit code an inconclusive gate has: 3, or 0.
    #[arg(long, value_name = "WHAT", default_value = "fail")]
    on_inconclusive: OnInconclusive,
    /// Shows no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// What an inconclusive gate does to a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum OnInconclusive {
    /// Exit code 3.
    Fail,
    /// Exit code 0; it still says `inconclusive`.
    Neutral,
}

/// A result that was judged, and where its report is.
struct Judged {
    result: RunResult,
    folder: Option<PathBuf>,
}

/// Runs the gate, or judges a result again, and reports.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let step = Step::of_environment();
    let file = args.gate.as_deref();
    let judged = judge(args).inspect_err(|failure| {
        step.tell_failure(&failure.to_string(), file, failure.exit());
    })?;
    let exit = exit(outcome(&judged.result), args.on_inconclusive);
    step.tell(&judged.result, file, judged.folder.as_deref(), exit);
    Ok(exit)
}

fn judge(args: &Args) -> Result<Judged, Failure> {
    match (&args.gate, &args.replay) {
        (_, Some(result)) => replay(result, args),
        (Some(gate), None) => measure(gate, args),
        (None, None) => Err(Failure::usage(
            "name a gate file, or a result with --replay",
        )),
    }
}

fn exit(outcome: Outcome, on_inconclusive: OnInconclusive) -> Exit {
    match (outcome, on_inconclusive) {
        (Outcome::Pass | Outcome::Improved, _) => Exit::Good,
        (Outcome::Regressed, _) => Exit::Broken,
        (Outcome::Inconclusive, OnInconclusive::Neutral) => Exit::Good,
        (Outcome::Inconclusive, OnInconclusive::Fail) => Exit::Inconclusive,
        (Outcome::Invalid, _) => Exit::Untrusted,
    }
}

fn replay(path: &Path, args: &Args) -> Result<Judged, Failure> {
    let mut result = super::report::read(path)?;
    if result.gate.is_none() {
        return Err(Failure::usage(format!(
            "{} is no result of a gate",
            path.display()
        )));
    }
    hold_against(&mut result, args.against.as_deref())?;
    reports::gate::judge_again(&mut result);
    match &args.out {
        Some(folder) => super::run::publish(&result, folder)?,
        None => output::print(
            &reports::terminal(std::slice::from_ref(&result), output::has_color())
                .map_err(anyhow::Error::from)?,
        )?,
    }
    let folder = args.out.clone();
    Ok(Judged { result, folder })
}

fn measure(path: &Path, args: &Args) -> Result<Judged, Failure> {
    let asked = Asked::load(path)?;
    let cases = arms(&asked, &args.sets)?;
    let folder = args
        .out
        .clone()
        .unwrap_or_else(|| super::run::default_folder(&asked.name));
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
    super::run::publish(&result, &folder)?;
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

/// Puts the stored runs that are of the same work and machine into the result.
fn hold_against(result: &mut RunResult, folder: Option<&Path>) -> Result<(), Failure> {
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

fn outcome(result: &RunResult) -> Outcome {
    result
        .gate
        .as_ref()
        .map_or(Outcome::Invalid, |gate| gate.outcome)
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
        peers: super::run::peers(both())?,
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
        cases: both().map(super::run::empty_case).collect(),
        ..super::run::nothing_yet()
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
