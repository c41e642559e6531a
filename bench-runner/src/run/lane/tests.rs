//! Mixes, with exact numbers: the lane over the fake engine on a manual clock.

use std::sync::Arc;

use reports::model::{Counts, Repetition};
use scenarios::load::Part;
use scenarios::scenario::{Idle, Scenario};
use scenarios::units::Nanos;

use super::*;
use crate::call::Known;
use crate::clock::Hand;
use crate::engine::fake::{Fake, Fate, Script, simulate};
use crate::given::scenario;
use crate::record::{Measured, summarise};
use crate::run::Share;
use crate::run::watch::{Board, Stop, Watch};

/// The only lane of a scenario, over a fake engine with so many streams a channel.
fn lane(scenario: &Scenario, streams: usize, script: Script) -> (Lane<Fake>, Hand) {
    let (clock, hand) = Clock::manual();
    let timeline = Arc::new(Timeline::new(scenario));
    let channels = scenario.client.channels;
    let share = Share {
        part: Part { index: 0, of: 1 },
        channels,
        seed: 42,
    };
    let fake = Fake::new(clock.clone(), channels as usize, streams, script);
    let mix = Mix::prepare(&scenario.calls, 42, &Known::default(), &[]);
    let mix = Arc::new(mix.unwrap());
    let watch = Watch::new(Stop::default(), Board::default());
    (Lane::new(clock, fake, mix, timeline, share, watch), hand)
}

/// Runs a scenario on it.
fn run(yaml: &str, streams: usize, script: Script) -> Repetition {
    let scenario = scenario(yaml);
    let (mut lane, hand) = lane(&scenario, streams, script);
    let (timeline, named) = (Arc::clone(&lane.timeline), lane.mix.named().to_vec());
    simulate(&mut lane, &hand);
    let record = lane.into_record();
    let measured = Measured {
        measure_end: record.measure_end,
        mix: named,
        ..Measured::default()
    };
    let repetition = summarise(&record.recorder, &timeline, &measured);
    assert_adds_up(&repetition);
    repetition
}

/// What is told of the calls is what is told of the whole, to the last count and the last bucket.
fn assert_adds_up(repetition: &Repetition) {
    let mut sum = Counts::default();
    for call in &repetition.calls {
        assert!(call.counts.balanced(), "{:?}", call.counts);
        sum.add(&call.counts);
    }
    assert_eq!(sum, repetition.counts);
    let mut times = reports::model::empty_histogram();
    for call in &repetition.calls {
        times.add(call.response_time.complete().unwrap()).unwrap();
    }
    assert_eq!(times, repetition.response_time.complete().unwrap());
}

#[test]
fn a_channel_makes_its_calls_and_is_opened_anew_when_the_last_has_ended() {
    let scenario = scenario(
        "client: { channels: 2 }\nload: { closed: { in_flight: 3 } }\nphases: { warm_up: 0s, measure: 1s }",
    );
    let (lane, hand) = lane(&scenario, 100, after_10_ms());
    let mut lane = lane.with_calls_per_channel(Some(4));
    simulate(&mut lane, &hand);
    // Three calls take 10 ms, the fourth of a channel 10 ms more, alone: then it is opened anew.
    let (started, reopened) = (lane.channels().started(), lane.channels().reopened());
    // At the end two calls of each channel are due still, and make its last connection necessary, but no other.
    assert_eq!(started, 2 * (4 * 50 + 2));
    assert_eq!(reopened, 2 * 50);
}

fn after_10_ms() -> Script {
    Box::new(|_, _| Fate::ok(Nanos::from_millis(10)))
}

#[test]
fn a_lane_that_spins_does_not_sleep_over_an_answer_and_tells_how_long_it_looked_in_vain() {
    let us = Nanos::from_micros;
    let scenario = scenario(
        "load: { open: { rate: 50/s, arrivals: uniform } }\nphases: { warm_up: 0s, measure: 1s }",
    );
    let (lane, hand) = lane(&scenario, 100, after_10_ms());
    let mut lane = lane.idling(Idle::Spin);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut at = |at| {
        hand.move_to(us(at));
        lane.turn(&mut cx)
    };
    assert_eq!([at(0), at(2), at(3)], [Turn::AtOnce; 3]);
    // A connection's task was at work.
    assert_eq!([at(14), at(15)], [Turn::AtOnce; 2]);
    // The call has ended, and what came before it was heard went into hearing it.
    assert_eq!(at(9_995), Turn::AtOnce);
    assert_eq!(at(10_000), Turn::Until(us(20_000)));
    assert_eq!([at(20_000), at(20_010)], [Turn::AtOnce; 2]);
    assert_eq!(lane.into_record().spent.spun, us(3 + 1 + 10));
}

#[test]
fn a_lane_on_a_timer_sleeps_until_an_answer_comes() {
    let scenario =
        scenario("load: { closed: { in_flight: 1 } }\nphases: { warm_up: 0s, measure: 1s }");
    let (mut lane, _) = lane(&scenario, 100, after_10_ms());
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert_eq!(lane.turn(&mut cx), Turn::Until(LONGEST_SLEEP));
}

const MIX: &str = "
calls: [ { weight: 9, name: often, deadline: 300ms }, { weight: 1, name: rare, deadline: 40ms } ]
client: { channels: 4 }
";

#[test]
fn a_mix_of_nine_to_one_is_one_within_half_a_percent_of_a_hundred_thousand_calls() {
    let load =
        "load: { open: { rate: 100000/s } }\nphases: { warm_up: 1ms, measure: 1s, drain: 1s }";
    let script = Box::new(|_, _| Fate::ok(Nanos::from_millis(1)));
    let repetition = run(&format!("{MIX}{load}"), 1_000, script);
    let [often, rare] = &repetition.calls[..] else {
        panic!("{:?}", repetition.calls);
    };
    assert_eq!(repetition.counts.ok, 100_000);
    assert_eq!((often.weight, rare.weight), (9, 1));
    let share = rare.counts.ok as f64 / repetition.counts.ok as f64;
    assert!((0.0995..0.1005).contains(&share), "{share}");
    assert!((often.achieved_per_s - 90_000.0).abs() < 500.0);
}

#[test]
fn every_call_of_a_mix_has_its_own_deadline() {
    // Nothing is ever answered: each call is cut off at exactly its own timeout after its start.
    let load = "load: { open: { rate: 1000/s, arrivals: uniform } }\nphases: { warm_up: 0s, measure: 1s, drain: 1s }";
    let never = Fate {
        service: Nanos::ZERO,
        status: None,
    };
    let repetition = run(&format!("{MIX}{load}"), 1_000, Box::new(move |_, _| never));
    for (call, ms) in repetition.calls.iter().zip([300, 40]) {
        let bounds = call.service_time.bounds().unwrap();
        assert_eq!(call.counts.deadline_exceeded, call.counts.started);
        assert_eq!(bounds.len(), call.counts.started);
        for ns in [bounds.min(), bounds.max()] {
            assert!(
                ns.abs_diff(ms * 1_000_000) <= ms * 1_000,
                "{}: {ns}",
                call.name
            );
        }
    }
}

#[test]
fn what_is_shed_of_a_mix_is_shed_in_its_shares() {
    let load = "load: { open: { rate: 2000/s, max_in_flight: 10 } }\nphases: { warm_up: 0s, measure: 1s, drain: 1s }";
    let script = Box::new(|_, _| Fate::ok(Nanos::from_millis(20)));
    let repetition = run(&format!("{MIX}{load}"), 3, script);
    assert!(repetition.counts.shed > 1_000, "{:?}", repetition.counts);
    for (call, share) in repetition.calls.iter().zip([0.9, 0.1]) {
        let offered = call.counts.started + call.counts.shed;
        assert!(
            (offered as f64 - 2_000.0 * share).abs() <= 10.0,
            "{offered}"
        );
    }
}

#[test]
fn stages_and_calls_are_told_apart_at_once() {
    let load = "
load: { stages: [ { duration: 1s, open: { rate: 1000/s } }, { duration: 1s, open: { rate: 3000/s } } ] }
phases: { warm_up: 0s, drain: 1s }";
    let script = Box::new(|_, _| Fate::ok(Nanos::from_millis(1)));
    let repetition = run(&format!("{MIX}{load}"), 1_000, script);
    let stages: Vec<u64> = repetition
        .stages
        .iter()
        .map(|stage| stage.counts.ok)
        .collect();
    assert_eq!(stages, [1_000, 3_000]);
    let calls: Vec<u64> = repetition.calls.iter().map(|call| call.counts.ok).collect();
    assert_eq!(calls, [3_600, 400]);
}
