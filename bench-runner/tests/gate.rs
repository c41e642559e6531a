//! The gate, the real program: a regression, no regression, and set-ups that must never pass.

mod common;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use common::{Outcome, PROGRAM, Run, alone};
use nix::sys::signal::Signal;
use reports::model::{Gate, Outcome as Verdict};

/// Rounds of a quarter of a second.
const SHORT: &str = "name: short
client: { channels: 2 }
load: { open: { rate: 500/s } }
phases: { warm_up: 50ms, measure: 200ms, drain: 1s }
";

/// A gate over the short scenario.
fn gate(baseline: &str, candidate: &str, rest: &str) -> Run {
    let run = Run::gate(&format!(
        "name: test\nscenarios: [short.yaml]\nbaseline: {baseline}\ncandidate: {candidate}\n{rest}\n"
    ));
    run.file("short.yaml", SHORT)
}

const OURS: &str = "{ reference_server: {} }";
const CPU: &str = "metrics: { server.cpu_ns_per_call: 25% }";

fn judged(outcome: &Outcome) -> &Gate {
    let result = outcome.result.as_ref();
    let result = result.unwrap_or_else(|| panic!("no result: {}", outcome.stderr));
    result.gate.as_ref().unwrap()
}

fn ended(outcome: &Outcome, code: i32) {
    let (stdout, stderr) = (&outcome.stdout, &outcome.stderr);
    assert_eq!(outcome.code, Some(code), "{stdout}\n{stderr}");
}

/// The run is not trusted, and says why; what was measured is there.
fn refused(outcome: &Outcome, rule: &str) {
    ended(outcome, 4);
    let gate = judged(outcome);
    assert_eq!(gate.outcome, Verdict::Invalid);
    let rules: Vec<&str> = gate.findings.iter().map(|f| f.rule.as_str()).collect();
    assert!(rules.contains(&rule), "{rules:?}\n{}", outcome.stdout);
    assert!(outcome.stdout.contains("INVALID"), "{}", outcome.stdout);
}

fn replay(outcome: &Outcome, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(PROGRAM);
    command
        .args(["gate", "--replay"])
        .arg(outcome.path("result.json"));
    let output = command.args(arguments).output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn a_slower_candidate_fails_the_build_and_says_where() {
    let _alone = alone();
    let slower = "{ reference_server: { behaviour: { spin: 1ms } } }";
    let outcome = gate(OURS, slower, &format!("{CPU}\nbudget: 14 rounds")).finish();
    ended(&outcome, 1);
    let worst = &judged(&outcome).tests[0];
    assert_eq!(worst.metric, "server.cpu_ns_per_call");
    assert_eq!(worst.outcome, Verdict::Regressed);
    let (baseline, candidate) = (worst.baseline.unwrap(), worst.candidate.unwrap());
    let more = candidate - baseline;
    // It spins for a millisecond of time, of which other programs may have some.
    assert!((0.2e6..1.6e6).contains(&more), "1 ms more: {worst:?}");
    assert!(outcome.repetitions().len() >= 26);
    assert!(outcome.stdout.contains("REGRESSED"), "{}", outcome.stdout);
    for file in ["report.html", "summary.md", "plots/gate-rounds.svg"] {
        assert!(outcome.path(file).exists(), "{file}");
    }
    // The same data are judged alike again, and otherwise by another policy.
    assert_eq!(replay(&outcome, &[]).0, Some(1));
    let edited = |change: &dyn Fn(&mut Gate)| {
        let mut result = outcome.result.clone().unwrap();
        change(result.gate.as_mut().unwrap());
        std::fs::write(outcome.path("result.json"), result.to_json()).unwrap();
        replay(&outcome, &[])
    };
    let (code, _) = edited(&|gate| gate.metrics[0].tolerance = 1000.0);
    assert_eq!(code, Some(0));
    let (code, said) = edited(&|gate| gate.cases[0].name = "gone".to_owned());
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("there is no round of `gone`"), "{said}");
}

#[test]
fn five_rounds_are_inconclusive_and_never_a_pass() {
    let _alone = alone();
    let outcome = gate(OURS, OURS, &format!("{CPU}\nbudget: 5 rounds")).finish();
    ended(&outcome, 3);
    assert!(
        outcome.stdout.contains("a verdict needs 10"),
        "{}",
        outcome.stdout
    );
    let (code, said) = replay(&outcome, &["--on-inconclusive", "neutral"]);
    assert_eq!(code, Some(0));
    assert!(
        said.contains("INCONCLUSIVE") && !said.contains("PASS"),
        "{said}"
    );
    // Held against stored runs there are too few of those, and of another machine none.
    let store = outcome.path("stored");
    let add = |result: &Path| {
        let mut command = Command::new(PROGRAM);
        command
            .args(["baseline", "add"])
            .arg(result)
            .arg("--to")
            .arg(&store);
        command.output().unwrap()
    };
    let added = add(&outcome.path("result.json"));
    assert!(
        added.status.success(),
        "{}",
        String::from_utf8_lossy(&added.stderr)
    );
    let against = ["--against", store.to_str().unwrap()];
    let (code, said) = replay(&outcome, &against);
    assert_eq!(code, Some(3));
    assert!(said.contains("1 stored runs are of this machine"), "{said}");
    let stored = std::fs::read_dir(&store)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = std::fs::read_to_string(&stored).unwrap();
    std::fs::write(&stored, text.replace("\"cores\": ", "\"cores\": 9")).unwrap();
    let (code, said) = replay(&outcome, &against);
    assert_eq!(code, Some(3));
    assert!(said.contains("0 stored runs are of this machine"), "{said}");
}

#[test]
fn more_failures_are_a_regression_and_a_failing_baseline_is_no_standard() {
    let _alone = alone();
    let failing =
        "{ reference_server: { behaviour: { error: { share: 0.03, code: UNAVAILABLE } } } }";
    let rest = "metrics: { error_share: 0.5% }\nbudget: 14 rounds";
    let outcome = gate(OURS, failing, rest).finish();
    ended(&outcome, 1);
    assert_eq!(judged(&outcome).tests[0].metric, "error_share");
    let outcome = gate(failing, failing, "budget: 3 rounds").finish();
    refused(&outcome, "baseline_fails");
}

#[test]
fn a_busy_server_is_no_measure() {
    let _alone = alone();
    let busy = "{ reference_server: { behaviour: { spin: 1700us } } }";
    let outcome = gate(busy, busy, "budget: 12 rounds").finish();
    // Where other programs have the core, the server cannot be busy; then its figures are too uneven to pass.
    match outcome.code {
        Some(3) => {}
        _ => refused(&outcome, "saturated"),
    }
}

#[test]
fn a_client_that_lags_is_no_measure() {
    let _alone = alone();
    // One stream at a time for calls that take longer than they may: they wait in the client.
    let narrow =
        "{ reference_server: { http2: { max_concurrent_streams: 1 }, behaviour: { delay: 5ms } } }";
    let outcome = gate(narrow, narrow, "budget: 3 rounds").finish();
    refused(&outcome, "lagging_client");
}

#[test]
fn an_arm_that_does_not_start_is_named() {
    let _alone = alone();
    let broken = "{ command: [\"false\", \"{port}\"] }";
    for (baseline, candidate, arm) in [
        (broken, OURS, "the baseline"),
        (OURS, broken, "the candidate"),
    ] {
        let outcome = gate(baseline, candidate, "budget: 12 rounds").finish();
        assert_eq!(outcome.code, Some(4), "{}", outcome.stdout);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(
            said.contains(arm) && said.contains("ended before it listened"),
            "{said}"
        );
    }
}

#[test]
fn a_candidate_that_dies_keeps_the_rounds_before() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("server.sh");
    // Serves six times; the seventh server lives for a moment only.
    std::fs::write(
        &script,
        "cd \"$(dirname \"$0\")\"; echo x >> starts; n=$(wc -l < starts)\n\
         [ \"$n\" -lt 7 ] || (sleep 0.15; kill -9 $$) &\n\
         exec \"$1\" serve --listen 127.0.0.1:\"$2\"\n",
    )
    .unwrap();
    let candidate = format!(
        "{{ command: [sh, {}, {PROGRAM}, \"{{port}}\"] }}",
        script.display()
    );
    let outcome = gate(OURS, &candidate, &format!("{CPU}\nbudget: 12 rounds")).finish();
    refused(&outcome, "round_failed");
    assert!(
        outcome.stdout.contains("ended in the middle"),
        "{}",
        outcome.stdout
    );
    let cases = &outcome.result.as_ref().unwrap().cases;
    assert!(cases[0].repetitions.len() >= 6 && cases[1].repetitions.len() >= 6);
}

#[test]
fn ctrl_c_keeps_what_was_measured_and_passes_nothing() {
    let _alone = alone();
    let started = gate(OURS, OURS, "budget: 60 rounds").start();
    std::thread::sleep(Duration::from_secs(5));
    started.signal(Signal::SIGINT);
    let outcome = started.finish();
    refused(&outcome, "interrupted");
    assert!(outcome.repetitions().len() >= 2);
}

#[test]
fn a_full_disk_is_said() {
    let _alone = alone();
    // A limit on the size of files stands for the disk; the signal is ignored, so that writing fails.
    let run = gate(OURS, OURS, "budget: 12 rounds");
    let outcome = run
        .in_shell("trap '' XFSZ; ulimit -f 200; exec \"$@\"")
        .finish();
    ended(&outcome, 4);
    assert!(
        outcome.stderr.contains("cannot write"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.repetitions().is_empty());
}

#[test]
fn mistakes_are_told_before_anything_runs() {
    for (gate, said) in [
        (gate(OURS, "{ comand: [x] }", ""), "command"),
        (gate(OURS, OURS, "budget: soon"), "30 rounds"),
        (
            Run::gate(
                "name: x\nscenarios: [nowhere]\nbaseline: { reference_server: {} }\ncandidate: { reference_server: {} }",
            ),
            "nowhere",
        ),
    ] {
        let outcome = gate.finish();
        assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
        assert!(outcome.result.is_none());
    }
}
