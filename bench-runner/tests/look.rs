//! What is only to be looked at, the real program: two results side by side, and a history.

mod common;

use std::path::Path;
use std::process::Command;

use common::{PROGRAM, Run};

const SHORT: &str = "name: short
load: { open: { rate: 200/s } }
phases: { warm_up: 0s, measure: 100ms, drain: 1s }
repetitions: 3
";

fn program(arguments: &[&str], files: &[&Path]) -> (Option<i32>, String, String) {
    let output = Command::new(PROGRAM)
        .args(arguments)
        .args(files)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn two_results_have_ratios_and_a_history_and_neither_is_a_gate() {
    let [a, b] = [(); 2].map(|()| Run::new(SHORT).finish());
    let (a, b) = (a.path("result.json"), b.path("result.json"));
    let (code, said, _) = program(&["report"], &[&a, &b]);
    assert_eq!(code, Some(0));
    assert!(
        said.contains("as a multiple of") && said.contains("are no gate"),
        "{said}"
    );
    let out = a.with_file_name("history");
    let arguments = [
        "history",
        "--metric",
        "achieved_per_s",
        "--out",
        out.to_str().unwrap(),
    ];
    let (code, said, _) = program(&arguments, &[&a, &b]);
    assert_eq!(code, Some(0));
    assert!(
        said.contains("achieved_per_s        2") && said.contains("none"),
        "{said}"
    );
    assert!(out.join("history.md").exists());
    assert!(out.join("plots/history-01-achieved_per_s.svg").exists());
    // What cannot be read, and what has nothing in common.
    let (code, ..) = program(&["history"], &[&a, &a.with_file_name("none.json")]);
    assert_eq!(code, Some(4));
    let (code, _, why) = program(&["history", "--metric", "message_gap.p99"], &[&a, &b]);
    assert_eq!(code, Some(2));
    assert!(why.contains("no two of the results"), "{why}");
    let (code, _, why) = program(&["history", "--metric", "latency"], &[&a, &b]);
    assert_eq!(code, Some(2));
    assert!(why.contains("response_time"), "{why}");
}
