//! Whether the program believes itself when it should, and does not when it should not (T5, T9).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use reports::model::{Repetition, Verdict};

use super::for_each_engine;
use crate::common::{Run, alone};

/// A run as a user would write it, client and server on a core each.
fn run(engine: &str, settings: &[&str]) -> Repetition {
    let yaml = "name: verdicts
target: { reference_server: { face: raw, cpus: [0] } }
client: { cpus: [1] }
load: { open: { rate: 1000/s, arrivals: poisson } }
phases: { warm_up: 1s, measure: 3s, drain: 1s }
";
    let run = settings
        .iter()
        .fold(Run::new(yaml).engine(engine), |run, setting| {
            run.set(*setting)
        });
    let repetition = run.finish().repetition().clone();
    println!(
        "{engine} {settings:?}: {:?} {:#?}",
        repetition.validity.verdict, repetition.validity.reasons
    );
    repetition
}

fn rules(repetition: &Repetition) -> Vec<&str> {
    let findings = &repetition.validity.findings;
    findings
        .iter()
        .map(|finding| finding.rule.as_str())
        .collect()
}

/// Threads that want the whole of core 1, until this is dropped.
struct Hogs {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Hogs {
    fn start(count: usize) -> Hogs {
        let stop = Arc::new(AtomicBool::new(false));
        let hog = |_| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                let mut core = CpuSet::new();
                core.set(1).unwrap();
                sched_setaffinity(Pid::from_raw(0), &core).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        let threads = (0..count).map(hog).collect();
        Hogs { stop, threads }
    }
}

impl Drop for Hogs {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
    }
}

fn an_idle_machine_and_a_small_load_are_valid(engine: &str) {
    let _alone = alone();
    let repetition = run(engine, &[]);
    assert_eq!(repetition.validity.verdict, Verdict::Valid);
}

fn with_a_fifth_of_a_core_nothing_is_valid(engine: &str) {
    let _alone = alone();
    let _hogs = Hogs::start(4);
    let repetition = run(engine, &["load.open.rate=20000/s"]);
    assert_ne!(repetition.validity.verdict, Verdict::Valid);
}

fn a_warm_up_that_is_too_short_is_told(engine: &str) {
    let _alone = alone();
    let slow = "target.reference_server.behaviour={ delay: 2ms, warmup: { for: 2s, factor: 10 } }";
    let repetition = run(engine, &[slow, "phases.measure=8s"]);
    assert!(
        rules(&repetition).contains(&"warm_up_too_short"),
        "{:?}",
        rules(&repetition)
    );
}

fn a_server_that_becomes_slower_is_told(engine: &str) {
    let _alone = alone();
    let slow = "target.reference_server.behaviour={ delay: 2ms, drift: { per_second: 10% } }";
    let repetition = run(engine, &[slow, "phases.measure=8s"]);
    assert!(
        rules(&repetition).contains(&"not_stationary"),
        "{:?}",
        rules(&repetition)
    );
}

for_each_engine! {
    an_idle_machine_and_a_small_load_are_valid
    with_a_fifth_of_a_core_nothing_is_valid
    a_warm_up_that_is_too_short_is_told
    a_server_that_becomes_slower_is_told
}
