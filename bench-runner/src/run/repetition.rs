//! One whole run of a case: a fresh server, fresh channels, the phases, and what was measured around the calls.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use reports::model::{Repetition, Timing, Validity, Wire};
use scenarios::Case;
use scenarios::load::Load;
use scenarios::scenario::{Balance, Idle, Scenario};
use scenarios::units::Nanos;

use super::conditions::{Passed, Reading, conditions};
use super::heartbeat::Heartbeat;
use super::threads::{self, Running};
use super::timeline::Timeline;
use super::validity::{self, Events, Evidence};
use super::watch::{Board, Stop};
use super::{RunError, lane::LaneRecord};
use crate::call::Written;
use crate::clock::Clock;
use crate::engine::{ConnectError, ConnectFailure};
use crate::host::affinity;
use crate::host::clock::ClockFacts;
use crate::host::memory::peak_rss;
use crate::network::{Network, NetworkError, Stage};
use crate::plan::Plan;
use crate::record::{CallLog, Measured, PerChannel, Recent, Recorder, summarise};
use crate::secrets::Secrets;
use crate::target::{self, Death, Target};

/// From the word to start to the start, so that every lane is there in time.
const LEAD: Duration = Duration::from_millis(20);
/// How often the watcher looks.
const TICK: Duration = Duration::from_millis(50);

/// What a run needs from its surroundings.
pub struct Surroundings<'a> {
    /// The program that serves as the embedded reference server: our own.
    pub program: PathBuf,
    /// Ends the run early.
    pub stop: Stop,
    /// Is shown how the run gets on.
    pub watcher: &'a mut dyn Watcher,
}

/// Is shown how a run gets on.
pub trait Watcher {
    /// A phase begins: its name and its length.
    fn phase(&mut self, name: &str, length: Duration);
    /// What has happened since this was last called.
    fn tick(&mut self, recent: &Recent);
    /// The repetition is over.
    fn finished(&mut self);
}

/// What came of a repetition.
pub struct Made {
    /// Its part of the result.
    pub repetition: Repetition,
    /// Its calls one by one, where the scenario asks for them.
    pub calls: Option<CallLog>,
    /// How the server ended by itself, if it did.
    pub died: Option<Death>,
}

/// Runs a case once.
pub fn run(case: &Case, number: u32, around: &mut Surroundings<'_>) -> Result<Made, RunError> {
    let secrets = Secrets::of(case)?;
    around.watcher.phase("connect", Duration::ZERO);
    let mut target = Target::start(&case.scenario, &around.program)?;
    let before = target.counters_of(&case.scenario.calls);
    let endpoint = target.endpoint(&case.scenario);
    let mut plan = Plan::bind(case, endpoint, before.is_some(), number, &secrets)?;
    balance(&mut plan, case.scenario.client.balance, &target)?;
    let network = lay(case, &target, number)?;
    if let Some(network) = &network {
        let far_end = plan.endpoints.iter_mut();
        far_end.for_each(|to| to.via = Some(network.address().clone()));
    }
    let board = Board::default();
    let lanes = match threads::open(&plan, &around.stop, &board) {
        Ok(lanes) => lanes,
        Err(error) => return Err(cause(network, error)),
    };
    let clock = Clock::starting_in(LEAD);
    let origin = clock.origin();
    let origin_unix = clock.origin_unix();
    let running = lanes.begin(&clock);
    let measured = (plan.timeline.measure_start, plan.timeline.measure_end);
    let cores = heartbeat_cores(&plan, &case.scenario.load);
    let heartbeat = Heartbeat::start(clock.clone(), measured, cores)?;
    let mut phases = Phases {
        clock,
        board,
        running,
        network: network.as_ref(),
        around,
    };
    let passed = phases.watch(&plan.timeline, target.pid());
    let mut records = phases.running.join()?;
    let network = network.map(Network::finish).transpose()?;
    let calls = CallLog::merged(records.iter_mut().filter_map(|record| record.log.take()));
    let mut measured = gather(&records, &plan, &passed);
    let start = plan.timeline.measure_start;
    measured.conditions = Some(conditions(&case.scenario, start, &records, &passed));
    measured.heartbeat = heartbeat.finish();
    measured.network = network;
    measured.server_rss = target.pid().and_then(peak_rss);
    let counted = before
        .zip(target.counters_of(&case.scenario.calls))
        .map(|(before, after)| after.since(&before));
    if let Some(counted) = counted {
        measured.server_counts = Some(counted.methods);
        measured.release_lateness = Some(Timing::new(&counted.release_lateness));
    }
    let died = target.stop();
    let recorder = merge(records);
    let mut repetition = summarise(&recorder, &plan.timeline, &measured);
    repetition.call_log = calls.as_ref().map(|calls| reports::model::CallLog {
        calls: calls.calls().len() as u64,
        left_out: calls.left_out(),
        clock_origin_ns: origin.0,
        clock_origin_unix_ns: Some(origin_unix.0),
    });
    repetition.validity = validity::judge(&Evidence {
        scenario: &case.scenario,
        repetition: &repetition,
        events: Events {
            interrupted: around.stop.is_asked(),
            server_died: died.is_some(),
            left_out: plan.mix.left_out(),
        },
        clock: ClockFacts::look(),
        cores: affinity::allowed().len(),
    });
    around.watcher.finished();
    Ok(Made {
        repetition,
        calls,
        died,
    })
}

/// Spreads the channels over the target's addresses, where the scenario says how.
fn balance(plan: &mut Plan, balance: Option<Balance>, target: &Target) -> Result<(), RunError> {
    let Some(balance) = balance else {
        return Ok(());
    };
    let backends = target::backends(target.addresses())?;
    plan.spread(&backends, target.tls());
    if balance == Balance::PickFirst && backends.len() > 1 {
        let first = threads::first_that_answers(plan)?;
        plan.spread(&backends[first..=first], target.tls());
    }
    Ok(())
}

/// Judges a repetition that a peer's client made, by what is known of it.
pub(crate) fn judge_peer(
    scenario: &Scenario,
    repetition: &Repetition,
    interrupted: bool,
    server_died: bool,
) -> Validity {
    validity::judge(&Evidence {
        scenario,
        repetition,
        events: Events {
            interrupted,
            server_died,
            left_out: None,
        },
        clock: ClockFacts::look(),
        cores: affinity::allowed().len(),
    })
}

/// Where the heartbeat belongs: with the lanes. But a lane that spins in an open loop tells of its stalls by its start lag,
/// and every beat would push it aside: then anywhere else, where there is anywhere else.
fn heartbeat_cores(plan: &Plan, load: &Load) -> Vec<usize> {
    let lanes: Vec<usize> = plan.lanes.iter().filter_map(|lane| lane.core).collect();
    match (plan.idle, load) {
        (Idle::Timer, _) | (_, Load::Closed(_)) => lanes,
        (Idle::Spin, _) => {
            let mut others = affinity::allowed();
            others.retain(|core| !lanes.contains(core));
            others
        }
    }
}

/// Lays the emulated network that a case asks for before its target.
fn lay(case: &Case, target: &Target, number: u32) -> Result<Option<Network>, RunError> {
    let Some(network) = &case.scenario.network else {
        return Ok(None);
    };
    let seed = case.scenario.seed.wrapping_add(u64::from(number) << 32);
    match Network::start(network, target.address(), seed) {
        Ok(network) => Ok(Some(network)),
        Err(NetworkError::Target(error)) => Err(RunError::Connect(ConnectError {
            target: target.address().to_string(),
            why: ConnectFailure::of(error),
        })),
        Err(error) => Err(error.into()),
    }
}

/// Why channels could not be opened: a network that has failed takes them all with it.
fn cause(network: Option<Network>, error: RunError) -> RunError {
    match network.filter(Network::has_failed).map(Network::finish) {
        Some(Err(failure)) => failure.into(),
        _ => error,
    }
}

/// The phases as seen from outside the lanes.
struct Phases<'a, 'b> {
    clock: Clock,
    board: Board,
    running: Running,
    network: Option<&'a Network>,
    around: &'a mut Surroundings<'b>,
}

impl Phases<'_, '_> {
    /// Watches the run to its end; tells what happened around it in the measured time.
    fn watch(&mut self, timeline: &Timeline, server: Option<u32>) -> Passed {
        self.enter(Stage::WarmingUp);
        if timeline.measure_start > Nanos::ZERO {
            self.phase("warm-up", Nanos::ZERO, timeline.measure_start);
        }
        self.wait(timeline.measure_start);
        self.enter(Stage::Measured);
        let begin = Reading::take(self.clock.now(), server);
        self.phase("measure", timeline.measure_start, timeline.measure_end);
        self.wait(timeline.measure_end);
        self.enter(Stage::Draining);
        let end = Reading::take(self.clock.now(), server);
        self.phase("drain", timeline.measure_end, timeline.drain_end);
        while !self.running.is_finished() {
            self.tick(Duration::from_millis(5));
        }
        end.since(begin)
    }

    fn enter(&self, stage: Stage) {
        if let Some(network) = self.network {
            network.enter(stage);
        }
    }

    fn phase(&mut self, name: &str, from: Nanos, to: Nanos) {
        self.around.watcher.phase(name, to.since(from).into());
    }

    /// Waits until `at`, or until somebody asks to stop, or until there is nothing left to wait for.
    fn wait(&mut self, at: Nanos) {
        loop {
            let left = self.clock.until(at);
            if left.is_zero() || self.around.stop.is_asked() || self.running.is_finished() {
                return;
            }
            self.tick(left.min(TICK));
        }
    }

    fn tick(&mut self, pause: Duration) {
        thread::sleep(pause);
        self.around.watcher.tick(&self.board.take());
    }
}

fn gather(records: &[LaneRecord], plan: &Plan, passed: &Passed) -> Measured {
    let written = records.iter().filter_map(|record| record.encoded);
    let encoded = written.reduce(Written::and).unwrap_or_default();
    let mut wire = Wire::default();
    records
        .iter()
        .filter_map(|record| record.wire.as_ref())
        .for_each(|lane| wire.add(lane));
    Measured {
        measure_end: records
            .iter()
            .map(|record| record.measure_end)
            .min()
            .unwrap_or(plan.timeline.measure_start),
        mix: plan.mix.named().to_vec(),
        targets: plan.channels_by_target(),
        client_cpu: Nanos(records.iter().map(|record| record.spent.cpu.0).sum()),
        client_rss: peak_rss(std::process::id()),
        encoded,
        server_cpu: passed.server_cpu,
        channels: PerChannel::list(records.iter().map(|record| record.recorder.channels())),
        wire: Some(wire).filter(|wire| wire.connections > 0),
        first_reply: records.iter().find_map(|record| record.first_reply.clone()),
        ..Measured::default()
    }
}

fn merge(records: Vec<LaneRecord>) -> Recorder {
    let mut records = records.into_iter().map(|record| record.recorder);
    let mut first = records.next().expect("a plan has at least one lane");
    records.for_each(|other| first.merge(&other));
    first
}
