//! What the repetitions at a rate say: whether a limit was broken, and by whom.

use reports::model::{Finding, Heartbeat, Repetition, Says, SearchOutcome, Tried, Verdict};
use reports::search::judge;
use scenarios::Suite;
use scenarios::scenario::Scenario;

use crate::common::{Shape, repetition, searched};

/// A repetition at 5,000/s whose calls take about `ms`, and what its run was told to have suffered.
fn at(ms: f64, findings: &[(&str, Verdict)]) -> Repetition {
    let mut repetition = repetition(&Shape::new(7, 5_000.0, ms * 1e6));
    repetition.validity.findings = findings
        .iter()
        .map(|(rule, verdict)| Finding {
            rule: (*rule).to_owned(),
            verdict: *verdict,
            seen: format!("seen by {rule}"),
            remedy: "mend it".to_owned(),
        })
        .collect();
    repetition.validity.verdict = findings
        .iter()
        .map(|(_, verdict)| *verdict)
        .max()
        .unwrap_or(Verdict::Valid);
    repetition
}

/// With a limit, and whatever else.
fn scenario(limit: &str, rest: &str) -> Scenario {
    let yaml =
        format!("name: x\nload: {{ open: {{ rate: 5000/s }} }}\nlimits: [ \"{limit}\" ]\n{rest}");
    let suite = Suite::parse("x.yaml", &yaml, &[]).unwrap();
    suite.cases.into_iter().next().unwrap().scenario
}

fn median() -> Scenario {
    scenario("response_time.p50 < 20ms", "")
}

fn judged(repetitions: &[Repetition]) -> Tried {
    judge(&median(), 5_000.0, repetitions, 3)
}

const FAST: f64 = 1.0;
const SLOW: f64 = 100.0;
const TAINTED: Verdict = Verdict::Tainted;

#[test]
fn the_majority_decides() {
    let [fast, slow] = [FAST, SLOW].map(|ms| at(ms, &[]));
    let says = |all: [&Repetition; 3]| judged(&all.map(Clone::clone)).says;
    assert_eq!(says([&fast, &fast, &fast]), Says::Holds);
    assert_eq!(says([&fast, &slow, &fast]), Says::Holds);
    assert_eq!(says([&slow, &slow, &fast]), Says::Breaks);
    let broken = judged(&[slow.clone(), slow, fast]);
    assert_eq!((broken.kept, broken.broken, broken.not_measured), (1, 2, 0));
    assert_eq!(broken.limit.as_deref(), Some("response_time.p50 < 20ms"));
    assert!(broken.seen.unwrap().ends_with(" ms"));
}

#[test]
fn half_of_an_even_number_is_no_majority() {
    let both = [at(FAST, &[]), at(SLOW, &[])];
    assert_eq!(judge(&median(), 1.0, &both, 2).says, Says::Breaks);
}

#[test]
fn a_runner_that_was_the_bottleneck_breaks_nothing_but_may_keep() {
    for rule in ["client_saturated", "network_busy", "interrupted"] {
        let slow = at(SLOW, &[(rule, TAINTED)]);
        let tried = judged(&[slow.clone(), slow.clone(), slow]);
        assert_eq!(
            (tried.says, tried.not_measured),
            (Says::NotMeasured, 3),
            "{rule}"
        );
        assert_eq!(tried.seen.unwrap(), format!("seen by {rule}; mend it"));
        let fast = at(FAST, &[(rule, TAINTED)]);
        assert_eq!(
            judged(&[fast.clone(), fast.clone(), fast]).says,
            Says::Holds,
            "{rule}"
        );
    }
}

#[test]
fn a_load_that_was_not_offered_keeps_nothing_and_may_break() {
    for rule in ["load_not_kept", "shed"] {
        let with = |ms| vec![at(ms, &[(rule, TAINTED)]); 3];
        assert_eq!(judged(&with(FAST)).says, Says::NotMeasured, "{rule}");
        assert_eq!(judged(&with(SLOW)).says, Says::Breaks, "{rule}");
    }
}

#[test]
fn an_invalid_repetition_tells_nothing_unless_the_server_was_overloaded() {
    let died = vec![at(SLOW, &[("server_died", Verdict::Invalid)]); 3];
    assert_eq!(judged(&died).says, Says::NotMeasured);
    let shed = vec![at(SLOW, &[("shed", Verdict::Invalid)]); 3];
    assert_eq!(judged(&shed).says, Says::Breaks);
    let shed = vec![at(FAST, &[("shed", Verdict::Invalid)]); 3];
    assert_eq!(judged(&shed).says, Says::NotMeasured);
}

#[test]
fn a_late_runner_breaks_nothing_that_the_server_would_not_have_broken() {
    let late = |late_ms: f64, service_ms: f64| {
        let mut slow = at(SLOW, &[("late_starts", TAINTED)]);
        slow.service_time = repetition(&Shape::new(7, 5_000.0, service_ms * 1e6)).service_time;
        slow.heartbeat = Some(Heartbeat {
            late_max_ns: (late_ms * 1e6) as u64,
            ..Heartbeat::default()
        });
        judged(&[slow.clone(), slow.clone(), slow]).says
    };
    assert_eq!(late(1.0, 90.0), Says::Breaks, "the server itself is slow");
    assert_eq!(late(1.0, 2.0), Says::NotMeasured, "calls only started late");
    assert_eq!(
        late(85.0, 90.0),
        Says::NotMeasured,
        "it stood still for longer"
    );
}

#[test]
fn repetitions_that_were_made_again_complete_the_number() {
    let (fast, lost) = (at(FAST, &[]), at(FAST, &[("load_not_kept", TAINTED)]));
    let first = [fast.clone(), lost.clone(), lost.clone()];
    assert_eq!(judged(&first).says, Says::NotMeasured);
    let again = [&first[..], &[fast, lost]].concat();
    let tried = judged(&again);
    assert_eq!(
        (tried.says, tried.kept, tried.not_measured),
        (Says::Holds, 2, 3)
    );
}

#[test]
fn too_few_samples_for_a_limit_tell_nothing_and_say_what_to_do() {
    let few = repetition(&Shape::new(7, 20.0, 1e6));
    let p99 = scenario("response_time.p99 < 20ms", "");
    let tried = judge(&p99, 20.0, &[few.clone(), few.clone(), few], 3);
    assert_eq!(tried.says, Says::NotMeasured);
    let why = tried.seen.unwrap();
    assert!(
        why.contains("too few samples") && why.contains("`--from`"),
        "{why}"
    );
}

#[test]
fn a_client_that_other_threads_kept_from_running_breaks_nothing() {
    let busy = |busy: f64, waited: f64, scenario: &Scenario| {
        let mut slow = at(SLOW, &[("waited_for_a_core", TAINTED)]);
        let conditions = slow.conditions.as_mut().unwrap();
        (conditions.client_busy, conditions.client_waited) = (Some(busy), Some(waited));
        judge(scenario, 5_000.0, &vec![slow; 3], 3)
    };
    assert_eq!(
        busy(0.38, 0.50, &median()).says,
        Says::Breaks,
        "it had a tenth to spare"
    );
    let tried = busy(0.38, 0.61, &median());
    assert_eq!(tried.says, Says::NotMeasured);
    let why = tried.seen.unwrap();
    assert!(why.contains("ran for 38.0 % of the time"), "{why}");
    let spins = scenario("response_time.p50 < 20ms", "client: { idle: spin }");
    assert_eq!(busy(0.99, 0.0, &spins).says, Says::Breaks);
}

#[test]
fn every_way_to_end_is_said_in_the_first_sentence() {
    use SearchOutcome::{BrokenAtOnce, Failed, Interrupted, NeverBroken, RunnerLimited};
    let said = |outcome, capacity_per_s| {
        let mut result = searched();
        let search = result.search.as_mut().unwrap();
        (search.outcome, search.capacity_per_s) = (outcome, capacity_per_s);
        search.why = Some("because".to_owned());
        let text = reports::terminal(&[result], false).unwrap();
        let words: Vec<&str> = text.lines().skip(2).take(3).collect();
        words.join(" ")
    };
    let some = Some(12_400.0);
    for (outcome, capacity, sentence) in [
        (
            NeverBroken,
            some,
            "the limits hold up to 12,400/s, the highest rate that was to be tried",
        ),
        (
            BrokenAtOnce,
            None,
            "response_time.p99 < 5ms breaks at the first rate, 13,000/s",
        ),
        (
            RunnerLimited,
            some,
            "up to 12,400/s; beyond, the tool and not the server was the limit",
        ),
        (
            RunnerLimited,
            None,
            "at the first rate the tool and not the server was the limit: because",
        ),
        (Interrupted, some, "up to 12,400/s; the search was stopped"),
        (Failed, some, "then a repetition could not be made: because"),
    ] {
        let said = said(outcome, capacity);
        assert!(said.contains(sentence), "{said}");
    }
}
