//! What is called: started where it is ours to start, found where it is not, and stopped in good order.

mod counters;
mod process;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use scenarios::method::Method;
use scenarios::scenario::{self, Address, PeerServer, ReferenceServer};
use scenarios::service::Called;

pub use self::counters::Counted;
pub use self::process::Death;
use self::process::{ServerProcess, Stillborn};
use crate::peer::{Peer, PeerError};

/// A target that is ready to be called.
pub struct Target {
    address: Address,
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
            scenario::Target::Address(address) => Ok(Target {
                address: address.clone(),
                process: None,
            }),
            scenario::Target::ReferenceServer(settings) => Target::embedded(settings, program),
            scenario::Target::Peer(server) => Target::peer(server),
            scenario::Target::Command(words) => Target::command(words),
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
        Ok(Target {
            address,
            process: Some(process),
        })
    }

    fn peer(server: &PeerServer) -> Result<Target, TargetError> {
        let peer = Peer::serving(server)?;
        let command = peer.server_command(&server.behaviour)?;
        let patience = peer.server()?.patience;
        match ServerProcess::start_peer(command, &server.cpus, patience)? {
            Ok((process, address)) => Ok(Target {
                address,
                process: Some(process),
            }),
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
        Ok(Target {
            address,
            process: Some(process),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Its process, where we started it.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(ServerProcess::pid)
    }

    /// What it has counted of a method, where it is a reference server.
    pub fn counters(&self, method: Method) -> Option<Counted> {
        counters::fetch(&self.address, method)
    }

    /// What it has counted of the method that a scenario calls; only the Greeter's are ever counted.
    pub fn counters_of(&self, called: &Called) -> Option<Counted> {
        self.counters(called.greeter()?)
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
