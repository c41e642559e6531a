//! A server process of ours: started in a process group of its own, so that a Ctrl-C meant for the runner does not end
//! it in the middle of the drain, and stopped however the runner ends.

use std::io::{self, BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use scenarios::scenario::Address;

use super::TargetError;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take to stop before it is killed.
const GRACE: Duration = Duration::from_secs(7);
/// How often is looked.
const TICK: Duration = Duration::from_millis(10);

/// A server process.
pub(super) struct ServerProcess(Child);

impl ServerProcess {
    /// Starts a server that says its address on the first line of its standard output, and ends when its standard
    /// input does.
    pub(super) fn start_announcing(
        mut command: Command,
    ) -> Result<(ServerProcess, Address), TargetError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = ServerProcess::spawn(command)?;
        let Some(stdout) = process.0.stdout.take() else {
            return Err(io::Error::other("no standard output").into());
        };
        match first_line(stdout).as_deref().and_then(announced) {
            Some(address) => Ok((process, address)),
            None => Err(process.refusal()),
        }
    }

    /// Starts a server on a port and waits until it listens there.
    pub(super) fn start_on(mut command: Command, port: u16) -> Result<ServerProcess, TargetError> {
        // What it prints is not a result of ours.
        command.stdin(Stdio::null()).stdout(io::stderr());
        let mut process = ServerProcess::spawn(command)?;
        for _ in 0..PATIENCE.as_millis() / TICK.as_millis() {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Ok(process);
            }
            if let Some(status) = process.0.try_wait()? {
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

    fn spawn(mut command: Command) -> Result<ServerProcess, TargetError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn();
        child
            .map(ServerProcess)
            .map_err(|source| TargetError::Program { program, source })
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
        self.0.id()
    }

    /// Stops the server; tells whether it had ended by itself.
    pub(super) fn stop(mut self) -> bool {
        let ended = matches!(self.0.try_wait(), Ok(Some(_)));
        self.end();
        ended
    }

    /// Asks the server to end, and makes it where it does not.
    fn end(&mut self) -> Option<ExitStatus> {
        drop(self.0.stdin.take());
        if let Ok(pid) = i32::try_from(self.0.id()) {
            // A server that is gone already cannot be signalled, which is as well.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        for _ in 0..GRACE.as_millis() / TICK.as_millis() {
            if let Ok(Some(status)) = self.0.try_wait() {
                return Some(status);
            }
            thread::sleep(TICK);
        }
        let _ = self.0.kill();
        self.0.wait().ok()
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

/// The address in a line such as `http://127.0.0.1:41233`.
fn announced(line: &str) -> Option<Address> {
    let socket: SocketAddr = line.trim().strip_prefix("http://")?.parse().ok()?;
    Some(Address::Tcp {
        host: socket.ip().to_string(),
        port: socket.port(),
    })
}

/// The first line, if it comes in time. The rest is read on and dropped, so that the server never blocks on it.
fn first_line(stdout: ChildStdout) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(stdout).lines();
        if let Some(Ok(line)) = lines.next() {
            // Nobody may be listening any more.
            let _ = sender.send(line);
        }
        lines.for_each(drop);
    });
    receiver.recv_timeout(PATIENCE).ok()
}
