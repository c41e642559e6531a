//! The examples to copy: whether the real command line knows what they say.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use scenarios::gate::Gate;
use serde_json::{Value, json};

use super::PROGRAM;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn example(name: &str) -> Value {
    let text = std::fs::read_to_string(docs().join("ci").join(name)).unwrap();
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every command of ours in a text: each line or piece of code that begins with the program's name.
fn commands(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().flat_map(|line| line.split(['`', ';', '|']));
    let ours = lines.filter_map(|line| line.trim().strip_prefix("bench-runner "));
    ours.map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect()
}

/// Every text in a document.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(values) => values.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// What is wrong with a command, if anything is.
fn fault(words: &[String]) -> Option<String> {
    let Output { status, stdout, .. } = Command::new(PROGRAM)
        .args([&words[0], "--help"])
        .output()
        .unwrap();
    if !status.success() {
        return Some(format!("no subcommand {}", words[0]));
    }
    let help = String::from_utf8(stdout).unwrap();
    let known: Vec<&str> = help.split([' ', '\n', ',', '=', '[', ']']).collect();
    let flags = words.iter().filter(|word| word.starts_with('-'));
    let mut unknown = flags.filter(|flag| !known.contains(&flag.as_str()));
    unknown
        .next()
        .map(|flag| format!("{} has no {flag}", words[0]))
}

#[test]
fn the_examples_name_only_commands_and_flags_that_there_are() {
    let mut found = 0;
    let guide = Value::String(std::fs::read_to_string(docs().join("ci.md")).unwrap());
    for document in [example("github.yml"), example("gitlab-ci.yml"), guide] {
        let commands: Vec<_> = texts(&document).into_iter().flat_map(commands).collect();
        assert!(!commands.is_empty());
        for words in &commands {
            assert_eq!(fault(words), None, "{words:?}");
        }
        found += commands.len();
    }
    assert!(found >= 4, "{found}");
    for wrong in ["gaet x.yaml", "gate x.yaml --output y", "run x --replay y"] {
        let words: Vec<String> = wrong.split(' ').map(str::to_owned).collect();
        assert!(fault(&words).is_some(), "{wrong}");
    }
}

#[test]
fn the_examples_have_the_parts_that_ci_reads() {
    let github = example("github.yml");
    assert!(github["on"].get("pull_request").is_some());
    let steps = github["jobs"]["gate"]["steps"].as_array().unwrap();
    assert!(
        steps
            .iter()
            .all(|step| step.get("uses").is_some() != step.get("run").is_some())
    );
    let charts = steps
        .iter()
        .find(|step| step["with"]["tool"] == "customSmallerIsBetter");
    assert_eq!(
        charts.unwrap()["with"]["output-file-path"],
        "gate-report/bench-smaller.json"
    );
    let reports = &example("gitlab-ci.yml")["performance"]["artifacts"]["reports"];
    assert_eq!(
        *reports,
        json!({ "junit": "gate-report/junit.xml", "metrics": "gate-report/metrics.txt" })
    );
}

#[test]
fn the_gate_file_of_the_examples_is_one() {
    let gate = Gate::load(&docs().join("ci/gate.yaml")).unwrap();
    for target in [&gate.baseline, &gate.candidate] {
        for scenario in &gate.scenarios {
            assert!(!gate.suite(scenario, target, &[]).unwrap().cases.is_empty());
        }
    }
}
