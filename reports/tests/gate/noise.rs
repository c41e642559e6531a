//! The noise of a shared machine, slot by slot: a slow wander, a trend over the job, bursts of a neighbour, and what every
//! process is off by from its start. Each slot is one arm of one round.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// What a machine does to the logarithm of everything measured on it.
#[derive(Clone, Copy)]
pub(crate) struct Machine {
    /// Standard deviation of the wander.
    pub(crate) wander: f64,
    /// The trend is drawn from minus to plus this.
    pub(crate) trend: f64,
    /// The chance that a burst begins in a slot.
    pub(crate) bursts: f64,
    /// Standard deviation from process to process.
    pub(crate) restart: f64,
    /// How much more the second arm of a round takes.
    pub(crate) second: f64,
}

impl Machine {
    pub(crate) const SHARED: Machine = Machine {
        wander: 0.03,
        trend: 0.04,
        bursts: 0.04,
        restart: 0.01,
        second: 0.0,
    };
}

/// How far single measurements are off, by metric: as CPU and median, and as a 99th percentile.
pub(crate) const STEADY: f64 = 0.015;
pub(crate) const TAIL: f64 = 0.03;

/// A machine in the course of a job.
pub(crate) struct Weather {
    machine: Machine,
    draws: ChaCha8Rng,
    wander: f64,
    burst_left: u32,
    burst: f64,
    slope: f64,
    slot: f64,
}

impl Weather {
    pub(crate) fn new(machine: Machine, seed: u64, slots: u32) -> Weather {
        let mut draws = ChaCha8Rng::seed_from_u64(seed);
        let trend = draws.random_range(-1.0..1.0) * machine.trend;
        Weather {
            machine,
            draws,
            wander: 0.0,
            burst_left: 0,
            burst: 0.0,
            slope: trend / f64::from(slots),
            slot: 0.0,
        }
    }

    pub(crate) fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.draws)
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.draws.random_bool(0.5)
    }

    /// The next slot: what everything in it is off by.
    pub(crate) fn slot(&mut self) -> f64 {
        // An Ornstein-Uhlenbeck process with a memory of twenty slots.
        let keep = (-1.0_f64 / 20.0).exp();
        self.wander =
            keep * self.wander + self.machine.wander * (1.0 - keep * keep).sqrt() * self.normal();
        if self.burst_left == 0 && self.draws.random_bool(self.machine.bursts) {
            self.burst_left = 1 + u32::from(self.coin()) + u32::from(self.coin());
            self.burst = self.draws.random_range(1.22_f64..1.5).ln();
        }
        let burst = if self.burst_left > 0 { self.burst } else { 0.0 };
        self.burst_left = self.burst_left.saturating_sub(1);
        self.slot += 1.0;
        let restart = self.machine.restart * self.normal();
        self.wander + burst + restart + self.slope * self.slot
    }
}
