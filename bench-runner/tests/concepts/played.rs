//! Running the commands of a concept, as the page has them; in a test for a shorter time.

use std::process::Command;

use reports::model::{Repetition, RunResult};
use serde_json::Value;

use crate::claims::{Concept, How};
use crate::common::PROGRAM;

/// What came of a concept's commands.
pub(crate) enum Played {
    /// One repetition of each case, in order, and the least that a call cost the server in any of its repetitions.
    Run(Vec<(String, Repetition)>, Vec<f64>),
    /// The call that each command made.
    Calls(Vec<Value>),
}

impl Played {
    /// The repetitions of a run.
    pub(crate) fn cases(&self) -> &[(String, Repetition)] {
        match self {
            Played::Run(cases, _) => cases,
            Played::Calls(_) => panic!("these are single calls"),
        }
    }

    /// Two of them.
    pub(crate) fn two(&self) -> [&Repetition; 2] {
        let [(_, first), (_, second)] = self.cases() else {
            panic!("{} cases", self.cases().len());
        };
        [first, second]
    }

    /// The only one.
    pub(crate) fn only(&self) -> &Repetition {
        &self.cases()[0].1
    }

    /// The server's CPU time for a call of each case, in nanoseconds: the least of its repetitions.
    pub(crate) fn server_cpu(&self) -> &[f64] {
        match self {
            Played::Run(_, cpu) => cpu,
            Played::Calls(_) => panic!("these are single calls"),
        }
    }

    /// Single calls.
    pub(crate) fn calls(&self) -> &[Value] {
        match self {
            Played::Calls(calls) => calls,
            Played::Run(..) => panic!("this is a run"),
        }
    }
}

/// Runs the commands of a concept; `short` as long as the claim needs.
pub(crate) fn play(concept: &Concept, short: bool) -> Played {
    match concept.how {
        How::Run { short: measure } => run(concept, short.then_some(measure)),
        How::Calls { sets } => Played::Calls(sets.iter().map(|set| call(concept, set)).collect()),
    }
}

fn run(concept: &Concept, measure: Option<&str>) -> Played {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(PROGRAM);
    command
        .arg("run")
        .arg(concept.path())
        .arg("--out")
        .arg(folder.path());
    for set in measure.iter().flat_map(|time| {
        [
            format!("phases.measure={time}"),
            "phases.warm_up=0s".to_owned(),
        ]
    }) {
        command.args(["--set", &set]);
    }
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", concept.file);
    let text = std::fs::read_to_string(folder.path().join("result.json")).unwrap();
    let result = RunResult::from_json(&text).unwrap();
    let (mut cases, mut cpu) = (Vec::new(), Vec::new());
    for case in result.cases {
        let label: Vec<String> = case.point.values().map(label).collect();
        for Repetition { counts, .. } in &case.repetitions {
            assert!(counts.balanced(), "{}: {counts:?}", case.name);
        }
        let costs = case
            .repetitions
            .iter()
            .filter_map(|r| r.server.as_ref()?.cpu_ns_per_call);
        cpu.push(costs.fold(f64::INFINITY, f64::min));
        let first = case.repetitions.into_iter().next().expect("it ran");
        cases.push((label.join(", "), first));
    }
    Played::Run(cases, cpu)
}

/// A value of a matrix, in a word.
fn label(value: &Value) -> String {
    let method = value.get("method").unwrap_or(value);
    method
        .as_str()
        .map_or_else(|| method.to_string(), str::to_owned)
}

fn call(concept: &Concept, set: &str) -> Value {
    let output = Command::new(PROGRAM)
        .arg("call")
        .arg(concept.path())
        .args(["--json", "--set", set])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {stderr}", concept.file);
    serde_json::from_slice(&output.stdout).unwrap()
}
