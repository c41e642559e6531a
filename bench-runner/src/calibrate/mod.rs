//! What this machine and this harness can do: each part measures one thing, by the means that runs use themselves.
//!
//! Deciding and printing are elsewhere: `reports::noise`, `reports::calibration`.

mod ceilings;
mod clock;
mod harness;
pub mod kept;
mod noise;
mod pacing;
mod short_run;
mod wakes;

pub use harness::measure as harness;

use std::path::PathBuf;
use std::time::Duration;

use reports::model::{CALIBRATION_SCHEMA, Calibration, Environment, Fingerprint, Placement};
use scenarios::scenario::Idle;
use scenarios::units::Nanos;

use crate::clock::Clock;
use crate::exit::Failure;
use crate::host::{affinity, scheduling};

/// How long each part takes.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Whether the figures are rough for it.
    quick: bool,
    /// Waits at one rate.
    waiting: Nanos,
    /// Passes over the fake engine, of which the median counts.
    passes: usize,
    /// The measured time of a run for a ceiling, for pacing and for the noise; each has a warm-up of a quarter.
    ceiling: Nanos,
    pacing: Nanos,
    noise: Nanos,
    /// Identical runs for the noise.
    runs: u32,
}

/// What the parts need from their surroundings.
pub(crate) struct Bench {
    program: PathBuf,
    cores: Placement,
}

impl Effort {
    /// Under a minute.
    pub const FULL: Effort = Effort {
        quick: false,
        waiting: Nanos::from_millis(1_500),
        passes: 5,
        ceiling: Nanos::from_millis(1_000),
        pacing: Nanos::from_millis(1_500),
        noise: Nanos::from_millis(600),
        runs: 20,
    };
    /// Under a quarter of that.
    pub const QUICK: Effort = Effort {
        quick: true,
        waiting: Nanos::from_millis(250),
        passes: 1,
        ceiling: Nanos::from_millis(250),
        pacing: Nanos::from_millis(400),
        noise: Nanos::from_millis(200),
        runs: 6,
    };
}

impl Bench {
    /// Both sides on cores of their own, where there are two; `program` is what serves as the reference server.
    fn new(program: PathBuf) -> Bench {
        let cores = match affinity::allowed()[..] {
            [server, client, ..] => Placement {
                client: Some(client),
                server: Some(server),
            },
            _ => Placement::default(),
        };
        Bench { program, cores }
    }
}

/// Measures everything; `tell` hears which part begins.
///
/// # Errors
///
/// Where the reference server cannot be run, or a thread, a timer or a socket is refused.
pub fn measure(
    effort: &Effort,
    environment: &Environment,
    program: PathBuf,
    tell: &mut dyn FnMut(&str),
) -> Result<Calibration, Failure> {
    let watch = Clock::starting_in(Duration::ZERO);
    let bench = Bench::new(program);
    let calibrated_at = jiff::Timestamp::now().strftime("%FT%TZ").to_string();
    tell("[1/6] clock");
    let clock = clock::measure(environment);
    tell("[2/6] timer: how late waits end");
    let timer = wakes::measure(effort.waiting, bench.cores.client)?;
    tell("[3/6] harness: its own cost per call");
    let harness = harness::measure(effort.passes)?;
    tell("[4/6] ceilings: each engine against the raw face");
    let ceilings = ceilings::measure(effort.ceiling, &bench)?;
    tell("[5/6] open loop: start lag at three rates");
    let pacing = pacing::measure(effort.pacing, &bench)?;
    tell("[6/6] noise: identical runs");
    let noise = noise::measure(effort.noise, effort.runs, &bench)?;
    Ok(Calibration {
        schema: CALIBRATION_SCHEMA.to_owned(),
        calibrated_at,
        took_s: watch.now().as_secs_f64(),
        quick: effort.quick,
        holds_for: Fingerprint::of(environment),
        cores: bench.cores,
        clock,
        timer,
        harness,
        ceilings,
        pacing,
        noise,
    })
}

/// Each way of waiting, by its name in scenarios. Under `SCHED_FIFO` nobody spins: such a thread never gives way.
fn ways() -> Vec<(Idle, &'static str)> {
    let mut ways = vec![(Idle::Timer, "timer")];
    if !scheduling::is_real_time() {
        ways.push((Idle::Spin, "spin"));
    }
    ways
}
