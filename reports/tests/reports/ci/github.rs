//! What GitHub is told, read as its runner reads it.

use std::collections::BTreeMap;

use reports::model::{Outcome, RunResult};
use reports::render::github;

use crate::common::gated::{self, HOSTILE};

#[test]
fn annotations_of_every_kind() {
    let gate = |result: RunResult| result.gate.unwrap();
    insta::assert_snapshot!(
        "annotations",
        github::annotations(&gate(gated::gated()), Some("bench/gate, 100%:1.yaml"))
    );
    insta::assert_snapshot!(
        "forbidden_annotations",
        github::annotations(&gate(gated::forbidden()), None)
    );
    for outcome in [Outcome::Pass, Outcome::Improved] {
        assert_eq!(github::annotations(&gate(gated::single(outcome)), None), "");
    }
}

/// As GitHub's runner reads a line: a command, its properties, its message.
fn command(line: &str) -> (String, BTreeMap<String, String>, String) {
    let (head, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (command, properties) = head.split_once(' ').unwrap();
    let plain = |text: &str| {
        text.replace("%2C", ",")
            .replace("%3A", ":")
            .replace("%0A", "\n")
            .replace("%0D", "\r")
            .replace("%25", "%")
    };
    let properties = properties.split(',').map(|property| {
        let (name, value) = property.split_once('=').unwrap();
        (name.to_owned(), plain(value))
    });
    (command.to_owned(), properties.collect(), plain(message))
}

#[test]
fn a_hostile_name_stays_in_its_annotation() {
    let gate = gated::gated().gate.unwrap();
    let lines = github::annotations(&gate, Some("a,b%0A::c"));
    let commands: Vec<_> = lines.lines().map(command).collect();
    let kinds: Vec<&str> = commands.iter().map(|(kind, ..)| kind.as_str()).collect();
    assert_eq!(kinds, ["error", "error", "warning"]);
    for (_, properties, _) in &commands {
        assert_eq!(properties.keys().collect::<Vec<_>>(), ["file", "title"]);
        assert_eq!(properties["file"], "a,b%0A::c");
    }
    assert_eq!(
        commands[2].1["title"],
        format!(
            "inconclusive: response_time.p99 of {}",
            HOSTILE.replace('\u{1b}', "")
        )
    );
}

#[test]
fn the_worst_ten_of_each_kind_are_shown_and_the_rest_is_counted() {
    let mut gate = gated::many(30, Outcome::Regressed).gate.unwrap();
    for test in &mut gate.tests[13..] {
        test.outcome = Outcome::Inconclusive;
    }
    let lines = github::annotations(&gate, None);
    let many = |start: &str| lines.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(
        (many("::error"), many("::warning"), many("::notice")),
        (10, 10, 1)
    );
    assert!(lines.contains("of case-00") && !lines.contains("of case-10"));
    assert!(lines.ends_with("::3 errors and 7 warnings more are in the report\n"));
}

#[test]
fn a_summary_that_is_too_long_is_shortened_and_says_so() {
    let summary = "## Title\n\n| a |\n<details><summary>x</summary>\n\nlong\n\n</details>\nend\n";
    assert_eq!(
        github::step_summary(summary, summary.len()).unwrap(),
        summary
    );
    let long = summary.repeat(9);
    for room in 0..long.len() {
        let Some(short) = github::step_summary(&long, room) else {
            assert!(room < 200);
            continue;
        };
        assert!(
            short.len() <= room && short.starts_with("> [!WARNING]\n> Shortened: "),
            "{short}"
        );
        assert!(short.ends_with('\n'), "{short}");
        let many = |tag| short.matches(tag).count();
        assert_eq!(many("<details>"), many("</details>"), "{short}");
    }
    assert_eq!(github::step_summary(summary, 20), None);
}

#[test]
fn outputs_are_a_line_each_whatever_the_path() {
    assert_eq!(
        github::outputs(Outcome::Inconclusive, 0, "out/report.html"),
        "verdict=inconclusive\nexit_code=0\nreport=out/report.html\n"
    );
    assert_eq!(
        github::outputs(Outcome::Regressed, 1, "x\nverdict=pass"),
        "verdict=regressed\nexit_code=1\nreport=\n"
    );
}
