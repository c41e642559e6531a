//! A server process of ours: started in a process group of its own, so that a Ctrl-C meant for the runner does not end
//! it in the middle of the drain, and stopped however the runner ends.

use std::io::{self, BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use scenarios::scenario::Address;

use super::TargetError;
use crate::peer::{LastWords, end, spawn_on};

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take to stop before it is killed.
const GRACE: Duration = Duration::from_secs(7);
/// How often is looked.
const TICK: Duration = Duration::from_millis(10);

/// A server process.
pub(super) struct ServerProcess {
    child: Child,
    said: LastWords,
}

/// What a peer's server did instead of listening.
pub(super) struct Stillborn {
    pub(super) how: String,
    pub(super) said: String,
}

/// How a server ended before it was stopped.
#[derive(Clone, Debug)]
pub struct Death {
    /// Its status.
    pub status: ExitStatus,
    /// The last lines that it wrote to standard error, where we listened.
    pub said: String,
}

impl Death {
    /// What happened, for a person.
    pub fn told_of(&self, server: &str) -> String {
        let said = match self.said.is_empty() {
            true => "it said nothing".to_owned(),
            false => format!("its last lines:\n{}", self.said),
        };
        format!(
            "the server of `{server}` ended in the middle of the run ({}); {said}",
            self.status
        )
    }
}

impl ServerProcess {
    /// Starts a server that says its address on the first line of its standard output, and ends when its standard
    /// input does.
    pub(super) fn start_announcing(
        command: Command,
    ) -> Result<(ServerProcess, Address), TargetError> {
        let (mut process, stdout) = ServerProcess::listening_to(command, &[])?;
        match first_line(stdout, PATIENCE).as_deref().and_then(announced) {
            Some(address) => Ok((process, address)),
            None => Err(process.refusal()),
        }
    }

    /// Starts such a server of a peer, on some cores. Where it says no address, what it did instead.
    pub(super) fn start_peer(
        command: Command,
        cpus: &[usize],
        patience: Duration,
    ) -> Result<Result<(ServerProcess, Address), Stillborn>, TargetError> {
        let (mut process, stdout) = ServerProcess::listening_to(command, cpus)?;
        let line = first_line(stdout, patience);
        if let Some(address) = line.as_deref().and_then(announced) {
            return Ok(Ok((process, address)));
        }
        let how = match line {
            Some(line) => format!(
                "printed `{}` instead of its address",
                line.chars().take(80).collect::<String>()
            ),
            // Its output is closed a moment before it has ended.
            None => match process.ended_within(Duration::from_millis(500)) {
                Some(status) => format!("ended before it listened ({status})"),
                None => format!("said no address within {} s", patience.as_secs()),
            },
        };
        process.end();
        let said = process.said.text();
        Ok(Err(Stillborn { how, said }))
    }

    fn listening_to(
        mut command: Command,
        cpus: &[usize],
    ) -> Result<(ServerProcess, ChildStdout), TargetError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = ServerProcess::spawn(command, cpus)?;
        let stdout = process.child.stdout.take();
        let stdout = stdout.ok_or_else(|| io::Error::other("no standard output"))?;
        Ok((process, stdout))
    }

    /// Starts a server on a port and waits until it listens there.
    pub(super) fn start_on(mut command: Command, port: u16) -> Result<ServerProcess, TargetError> {
        // What it prints is not a result of ours.
        command.stdin(Stdio::null()).stdout(io::stderr());
        let mut process = ServerProcess::spawn(command, &[])?;
        for _ in 0..PATIENCE.as_millis() / TICK.as_millis() {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(process);
            }
            if let Some(status) = process.child.try_wait()? {
                return Err(TargetError::Ended {
                    status: status.to_string(),
                });
            }
            thread::sleep(TICK);
        }
        Err(TargetError::Silent {
            address: format!("127.0.0.1:{port}"),
            patience_s: PATIENCE.as_secs(),
        })
    }

    fn spawn(mut command: Command, cpus: &[usize]) -> Result<ServerProcess, TargetError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = spawn_on(&mut command, cpus)
            .map_err(|source| TargetError::Program { program, source })?;
        let said = child.stderr.take().map(LastWords::of).unwrap_or_default();
        Ok(ServerProcess { child, said })
    }

    /// Why a server that said no address did not.
    fn refusal(&mut self) -> TargetError {
        match self.end() {
            Some(status) if status.code() == Some(2) => TargetError::Settings,
            status => TargetError::Ended {
                status: status.map_or_else(|| "killed".to_owned(), |s| s.to_string()),
            },
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops the server; tells how it had ended by itself, if it had, and the last that it said.
    pub(super) fn stop(mut self) -> Option<Death> {
        let ended = self.child.try_wait().ok().flatten();
        self.end();
        let said = self.said.text();
        ended.map(|status| Death { status, said })
    }

    /// Asks the server to end, and makes it where it does not.
    fn end(&mut self) -> Option<ExitStatus> {
        drop(self.child.stdin.take());
        if let Ok(pid) = i32::try_from(self.child.id()) {
            // A server that is gone already cannot be signalled, which is as well.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        self.ended_within(GRACE).or_else(|| {
            end(&mut self.child);
            self.child.wait().ok()
        })
    }

    /// How it ended, if it does so by itself in this time.
    fn ended_within(&mut self, patience: Duration) -> Option<ExitStatus> {
        for _ in 0..patience.as_millis() / TICK.as_millis() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(TICK);
        }
        None
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

/// The address in a line such as `http://127.0.0.1:41233`, the same with `https`, or `unix:/path`.
fn announced(line: &str) -> Option<Address> {
    let line = line.trim();
    if let Some(path) = line.strip_prefix("unix:") {
        return Some(Address::Unix(path.into()));
    }
    let (socket, tls) = match line.strip_prefix("https://") {
        Some(socket) => (socket, true),
        None => (line.strip_prefix("http://")?, false),
    };
    let socket: SocketAddr = socket.parse().ok()?;
    Some(Address::Tcp {
        host: socket.ip().to_string(),
        port: socket.port(),
        tls,
    })
}

/// The first line, if it comes in time. The rest is read on and dropped, so that the server never blocks on it.
fn first_line(stdout: ChildStdout, patience: Duration) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines();
        if let Some(Ok(line)) = lines.next() {
            // Nobody may be listening any more.
            let _ = sender.send(line);
        }
        lines.for_each(drop);
    });
    receiver.recv_timeout(patience).ok()
}
