//! A name with several addresses, of which a server may listen on one alone: `localhost` as ::1 and 127.0.0.1. It stands for
//! both only in a namespace of the run's own, so where this machine allows none the tests say so and are skipped.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::Command;

use super::common::{Outcome, Run, Server};
use super::{CALLS, all_ok};

/// Runs the rest of its arguments where `/etc/hosts` is the file `$HOSTS`.
const ELSEWHERE: &str = r#"exec unshare --user --map-root-user --mount sh -c 'mount --bind "$HOSTS" /etc/hosts && exec "$@"' sh "$@""#;
const HOSTS: &str = "::1 localhost\n127.0.0.1 localhost\n";

/// A file of hosts for runs whose `localhost` has both addresses.
fn hosts() -> Option<tempfile::NamedTempFile> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), HOSTS).unwrap();
    let seen = Command::new("sh")
        .args(["-c", ELSEWHERE, "sh", "getent", "ahosts", "localhost"])
        .env("HOSTS", file.path())
        .output();
    let has_both = seen.is_ok_and(|seen| {
        let seen = String::from_utf8_lossy(&seen.stdout);
        ["::1", "127.0.0.1"]
            .iter()
            .all(|address| seen.contains(address))
    });
    if has_both && TcpListener::bind("[::1]:0").is_ok() {
        return Some(file);
    }
    // Written past the test harness, which would keep it to itself.
    let why = "SKIPPED: `localhost` cannot be made to stand for both ::1 and 127.0.0.1 here";
    let _ = writeln!(std::io::stderr(), "{why}");
    None
}

/// The server by its name instead of its address.
fn by_name(server: &Server) -> String {
    let (_, port) = server.address.rsplit_once(':').unwrap();
    format!("http://localhost:{port}")
}

fn run(engine: &str, hosts: &tempfile::NamedTempFile, target: &str, sets: &[&str]) -> Outcome {
    let run = Run::new(CALLS)
        .in_shell(ELSEWHERE)
        .env("HOSTS", hosts.path())
        .engine(engine)
        .target(target)
        .set("client.channels=4")
        .set("load={ open: { rate: 500/s } }");
    sets.iter().fold(run, |run, set| run.set(set)).finish()
}

pub(crate) fn the_address_that_answers_is_called(engine: &str) {
    let Some(hosts) = hosts() else {
        return;
    };
    let server = Server::start(&[]);
    let target = by_name(&server);
    for sets in [&[][..], &["network.rtt=1ms"]] {
        let outcome = run(engine, &hosts, &target, sets);
        assert_eq!(outcome.code, Some(0), "{sets:?}: {}", outcome.stderr);
        all_ok(outcome.repetition());
        assert!(outcome.repetition().targets.is_empty());
    }
    let outcome = run(engine, &hosts, &target, &["client.balance=pick_first"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    all_ok(outcome.repetition());
    assert_eq!(targets(&outcome), [(format!("{target} at 127.0.0.1"), 4)]);
    let outcome = run(engine, &hosts, &target, &["client.balance=round_robin"]);
    assert_eq!(outcome.code, Some(4), "{}", outcome.stderr);
    let told = format!("cannot open a channel to {target} at ::1: connection refused");
    assert!(outcome.stderr.contains(&told), "{}", outcome.stderr);
}

pub(crate) fn all_addresses_of_a_name_are_called_in_turn(engine: &str) {
    let Some(hosts) = hosts() else {
        return;
    };
    let server = Server::listening("[::]:0");
    let target = by_name(&server);
    let outcome = run(engine, &hosts, &target, &["client.balance=round_robin"]);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    all_ok(outcome.repetition());
    let expected = ["::1", "127.0.0.1"].map(|at| (format!("{target} at {at}"), 2));
    assert_eq!(targets(&outcome), expected);
}

/// The targets of a run, with the channels that went to each; the calls of all are those of the run.
fn targets(outcome: &Outcome) -> Vec<(String, u32)> {
    let repetition = outcome.repetition();
    let started = |target: &reports::model::TargetStats| target.counts.started;
    let sum: u64 = repetition.targets.iter().map(started).sum();
    assert_eq!(sum, repetition.counts.started);
    let all = repetition.targets.iter();
    all.map(|target| (target.address.clone(), target.channels))
        .collect()
}
