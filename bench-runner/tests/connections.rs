//! Connections that come and go, and channels spread over several targets: real servers, exact counts.

mod common;
#[path = "connections/names.rs"]
mod names;
#[path = "connections/secured.rs"]
mod secured;

use common::{Run, Server};
use names::{all_addresses_of_a_name_are_called_in_turn, the_address_that_answers_is_called};
use reports::model::{Counts, Repetition};
use secured::{
    a_handshake_takes_a_round_trip_of_the_network, channels_are_spread_over_secured_targets,
    channels_that_are_opened_anew_resume_their_sessions,
    what_is_not_verified_is_told_of_in_every_report, what_the_machine_trusts_is_trusted,
};

const CALLS: &str = "name: connections
call: { request: { size: 40B }, reply: { size: 300B } }
phases: { warm_up: 100ms, measure: 300ms, drain: 2s }
";

fn all_ok(repetition: &Repetition) -> u64 {
    let counts = &repetition.counts;
    assert!(counts.ok > 0, "{counts:?} {:?}", repetition.failures);
    assert_eq!(counts.ok, counts.started, "{:?}", repetition.failures);
    assert_eq!(repetition.totals.server, Some(repetition.totals.client));
    repetition.totals.client.calls
}

fn a_channel_makes_so_many_calls_and_is_opened_anew(engine: &str) {
    for (load, face) in [
        ("{ closed: { in_flight: 3 } }", "tonic"),
        ("{ open: { rate: 1000/s } }", "raw"),
    ] {
        let outcome = Run::new(CALLS)
            .engine(engine)
            .set("client={ channels: 4, lanes: 2, calls_per_channel: 10 }")
            .set(format!("target.reference_server.face={face}"))
            .set(format!("load={load}"))
            .finish();
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        let repetition = outcome.repetition();
        let calls = all_ok(repetition);
        let wire = repetition.wire.as_ref().unwrap();
        // A channel's last connection may not have made all of its calls.
        assert!(
            wire.connections * 10 >= calls,
            "{} for {calls}",
            wire.connections
        );
        assert!(
            (wire.connections - 4) * 10 <= calls,
            "{} for {calls}",
            wire.connections
        );
        assert_eq!(wire.connections_lost, 0);
        assert_eq!(wire.connect_time.count, wire.connections);
    }
}

fn connections_are_opened_evenly_over_the_ramp(engine: &str) {
    let outcome = Run::new(CALLS)
        .engine(engine)
        .set("client={ channels: 10, lanes: 2, connect_ramp: 400ms }")
        .set("load={ open: { rate: 500/s } }")
        .set("record.calls=100000")
        .finish();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    all_ok(outcome.repetition());
    assert_eq!(outcome.repetition().wire.as_ref().unwrap().connections, 10);
}

fn channels_are_spread_over_all_targets(engine: &str) {
    let servers = [(); 3].map(|()| Server::start(&[]));
    let addresses = servers
        .each_ref()
        .map(|server| format!("{:?}", server.address))
        .join(", ");
    let outcome = Run::new(CALLS)
        .engine(engine)
        .set("client={ channels: 6, lanes: 2 }")
        .set("load={ open: { rate: 3000/s } }")
        .set(format!("target={{ addresses: [{addresses}] }}"))
        .finish();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let repetition = outcome.repetition();
    all_ok(repetition);
    let mut sum = Counts::default();
    for (target, server) in repetition.targets.iter().zip(&servers) {
        assert_eq!((&target.address, target.channels), (&server.address, 2));
        assert_eq!(target.response_time.count, target.counts.ok);
        assert!(
            target.counts.ok.abs_diff(repetition.counts.ok / 3) <= 30,
            "{:?}",
            target.counts
        );
        sum.add(&target.counts);
    }
    assert_eq!(sum, repetition.counts);
    assert!(outcome.stdout.contains("Targets"), "{}", outcome.stdout);
}

fn a_mix_over_several_targets_is_the_sum_of_either(engine: &str) {
    let servers = [(); 2].map(|()| Server::start(&[]));
    let addresses = servers
        .each_ref()
        .map(|server| format!("{:?}", server.address));
    let mix = "calls: [ { name: a, weight: 3 }, { name: b, method: LotsOfReplies, weight: 1 } ]";
    let outcome = Run::new(&CALLS.replace(
        "call: { request: { size: 40B }, reply: { size: 300B } }",
        mix,
    ))
    .engine(engine)
    .set("client.channels=4")
    .set("load={ open: { rate: 2000/s } }")
    .set(format!(
        "target={{ addresses: [{}] }}",
        addresses.join(", ")
    ))
    .finish();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let repetition = outcome.repetition();
    all_ok(repetition);
    let by_call: Vec<&Counts> = repetition.calls.iter().map(|call| &call.counts).collect();
    let by_target: Vec<&Counts> = repetition
        .targets
        .iter()
        .map(|target| &target.counts)
        .collect();
    for parts in [by_call, by_target] {
        assert_eq!(parts.len(), 2);
        let mut sum = Counts::default();
        parts.into_iter().for_each(|part| sum.add(part));
        assert_eq!(sum, repetition.counts);
    }
}

fn a_target_that_does_not_answer_is_passed_by_or_told_of(engine: &str) {
    let server = Server::start(&[]);
    // Nobody listens on port 1.
    let target = format!(
        "target={{ addresses: [ \"http://127.0.0.1:1\", {:?} ] }}",
        server.address
    );
    let run = || {
        Run::new(CALLS)
            .engine(engine)
            .set("load={ open: { rate: 500/s } }")
            .set(&target)
            .set("client.channels=2")
    };
    let outcome = run().set("client.balance=pick_first").finish();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let repetition = outcome.repetition();
    let targets: Vec<_> = repetition
        .targets
        .iter()
        .map(|t| (&t.address, t.channels))
        .collect();
    assert_eq!(targets, [(&server.address, 2)]);
    assert_eq!(repetition.targets[0].counts, repetition.counts);
    let outcome = run().finish();
    assert_eq!(outcome.code, Some(4), "{}", outcome.stderr);
    let told = "cannot open a channel to http://127.0.0.1:1: connection refused";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    let nobody = "target={ addresses: [ \"http://127.0.0.1:1\", \"http://127.0.0.2:1\" ] }";
    let outcome = run().set(nobody).set("client.balance=pick_first").finish();
    assert_eq!(outcome.code, Some(4), "{}", outcome.stderr);
    for told in [
        "no target answers",
        "http://127.0.0.1:1",
        "http://127.0.0.2:1",
    ] {
        assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    }
}

for_both_engines! {
    a_channel_makes_so_many_calls_and_is_opened_anew
    connections_are_opened_evenly_over_the_ramp
    channels_are_spread_over_all_targets
    a_mix_over_several_targets_is_the_sum_of_either
    a_target_that_does_not_answer_is_passed_by_or_told_of
    the_address_that_answers_is_called
    all_addresses_of_a_name_are_called_in_turn
    channels_that_are_opened_anew_resume_their_sessions
    channels_are_spread_over_secured_targets
    a_handshake_takes_a_round_trip_of_the_network
    what_the_machine_trusts_is_trusted
    what_is_not_verified_is_told_of_in_every_report
}
