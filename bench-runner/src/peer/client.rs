//! A peer's client as the load: it plays the case and answers what came of it; the runner watches the server meanwhile.

use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use scenarios::scenario::Scenario;
use scenarios::units::Nanos;
use scenarios::{Case, KeyPath};

use super::answer::{Answer, Observed};
use super::process::{LastWords, spawn_on, wait};
use super::request::{Server, only_call, request};
use super::{Peer, PeerError, error};
use crate::call::{Call, Known};
use crate::host::cpu::process_cpu;
use crate::host::load::{MachineLoad, Shares};
use crate::host::memory::peak_rss;
use crate::run::RunError;
use crate::run::conditions_of_peers;
use crate::run::repetition::{Made, Surroundings, judge_peer};
use crate::target::Target;
use crate::tls::Tls;

/// The longest answer that is read.
const MOST: u64 = 64 << 20;

/// Runs a case once, with a peer's client.
///
/// # Errors
///
/// Where the target cannot be started, the client cannot play the case, or does not answer.
pub fn run(
    peer: &Peer,
    case: &Case,
    number: u32,
    around: &mut Surroundings<'_>,
) -> Result<Made, RunError> {
    around.watcher.phase("connect", Duration::ZERO);
    let scenario = &case.scenario;
    let asked = only_call(scenario)?;
    let mut target = Target::start(scenario, &around.program)?;
    let before = target.counters_of(&scenario.calls);
    let seed = scenario.seed.wrapping_add(u64::from(number) << 32);
    let server = Server {
        address: target.address(),
        tls: target.tls().map(Tls::settings),
    };
    let (question, _schedule) = request(scenario, server, seed)?;
    peer.client()?
        .check_tls(target.tls().is_some(), &peer.name, "client")?;
    let known = Known {
        shaped: before.is_some(),
        ..Known::default()
    };
    let call = Call::prepare(asked, seed, &known)
        .map_err(|error| error.in_case(case, &KeyPath::of("call")))?;
    let mut client = Client::start(peer, scenario)?;
    let outcome = client.play(&question.to_string(), scenario, &target, around);
    let after = target.counters_of(&scenario.calls);
    let rss = target.pid().and_then(peak_rss);
    let died = target.stop();
    around.watcher.finished();
    let (answer, course) = match (outcome, &died) {
        (Ok(played), _) => played,
        // The client only says that there was nobody any more.
        (Err(_), Some(death)) if !around.stop.is_asked() => {
            return Err(PeerError::Death(death.told_of(target_name(scenario))).into());
        }
        (Err(error), _) => return Err(error.into()),
    };
    if let Some(how) = answer.misfit(&call) {
        return Err(client.failed(how).into());
    }
    let counts = before
        .zip(after)
        .map(|(before, after)| after.since(&before));
    let seen = Observed {
        counts: counts.map(|counted| counted.methods),
        cpu: course.within(answer.measure_start_unix_ns, scenario.phases.measure),
        rss,
    };
    let mut repetition = answer.repetition(scenario, &seen);
    let ours = seen.cpu.unwrap_or_default() + answer.cpu().unwrap_or_default();
    let both_known = seen.cpu.is_some() && answer.cpu().is_some();
    let shares = course.shares(answer.measure_start_unix_ns, scenario.phases.measure, ours);
    repetition.conditions = Some(conditions_of_peers(scenario, shares.filter(|_| both_known)));
    repetition.validity = judge_peer(
        scenario,
        &repetition,
        around.stop.is_asked(),
        died.is_some(),
    );
    Ok(Made {
        repetition,
        calls: None,
        died,
    })
}

fn target_name(scenario: &Scenario) -> &str {
    match &scenario.target {
        scenarios::scenario::Target::Peer(server) => &server.name,
        _ => "reference-server",
    }
}

/// A client that runs.
struct Client<'a> {
    peer: &'a Peer,
    child: Child,
    answer: Receiver<Vec<u8>>,
    said: LastWords,
}

impl<'a> Client<'a> {
    fn start(peer: &'a Peer, scenario: &Scenario) -> Result<Client<'a>, PeerError> {
        let mut command = peer.command(&peer.client()?.words);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn_on(&mut command, &scenario.client.cpus)
            .map_err(|error| peer.io("its client cannot be started", error))?;
        let (sender, answer) = mpsc::channel();
        let stdout = child.stdout.take();
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What is torn off is no JSON, which is said then.
            let _ = stdout.map(|stdout| stdout.take(MOST).read_to_end(&mut bytes));
            let _ = sender.send(bytes);
        });
        let said = child.stderr.take().map(LastWords::of).unwrap_or_default();
        Ok(Client {
            peer,
            child,
            answer,
            said,
        })
    }

    /// Asks, and waits for the answer, within bounds; watches what the server spends meanwhile.
    fn play(
        &mut self,
        question: &str,
        scenario: &Scenario,
        target: &Target,
        around: &mut Surroundings<'_>,
    ) -> Result<(Answer, Course), PeerError> {
        let phases = &scenario.phases;
        let grace = self.peer.client()?.patience;
        let length = Duration::from(phases.warm_up + phases.measure + phases.drain);
        around
            .watcher
            .phase(&format!("{} calls", self.peer.name), length);
        // A client that has ended without reading is heard of below.
        if let Some(mut stdin) = self.child.stdin.take() {
            let _ = writeln!(stdin, "{question}");
        }
        let mut course = Course::default();
        let status = wait(&mut self.child, length + grace, || {
            course.look(target.pid());
            !around.stop.is_asked()
        });
        // Past the end of the measured phase, however soon the client ended after it.
        course.look(target.pid());
        let status = status.map_err(|error| self.peer.io("waiting for its client", error))?;
        if around.stop.is_asked() {
            return Err(PeerError::Stopped);
        }
        match status {
            None => Err(self.failed(format!(
                "did not end within {}, {} after it should have",
                error::seconds(length + grace),
                error::seconds(grace)
            ))),
            Some(status) if !status.success() => Err(self.failed(format!("ended with {status}"))),
            Some(_) => {
                // It has ended, so this is there, unless something that it left behind holds on to it.
                let answer = self.answer.recv_timeout(Duration::from_secs(5));
                Answer::read(&answer.unwrap_or_default())
                    .map(|answer| (answer, course))
                    .map_err(|how| self.failed(how))
            }
        }
    }

    fn failed(&self, how: String) -> PeerError {
        PeerError::Program {
            name: self.peer.name.clone(),
            side: "client",
            how,
            said: self.said.text(),
        }
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            super::end(&mut self.child);
        }
    }
}

/// What server and machine had spent, at times of the wall clock: the one clock that all stacks can tell.
#[derive(Debug, Default)]
struct Course {
    looks: Vec<(i128, Nanos)>,
    /// Less often: it takes longer to read.
    machine: Vec<(i128, MachineLoad)>,
}

/// How often the machine is looked at, in nanoseconds.
const MACHINE: i128 = 100_000_000;

impl Course {
    fn look(&mut self, server: Option<u32>) {
        let now = jiff::Timestamp::now().as_nanosecond();
        if let Some(cpu) = server.and_then(process_cpu) {
            self.looks.push((now, cpu));
        }
        if self
            .machine
            .last()
            .is_none_or(|(last, _)| now - last >= MACHINE)
        {
            self.machine
                .extend(MachineLoad::read().map(|load| (now, load)));
        }
    }

    /// What it spent in a stretch, between looks in proportion; `None` where the stretch was not watched whole.
    fn within(&self, start: Option<i64>, length: Nanos) -> Option<Nanos> {
        let start = i128::from(start?);
        let end = start + i128::from(length.0);
        Some(self.at(end)?.since(self.at(start)?))
    }

    /// What the hypervisor and other programs took of our cores in about that stretch.
    fn shares(&self, start: Option<i64>, length: Nanos, ours: Nanos) -> Option<Shares> {
        let start = i128::from(start?);
        let end = start + i128::from(length.0);
        let inside: Vec<_> = self
            .machine
            .iter()
            .filter(|(at, _)| (start..=end).contains(at))
            .collect();
        let ((from, before), (to, after)) = (inside.first()?, inside.last()?);
        // Ours is of the whole stretch; of the part between the looks it is as much in proportion.
        let part = (to - from) as f64 / length.0 as f64;
        after.since(*before, Nanos((ours.0 as f64 * part) as u64))
    }

    fn at(&self, time: i128) -> Option<Nanos> {
        let after = self.looks.partition_point(|(at, _)| *at < time);
        let (to, to_cpu) = *self.looks.get(after)?;
        let Some((from, from_cpu)) = after.checked_sub(1).map(|before| self.looks[before]) else {
            return (to == time).then_some(to_cpu);
        };
        let share = (time - from) as f64 / (to - from) as f64;
        let spent = to_cpu.since(from_cpu).0 as f64 * share;
        Some(from_cpu + Nanos(spent.round() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_spent_in_a_stretch_is_taken_between_looks() {
        let course = Course {
            looks: vec![(100, Nanos(0)), (200, Nanos(50)), (300, Nanos(150))],
            machine: Vec::new(),
        };
        assert_eq!(course.within(Some(100), Nanos(200)), Some(Nanos(150)));
        assert_eq!(course.within(Some(150), Nanos(100)), Some(Nanos(75)));
        assert_eq!(
            course.within(Some(50), Nanos(100)),
            None,
            "begins before the first look"
        );
        assert_eq!(
            course.within(Some(250), Nanos(100)),
            None,
            "ends after the last"
        );
        assert_eq!(course.within(None, Nanos(100)), None);
    }
}
