//! A short run of small unary calls against the raw face, made as `bench-runner run` makes it.

use std::time::Duration;

use reports::model::Repetition;
use scenarios::Suite;
use scenarios::units::Nanos;

use super::Bench;
use crate::exit::Failure;
use crate::record::Recent;
use crate::run::repetition::{self, Surroundings, Watcher};
use crate::run::watch::Stop;

/// What is run.
pub(super) struct ShortRun<'a> {
    /// By its name in scenarios.
    pub(super) engine: &'a str,
    /// By its name in scenarios.
    pub(super) idle: &'a str,
    /// Channels.
    pub(super) channels: u32,
    /// As in scenarios.
    pub(super) load: String,
    /// The measured time; the warm-up is a quarter of it.
    pub(super) measure: Nanos,
}

impl ShortRun<'_> {
    /// Runs it once.
    pub(super) fn make(&self, bench: &Bench) -> Result<Repetition, Failure> {
        let suite = Suite::parse("calibration.yaml", &self.yaml(bench), &[])?;
        let mut around = Surroundings {
            program: bench.program.clone(),
            stop: Stop::default(),
            watcher: &mut Nobody,
        };
        let repetition = repetition::run(&suite.cases[0], 0, &mut around)?.repetition;
        if repetition.counts.ok == 0 {
            let what = "not one call of a calibration run ended OK";
            return Err(Failure::untrusted(format!(
                "{what}; `bench-runner run quickstart` may show why"
            )));
        }
        Ok(repetition)
    }

    fn yaml(&self, bench: &Bench) -> String {
        let pinned =
            |core: Option<usize>| core.map_or(String::new(), |core| format!(", cpus: [{core}]"));
        let (server, client) = (pinned(bench.cores.server), pinned(bench.cores.client));
        let ShortRun {
            engine,
            idle,
            channels,
            load,
            measure,
        } = self;
        let (measure, warm_up) = (measure.0 / 1_000, measure.0 / 4_000);
        format!(
            "name: calibration\n\
             target: {{ reference_server: {{ face: raw{server} }} }}\n\
             client: {{ engine: {engine}, idle: {idle}, channels: {channels}{client} }}\n\
             load: {load}\n\
             phases: {{ warm_up: {warm_up}us, measure: {measure}us, drain: 1s }}\n"
        )
    }
}

/// Does not watch.
struct Nobody;

impl Watcher for Nobody {
    fn phase(&mut self, _: &str, _: Duration) {}
    fn tick(&mut self, _: &Recent) {}
    fn finished(&mut self) {}
}
