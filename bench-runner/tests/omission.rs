//! Coordinated omission, with exact numbers: a lane over the fake engine on a manual clock.

use std::ops::Range;
use std::sync::Arc;

use bench_runner::call::Known;
use bench_runner::clock::{Clock, Hand};
use bench_runner::engine::fake::{Fake, Fate, Script, simulate, simulate_with_stop};
use bench_runner::engine::status::Status;
use bench_runner::mix::Mix;
use bench_runner::record::{Measured, summarise};
use bench_runner::run::Share;
use bench_runner::run::lane::Lane;
use bench_runner::run::timeline::Timeline;
use bench_runner::run::watch::{Board, Stop, Watch};
use reports::model::{Quantile, Repetition, Shown};
use scenarios::Suite;
use scenarios::load::Part;
use scenarios::units::Nanos;

/// Runs a scenario on one lane over a fake engine with so many channels of so many streams.
fn run(yaml: &str, streams: usize, script: Script) -> Repetition {
    let fake = |clock, channels| Fake::new(clock, channels, streams, script);
    play(yaml, fake, simulate)
}

/// Runs a scenario on one lane over an engine; `simulate` moves the clock until the lane has finished.
fn play(
    yaml: &str,
    engine: impl FnOnce(Clock, usize) -> Fake,
    simulate: impl FnOnce(&mut Lane<Fake>, &Hand),
) -> Repetition {
    let suite = Suite::parse("test.yaml", yaml, &[])
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    let scenario = &suite.cases[0].scenario;
    let (clock, hand) = Clock::manual();
    let timeline = Arc::new(Timeline::new(scenario));
    let share = Share {
        part: Part { index: 0, of: 1 },
        channels: scenario.client.channels,
        seed: scenario.seed,
    };
    let fake = engine(clock.clone(), scenario.client.channels as usize);
    let mix = Mix::prepare(&scenario.calls, scenario.seed, &Known::default(), &[]);
    let mix = Arc::new(mix.unwrap());
    let watch = Watch::new(Stop::default(), Board::default());
    let mut lane = Lane::new(clock, fake, mix, Arc::clone(&timeline), share, watch);
    simulate(&mut lane, &hand);
    let record = lane.into_record();
    let measured = Measured {
        measure_end: record.measure_end,
        ..Measured::default()
    };
    let repetition = summarise(&record.recorder, &timeline, &measured);
    assert!(repetition.counts.balanced(), "{:?}", repetition.counts);
    repetition
}

fn millis(shown: Shown) -> f64 {
    match shown {
        Shown::Exactly(ns) | Shown::AtLeast(ns) => ns as f64 / 1e6,
        other => panic!("no number: {other:?}"),
    }
}

fn service(ms: u64) -> Fate {
    Fate::ok(Nanos::from_millis(ms))
}

const HUNDRED_A_SECOND: &str = "
name: omission
load: { open: { rate: 100/s, arrivals: uniform } }
phases: { warm_up: 0s, measure: 10s, drain: 5s }
";

#[test]
fn a_stall_shows_in_the_response_time_and_not_in_the_service_time() {
    // One stream, 1 ms a call, and one call that stalls for a second: the calls behind it are late, not lost. The stall
    // holds 100 arrivals; the p99 is the 10th-longest wait or so of 1,000: 1 s less the few arrivals that came last.
    let repetition = run(
        HUNDRED_A_SECOND,
        1,
        Box::new(|call, _| service(if call == 300 { 1_000 } else { 1 })),
    );
    assert_eq!(repetition.counts.ok, 1_000);
    let response = millis(repetition.response_time.shown(Quantile::P99));
    assert!(
        (0.90..0.94).contains(&(response / 1_000.0)),
        "response time p99 {response} ms"
    );
    let service = millis(repetition.service_time.shown(Quantile::P99));
    assert!(
        (0.99..1.01).contains(&service),
        "service time p99 {service} ms"
    );
}

#[test]
fn a_closed_loop_keeps_its_limit_and_hides_nothing_it_promised() {
    let yaml = "
name: closed
client: { channels: 2 }
load: { closed: { in_flight: 3 } }
phases: { warm_up: 0s, measure: 1s, drain: 1s }
";
    // Six places, 10 ms each: 600 calls in a second.
    let repetition = run(yaml, 100, Box::new(|_, _| service(10)));
    assert_eq!(repetition.counts.ok, 600);
    assert_eq!(repetition.start_lag.max_ns, Some(0));
}

#[test]
fn calls_over_the_bound_are_shed_and_counted() {
    let yaml = "
name: shed
load: { open: { rate: 1000/s, arrivals: uniform, max_in_flight: 50 } }
phases: { warm_up: 0s, measure: 1s, drain: 100ms }
";
    // Nothing is ever answered: 50 calls are in flight to the end, the other 950 are shed.
    let repetition = run(
        yaml,
        10_000,
        Box::new(|_, _| Fate {
            service: Nanos::ZERO,
            status: None,
        }),
    );
    assert_eq!(
        (
            repetition.counts.started,
            repetition.counts.unfinished,
            repetition.counts.shed
        ),
        (50, 50, 950)
    );
    assert!((repetition.offered_per_s - 1_000.0).abs() < 1e-9);
}

#[test]
fn calls_that_never_found_a_stream_are_shed_not_forgotten() {
    let repetition = run(
        HUNDRED_A_SECOND,
        1,
        Box::new(|_, _| Fate {
            service: Nanos::ZERO,
            status: None,
        }),
    );
    let counts = &repetition.counts;
    assert_eq!(
        (counts.started, counts.unfinished, counts.shed),
        (1, 1, 999)
    );
}

#[test]
fn a_deadline_ends_a_call_and_its_percentile_is_a_lower_bound() {
    let yaml = "
name: deadline
call: { deadline: 100ms }
load: { open: { rate: 1000/s, arrivals: uniform } }
phases: { warm_up: 0s, measure: 10s, drain: 1s }
";
    let script = |call: u64, _| {
        if call.is_multiple_of(50) {
            Fate {
                service: Nanos::ZERO,
                status: None,
            }
        } else {
            service(1)
        }
    };
    let repetition = run(yaml, 10_000, Box::new(script));
    assert_eq!(
        (repetition.counts.ok, repetition.counts.deadline_exceeded),
        (9_800, 200)
    );
    assert!(matches!(
        repetition.response_time.shown(Quantile::P90),
        Shown::Exactly(_)
    ));
    assert!(
        matches!(repetition.response_time.shown(Quantile::P99), Shown::AtLeast(ns) if ns >= 100_000_000)
    );
}

#[test]
fn a_call_belongs_to_the_phase_of_its_intended_start() {
    let yaml = "
name: phases
load: { open: { rate: 10/s, arrivals: uniform } }
phases: { warm_up: 1s, measure: 1s, drain: 1s }
";
    // Each call takes 950 ms: the warm-up's calls end in the measured time and are not counted there.
    let repetition = run(yaml, 100, Box::new(|_, _| service(950)));
    assert_eq!((repetition.counts.started, repetition.counts.ok), (10, 10));
    assert_eq!(repetition.totals.client.calls, 20);
}

#[test]
fn every_stage_has_its_own_statistics_and_they_add_up() {
    let yaml = "
name: stages
load:
  stages:
    - { name: low, duration: 1s, open: { rate: 100/s, arrivals: uniform } }
    - { name: high, duration: 2s, open: { rate: 400/s, arrivals: uniform } }
    - { name: closed, duration: 1s, closed: { in_flight: 5 } }
phases: { warm_up: 0s, drain: 1s }
";
    let repetition = run(yaml, 100, Box::new(|_, _| service(10)));
    let stages: Vec<_> = repetition
        .stages
        .iter()
        .map(|stage| (stage.name.as_str(), stage.counts.ok))
        .collect();
    assert_eq!(stages[..2], [("low", 100), ("high", 800)]);
    assert!(
        (496..=500).contains(&stages[2].1),
        "five places of 10 ms for a second: {stages:?}"
    );
    assert_eq!(
        repetition.counts.ok,
        stages.iter().map(|(_, ok)| ok).sum::<u64>()
    );
    assert_eq!(repetition.intervals.len(), 4);
}

#[test]
fn errors_are_not_fast_calls() {
    let script = |call: u64, _| Fate {
        service: if call.is_multiple_of(2) {
            Nanos::from_micros(100)
        } else {
            Nanos::from_millis(10)
        },
        status: Some(if call.is_multiple_of(2) {
            Status::UNAVAILABLE
        } else {
            Status::OK
        }),
    };
    let repetition = run(HUNDRED_A_SECOND, 10, Box::new(script));
    assert_eq!((repetition.counts.ok, repetition.counts.failed), (500, 500));
    assert_eq!(repetition.counts.by_status["UNAVAILABLE"], 500);
    let median = millis(repetition.response_time.shown(Quantile::P50));
    assert!(
        (9.9..10.1).contains(&median),
        "the median of the OK calls is {median} ms"
    );
}

/// Runs paced streams on one lane, over a server that answers each message as scripted; the client stands still between
/// two points in time.
fn run_paced(yaml: &str, script: Script, stop: Range<Nanos>) -> Repetition {
    let fake = |clock, _| Fake::new(clock, 1, usize::MAX, script).paced();
    play(yaml, fake, |lane, hand| {
        simulate_with_stop(lane, hand, stop);
    })
}

const MS: u64 = 1_000_000;
const NEVER: Range<Nanos> = Nanos::ZERO..Nanos::ZERO;
const HUNDRED_STREAMS: &str = "
name: streams
call: { method: BidiHello, stream: { rate: 100/s } }
load: { closed: { in_flight: 100 } }
phases: { warm_up: 0s, measure: 10s, drain: 5s }
";

/// The histogram that these times make, as the result file has it.
fn histogram(times: impl Iterator<Item = u64>) -> String {
    let mut histogram = reports::model::empty_histogram();
    times.for_each(|time| histogram.record(time).unwrap());
    reports::model::encode_histogram(&histogram)
}

/// The intended times of a hundred streams of a hundred messages a second over ten seconds.
fn intended() -> impl Iterator<Item = u64> {
    (0..100).flat_map(|_| (0..1_000).map(|k| k * 10 * MS))
}

#[test]
fn a_stall_of_the_server_is_in_the_response_time_of_every_message_that_was_meant_for_it() {
    // It answers in a millisecond, and nothing for half a second.
    let (from, to) = (3_000 * MS, 3_500 * MS);
    let script = move |_, now: Nanos| match (from..to).contains(&now.0) {
        true => Fate::ok(Nanos(to - now.0)),
        false => service(1),
    };
    let repetition = run_paced(HUNDRED_STREAMS, Box::new(script), NEVER);
    let response = |at: u64| {
        if (from..to).contains(&at) {
            to - at
        } else {
            MS
        }
    };
    assert_eq!(
        repetition.message_response_time.histogram,
        histogram(intended().map(response))
    );
    // 5,000 of 100,000 messages wait from 500 ms down to 10: one in a hundred longer than 400 ms.
    let p99 = millis(repetition.message_response_time.shown(Quantile::P99));
    assert!((399.0..=401.0).contains(&p99), "{p99} ms");
    let paced = repetition.paced.unwrap();
    assert_eq!((paced.sent, paced.answered), (100_000, 100_000));
    assert_eq!(paced.sent_per_s, 10_000.0);
    assert_eq!(
        repetition.counts.ok, 100,
        "a stream that ends on purpose is OK"
    );
}

#[test]
fn a_stall_of_the_client_is_in_it_too() {
    let (from, to) = (3_000 * MS, 3_500 * MS);
    // What is meant for the very beginning is sent before the client stops.
    let sent = |at: u64| if (from..to).contains(&at) { to } else { at };
    let repetition = run_paced(
        HUNDRED_STREAMS,
        Box::new(|_, _| service(1)),
        Nanos(from)..Nanos(to),
    );
    assert_eq!(
        repetition.message_response_time.histogram,
        histogram(intended().map(|at| sent(at) - at + MS))
    );
    let paced = repetition.paced.unwrap();
    assert_eq!(
        paced.send_lag.histogram,
        histogram(intended().map(|at| sent(at) - at))
    );
    // The server took as long each time.
    assert_eq!(
        repetition.exchange_time.histogram,
        histogram(intended().map(|_| MS))
    );
}

#[test]
fn streams_of_a_given_length_follow_one_another() {
    for (length, messages) in [("messages: 5", 5), ("duration: 45ms", 5)] {
        let yaml = HUNDRED_STREAMS
            .replace("rate: 100/s", &format!("rate: 100/s, {length}"))
            .replace("in_flight: 100", "in_flight: 1");
        let repetition = run_paced(&yaml, Box::new(|_, _| service(1)), NEVER);
        // Five messages 10 ms apart and a millisecond for the last: 41 ms a stream, the last of them cut short.
        let counts = &repetition.counts;
        assert_eq!(counts.ok, counts.started);
        assert_eq!(counts.started, 10_000_u64.div_ceil(41), "{length}");
        let paced = repetition.paced.unwrap();
        let whole = messages * (counts.started - 1);
        assert!((whole..=whole + messages).contains(&paced.sent), "{length}");
        assert_eq!(paced.answered, paced.sent, "{length}");
    }
}

#[test]
fn messages_that_are_never_answered_stay_in_the_percentiles() {
    // Of each stream the second half of the messages finds no answer before the drain is over.
    let script = |_, now: Nanos| match now.0 < 5_000 * MS {
        true => service(1),
        false => Fate::ok(Nanos(3_600_000 * MS)),
    };
    let repetition = run_paced(HUNDRED_STREAMS, Box::new(script), NEVER);
    let paced = repetition.paced.as_ref().unwrap();
    assert_eq!((paced.sent, paced.answered), (100_000, 50_000));
    assert_eq!(repetition.counts.unfinished, 100);
    let p90 = repetition.message_response_time.shown(Quantile::P90);
    assert!(
        matches!(p90, Shown::AtLeast(ns) if ns >= 5_000 * MS),
        "{p90:?}"
    );
}
