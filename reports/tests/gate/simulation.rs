//! How often the gate is wrong, over thousands of jobs whose truth is known. Seeded: the shares are always the same.

use std::thread;

use reports::gate::{Judgement, judge};
use reports::model::Outcome;

use super::jobs::{Job, judged};
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

#[test]
fn ninety_five_of_a_hundred_intervals_hold_the_truth() {
    for slower in [0.0, 0.03, 0.05, 0.10] {
        let job = Job {
            cases: 1,
            rounds: 30,
            slower,
            ..Job::QUIET
        };
        let (mut covering, mut all) = (0, 0);
        for seed in 0..500 {
            let (mut gate, cases) = job.make(seed);
            // One look: stopping where it looks good would bend any interval.
            gate.looks.drain(..gate.looks.len() - 1);
            for test in judge(&gate, &cases).tests {
                let change = test.change.unwrap();
                all += 1;
                covering += u32::from(change.low <= Some(slower) && change.high >= Some(slower));
            }
        }
        let share = f64::from(covering) / f64::from(all);
        assert!((0.93..=0.97).contains(&share), "{slower}: {share}");
    }
}

#[test]
fn what_is_called_detectable_is_detected() {
    // The median of what 100 jobs on identical code say they could have seen ...
    let quiet = Job {
        cases: 1,
        rounds: 30,
        ..Job::QUIET
    };
    let said = |seed| {
        let (mut gate, cases) = quiet.make(seed);
        gate.looks.drain(..gate.looks.len() - 1);
        let tests = judged(gate, cases).tests.into_iter();
        let cpu = tests.filter(|test| test.metric == "server.cpu_ns_per_call");
        cpu.map(|test| test.smallest_detectable.unwrap())
            .next()
            .unwrap()
    };
    let mut said: Vec<f64> = (1_000..1_100).map(said).collect();
    said.sort_by(f64::total_cmp);
    let job = Job {
        slower: said[50],
        ..quiet
    };
    // ... is found by nearly all; each job's noise is its own.
    let found = (0..200).filter(|seed| {
        let (mut gate, cases) = job.make(*seed);
        gate.looks.drain(..gate.looks.len() - 1);
        let tests = judge(&gate, &cases).tests;
        tests.iter().any(|test| {
            test.metric == "server.cpu_ns_per_call" && test.outcome == Outcome::Regressed
        })
    });
    let share = found.count() as f64 / 200.0;
    assert!(share >= 0.9, "{share} of changes of {}", job.slower);
}
