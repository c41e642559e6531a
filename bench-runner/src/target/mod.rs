//! What is called: started where it is ours to start, found where it is not, and stopped in good order.

mod backends;
mod counters;
mod process;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use scenarios::method::Method;
use scenarios::scenario::{self, Address, Calls, PeerServer, ReferenceServer};

pub use self::backends::{Backend, backends};
pub use self::counters::Counted;
pub use self::process::Death;
use self::process::{ServerProcess, Stillborn};
use crate::peer::{Peer, PeerError};

/// A target that is ready to be called.
pub struct Target {
    addresses: Vec<Address>,
    process: Option<ServerProcess>,
}

/// Why a target could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The program cannot be run.
    #[error(
        "target.command: cannot run `{program}`: {source}; check the path, and that the file may be executed"
    )]
    Program {
        /// The first word of the command.
        program: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The reference server refused its settings.
    #[error(
        "target.reference_server: the server refused its settings; its own output, above, says why"
    )]
    Settings,
    /// It ended instead of listening.
    #[error("the server ended before it listened ({status}); its own output, above, may say why")]
    Ended {
        /// How.
        status: String,
    },
    /// It does not listen.
    #[error(
        "the server did not listen on {address} within {patience_s} s; does it take its port from `{{port}}`?"
    )]
    Silent {
        /// Where it should have been.
        address: String,
        /// How long we waited.
        patience_s: u64,
    },
    /// A peer cannot be used.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The operating system refused something.
    #[error("cannot start the server: {0}")]
    Io(#[from] io::Error),
}

impl Target {
    /// Starts the target, or finds it. `program` is our own, which also serves as the embedded reference server.
    pub fn start(target: &scenario::Target, program: &Path) -> Result<Target, TargetError> {
        match target {
            scenario::Target::Address(address) => Ok(Target::there(vec![address.clone()])),
            scenario::Target::Addresses(addresses) => Ok(Target::there(addresses.clone())),
            scenario::Target::ReferenceServer(settings) => Target::embedded(settings, program),
            scenario::Target::Peer(server) => Target::peer(server),
            scenario::Target::Command(words) => Target::command(words),
        }
    }

    /// Servers that run already.
    fn there(addresses: Vec<Address>) -> Target {
        Target {
            addresses,
            process: None,
        }
    }

    /// A server of ours.
    fn started(process: ServerProcess, address: Address) -> Target {
        Target {
            addresses: vec![address],
            process: Some(process),
        }
    }

    fn embedded(settings: &ReferenceServer, program: &Path) -> Result<Target, TargetError> {
        let settings = serde_json::to_string(settings).map_err(io::Error::from)?;
        let mut command = Command::new(program);
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--until-stdin-closes",
            "--settings",
            &settings,
        ]);
        let (process, address) = ServerProcess::start_announcing(command)?;
        Ok(Target::started(process, address))
    }

    fn peer(server: &PeerServer) -> Result<Target, TargetError> {
        let peer = Peer::serving(server)?;
        let command = peer.server_command(&server.behaviour)?;
        let patience = peer.server()?.patience;
        match ServerProcess::start_peer(command, &server.cpus, patience)? {
            Ok((process, address)) => Ok(Target::started(process, address)),
            Err(Stillborn { how, said }) => Err(PeerError::Program {
                name: server.name.clone(),
                side: "server",
                how,
                said,
            }
            .into()),
        }
    }

    fn command(words: &[String]) -> Result<Target, TargetError> {
        let port = free_port()?;
        let words: Vec<String> = words
            .iter()
            .map(|word| word.replace("{port}", &port.to_string()))
            .collect();
        let (program, arguments) = words
            .split_first()
            .ok_or_else(|| io::Error::other("the command is empty"))?;
        let mut command = Command::new(program);
        command.args(arguments);
        let address = Address::Tcp {
            host: Ipv4Addr::LOCALHOST.to_string(),
            port,
        };
        let process = ServerProcess::start_on(command, port)?;
        Ok(Target::started(process, address))
    }

    /// Where it listens; the first of several.
    pub fn address(&self) -> &Address {
        &self.addresses[0]
    }

    /// Everywhere it listens: of a server of ours that is one place.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Its process, where we started it.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(ServerProcess::pid)
    }

    /// What it has counted of these methods together, where it is a reference server, or several are all such.
    pub fn counters(&self, methods: &[Method]) -> Option<Counted> {
        let mut all = self
            .addresses
            .iter()
            .map(|address| counters::fetch(address, methods));
        let first = all.next()??;
        all.try_fold(first, |sum, one| Some(sum.and(&one?)))
    }

    /// What it has counted of the methods that a scenario calls; only the Greeter's are ever counted.
    pub fn counters_of(&self, calls: &Calls) -> Option<Counted> {
        let mut methods = Vec::new();
        for call in calls.iter() {
            let method = call.method.greeter()?;
            if !methods.contains(&method) {
                methods.push(method);
            }
        }
        self.counters(&methods)
    }

    /// Stops it, where we started it; tells how it had ended by itself, if it had.
    pub fn stop(&mut self) -> Option<Death> {
        self.process.take().and_then(ServerProcess::stop)
    }
}

/// A port that nobody listens on just now.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}
