//! How busy client, server and machine were: read when the measured time begins, and again when it ends.

use std::net::IpAddr;

use reports::model::Conditions;
use scenarios::scenario::{Address, ReferenceServer, Scenario, Target};
use scenarios::units::Nanos;

use super::lane::LaneRecord;
use crate::host::cpu::process_cpu;
use crate::host::load::{MachineLoad, Shares};
use crate::host::{affinity, environment};

/// What the kernel tells at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    at: Nanos,
    server_cpu: Option<Nanos>,
    runner_cpu: Option<Nanos>,
    load: Option<MachineLoad>,
}

/// What happened between two readings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    length: Nanos,
    /// CPU time of the server, where it is a process of ours.
    pub(super) server_cpu: Option<Nanos>,
    shares: Option<Shares>,
}

impl Reading {
    /// What the kernel tells now, of the server's process too.
    pub(super) fn take(at: Nanos, server: Option<u32>) -> Reading {
        Reading {
            at,
            server_cpu: server.and_then(process_cpu),
            runner_cpu: process_cpu(std::process::id()),
            load: MachineLoad::read(),
        }
    }

    /// What happened since `before`.
    pub(super) fn since(self, before: Reading) -> Passed {
        let difference = |end: Option<Nanos>, begin: Option<Nanos>| {
            begin.zip(end).map(|(begin, end)| end.since(begin))
        };
        let server_cpu = difference(self.server_cpu, before.server_cpu);
        let runner_cpu = difference(self.runner_cpu, before.runner_cpu).unwrap_or_default();
        let ours = runner_cpu + server_cpu.unwrap_or_default();
        let loads = self.load.zip(before.load);
        Passed {
            length: self.at.since(before.at),
            server_cpu,
            shares: loads.and_then(|(end, begin)| end.since(begin, ours)),
        }
    }
}

/// The conditions of a repetition.
pub(super) fn conditions(
    scenario: &Scenario,
    measure_start: Nanos,
    lanes: &[LaneRecord],
    passed: &Passed,
) -> Conditions {
    let of_lane = |lane: &LaneRecord, time: Nanos| {
        share(time, lane.measure_end.since(measure_start)).unwrap_or(0.0)
    };
    let busy = lanes
        .iter()
        .map(|lane| of_lane(lane, lane.spent.cpu.since(lane.spent.spun)));
    let waited = lanes
        .iter()
        .filter_map(|lane| Some(of_lane(lane, lane.spent.waited?)));
    // Of a server that is not ours the process may have children, which would count as somebody else.
    let embedded = matches!(scenario.target, Target::ReferenceServer(_));
    Conditions {
        colocated: colocated(&scenario.target),
        dedicated_cores: dedicated(scenario) && environment::is_virtual() != Some(true),
        client_busy: busy.reduce(f64::max),
        client_waited: waited.reduce(f64::max),
        server_busy: server_busy(&scenario.target, passed),
        stolen: passed.shares.map(|shares| shares.stolen),
        foreign: passed
            .shares
            .filter(|_| embedded)
            .map(|shares| shares.foreign),
        started_in_time: Some(lanes.iter().map(|lane| lane.started_in_time).sum()),
    }
}

/// The conditions of a repetition that a peer's client made, of which only the machine's are ours to see.
pub(crate) fn of_peers(scenario: &Scenario, shares: Option<Shares>) -> Conditions {
    Conditions {
        colocated: colocated(&scenario.target),
        dedicated_cores: dedicated(scenario) && environment::is_virtual() != Some(true),
        client_busy: None,
        client_waited: None,
        server_busy: None,
        stolen: shares.map(|shares| shares.stolen),
        foreign: shares.map(|shares| shares.foreign),
        started_in_time: None,
    }
}

fn share(part: Nanos, whole: Nanos) -> Option<f64> {
    (whole > Nanos::ZERO).then(|| part.0 as f64 / whole.0 as f64)
}

/// The server's CPU time as a share of what its threads could have used; `None` where we do not know how many it has.
fn server_busy(target: &Target, passed: &Passed) -> Option<f64> {
    let threads = match target {
        Target::ReferenceServer(server) => (server.threads as usize).min(cores_of(server)).max(1),
        Target::Peer(server) if !server.cpus.is_empty() => server.cpus.len(),
        _ => return None,
    };
    Some(share(passed.server_cpu?, passed.length)? / threads as f64)
}

fn cores_of(server: &ReferenceServer) -> usize {
    match server.cpus.len() {
        0 => affinity::allowed().len(),
        n => n,
    }
}

/// Whether client and server are on one machine; `None` where an address does not tell.
fn colocated(target: &Target) -> Option<bool> {
    match target {
        Target::Address(address) => is_here(address).then_some(true),
        Target::Addresses(addresses) => addresses.iter().all(is_here).then_some(true),
        _ => Some(true),
    }
}

/// Whether an address is this machine's, as far as it tells.
fn is_here(address: &Address) -> bool {
    match address {
        Address::Tcp { host, .. } => match host.parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => host == "localhost",
        },
        Address::Unix(_) => true,
    }
}

/// Whether client and server each have cores of their own.
fn dedicated(scenario: &Scenario) -> bool {
    let (client, server) = (&scenario.client.cpus, scenario.target.cpus());
    !client.is_empty() && !server.is_empty() && client.iter().all(|core| !server.contains(core))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::scenario;

    #[test]
    fn cores_are_dedicated_where_both_sides_have_some_and_none_twice() {
        let cores = |client: &str, server: &str| {
            dedicated(&scenario(&format!(
                "client: {{ cpus: {client} }}\ntarget: {{ reference_server: {{ cpus: {server} }} }}"
            )))
        };
        assert!(cores("[1]", "[0]"));
        assert!(!cores("[1]", "[0, 1]"));
        assert!(!cores("[]", "[0]"));
        assert!(!cores("[1]", "[]"));
    }

    #[test]
    fn loopback_is_this_machine_and_a_name_may_be_any() {
        let at = |address: &str| {
            colocated(&scenario(&format!("target: {{ address: \"{address}\" }}")).target)
        };
        assert_eq!(at("http://127.0.0.1:1"), Some(true));
        assert_eq!(at("http://[::1]:1"), Some(true));
        assert_eq!(at("http://localhost:1"), Some(true));
        assert_eq!(at("http://192.0.2.1:1"), None);
        assert_eq!(at("http://example.test:1"), None);
        assert_eq!(at("unix:/tmp/x"), Some(true));
        assert_eq!(colocated(&scenario("").target), Some(true));
    }

    #[test]
    fn a_server_is_busy_by_the_threads_that_it_has() {
        let passed = Passed {
            length: Nanos(4 * Nanos::SECOND.0),
            server_cpu: Some(Nanos(3 * Nanos::SECOND.0)),
            shares: None,
        };
        let busy = |server: &str| {
            let target = format!("target: {{ reference_server: {server} }}");
            server_busy(&scenario(&target).target, &passed)
        };
        assert_eq!(busy("{ threads: 1, cpus: [0] }"), Some(0.75));
        assert_eq!(busy("{ threads: 2, cpus: [0, 1] }"), Some(0.375));
        assert_eq!(busy("{ threads: 4, cpus: [0] }"), Some(0.75));
    }
}
