//! Running the real program against real servers, and reading what it wrote.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

pub(crate) mod certificates;
pub(crate) mod early;
pub(crate) mod peer;
pub(crate) mod stacks;
pub(crate) mod stock;
pub(crate) mod toolchain;

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reports::model::{Repetition, RunResult};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_bench-runner");

/// Makes a test for each engine of functions that take the engine's name.
#[macro_export]
macro_rules! for_both_engines {
    ($($name:ident)*) => {
        mod tonic {
            $(#[test] fn $name() { super::$name("tonic"); })*
        }
        mod raw {
            $(#[test] fn $name() { super::$name("raw"); })*
        }
    };
}

/// Keeps tests that look at times from disturbing each other: on two cores, two runs are one too many.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A scenario to be run by the program.
pub(crate) struct Run {
    folder: tempfile::TempDir,
    command: Command,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) result: Option<RunResult>,
    /// Keeps the run folder until the test is over.
    pub(crate) folder: tempfile::TempDir,
}

impl Run {
    pub(crate) fn new(yaml: &str) -> Run {
        Run::of("run", yaml)
    }

    /// A gate file to be judged by the program.
    pub(crate) fn gate(yaml: &str) -> Run {
        Run::of("gate", yaml)
    }

    /// A scenario whose capacity the program is to search.
    pub(crate) fn search(yaml: &str) -> Run {
        Run::of("search", yaml)
    }

    pub(crate) fn argument(mut self, argument: &str) -> Run {
        self.command.arg(argument);
        self
    }

    fn of(subcommand: &str, yaml: &str) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.yaml");
        std::fs::write(&file, yaml).unwrap();
        let mut command = Command::new(PROGRAM);
        command
            .arg(subcommand)
            .arg(&file)
            .arg("--out")
            .arg(folder.path().join("out"));
        Run { folder, command }
    }

    /// Puts another file beside it.
    pub(crate) fn file(self, name: &str, text: &str) -> Run {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    /// Runs it from a shell script that ends in `exec "$@"`.
    pub(crate) fn in_shell(self, script: &str) -> Run {
        let mut command = Command::new("sh");
        command
            .args(["-c", script, "sh"])
            .arg(self.command.get_program());
        command.args(self.command.get_args());
        Run {
            folder: self.folder,
            command,
        }
    }

    pub(crate) fn set(mut self, setting: impl AsRef<str>) -> Run {
        self.command.arg("--set").arg(setting.as_ref());
        self
    }

    pub(crate) fn sets(self, settings: &[String]) -> Run {
        settings.iter().fold(self, Run::set)
    }

    pub(crate) fn engine(self, engine: &str) -> Run {
        self.set(format!("client.engine={engine}"))
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Run {
        self.command.env(name, value);
        self
    }

    pub(crate) fn target(self, address: &str) -> Run {
        self.set(format!("target.address={address}"))
    }

    pub(crate) fn start(mut self) -> Started {
        let child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Started {
            folder: self.folder,
            child,
        }
    }

    pub(crate) fn finish(self) -> Outcome {
        self.start().finish()
    }
}

/// A run under way.
pub(crate) struct Started {
    folder: tempfile::TempDir,
    pub(crate) child: Child,
}

impl Started {
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    pub(crate) fn finish(self) -> Outcome {
        let output = self.child.wait_with_output().unwrap();
        let text = std::fs::read_to_string(self.folder.path().join("out/result.json"));
        Outcome {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            result: text.ok().map(|text| RunResult::from_json(&text).unwrap()),
            folder: self.folder,
        }
    }
}

impl Outcome {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("out").join(name)
    }

    /// All repetitions of all cases, each of which must account for every call.
    pub(crate) fn repetitions(&self) -> Vec<&Repetition> {
        let result = self
            .result
            .as_ref()
            .unwrap_or_else(|| panic!("no result: {}", self.stderr));
        let all: Vec<_> = result
            .cases
            .iter()
            .flat_map(|case| &case.repetitions)
            .collect();
        for repetition in &all {
            assert!(repetition.counts.balanced(), "{:?}", repetition.counts);
        }
        all
    }

    pub(crate) fn repetition(&self) -> &Repetition {
        self.repetitions()[0]
    }
}

/// A reference server of the test's own.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) child: Child,
    /// For what it leaves behind when it is killed, such as its certificate.
    _scratch: tempfile::TempDir,
}

impl Server {
    pub(crate) fn start(sets: &[&str]) -> Server {
        Server::start_at("127.0.0.1:0", sets)
    }

    /// One that listens where another has listened before.
    pub(crate) fn listening(at: &str) -> Server {
        Server::start_at(at, &[])
    }

    fn start_at(listen: &str, sets: &[&str]) -> Server {
        let scratch = tempfile::tempdir().unwrap();
        let mut command = Command::new(PROGRAM);
        command
            .args(["serve", "--listen", listen])
            .env("TMPDIR", scratch.path());
        for set in sets {
            command.args(["--set", set]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        Server {
            address: line.trim().to_owned(),
            child,
            _scratch: scratch,
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Stops the server in good order; gives what it printed after its address.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        self.signal(Signal::SIGTERM);
        let mut rest = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut rest)
            .unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does something to a server in the middle of a run.
pub(crate) fn after<T: Send + 'static>(
    pause: Duration,
    act: impl FnOnce() -> T + Send + 'static,
) -> std::thread::JoinHandle<T> {
    std::thread::spawn(move || {
        std::thread::sleep(pause);
        act()
    })
}
