//! What the harness costs per call: a lane over the fake engine, with no socket and no server.
//!
//! The fake engine's own bookkeeping is in it, so it is an upper bound. `benches/lane.rs` times the same thing better.

use std::sync::Arc;

use reports::model::HarnessCost;
use scenarios::Suite;
use scenarios::load::Part;
use scenarios::units::Nanos;

use crate::call::Known;
use crate::clock::{Clock, Hand};
use crate::engine::fake::{self, Fake, Fate};
use crate::exit::Failure;
use crate::host::cpu::thread_cpu;
use crate::mix::Mix;
use crate::run::Share;
use crate::run::lane::Lane;
use crate::run::timeline::Timeline;
use crate::run::watch::{Board, Stop, Watch};

/// 100,000 calls in a second of the manual clock, each answered after a millisecond.
const LOADS: [(&str, &str); 2] = [
    ("closed", "{ closed: { in_flight: 10 } }"),
    ("open, poisson", "{ open: { rate: 100000/s } }"),
];
const CHANNELS: u32 = 10;

/// The median of some passes, for each load model.
///
/// # Errors
///
/// None that is known: the loads are its own.
pub fn measure(passes: usize) -> Result<Vec<HarnessCost>, Failure> {
    LOADS
        .into_iter()
        .map(|(name, load)| {
            let costs = (0..passes.max(1)).map(|_| pass(load));
            let mut costs = costs.collect::<Result<Vec<f64>, Failure>>()?;
            costs.sort_unstable_by(f64::total_cmp);
            Ok(HarnessCost {
                load: name.to_owned(),
                cpu_ns_per_call: costs[costs.len() / 2],
            })
        })
        .collect()
}

/// CPU time a call, in nanoseconds.
fn pass(load: &str) -> Result<f64, Failure> {
    let (mut lane, hand) = lane(load)?;
    let begin = thread_cpu();
    fake::simulate(&mut lane, &hand);
    let cpu = thread_cpu().since(begin);
    Ok(cpu.0 as f64 / lane.channels().started() as f64)
}

fn lane(load: &str) -> Result<(Lane<Fake>, Hand), Failure> {
    let yaml = format!(
        "name: calibration\nclient: {{ channels: {CHANNELS} }}\nload: {load}\n\
         phases: {{ warm_up: 0s, measure: 1s, drain: 1s }}"
    );
    let suite = Suite::parse("calibration.yaml", &yaml, &[])?;
    let scenario = &suite.cases[0].scenario;
    let (clock, hand) = Clock::manual();
    let answer = Box::new(|_, _| Fate::ok(Nanos::from_millis(1)));
    let fake = Fake::new(clock.clone(), CHANNELS as usize, 1_000, answer);
    let share = Share {
        part: Part { index: 0, of: 1 },
        channels: CHANNELS,
        seed: scenario.seed,
    };
    let mix = Mix::prepare(&scenario.calls, scenario.seed, &Known::default(), &[]);
    let mix = Arc::new(mix.expect("a call of the Greeter"));
    let timeline = Arc::new(Timeline::new(scenario));
    let watch = Watch::new(Stop::default(), Board::default());
    Ok((Lane::new(clock, fake, mix, timeline, share, watch), hand))
}
