//! How often the gate is wrong, over thousands of jobs whose truth is known. Seeded: the shares are always the same.

use std::thread;

use reports::gate::{Judgement, judge};
use reports::model::Outcome;

use super::jobs::Job;
use super::noise::Machine;

/// What became of many jobs.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    jobs: u32,
    /// Called a regression.
    regressed: u32,
    /// In the case that is slower.
    on_the_case: u32,
    /// In another.
    elsewhere: u32,
    inconclusive: u32,
    invalid: u32,
}

impl Tally {
    fn add(&mut self, judgement: &Judgement) {
        let regressed_in = |here: bool| {
            let tests = judgement.tests.iter();
            tests
                .filter(|test| (test.case == "case-0") == here)
                .any(|test| test.outcome == Outcome::Regressed)
        };
        self.jobs += 1;
        self.regressed += u32::from(judgement.outcome == Outcome::Regressed);
        self.on_the_case += u32::from(regressed_in(true));
        self.elsewhere += u32::from(regressed_in(false));
        self.inconclusive += u32::from(judgement.outcome == Outcome::Inconclusive);
        self.invalid += u32::from(judgement.outcome == Outcome::Invalid);
    }

    fn share(&self, of: u32) -> f64 {
        f64::from(of) / f64::from(self.jobs)
    }
}

fn play(job: &Job, jobs: u64) -> Tally {
    let part = |seeds: std::ops::Range<u64>| {
        let mut tally = Tally::default();
        for seed in seeds {
            let (gate, cases) = job.make(seed);
            tally.add(&judge(&gate, &cases));
        }
        tally
    };
    let half = jobs / 2;
    let (mut a, b) = thread::scope(|scope| {
        let first = scope.spawn(|| part(0..half));
        (part(half..jobs), first.join().unwrap())
    });
    a.jobs += b.jobs;
    a.regressed += b.regressed;
    a.on_the_case += b.on_the_case;
    a.elsewhere += b.elsewhere;
    a.inconclusive += b.inconclusive;
    a.invalid += b.invalid;
    a
}

#[test]
fn identical_code_is_no_regression() {
    let tally = play(&Job::QUIET, 1_000);
    assert!(tally.regressed <= 5, "at most 0.5 %: {tally:?}");
    assert!(tally.share(tally.inconclusive) <= 0.05, "{tally:?}");
}

#[test]
fn five_percent_are_found_in_the_right_case() {
    let job = Job {
        slower: 0.05,
        ..Job::QUIET
    };
    let tally = play(&job, 300);
    assert!(tally.share(tally.on_the_case) >= 0.95, "{tally:?}");
    assert!(tally.elsewhere <= 1, "{tally:?}");
}

#[test]
fn ten_percent_are_always_found() {
    let job = Job {
        slower: 0.10,
        ..Job::QUIET
    };
    let tally = play(&job, 200);
    assert_eq!(tally.on_the_case, tally.jobs, "{tally:?}");
}

#[test]
fn an_improvement_is_never_a_regression() {
    let job = Job {
        slower: -0.05,
        ..Job::QUIET
    };
    let tally = play(&job, 300);
    assert_eq!(tally.regressed, 0, "{tally:?}");
}

#[test]
fn neither_bursts_nor_drift_nor_a_slower_second_place_raise_an_alarm() {
    for machine in [
        Machine {
            bursts: 0.10,
            ..Machine::SHARED
        },
        Machine {
            trend: 0.20,
            wander: 0.05,
            ..Machine::SHARED
        },
        Machine {
            second: 0.02,
            ..Machine::SHARED
        },
    ] {
        let job = Job {
            machine,
            ..Job::QUIET
        };
        let tally = play(&job, 300);
        assert!(tally.regressed <= 3, "at most 1 %: {tally:?}");
    }
}

#[test]
fn five_rounds_are_always_inconclusive() {
    for slower in [0.0, 0.5] {
        let job = Job {
            rounds: 5,
            slower,
            ..Job::QUIET
        };
        let tally = play(&job, 200);
        assert_eq!(tally.inconclusive, tally.jobs, "{tally:?}");
    }
}
