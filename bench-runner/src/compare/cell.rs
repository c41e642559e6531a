//! One pair of a client and a server, and its part of the work.

use reports::model::CaseResult;
use scenarios::Case;
use scenarios::scenario::{Engine, Face, Listen, PeerServer, ReferenceServer, Scenario, Target};
use scenarios::units::Nanos;
use serde_json::Value;

use crate::host::affinity;
use crate::peer::{Peer, PeerError, Peers, client};
use crate::run::RunError;
use crate::run::repetition::{self, Made, Surroundings};

/// Who calls, or who is called.
#[derive(Clone, Debug)]
pub enum Stack {
    /// The tonic engine, or the tonic face of the reference server.
    Tonic,
    /// The raw engine, or the raw face.
    Raw,
    /// Another stack.
    Peer(Box<Peer>),
}

/// A client, a server, and the case that they play.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Who calls.
    pub client: Stack,
    /// Who is called.
    pub server: Stack,
    /// What they play; its target is the server, and of our own clients its engine the client.
    pub case: Case,
    /// The case of the scenario that it comes from.
    pub of: String,
}

impl Stack {
    /// The stack of a name.
    ///
    /// # Errors
    ///
    /// Where it is neither ours nor a peer's.
    pub fn find(name: &str) -> Result<Stack, PeerError> {
        match name {
            "tonic" => Ok(Stack::Tonic),
            "raw" => Ok(Stack::Raw),
            peer => Ok(Stack::Peer(Box::new(Peers::find()?.get(peer)?))),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Stack::Tonic => "tonic",
            Stack::Raw => "raw",
            Stack::Peer(peer) => &peer.name,
        }
    }

    /// The peer, where it is one.
    pub fn peer(&self) -> Option<&Peer> {
        match self {
            Stack::Tonic | Stack::Raw => None,
            Stack::Peer(peer) => Some(peer),
        }
    }
}

/// Every client with every server, on every case: all pairs of one case stand together. All warm up for as long as
/// `warm_up` says; without it, each for as long as its runtimes need.
///
/// # Errors
///
/// Where the scenario asks for what a pair cannot do; what it is, for a person.
pub fn cells(
    cases: &[Case],
    clients: &[Stack],
    servers: &[Stack],
    warm_up: Option<Nanos>,
) -> Result<Vec<Cell>, String> {
    let mut cells = Vec::new();
    for case in cases {
        let Target::ReferenceServer(settings) = &case.scenario.target else {
            return Err(
                "a comparison starts servers of its own; leave `target` out of the scenario, or make it \
                 `reference_server` with the settings that all are to have"
                    .to_owned(),
            );
        };
        for client in clients {
            for server in servers {
                cells.push(Cell::new(case, settings, client, server, warm_up)?);
            }
        }
    }
    Ok(cells)
}

impl Cell {
    fn new(
        case: &Case,
        settings: &ReferenceServer,
        client: &Stack,
        server: &Stack,
        warm_up: Option<Nanos>,
    ) -> Result<Cell, String> {
        let mut scenario = case.scenario.clone();
        let (client_cores, server_cores) = cores(&scenario, settings);
        scenario.client.cpus = client_cores;
        match client {
            Stack::Tonic => scenario.client.engine = Engine::Tonic,
            Stack::Raw => scenario.client.engine = Engine::Raw,
            Stack::Peer(_) => {}
        }
        let face = |face| {
            Target::ReferenceServer(ReferenceServer {
                face,
                cpus: server_cores.clone(),
                ..settings.clone()
            })
        };
        scenario.target = match server {
            Stack::Tonic => face(Face::Tonic),
            Stack::Raw => face(Face::Raw),
            Stack::Peer(peer) => {
                if let Some(key) = settings.behaviour.beyond_a_peer() {
                    return Err(format!(
                        "`target.reference_server.behaviour.{key}` is nothing that the server of `{}` knows; peers know \
                         `delay` and `error`, with durations, and `require`",
                        peer.name
                    ));
                }
                if settings.listen == Listen::Unix {
                    return Err(format!(
                        "`target.reference_server.listen: unix` is nothing that the server of `{}` knows; leave it out",
                        peer.name
                    ));
                }
                Target::Peer(PeerServer {
                    name: peer.name.clone(),
                    cpus: server_cores,
                    tls: settings.tls.clone(),
                    behaviour: settings.behaviour.clone(),
                })
            }
        };
        scenario.phases.warm_up =
            warm_up.unwrap_or_else(|| longest_warm_up(&scenario, client, server));
        let mut made = case.with(scenario);
        let pair = format!("{}-to-{}", client.name(), server.name());
        made.name = format!("{}/{pair}", case.name);
        if let Stack::Peer(peer) = client {
            // The scenario has no word for a client that is not ours.
            made.fingerprint = format!("{}-{}", made.fingerprint, peer.name);
        }
        made.point.insert("client".to_owned(), client.name().into());
        made.point.insert("server".to_owned(), server.name().into());
        Ok(Cell {
            client: client.clone(),
            server: server.clone(),
            case: made,
            of: case.name.clone(),
        })
    }

    /// Measures it once.
    ///
    /// # Errors
    ///
    /// Where it cannot be made.
    pub fn run(&self, number: u32, around: &mut Surroundings<'_>) -> Result<Made, RunError> {
        Cell::run_case(&self.client, &self.case, number, around)
    }

    pub(super) fn run_case(
        by: &Stack,
        case: &Case,
        number: u32,
        around: &mut Surroundings<'_>,
    ) -> Result<Made, RunError> {
        match by {
            Stack::Tonic | Stack::Raw => repetition::run(case, number, around),
            Stack::Peer(peer) => client::run(peer, case, number, around),
        }
    }

    /// Its place in the result, with nothing measured yet.
    pub fn empty(&self) -> CaseResult {
        let mut case_as_meant = serde_json::to_value(&self.case.scenario).unwrap_or_default();
        if let Some(engine) = case_as_meant.pointer_mut("/client/engine") {
            *engine = Value::from(self.client.name());
        }
        CaseResult {
            name: self.case.name.clone(),
            point: self.case.point.clone(),
            fingerprint: self.case.fingerprint.clone(),
            case: case_as_meant,
            server: self.server.name().to_owned(),
            client: self.client.name().to_owned(),
            repetitions: Vec::new(),
            limits: Vec::new(),
        }
    }
}

/// The cores of client and server: the scenario's, or one each where this machine has two.
fn cores(scenario: &Scenario, settings: &ReferenceServer) -> (Vec<usize>, Vec<usize>) {
    let (client, server) = (&scenario.client.cpus, &settings.cpus);
    let allowed = affinity::allowed();
    match allowed[..] {
        [first, .., last] if client.is_empty() && server.is_empty() => (vec![last], vec![first]),
        _ => (client.clone(), server.clone()),
    }
}

/// The longest of what the scenario asks for and what both runtimes need.
fn longest_warm_up(scenario: &Scenario, client: &Stack, server: &Stack) -> Nanos {
    let sides = [
        client.peer().and_then(|peer| peer.client().ok()),
        server.peer().and_then(|peer| peer.server().ok()),
    ];
    let needed = sides.into_iter().flatten().map(|side| side.warm_up);
    needed.fold(scenario.phases.warm_up, Nanos::max)
}
