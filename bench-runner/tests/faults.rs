//! What goes wrong is counted, and shown where it hurts.

mod common;

use std::time::Duration;

use bench_runner::clock::Clock;
use common::{Outcome, Run, Server, after};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reports::model::{Quantile, Shown, Verdict};

const CLOSED: &str = "
name: faults
client: { channels: 2 }
load: { closed: { in_flight: 5 } }
phases: { warm_up: 200ms, measure: 3s, drain: 1s }
";
const OPEN: &str = "
name: faults
client: { channels: 2 }
load: { open: { rate: 1000/s } }
phases: { warm_up: 500ms, measure: 5s, drain: 2s }
";

fn signal_later(server: &Server, pause_ms: u64, signal: Signal) -> std::thread::JoinHandle<()> {
    let pid = Pid::from_raw(server.child.id() as i32);
    after(Duration::from_millis(pause_ms), move || {
        kill(pid, signal).unwrap();
    })
}

fn p(outcome: &Outcome, quantile: Quantile) -> f64 {
    match outcome.repetition().response_time.shown(quantile) {
        Shown::Exactly(ns) | Shown::AtLeast(ns) => ns as f64 / 1e6,
        other => panic!("{other:?}"),
    }
}

fn a_server_killed_in_the_middle_leaves_every_call_accounted_for(engine: &str) {
    let _alone = common::alone();
    for yaml in [CLOSED, OPEN] {
        let server = Server::start(&[]);
        let run = Run::new(yaml)
            .engine(engine)
            .target(&server.address)
            .set("phases.measure=2s")
            .start();
        let killer = signal_later(&server, 1_500, Signal::SIGKILL);
        let outcome = run.finish();
        killer.join().unwrap();
        let repetition = outcome.repetition();
        assert!(
            repetition.counts.ok > 100 && repetition.counts.failed > 10,
            "{:?}",
            repetition.counts
        );
        assert_eq!(
            repetition.counts.by_status["UNAVAILABLE"],
            repetition.counts.failed
        );
        assert!(
            repetition
                .failures
                .iter()
                .any(|f| f.message.contains("refused")),
            "{:?}",
            repetition.failures
        );
        assert_eq!(
            repetition.validity.verdict,
            Verdict::Tainted,
            "{:?}",
            repetition.validity
        );
    }
}

fn an_embedded_server_that_dies_makes_the_run_invalid(engine: &str) {
    let _alone = common::alone();
    let yaml = CLOSED.replace("measure: 3s", "measure: 1s");
    let program = common::PROGRAM;
    // The shell becomes the server, and a timer of its own ends it: as a crash would.
    let script = format!("timeout -s KILL 0.8 {program} serve --listen 127.0.0.1:{{port}}");
    let outcome = Run::new(&yaml)
        .engine(engine)
        .set(format!(
            "target.command=[\"sh\", \"-c\", \"exec {script}\"]"
        ))
        .finish();
    assert_eq!(outcome.code, Some(4), "{}", outcome.stderr);
    assert_eq!(outcome.repetition().validity.verdict, Verdict::Invalid);
}

fn a_server_stopped_for_two_seconds_is_not_forgotten(engine: &str) {
    let _alone = common::alone();
    for yaml in [CLOSED, OPEN] {
        let server = Server::start(&[]);
        let run = Run::new(yaml)
            .engine(engine)
            .target(&server.address)
            .start();
        let stopper = signal_later(&server, 1_500, Signal::SIGSTOP);
        let waker = signal_later(&server, 3_500, Signal::SIGCONT);
        let outcome = run.finish();
        stopper.join().unwrap();
        waker.join().unwrap();
        let slowest = p(&outcome, Quantile::Max);
        assert!(
            (1_800.0..6_000.0).contains(&slowest),
            "the slowest call took {slowest} ms"
        );
    }
}

fn a_freeze_of_half_a_second_shows_in_the_p99_as_arithmetic_says(engine: &str) {
    let _alone = common::alone();
    let server = Server::start(&[]);
    let run = Run::new(OPEN)
        .engine(engine)
        .target(&server.address)
        .start();
    let pid = Pid::from_raw(server.child.id() as i32);
    let freezer = after(Duration::from_millis(2_000), move || {
        let clock = Clock::starting_in(Duration::ZERO);
        kill(pid, Signal::SIGSTOP).unwrap();
        std::thread::sleep(Duration::from_millis(500));
        kill(pid, Signal::SIGCONT).unwrap();
        clock.now().as_secs_f64() * 1e3
    });
    let outcome = run.finish();
    let frozen = freezer.join().unwrap();
    // 500 of 5,000 arrivals fall into the freeze and wait from 500 ms down to nothing; 1 % of all, 50 arrivals, wait
    // longer than 450 ms. A busy machine freezes a little longer, and takes a while to catch up with a debug build.
    let (p99, median) = (p(&outcome, Quantile::P99), p(&outcome, Quantile::P50));
    assert!(
        (frozen - 70.0..frozen + 250.0).contains(&p99),
        "p99 {p99} ms after {frozen} ms of freeze"
    );
    assert!(median < 100.0, "median {median} ms");
    assert_eq!(outcome.repetition().counts.ok, 5_000);
}

fn half_of_the_calls_fail_and_nothing_looks_faster(engine: &str) {
    let _alone = common::alone();
    let outcome = Run::new(OPEN).engine(engine)
        .set("phases.measure=2s")
        .set("target.reference_server.behaviour.delay=10ms")
        .set("target.reference_server.behaviour.error={ share: 0.5, code: UNAVAILABLE, delay: 100us }")
        .finish();
    let repetition = outcome.repetition();
    let share = repetition.counts.error_share();
    assert!((0.45..0.55).contains(&share), "{share}");
    assert_eq!(
        repetition.counts.by_status["UNAVAILABLE"],
        repetition.counts.failed
    );
    let median = p(&outcome, Quantile::P50);
    assert!(
        median >= 10.0,
        "OK calls take 10 ms; the median is {median} ms"
    );
    assert_eq!(
        repetition.wire.as_ref().unwrap().connections_lost,
        0,
        "an answer is not a lost connection"
    );
}

fn a_deadline_shorter_than_the_delay_ends_every_call(engine: &str) {
    let _alone = common::alone();
    let outcome = Run::new(OPEN)
        .engine(engine)
        .set("phases.measure=1s")
        .set("target.reference_server.behaviour.delay=200ms")
        .set("call.deadline=50ms")
        .finish();
    let repetition = outcome.repetition();
    assert_eq!(
        repetition.counts.deadline_exceeded,
        repetition.counts.started
    );
    assert_eq!(repetition.counts.started, 1_000);
    assert!(
        matches!(repetition.response_time.shown(Quantile::P50), Shown::AtLeast(ns) if ns >= 50_000_000)
    );
    assert_eq!(outcome.code, Some(4), "no call ended OK");
}

fn a_delay_longer_than_the_drain_leaves_unfinished_calls(engine: &str) {
    let _alone = common::alone();
    let outcome = Run::new(OPEN)
        .engine(engine)
        .set("phases={ warm_up: 0s, measure: 500ms, drain: 100ms }")
        .set("target.reference_server.behaviour.delay=1s")
        .finish();
    let counts = &outcome.repetition().counts;
    assert_eq!((counts.unfinished, counts.ok), (counts.started, 0));
}

fn an_interrupted_run_writes_what_it_measured_and_says_so(engine: &str) {
    let _alone = common::alone();
    let run = Run::new(OPEN)
        .engine(engine)
        .set("phases.measure=60s")
        .start();
    let pid = Pid::from_raw(run.child.id() as i32);
    let interrupter = after(Duration::from_millis(2_000), move || {
        kill(pid, Signal::SIGINT).unwrap();
    });
    let outcome = run.finish();
    interrupter.join().unwrap();
    assert_eq!(outcome.code, Some(4), "{}", outcome.stderr);
    let repetition = outcome.repetition();
    assert!(repetition.counts.ok > 500, "{:?}", repetition.counts);
    assert_eq!(
        repetition.counts.ok, repetition.counts.started,
        "the drain was finished"
    );
    assert!(repetition.measured_s < 5.0);
    assert!(
        repetition.validity.reasons[0].starts_with("interrupted"),
        "{:?}",
        repetition.validity
    );
    assert!(outcome.path("report.html").exists());
}

fn a_second_interrupt_ends_at_once(engine: &str) {
    let _alone = common::alone();
    let run = Run::new(OPEN)
        .engine(engine)
        .set("phases={ measure: 60s, drain: 60s }")
        .set("target.reference_server.behaviour.delay=50s")
        .start();
    let pid = Pid::from_raw(run.child.id() as i32);
    for pause in [1_000, 2_000] {
        after(Duration::from_millis(pause), move || {
            kill(pid, Signal::SIGINT).unwrap();
        });
    }
    let outcome = run.finish();
    assert_eq!(outcome.code, Some(130), "{}", outcome.stderr);
}

for_both_engines! {
    a_server_killed_in_the_middle_leaves_every_call_accounted_for
    an_embedded_server_that_dies_makes_the_run_invalid
    a_server_stopped_for_two_seconds_is_not_forgotten
    a_freeze_of_half_a_second_shows_in_the_p99_as_arithmetic_says
    half_of_the_calls_fail_and_nothing_looks_faster
    a_deadline_shorter_than_the_delay_ends_every_call
    a_delay_longer_than_the_drain_leaves_unfinished_calls
    an_interrupted_run_writes_what_it_measured_and_says_so
    a_second_interrupt_ends_at_once
}
