//! From a gate file as written to a gate as meant.

use std::path::Path;

use serde_json::{Map, Value};

use super::file::PolicyFile;
use super::{Gate, GateFile, Policy, Tolerance};
use crate::error::Mistake;
use crate::explain::{problem, typed};
use crate::file::TargetFile;
use crate::metric::{CostMetric, Metric, Statistic, TimeMetric};
use crate::tree::{Entry, KeyPath, Kind, Node};
use crate::units::Share;
use crate::validate;

type Outcome<T> = Result<T, Box<Mistake>>;

/// The most rounds that a look may come after.
const MOST_ROUNDS: u32 = 1000;

/// The gate of a file: the whole of it, or the `gate` of a scenario.
pub(super) fn gate(tree: &Node, path: &Path) -> Outcome<Gate> {
    let (node, of_scenario) = match tree.entry("gate") {
        Some(entry) => (&entry.value, true),
        None => (tree, false),
    };
    if let Kind::Null = node.kind {
        return Err(wrong(
            "expected a gate, found nothing",
            node,
            "the smallest has `name`, `scenarios`, `baseline` and `candidate`",
        ));
    }
    let file: GateFile = typed(node)?;
    let scenarios = match (file.scenarios, of_scenario) {
        (Some(scenarios), _) if !scenarios.is_empty() => scenarios,
        (None, true) => vec![own_name(path)],
        _ => {
            return Err(wrong(
                "expected `scenarios`, a list of at least one scenario",
                node,
                "files or names of built-in ones: `scenarios: [unary-latency]`",
            ));
        }
    };
    let scenario_name = tree.entry("name").map(|entry| entry.value.to_json());
    let name = file
        .name
        .or_else(|| scenario_name?.as_str().map(str::to_owned));
    let name = name.ok_or_else(|| {
        wrong(
            "expected the key `name`, which has no default",
            node,
            "such as `name: server-cpu`",
        )
    })?;
    validate::check_name(&name).map_err(|fault| problem(node, fault))?;
    Ok(Gate {
        name,
        about: file.about.unwrap_or_default(),
        scenarios,
        baseline: arm(node, "baseline")?,
        candidate: arm(node, "candidate")?,
        metrics: metrics(node)?,
        budget: file.budget.unwrap_or_default(),
        sets: sets(&file.set.unwrap_or_default(), file.seed),
        seed: file.seed.unwrap_or(42),
        policy: policy(node, file.policy.unwrap_or_default())?,
        folder: path.parent().unwrap_or(Path::new("")).to_owned(),
    })
}

fn wrong(message: &str, node: &Node, help: &str) -> Box<Mistake> {
    let place = match &node.kind {
        Kind::Map(entries) => entries
            .first()
            .map_or(&node.place, |entry| &entry.key_place),
        _ => &node.place,
    };
    Box::new(Mistake {
        help: Some(help.to_owned()),
        ..Mistake::new(message, place.clone())
    })
}

fn own_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The target of an arm: below `target`, or the arm itself where it is written without that word.
fn arm(gate: &Node, key: &str) -> Outcome<Value> {
    let entry = gate.entry(key).expect("read as a required key before");
    let holder = match entry.value.entry("target") {
        Some(_) => entry.value.clone(),
        None => Node {
            kind: Kind::Map(vec![Entry {
                key: "target".to_owned(),
                key_place: entry.key_place.clone(),
                value: entry.value.clone(),
            }]),
            place: entry.value.place.clone(),
        },
    };
    if let Kind::Map(entries) = &holder.kind
        && let Some(other) = entries.iter().find(|entry| entry.key != "target")
    {
        let message = format!("unknown key `{}` beside `target`", other.key);
        return Err(Box::new(Mistake::new(message, other.key_place.clone())));
    }
    let target = &holder.entry("target").expect("made just above").value;
    let file: TargetFile = typed(target)?;
    validate::target(Some(file)).map_err(|fault| problem(&holder, fault))?;
    Ok(target.to_json())
}

fn metrics(gate: &Node) -> Outcome<Vec<Tolerance>> {
    let mut metrics = match gate.entry("metrics") {
        Some(entry) => tolerances(&entry.value, false)?,
        None => defaults(),
    };
    if let Some(entry) = gate.entry("advisory") {
        metrics.extend(tolerances(&entry.value, true)?);
    }
    let is_errors = |tolerance: &Tolerance| tolerance.metric == Metric::ErrorShare;
    if !metrics.iter().any(is_errors) {
        metrics.push(Tolerance {
            metric: Metric::ErrorShare,
            change: 0.001,
            advisory: false,
        });
    }
    Ok(metrics)
}

fn defaults() -> Vec<Tolerance> {
    let response = |statistic| Metric::Time(TimeMetric::ResponseTime, statistic);
    let tolerance = |metric, change, advisory| Tolerance {
        metric,
        change,
        advisory,
    };
    vec![
        tolerance(Metric::Cost(CostMetric::ServerCpu), 0.05, false),
        tolerance(response(Statistic::P50), 0.05, false),
        tolerance(response(Statistic::P99), 0.10, false),
        tolerance(response(Statistic::P999), 0.20, true),
        tolerance(Metric::Cost(CostMetric::ServerMemory), 0.10, true),
    ]
}

fn tolerances(node: &Node, advisory: bool) -> Outcome<Vec<Tolerance>> {
    let Kind::Map(entries) = &node.kind else {
        return Err(wrong(
            "expected metrics with their tolerances",
            node,
            "such as `{ response_time.p99: 10% }`",
        ));
    };
    let tolerance = |entry: &Entry| {
        let at_key = |message: String| Box::new(Mistake::new(message, entry.key_place.clone()));
        let metric: Metric = entry
            .key
            .parse()
            .map_err(|error: crate::metric::MetricError| at_key(error.to_string()))?;
        if metric.better().is_none() {
            return Err(at_key(format!(
                "`{metric}` says nothing of a server, so it cannot be gated"
            )));
        }
        let change = typed::<Share>(&entry.value)?.get();
        if !(change > 0.0 && change <= 10.0) {
            let message = format!(
                "expected a tolerance above 0 % and up to 1000 %, found {}",
                entry.value.describe()
            );
            return Err(Box::new(Mistake::new(message, entry.value.place.clone())));
        }
        Ok(Tolerance {
            metric,
            change,
            advisory,
        })
    };
    entries.iter().map(tolerance).collect()
}

/// `KEY=VALUE`s; JSON is YAML.
fn sets(set: &Map<String, Value>, seed: Option<u64>) -> Vec<String> {
    let sets = set.iter().map(|(key, value)| format!("{key}={value}"));
    sets.chain(seed.map(|seed| format!("seed={seed}")))
        .collect()
}

fn policy(gate: &Node, file: PolicyFile) -> Outcome<Policy> {
    let at = KeyPath::of("policy");
    let share = |key: &str, share: Option<Share>, most: f64| match share {
        Some(share) if !(share.get() > 0.0 && share.get() <= most) => {
            let message = format!(
                "expected a share above 0 % and up to {}, found {share}",
                Share::new(most)
            );
            Err(problem(gate, validate::Problem::new(at.key(key), message)))
        }
        share => Ok(share.map(Share::get)),
    };
    if let Some(looks) = &file.looks {
        let rising = looks.windows(2).all(|pair| pair[0] < pair[1]);
        if looks.is_empty() || !rising || looks[0] == 0 || looks[looks.len() - 1] > MOST_ROUNDS {
            let message = format!("expected rising numbers of rounds from 1 to {MOST_ROUNDS}");
            return Err(problem(
                gate,
                validate::Problem::new(at.key("looks"), message),
            ));
        }
    }
    if let Some(days) = file.stored_days {
        validate::within(&at.key("stored_days"), days, 1..=3650)
            .map_err(|wrong| problem(gate, wrong))?;
    }
    Ok(Policy {
        alpha: share("alpha", file.alpha, 0.5)?,
        beta: share("beta", file.beta, 0.5)?,
        noise_floor: share("noise_floor", file.noise_floor, 1.0)?,
        looks: file.looks,
        stored_days: file.stored_days,
    })
}
