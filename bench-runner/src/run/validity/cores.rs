//! Whether client and server had the cores that they needed.

use scenarios::scenario::Idle;

use super::{Evidence, Finding, percent, tainted};

/// A lane that runs this share of the time has nothing to spare.
const SATURATED: f64 = 0.95;
/// A server that runs less could have answered a good part more: the runner held it back. At the most that an even pair
/// of client and server reaches, on two cores, each waits for the other for a few percent.
const SPARE: f64 = 0.80;

/// In an open loop a saturated lane starts calls late; in a closed loop it is the bottleneck, where the server is not.
pub(super) fn client_saturated(evidence: &Evidence<'_>) -> Option<Finding> {
    let conditions = evidence.conditions()?;
    let busy = conditions.client_busy.filter(|busy| *busy >= SATURATED)?;
    let used = format!("its busiest lane used {} of a core", percent(busy));
    let remedy = "more `client.lanes` on cores of their own, or `client.engine: raw`";
    if !evidence.is_closed_loop() {
        // A lane that spins before intended starts is busy whatever it does; whether it keeps up, the start lag tells.
        return (evidence.scenario.client.idle == Idle::Timer).then(|| {
            tainted(
                format!("the client was saturated: {used}"),
                format!("{remedy}, or a lower rate"),
            )
        });
    }
    match conditions.server_busy {
        Some(server) if server < SPARE => Some(tainted(
            format!(
                "the client was the bottleneck: {used}, the server {} of what it could; the throughput is the client's",
                percent(server)
            ),
            remedy,
        )),
        Some(_) => None,
        None => Some(tainted(
            format!(
                "the client may have been the bottleneck: {used}, and how busy the server was is not known"
            ),
            remedy,
        )),
    }
}

/// Whether client and server took one core from each other, by the scenario or because there is no second.
pub(super) fn shared_core(evidence: &Evidence<'_>) -> Option<Finding> {
    let conditions = evidence.conditions()?;
    let client = &evidence.scenario.client.cpus;
    let server = evidence.scenario.target.cpus();
    let both = client.iter().find(|core| server.contains(core));
    let seen = match both {
        Some(core) => format!("client and server were both put on core {core}"),
        None if conditions.colocated == Some(true) && evidence.cores == 1 => {
            "client and server share the only core that there is".to_owned()
        }
        None => return None,
    };
    Some(tainted(
        format!("{seen}: they slow each other down"),
        "give each a core of its own (`client.cpus`, `target.reference_server.cpus`), or use another machine",
    ))
}

/// The share of the time for which a lane may be ready to run and have no core.
const WAITED: f64 = 0.05;

pub(super) fn waited_for_a_core(evidence: &Evidence<'_>) -> Option<Finding> {
    let waited = evidence.conditions()?.client_waited?;
    (waited > WAITED).then(|| {
        tainted(
            format!(
                "the client waited for a core for {} of the time: other threads ran in its place",
                percent(waited)
            ),
            "stop other programs, or give the runner a core of its own (`client.cpus`)",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Case;
    use super::*;

    fn busy(mut case: Case, client: f64, server: Option<f64>) -> Option<String> {
        case.conditions().client_busy = Some(client);
        case.conditions().server_busy = server;
        case.ask(client_saturated).map(|finding| finding.seen)
    }

    #[test]
    fn a_closed_loop_is_held_back_by_a_client_that_is_busy_while_the_server_is_not() {
        assert_eq!(busy(Case::closed(), 0.949, Some(0.2)), None);
        assert_eq!(busy(Case::closed(), 0.99, Some(0.80)), None);
        let seen = busy(Case::closed(), 0.95, Some(0.79)).unwrap();
        assert!(seen.starts_with("the client was the bottleneck"), "{seen}");
        assert!(
            busy(Case::closed(), 0.95, None)
                .unwrap()
                .contains("may have been")
        );
    }

    #[test]
    fn an_open_loop_needs_a_client_with_time_to_spare_whatever_the_server_does() {
        assert_eq!(busy(Case::open(), 0.949, Some(0.99)), None);
        let seen = busy(Case::open(), 0.951, Some(0.99)).unwrap();
        assert!(seen.starts_with("the client was saturated"), "{seen}");
        let spinning = Case::new("client: { idle: spin }\nload: { open: { rate: 1000/s } }");
        assert_eq!(busy(spinning, 1.0, Some(0.5)), None);
    }

    #[test]
    fn one_core_for_both_is_said() {
        let pinned = |client: &str, server: &str| {
            Case::new(&format!(
                "client: {{ cpus: {client} }}\ntarget: {{ reference_server: {{ cpus: {server} }} }}"
            ))
            .ask(shared_core)
        };
        assert_eq!(pinned("[1]", "[0]"), None);
        assert!(pinned("[1]", "[0, 1]").unwrap().seen.contains("core 1"));
        let mut case = Case::open();
        assert_eq!(case.ask(shared_core), None);
        case.cores = 1;
        assert!(case.ask(shared_core).unwrap().seen.contains("only core"));
        case.conditions().colocated = None;
        assert_eq!(case.ask(shared_core), None, "the server is elsewhere");
    }

    #[test]
    fn a_lane_may_wait_for_a_core_a_twentieth_of_the_time() {
        let mut case = Case::open();
        case.conditions().client_waited = Some(0.05);
        assert_eq!(case.ask(waited_for_a_core), None);
        case.conditions().client_waited = Some(0.0501);
        assert!(case.ask(waited_for_a_core).is_some());
    }
}
