//! The search for capacity, the real program: a server whose capacity is known by arithmetic, and searches that must not
//! find one.

mod common;

use common::{Outcome, Run};
use reports::model::{Says, Search, SearchOutcome};

/// Served one after the other, 2 ms each, calls that come evenly wait for nothing up to 500 a second; beyond, each waits
/// longer than the one before it: at 600/s, half of those that are measured for more than 190 ms.
const QUEUE: &str = "name: queue
target: { reference_server: { face: raw, behaviour: { queue: { service: 2ms } } } }
client: { engine: raw, channels: 2 }
load: { open: { rate: 300/s, arrivals: uniform } }
phases: { warm_up: 200ms, measure: 1500ms, drain: 3s }
limits: [ \"response_time.p50 < 25ms\", \"failed == 0\" ]
";

fn search(yaml: &str, arguments: &[&str]) -> Run {
    arguments
        .iter()
        .fold(Run::search(yaml), |run, argument| run.argument(argument))
}

fn found(outcome: &Outcome) -> &Search {
    let result = outcome.result.as_ref();
    let result = result.unwrap_or_else(|| panic!("no result: {}", outcome.stderr));
    result.search.as_ref().unwrap()
}

fn code(outcome: &Outcome, code: i32) {
    let Outcome { stdout, stderr, .. } = outcome;
    assert_eq!(outcome.code, Some(code), "{stdout}\n{stderr}");
}

#[test]
fn the_capacity_of_a_queue_is_that_of_its_server() {
    let outcome = search(QUEUE, &["--precision", "50%"]).finish();
    code(&outcome, 0);
    let search = found(&outcome);
    assert_eq!(search.outcome, SearchOutcome::Found);
    let (capacity, broken) = (search.capacity_per_s.unwrap(), search.broken_per_s.unwrap());
    // 500/s by arithmetic; on a machine that others use too less may hold, and never more.
    assert!((300.0..=530.0).contains(&capacity), "{search:?}");
    assert!(
        broken <= capacity * 1.5 + 1e-9 && capacity < broken,
        "{search:?}"
    );
    assert_eq!(
        search.broken_limit.as_deref(),
        Some("response_time.p50 < 25ms")
    );
    assert_eq!(search.tried[0].rate_per_s, 300.0);
    assert!(search.tried.iter().any(|tried| tried.says == Says::Breaks));
    // The cases are the rates, from below, and each says which it is.
    let cases = &outcome.result.as_ref().unwrap().cases;
    let rates: Vec<&str> = cases
        .iter()
        .map(|c| c.point["load.open.rate"].as_str().unwrap())
        .collect();
    assert_eq!(rates[0], "300/s");
    assert_eq!(rates.len(), search.tried.len());
    assert!(cases.iter().all(|case| case.repetitions.len() >= 3));
    let sentence = format!("at {broken}/s response_time.p50 < 25ms breaks");
    assert!(outcome.stdout.contains(&sentence), "{}", outcome.stdout);
    for file in ["report.html", "summary.md", "plots/capacity.svg"] {
        assert!(outcome.path(file).exists(), "{file}");
    }
}

#[test]
fn limits_that_never_break_or_break_at_once_have_no_capacity() {
    let once = ["--repetitions", "1"];
    let within = search(QUEUE, &[&once[..], &["--to", "350/s"]].concat());
    let within = within.set("limits=[\"response_time.p50 < 10s\"]").finish();
    code(&within, 3);
    assert_eq!(found(&within).outcome, SearchOutcome::NeverBroken);
    assert_eq!(found(&within).capacity_per_s, Some(350.0));
    let at_once = search(QUEUE, &[&once[..], &["--from", "1200/s"]].concat()).finish();
    code(&at_once, 1);
    assert_eq!(found(&at_once).outcome, SearchOutcome::BrokenAtOnce);
    assert_eq!(found(&at_once).tried.len(), 1);
}

/// One connection that takes two calls at once to a server that takes 20 ms for each: from 100/s on calls wait at the
/// client, which the server knows nothing of.
#[test]
fn where_calls_wait_at_the_client_the_server_is_not_blamed() {
    let yaml = "name: narrow
target: { reference_server: { face: raw, http2: { max_concurrent_streams: 2 }, behaviour: { delay: 20ms } } }
client: { engine: raw }
load: { open: { rate: 400/s, arrivals: uniform } }
phases: { warm_up: 0s, measure: 500ms, drain: 3s }
limits: [ \"response_time.p50 < 150ms\" ]
";
    let outcome = search(yaml, &["--repetitions", "1"]).finish();
    code(&outcome, 4);
    assert_eq!(found(&outcome).outcome, SearchOutcome::RunnerLimited);
    let said = "the tool and not the server was the limit";
    let unwrapped = outcome.stdout.replace('\n', " ");
    assert!(unwrapped.contains(said), "{}", outcome.stdout);
    // The rate is measured once more before that is said.
    assert_eq!(outcome.repetitions().len(), 2);
}

#[test]
fn what_cannot_be_searched_is_a_usage_error_and_nothing_runs() {
    for (setting, said) in [
        ("limits=[\"failed == 0\"]", "besides counts; write"),
        (
            "load={ closed: { in_flight: 1 } }",
            "--set load.open.rate=1000/s",
        ),
        ("matrix={ client.channels: [1, 2] }", "--set matrix="),
    ] {
        let outcome = search(QUEUE, &[]).set(setting).finish();
        code(&outcome, 2);
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
        assert!(outcome.result.is_none());
    }
    let outcome = search(QUEUE, &["--to", "200/s"]).finish();
    code(&outcome, 2);
    assert!(
        outcome.stderr.contains("`--from` is the first"),
        "{}",
        outcome.stderr
    );
}
