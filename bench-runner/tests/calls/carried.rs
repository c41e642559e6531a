//! Metadata, authority and user agent as a server sees them, and secrets as nobody else does.

use std::path::Path;

use super::common::{PROGRAM, Run};
use super::witness::{Carried, Witness};
use crate::for_both_engines;

const TOKEN: &str = "t0p-s3cr3t-t0ken";

const CARRIED: &str = "
name: carried
client: { user_agent: carrier/7 }
call:
  authority: greeter.example:443
  metadata:
    x-tenant: blue
    x-user: [a, b, c]
    x-trace-bin: AAECAw==
    authorization: { env: BENCH_TEST_TOKEN, prefix: \"Bearer \" }
load: { closed: { in_flight: 1 } }
phases: { warm_up: 50ms, measure: 100ms }
record: { calls: 1000 }
";

fn calls_carry_what_the_scenario_says(engine: &str) {
    let witness = Witness::start();
    let outcome = Run::new(CARRIED)
        .engine(engine)
        .target(&witness.address)
        .env("BENCH_TEST_TOKEN", TOKEN)
        .finish();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let seen = witness.seen();
    assert!(seen.len() > 10, "{} calls", seen.len());
    for (number, call) in seen.iter().enumerate() {
        assert_eq!(call.authority, "greeter.example:443");
        assert_eq!(call.get("x-tenant"), "blue");
        assert_eq!(
            call.get("x-user"),
            ["a", "b", "c"][number % 3],
            "call {number}"
        );
        assert_eq!(call.get("x-trace-bin"), "AAECAw", "base64 without padding");
        assert_eq!(call.get("authorization"), format!("Bearer {TOKEN}"));
    }
    let agent = seen[0].get("user-agent");
    match engine {
        "tonic" => assert!(agent.starts_with("carrier/7 tonic/"), "{agent}"),
        _ => assert_eq!(agent, "carrier/7"),
    }
    let repetition = outcome.repetition();
    let refused = repetition.counts.by_status["PERMISSION_DENIED"];
    assert!(refused > 0 && refused == repetition.counts.failed);
    // The server said it in a status and in its metadata: there are stars in its place.
    assert_eq!(repetition.failures[0].message, "no access with Bearer ***");
    let echo = &repetition.first_reply.as_ref().unwrap().metadata["x-echo"];
    assert_eq!(echo, "Bearer ***");
    assert!(!outcome.stdout.contains(TOKEN) && !outcome.stderr.contains(TOKEN));
    assert!(files_with(outcome.folder.path(), TOKEN).is_empty());
    assert!(
        files_with(outcome.folder.path(), "carrier/7").len() > 2,
        "it looks into files"
    );
}

/// The files below a folder in which a text stands.
fn files_with(folder: &Path, text: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(text) {
            found.push(path);
        }
    }
    found
}

fn a_secret_that_is_missing_ends_the_run_before_it_begins(engine: &str) {
    let witness = Witness::start();
    let outcome = Run::new(CARRIED)
        .engine(engine)
        .target(&witness.address)
        .finish();
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert_eq!(
        outcome.stderr.trim(),
        "error: call.metadata.authorization: the environment variable `BENCH_TEST_TOKEN` is not set; `export \
         BENCH_TEST_TOKEN=...` before the run"
    );
    assert_eq!(witness.seen(), Vec::<Carried>::new());
    assert!(!outcome.path("result.json").exists());
}

for_both_engines! {
    calls_carry_what_the_scenario_says
    a_secret_that_is_missing_ends_the_run_before_it_begins
    a_secret_in_a_file_beside_the_scenario_is_sent
}

/// The program runs in a folder of its own, so what it finds it finds by the scenario's.
fn a_secret_in_a_file_beside_the_scenario_is_sent(engine: &str) {
    let witness = Witness::start();
    let outcome = Run::new(&CARRIED.replace("{ env: BENCH_TEST_TOKEN", "{ file: token.txt"))
        .file("token.txt", TOKEN)
        .engine(engine)
        .target(&witness.address)
        .finish();
    assert!(!witness.seen().is_empty(), "{}", outcome.stderr);
    for carried in witness.seen() {
        assert!(carried.get("authorization").ends_with(TOKEN));
    }
}

/// A check of a scenario needs no secrets, and shows none.
#[test]
fn a_check_shows_where_a_secret_stands_and_not_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("carried.yaml");
    std::fs::write(&file, CARRIED).unwrap();
    for token in [None, Some(TOKEN)] {
        let mut check = std::process::Command::new(PROGRAM);
        check.arg("check").arg(&file).arg("--json");
        if let Some(token) = token {
            check.env("BENCH_TEST_TOKEN", token);
        }
        let output = check.output().unwrap();
        assert!(output.status.success());
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("\"env\": \"BENCH_TEST_TOKEN\""), "{said}");
        assert!(!said.contains(TOKEN));
        let again: Vec<serde_json::Value> = serde_json::from_str(&said).unwrap();
        std::fs::write(&file, again[0].to_string()).unwrap();
    }
}
