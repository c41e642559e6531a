//! A step of a job on GitHub, as the program meets it: results that were made here are judged again.

use std::path::PathBuf;
use std::process::{Command, Output};

use reports::model::SCHEMA;
use serde_json::{Value, json};

use super::PROGRAM;

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
        for name in ["GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"] {
            command.env_remove(name);
        }
        command
    }

    fn inside(&self, arguments: &[&str]) -> Command {
        let mut command = self.outside(arguments);
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", self.path("summary"))
            .env("GITHUB_OUTPUT", self.path("outputs"));
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
    for folder in ["head/.git", "head/bench"] {
        std::fs::create_dir_all(step.path(folder)).unwrap();
    }
    std::fs::write(
        step.path("head/bench/gate.yaml"),
        "name: x\nscenario: [a]\n",
    )
    .unwrap();
    let told = finish(step.inside(&["head/bench/gate.yaml"]));
    assert_eq!(told.code, Some(2));
    let line = annotations(&told)[0];
    assert!(
        line.starts_with("::error file=bench/gate.yaml,title=gate%3A not run to its end::"),
        "{line}"
    );
    assert!(line.ends_with("::unknown key `scenario`"), "{line}");
    assert_eq!(
        step.read("outputs"),
        "verdict=invalid\nexit_code=2\nreport=\n"
    );
}
