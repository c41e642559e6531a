//! What is called: started where it is ours to start, found where it is not, and stopped in good order.

mod backends;
mod counters;
mod process;
mod security;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Command;

use reference_server::tls::{FileError, Made};
use scenarios::method::Method;
use scenarios::scenario::{self, Address, Calls, Listen, PeerServer, ReferenceServer, Scenario};
use tempfile::TempDir;

pub use self::backends::{Backend, backends};
pub use self::counters::Counted;
pub use self::process::Death;
use self::process::{ServerProcess, Stillborn};
use self::security::Security;
use crate::engine::Endpoint;
use crate::peer::{Peer, PeerError};
use crate::tls::Tls;

/// A target that is ready to be called.
pub struct Target {
    addresses: Vec<Address>,
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
                Target::at(vec![address.clone()], None, security)
            }
            scenario::Target::Addresses(addresses) => {
                let security = Security::prepare(None, client)?;
                Target::at(addresses.clone(), None, security)
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
        addresses: Vec<Address>,
        process: Option<ServerProcess>,
        security: Security,
    ) -> Result<Target, TargetError> {
        let (tls, made) = security.of_client(&addresses)?;
        Ok(Target {
            addresses,
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
        let target = Target::at(vec![address], Some(process), security)?;
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
            Ok((process, address)) => Target::at(vec![address], Some(process), security),
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
        Target::at(vec![address], Some(process), security)
    }

    /// Where it listens; the first of several.
    pub fn address(&self) -> &Address {
        &self.addresses[0]
    }

    /// Everywhere it listens: of a server of ours that is one place.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// What secures connections to it, or to one of several; `None` is plaintext.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    fn tls_at(&self, address: &Address) -> Option<Tls> {
        self.tls.as_ref()?.at(address)
    }

    /// The way there, to the first of several, as a scenario goes it.
    pub fn endpoint(&self, scenario: &Scenario) -> Endpoint {
        let address = self.address();
        Endpoint::of(scenario, address.clone(), self.tls_at(address))
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
            .map(|address| counters::fetch(address, self.tls_at(address).as_ref(), methods));
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
