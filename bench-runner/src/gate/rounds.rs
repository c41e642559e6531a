//! One round of one case: both arms, in an order drawn by lot.

use std::path::Path;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use reports::model::{Arm, Ended, Gate, GateCase, RunResult};

use super::{Arms, Schedule};
use crate::clock::Clock;
use crate::progress::Progress;
use crate::run::RunError;
use crate::run::repetition::{self, Surroundings};
use crate::run::watch::Stop;

/// Makes rounds, one after the other, into a result.
pub struct Rounds<'a> {
    /// What is compared.
    pub cases: &'a [Arms],
    /// How many there are, and when the data are looked at.
    pub schedule: Schedule,
    /// Ends it early.
    pub stop: Stop,
    /// Shows how it gets on.
    pub progress: Progress,
    /// The seed of the lots.
    pub seed: u64,
}

/// Why an arm was not measured.
enum Broken {
    Stopped,
    Failed(String),
}

impl Rounds<'_> {
    /// Plays rounds until the tests are decided, the budget is spent, a round fails or somebody stops it. After each,
    /// `keep` gets the result so far.
    ///
    /// # Errors
    ///
    /// What `keep` fails with; no round is made after that.
    pub fn play<E>(
        &mut self,
        result: &mut RunResult,
        mut keep: impl FnMut(&RunResult) -> Result<(), E>,
    ) -> Result<(), E> {
        let clock = Clock::starting_in(std::time::Duration::ZERO);
        let mut lots = ChaCha8Rng::seed_from_u64(self.seed);
        for round in 0.. {
            let begun = clock.now();
            let made = self.round(round, &mut lots, result);
            let (gate, cases) = parts(result);
            if let Err(broken) = made {
                (gate.ended, gate.failure) = match broken {
                    Broken::Stopped => (Ended::Interrupted, None),
                    Broken::Failed(why) => (Ended::Failed, Some(why)),
                };
                return keep(result);
            }
            let now = clock.now();
            let look = self.schedule.after(round + 1, now, now.since(begun));
            if let Some(look) = look {
                gate.looks.push(look);
                let is_decided = reports::gate::judge(gate, cases).is_decided();
                if is_decided {
                    gate.ended = Ended::Decided;
                }
                if is_decided || look.information >= 1.0 {
                    return keep(result);
                }
            }
            keep(result)?;
        }
        Ok(())
    }

    /// What a run needs.
    pub fn around(&mut self) -> Surroundings<'_> {
        Surroundings {
            program: std::env::current_exe().unwrap_or_else(|_| Path::new("bench-runner").into()),
            stop: self.stop.clone(),
            watcher: &mut self.progress,
        }
    }

    /// One round of every case.
    fn round(
        &mut self,
        round: u32,
        lots: &mut ChaCha8Rng,
        result: &mut RunResult,
    ) -> Result<(), Broken> {
        for index in 0..self.cases.len() {
            let first = match lots.random_bool(0.5) {
                true => Arm::Baseline,
                false => Arm::Candidate,
            };
            let (gate, _) = parts(result);
            gate.cases[index].first.push(first);
            for arm in [first, first.other()] {
                self.arm(index, arm, round, result)?;
            }
        }
        Ok(())
    }

    fn arm(
        &mut self,
        index: usize,
        arm: Arm,
        round: u32,
        result: &mut RunResult,
    ) -> Result<(), Broken> {
        let case = self.cases[index].of(arm);
        self.progress.begin(&case.name, round, self.schedule.most());
        let made = repetition::run(case, round, &mut self.around());
        // Half a repetition is no measurement.
        if self.stop.is_asked() {
            return Err(Broken::Stopped);
        }
        let made =
            made.map_err(|error: RunError| Broken::Failed(format!("the {}: {error}", arm.name())))?;
        result.cases[2 * index + usize::from(arm == Arm::Candidate)]
            .repetitions
            .push(made.repetition);
        match made.died {
            Some(death) => Err(Broken::Failed(death.told_of(&case.name))),
            None => Ok(()),
        }
    }
}

/// An empty gate's cases, in the order of `cases`.
pub fn empty_cases(cases: &[Arms]) -> Vec<GateCase> {
    let empty = |arms: &Arms| GateCase {
        name: arms.name.clone(),
        first: Vec::new(),
    };
    cases.iter().map(empty).collect()
}

fn parts(result: &mut RunResult) -> (&mut Gate, &[reports::model::CaseResult]) {
    let gate = result.gate.as_mut().expect("made for a gate");
    (gate, &result.cases)
}
