//! What the harness itself costs per call: a lane over an engine that answers at once, with the real clock's readings
//! left out and everything else left in (pacing, routing, the deadline queue, events, recording).

use std::sync::Arc;

use bench_runner::call::Known;
use bench_runner::clock::{Clock, Hand};
use bench_runner::engine::fake::{Fake, Fate, simulate};
use bench_runner::mix::Mix;
use bench_runner::run::Share;
use bench_runner::run::lane::Lane;
use bench_runner::run::timeline::Timeline;
use bench_runner::run::watch::{Board, Stop, Watch};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use scenarios::Suite;
use scenarios::load::Part;
use scenarios::units::Nanos;

/// Calls of one simulated run: 100,000/s for a second.
const CALLS: u64 = 100_000;

const OPEN: &str = "{ open: { rate: 100000/s, arrivals: poisson } }";
const CLOSED: &str = "{ closed: { in_flight: 10 } }";

fn lane(load: &str, call: &str) -> (Lane<Fake>, Hand) {
    let yaml = format!(
        "name: bench\nclient: {{ channels: 10 }}\ncall: {{ {call} }}\nload: {load}\n\
         phases: {{ warm_up: 0s, measure: 1s, drain: 1s }}"
    );
    let suite = Suite::parse("bench.yaml", &yaml, &[]).expect("the scenario is right");
    let scenario = &suite.cases[0].scenario;
    let (clock, hand) = Clock::manual();
    let share = Share {
        part: Part { index: 0, of: 1 },
        channels: 10,
        seed: 42,
    };
    // A hundred places of a millisecond are 100,000 calls in a second, as many as the open loop makes.
    let fake = Fake::new(
        clock.clone(),
        10,
        1_000,
        Box::new(|_, _| Fate::ok(Nanos::from_millis(1))),
    );
    let mix = Mix::prepare(&scenario.calls, 42, &Known::default(), &[]);
    let mix = Arc::new(mix.expect("a call that is right"));
    let watch = Watch::new(Stop::default(), Board::default());
    let timeline = Arc::new(Timeline::new(scenario));
    (Lane::new(clock, fake, mix, timeline, share, watch), hand)
}

fn run((mut lane, hand): (Lane<Fake>, Hand)) {
    simulate(&mut lane, &hand);
    assert!(lane.channels().started().abs_diff(CALLS) < CALLS / 100);
}

fn lanes(c: &mut Criterion) {
    let mut group = c.benchmark_group("lane over the fake engine");
    group.throughput(Throughput::Elements(CALLS));
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../protos/proto/helloworld.proto"
    );
    let by_file = format!("service: helloworld.Greeter, method: SayHello, proto: [{file}]");
    let fixed = format!("{by_file}, message: {{ name: sixteen letters. }}");
    let fresh = format!(
        "{by_file}, message: {{ name: \"no. {{{{seq}}}} {{{{rand_string 4}}}}\" }}, fresh: true"
    );
    for (name, load, call) in [
        ("open, poisson", OPEN, ""),
        ("open, poisson, with a deadline", OPEN, "deadline: 10ms"),
        ("closed", CLOSED, ""),
        ("closed, of a service that is described", CLOSED, &fixed),
        ("closed, encoded as calls start", CLOSED, &fresh),
    ] {
        group.bench_function(name, |b| {
            b.iter_batched(|| lane(load, call), run, BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = lanes
}
criterion_main!(benches);
