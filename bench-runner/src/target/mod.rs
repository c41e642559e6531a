//! What is called: started where it is ours to start, found where it is not, and stopped in good order.

mod counters;
mod process;
mod security;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use reference_server::tls::{FileError, Made};
use scenarios::method::Method;
use scenarios::scenario::{self, Address, Listen, PeerServer, ReferenceServer, Scenario};
use scenarios::service::Called;
use tempfile::TempDir;

pub use self::counters::Counted;
pub use self::process::Death;
use self::process::{ServerProcess, Stillborn};
use self::security::Security;
use crate::engine::Endpoint;
use crate::peer::{Peer, PeerError};
use crate::tls::Tls;

/// A target that is ready to be called.
pub struct Target {
    address: Address,
    tls: Option<Tls>,
    process: Option<ServerProcess>,
    /// Files that the server has open or may open, which go when it has gone.
    _made: Option<Made>,
    _folder: Option<TempDir>,
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
    /// A certificate or a key cannot be used.
    #[error(transparent)]
    Tls(#[from] FileError),
    /// A peer cannot be used.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The operating system refused something.
    #[error("cannot start the server: {0}")]
    Io(#[from] io::Error),
}

impl Target {
    /// Starts the target of a scenario, or finds it. `program` is our own, which also serves as the embedded reference
    /// server.
    pub fn start(scenario: &Scenario, program: &Path) -> Result<Target, TargetError> {
        let client = scenario.client.tls.as_ref();
        match &scenario.target {
            scenario::Target::Address(address) => {
                let security = Security::prepare(None, client)?;
                Target::at(address.clone(), None, security)
            }
            scenario::Target::ReferenceServer(settings) => {
                let security = Security::prepare(settings.tls.as_ref(), client)?;
                Target::embedded(settings, program, security)
            }
            scenario::Target::Peer(server) => {
                let security = Security::prepare(server.tls.as_ref(), client)?;
                Target::peer(server, security)
            }
            scenario::Target::Command(words) => {
                let security = Security::prepare(None, client)?;
                Target::command(words, client.is_some(), security)
            }
        }
    }

    fn at(
        address: Address,
        process: Option<ServerProcess>,
        security: Security,
    ) -> Result<Target, TargetError> {
        let (tls, made) = security.of_client(&address)?;
        Ok(Target {
            address,
            tls,
            process,
            _made: made,
            _folder: None,
        })
    }

    fn embedded(
        settings: &ReferenceServer,
        program: &Path,
        security: Security,
    ) -> Result<Target, TargetError> {
        let (listen, folder) = place(settings.listen)?;
        let told = ReferenceServer {
            tls: security.server.clone(),
            ..settings.clone()
        };
        let settings = serde_json::to_string(&told).map_err(io::Error::from)?;
        let mut command = Command::new(program);
        command.args(["serve", "--listen", &listen, "--until-stdin-closes"]);
        command.args(["--settings", &settings]);
        let (process, address) = ServerProcess::start_announcing(command)?;
        let target = Target::at(address, Some(process), security)?;
        Ok(Target {
            _folder: folder,
            ..target
        })
    }

    fn peer(server: &PeerServer, security: Security) -> Result<Target, TargetError> {
        let peer = Peer::serving(server)?;
        let command = peer.server_command(&server.behaviour, security.server.as_ref())?;
        let patience = peer.server()?.patience;
        match ServerProcess::start_peer(command, &server.cpus, patience)? {
            Ok((process, address)) => Target::at(address, Some(process), security),
            Err(Stillborn { how, said }) => Err(PeerError::Program {
                name: server.name.clone(),
                side: "server",
                how,
                said,
            }
            .into()),
        }
    }

    fn command(words: &[String], tls: bool, security: Security) -> Result<Target, TargetError> {
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
            tls,
        };
        let process = ServerProcess::start_on(command, port)?;
        Target::at(address, Some(process), security)
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// What secures connections to it; `None` is plaintext.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// The way there, as a scenario goes it.
    pub fn endpoint(&self, scenario: &Scenario) -> Endpoint {
        Endpoint::of(scenario, self.address.clone(), self.tls.clone())
    }

    /// Its process, where we started it.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(ServerProcess::pid)
    }

    /// What it has counted of a method, where it is a reference server.
    pub fn counters(&self, method: Method) -> Option<Counted> {
        counters::fetch(&self.address, self.tls.as_ref(), method)
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

/// Where our own server is to listen, and the folder that a socket of it is in.
fn place(listen: Listen) -> io::Result<(String, Option<TempDir>)> {
    match listen {
        Listen::Tcp => Ok(("127.0.0.1:0".to_owned(), None)),
        Listen::Unix => {
            let folder = TempDir::with_prefix("bench-runner-")?;
            let path = folder.path().join("greeter.sock");
            Ok((format!("unix:{}", path.display()), Some(folder)))
        }
    }
}

/// A port that nobody listens on just now.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}
