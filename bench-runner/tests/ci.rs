//! What continuous integration is told of a gate: by the environment of a step, and by the examples to copy.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::PROGRAM;
use reports::model::SCHEMA;
use scenarios::gate::Gate;
use serde_json::{Value, json};

/// A step of a job on GitHub: the two files that it gives, and a result to judge.
struct Step {
    folder: tempfile::TempDir,
}

struct Told {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Twenty rounds of one case, in which the candidate takes `factor` of the baseline's CPU time.
fn result(rounds: usize, factor: f64) -> Value {
    let round = |n: usize, factor: f64| {
        json!({
            "validity": { "verdict": "valid" }, "counts": reports::model::Counts::default(),
            "server": { "cpu_ns_per_call": 20_000.0 * factor * (1.0 + 0.001 * (n % 7) as f64), "peak_rss_bytes": null },
        })
    };
    let arm = |name: &str, factor: f64, step: usize| {
        let repetitions: Vec<Value> = (0..rounds).map(|n| round(n * step, factor)).collect();
        json!({ "name": format!("unary/{name}"), "case": {}, "repetitions": repetitions })
    };
    let first: Vec<&str> = (0..rounds)
        .map(|n| ["baseline", "candidate"][n % 2])
        .collect();
    json!({
        "schema": SCHEMA, "scenario": { "name": "server-cpu" }, "environment": {}, "seed": 1,
        "cases": [arm("baseline", 1.0, 1), arm("candidate", factor, 3)],
        "gate": {
            "name": "server-cpu", "baseline": {}, "candidate": {}, "policy": reports::model::Policy::default(),
            "metrics": [{ "metric": "server.cpu_ns_per_call", "tolerance": 0.05 }],
            "budget": "20 rounds", "cases": [{ "name": "unary", "first": first }],
            "looks": [{ "rounds": rounds, "information": 1.0 }], "ended": "budget", "outcome": "invalid",
        },
    })
}

impl Step {
    fn new(result: &Value) -> Step {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("result.json"), result.to_string()).unwrap();
        Step { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The program in this folder, told nothing of GitHub.
    fn outside(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .arg("gate")
            .args(arguments)
            .current_dir(self.folder.path());
        for name in [
            "GITHUB_ACTIONS",
            "GITHUB_STEP_SUMMARY",
            "GITHUB_OUTPUT",
            "GITHUB_WORKSPACE",
        ] {
            command.env_remove(name);
        }
        command
    }

    fn inside(&self, arguments: &[&str]) -> Command {
        let mut command = self.outside(arguments);
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .env("GITHUB_OUTPUT", self.path("outputs"))
            .env("GITHUB_WORKSPACE", self.folder.path());
        command
    }
}

fn finish(mut command: Command) -> Told {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    Told {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

fn annotations(told: &Told) -> Vec<&str> {
    told.stdout
        .lines()
        .filter(|line| line.starts_with("::"))
        .collect()
}

const REPLAY: [&str; 2] = ["--replay", "result.json"];

#[test]
fn outside_of_github_nothing_is_said_to_it() {
    let step = Step::new(&result(20, 1.2));
    let told = finish(step.outside(&REPLAY));
    assert_eq!(told.code, Some(1), "{}", told.stderr);
    assert_eq!(annotations(&told), Vec::<&str>::new());
}

#[test]
fn a_step_hears_of_a_regression_in_all_three_ways() {
    let step = Step::new(&result(20, 1.2));
    std::fs::write(step.path("summary"), "# Before\n").unwrap();
    std::fs::write(step.path("outputs"), "before=1\n").unwrap();
    let told = finish(step.inside(&[&REPLAY[..], &["--out", "report"]].concat()));
    assert_eq!(told.code, Some(1), "{}", told.stderr);
    let [line] = annotations(&told)[..] else {
        panic!("{}", told.stdout)
    };
    assert!(
        line.starts_with("::error title=regressed%3A server.cpu_ns_per_call of unary::+20 %25 ("),
        "{line}"
    );
    assert_eq!(
        step.read("outputs"),
        "before=1\nverdict=regressed\nexit_code=1\nreport=report/report.html\n"
    );
    assert_eq!(
        step.read("summary"),
        format!("# Before\n{}", step.read("report/summary.md"))
    );
    assert!(
        step.read("report/junit.xml")
            .contains("<failure type=\"regression\"")
    );
}

#[test]
fn a_pass_has_no_annotation_and_a_neutral_gate_still_says_inconclusive() {
    let step = Step::new(&result(20, 1.0));
    let told = finish(step.inside(&REPLAY));
    assert_eq!((told.code, annotations(&told)), (Some(0), Vec::new()));
    assert_eq!(step.read("outputs"), "verdict=pass\nexit_code=0\nreport=\n");
    let step = Step::new(&result(3, 1.2));
    let told = finish(step.inside(&[&REPLAY[..], &["--on-inconclusive", "neutral"]].concat()));
    assert_eq!(told.code, Some(0));
    assert!(
        annotations(&told)[0].starts_with("::warning title=inconclusive%3A "),
        "{}",
        told.stdout
    );
    assert_eq!(
        step.read("outputs"),
        "verdict=inconclusive\nexit_code=0\nreport=\n"
    );
}

#[test]
fn files_that_cannot_be_written_are_a_warning_and_no_verdict() {
    for (factor, code) in [(1.0, 0), (1.2, 1)] {
        let step = Step::new(&result(20, factor));
        for name in ["summary", "outputs"] {
            std::fs::create_dir(step.path(name)).unwrap();
        }
        let told = finish(step.inside(&REPLAY));
        assert_eq!(told.code, Some(code));
        for what in [
            "warning: the step has no summary: cannot write ",
            "warning: the step has no outputs: cannot write ",
        ] {
            assert!(told.stderr.contains(what), "{}", told.stderr);
        }
    }
}

#[test]
fn a_step_whose_summary_is_nearly_full_gets_a_shorter_one() {
    let step = Step::new(&result(20, 1.2));
    for (free, says) in [(700, "Shortened: the whole summary has "), (10, "")] {
        let before = "x".repeat((1 << 20) - free);
        std::fs::write(step.path("summary"), &before).unwrap();
        let told = finish(step.inside(&REPLAY));
        let after = step.read("summary");
        assert!(
            after.len() <= 1 << 20 && after.contains(says),
            "{}",
            after.len()
        );
        assert_eq!(
            told.stderr.contains("the step has no summary: it is full"),
            says.is_empty(),
            "{}",
            told.stderr
        );
    }
}

#[test]
fn a_gate_that_cannot_be_run_is_an_error_at_its_file() {
    let step = Step::new(&Value::Null);
    std::fs::create_dir(step.path("bench")).unwrap();
    std::fs::write(step.path("bench/gate.yaml"), "name: x\nscenario: [a]\n").unwrap();
    let mut command = step.inside(&["gate.yaml"]);
    command.current_dir(step.path("bench"));
    let told = finish(command);
    assert_eq!(told.code, Some(2));
    let line = annotations(&told)[0];
    assert!(
        line.starts_with("::error file=bench/gate.yaml,title=gate%3A not run to its end::"),
        "{line}"
    );
    assert!(line.contains("scenario"), "{line}");
    assert_eq!(
        step.read("outputs"),
        "verdict=invalid\nexit_code=2\nreport=\n"
    );
}

// === the examples to copy ===

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
