//! `bench-runner calibrate` on this very machine: what it writes, keeps, and has quoted. Its figures are looked at for
//! their signs only: a test run is no quiet place.

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::{PROGRAM, Run};
use reports::model::{CALIBRATION_SCHEMA, Calibration, HarnessCost};
use serde_json::Value;

fn program(arguments: &[&str], state: &Path) -> Output {
    Command::new(PROGRAM)
        .args(arguments)
        .env("BENCH_RUNNER_STATE", state)
        .output()
        .unwrap()
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_calibration_is_whole_is_kept_and_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path();
    let before = program(&["env"], state);
    assert!(error(&before).contains("calibration: none"));

    let copy = state.join("copy.json");
    let arguments = ["calibrate", "--quick", "--json", "--out"];
    let made = program(&[&arguments[..], &[copy.to_str().unwrap()]].concat(), state);
    assert_eq!(made.status.code(), Some(0), "{}", error(&made));
    assert!(error(&made).contains("[6/6]"), "{}", error(&made));
    let kept = std::fs::read_to_string(state.join("calibration.json")).unwrap();
    assert_eq!(kept.as_bytes(), made.stdout);
    assert_eq!(kept, std::fs::read_to_string(&copy).unwrap());
    is_whole(&serde_json::from_str(&kept).unwrap());

    is_quoted(state);
    is_not_quoted_once_it_does_not_hold(state, &kept);
}

#[test]
fn the_harness_alone_is_measured_in_a_moment_and_kept_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let made = program(&["calibrate", "--harness", "--json"], folder.path());
    assert_eq!(made.status.code(), Some(0), "{}", error(&made));
    let costs: Vec<HarnessCost> = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(costs.len(), 2);
    assert!(costs.iter().all(|cost| cost.cpu_ns_per_call > 0.0));
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

fn is_whole(calibration: &Calibration) {
    assert_eq!(calibration.schema, CALIBRATION_SCHEMA);
    assert!(calibration.quick && calibration.took_s > 0.0);
    assert!(calibration.clock.cost_ns > 0 && calibration.clock.step_ns > 0);
    for idle in ["timer", "spin"] {
        assert!(calibration.timer.iter().any(|row| row.idle == idle));
        assert!(calibration.pacing.iter().any(|row| row.idle == idle));
    }
    for row in &calibration.timer {
        // Every wait ended, at the time or after it.
        assert_eq!(row.count, row.rate_per_s / 4, "{row:?}");
        assert!(
            row.p50_ns <= row.p99_ns && row.p99_ns <= row.max_ns,
            "{row:?}"
        );
        assert!(row.cpu_share > 0.0 && row.cpu_share < 1.1, "{row:?}");
    }
    assert!(
        calibration
            .harness
            .iter()
            .all(|row| row.cpu_ns_per_call > 0.0)
    );
    for engine in ["raw", "tonic"] {
        let rows = calibration
            .ceilings
            .iter()
            .filter(|row| row.engine == engine);
        assert_eq!(rows.clone().count(), 3);
        for row in rows {
            assert!(row.calls_per_s > 0.0 && row.client_cpu_ns_per_call.unwrap() > 0.0);
        }
    }
    for row in &calibration.pacing {
        assert!(row.started_per_s > 0.0, "{row:?}");
        assert!(
            row.p50_ns <= row.p99_ns && row.p99_ns <= row.max_ns,
            "{row:?}"
        );
    }
    let noise = &calibration.noise;
    let names: Vec<&str> = noise.metrics.iter().map(|metric| &*metric.metric).collect();
    assert!(names.contains(&"achieved_per_s") && names.contains(&"server.cpu_ns_per_call"));
    for metric in &noise.metrics {
        assert_eq!(metric.values.len(), noise.runs as usize);
        let changes: Vec<f64> = metric
            .smallest_change
            .iter()
            .map(|row| row.change)
            .collect();
        assert!(
            changes.is_sorted_by(|fewer, more| fewer > more),
            "{metric:?}"
        );
    }
}

fn is_quoted(state: &Path) {
    let env = program(&["env"], state);
    let environment: Value = serde_json::from_slice(&env.stdout).unwrap();
    let quoted = &environment["calibration"];
    assert!(quoted["timer_p99_ns"].as_u64() > Some(0), "{quoted}");
    assert!(
        quoted["most_calls_per_s"]["raw"].as_f64() > Some(0.0),
        "{quoted}"
    );
    let outcome = short_run(state);
    let result = outcome.result.as_ref().unwrap();
    assert!(result.environment.calibration.is_some());
    let sentence = "this machine, calibrated 20";
    assert!(outcome.stdout.contains(sentence), "{}", outcome.stdout);
}

fn is_not_quoted_once_it_does_not_hold(state: &Path, kept: &str) {
    let mut other: Value = serde_json::from_str(kept).unwrap();
    other["holds_for"]["kernel"] = "0.0.1".into();
    std::fs::write(state.join("calibration.json"), other.to_string()).unwrap();
    let env = program(&["env"], state);
    assert!(
        error(&env).contains("kernel: 0.0.1 then"),
        "{}",
        error(&env)
    );
    let environment: Value = serde_json::from_slice(&env.stdout).unwrap();
    assert!(environment.get("calibration").is_none());
    let outcome = short_run(state);
    let result = outcome.result.as_ref().unwrap();
    assert!(result.environment.calibration.is_none());
    assert!(!outcome.stdout.contains("calibrated"), "{}", outcome.stdout);
}

fn short_run(state: &Path) -> common::Outcome {
    Run::new("name: quoted\nphases: { warm_up: 50ms, measure: 200ms }\n")
        .env("BENCH_RUNNER_STATE", state)
        .finish()
}
