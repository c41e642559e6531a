//! `bench-runner gate`: fails where a candidate is worse than its baseline, and for nothing else.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reports::model::{Ended, Gate, GateMetric, Outcome, Policy, RunResult};
use scenarios::gate::{Budget, Gate as Asked};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::gate::{Arms, Rounds, Schedule, arms, empty_cases};
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

/// Runs the gate, or judges a result again, and reports.
pub fn run(args: &Args) -> Result<Exit, Failure> {
    let outcome = match (&args.gate, &args.replay) {
        (_, Some(result)) => replay(result, args.out.as_deref())?,
        (Some(gate), None) => measure(gate, args)?,
        (None, None) => {
            return Err(Failure::usage(
                "name a gate file, or a result with --replay",
            ));
        }
    };
    Ok(match (outcome, args.on_inconclusive) {
        (Outcome::Pass | Outcome::Improved, _) => Exit::Good,
        (Outcome::Regressed, _) => Exit::Broken,
        (Outcome::Inconclusive, OnInconclusive::Neutral) => Exit::Good,
        (Outcome::Inconclusive, OnInconclusive::Fail) => Exit::Inconclusive,
        (Outcome::Invalid, _) => Exit::Untrusted,
    })
}

fn replay(path: &Path, out: Option<&Path>) -> Result<Outcome, Failure> {
    let mut result = super::report::read(path)?;
    if result.gate.is_none() {
        return Err(Failure::usage(format!(
            "{} is no result of a gate",
            path.display()
        )));
    }
    reports::gate::judge_again(&mut result);
    match out {
        Some(folder) => super::run::publish(&result, folder)?,
        None => output::print(
            &reports::terminal(std::slice::from_ref(&result), output::has_color())
                .map_err(anyhow::Error::from)?,
        )?,
    }
    Ok(result.gate.map_or(Outcome::Invalid, |gate| gate.outcome))
}

fn measure(path: &Path, args: &Args) -> Result<Outcome, Failure> {
    let asked = Asked::load(path)?;
    let cases = arms(&asked, &args.sets)?;
    let budget = args.budget.unwrap_or(asked.budget);
    let folder = args
        .out
        .clone()
        .unwrap_or_else(|| super::run::default_folder(&asked.name));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let stop = Stop::default();
    interrupt::listen(stop.clone()).context("cannot listen for Ctrl-C")?;
    let mut result = empty_result(&asked, budget, &cases)?;
    let looks = policy(&asked).looks;
    let schedule = Schedule::new(budget, looks);
    let rounds = cases.len() * 2 * schedule.most() as usize;
    let mut rounds = Rounds {
        cases: &cases,
        progress: Progress::of(args.quiet, rounds),
        schedule,
        stop,
        seed: asked.seed,
    };
    let file = folder.join("result.json");
    let kept = rounds.play(&mut result, |so_far| {
        output::write(&file, so_far.to_json().as_bytes())
    });
    reports::gate::judge_again(&mut result);
    if result.cases.iter().all(|case| case.repetitions.is_empty()) {
        let why = result.gate.and_then(|gate| gate.failure);
        return Err(Failure::untrusted(why.unwrap_or_else(|| {
            "the gate was stopped before its first round was over".to_owned()
        })));
    }
    super::run::publish(&result, &folder)?;
    kept?;
    Ok(result.gate.map_or(Outcome::Invalid, |gate| gate.outcome))
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
    }
}
