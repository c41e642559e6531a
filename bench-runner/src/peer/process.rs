//! Processes of a peer: started on their cores, watched for a bounded time, and heard to their last words.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::clock::Clock;
use crate::host::affinity;

/// How many of the last lines are kept, and how much of each.
const LINES: usize = 12;
const LENGTH: usize = 400;
/// How often is looked.
const TICK: Duration = Duration::from_millis(10);

/// How long the end of what a program wrote is waited for: it has ended, but another may hold on to its output.
const LINGER: Duration = Duration::from_millis(500);

/// The last lines that a program wrote.
#[derive(Clone, Debug, Default)]
pub struct LastWords(Arc<(Mutex<Heard>, Condvar)>);

#[derive(Debug, Default)]
struct Heard {
    lines: VecDeque<String>,
    /// More may come.
    is_open: bool,
}

impl LastWords {
    /// Listens from now on, on a thread of its own.
    pub fn of(output: impl Read + Send + 'static) -> LastWords {
        let words = LastWords::default();
        words.heard().is_open = true;
        let heard = words.clone();
        thread::spawn(move || heard.listen(output));
        words
    }

    /// The last lines of what is there already.
    pub(super) fn of_text(text: &[u8]) -> LastWords {
        let words = LastWords::default();
        words.listen(text);
        words
    }

    fn listen(&self, output: impl Read) {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while matches!(output.read_until(b'\n', &mut line), Ok(n) if n > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if !text.is_empty() {
                self.hear(text.chars().take(LENGTH).collect());
            }
        }
        self.heard().is_open = false;
        self.0.1.notify_all();
    }

    fn hear(&self, line: String) {
        let lines = &mut self.heard().lines;
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lines, indented; waits a moment for the last of them.
    pub fn text(&self) -> String {
        let waited = self
            .0
            .1
            .wait_timeout_while(self.heard(), LINGER, |heard| heard.is_open);
        let (heard, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let lines: Vec<String> = heard
            .lines
            .iter()
            .map(|line| format!("    {line}"))
            .collect();
        lines.join("\n")
    }
}

/// Starts a program in a process group of its own, kept on some cores; on any where there are none.
pub fn spawn_on(command: &mut Command, cpus: &[usize]) -> io::Result<Child> {
    command.process_group(0);
    if cpus.is_empty() {
        return command.spawn();
    }
    // A process begins on the cores of the thread that starts it.
    thread::scope(|scope| {
        let started = scope.spawn(|| {
            affinity::pin_to(cpus).map_err(io::Error::other)?;
            command.spawn()
        });
        started
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the thread that starts it failed")))
    })
}

/// Waits for a program to end; one that takes longer than `patience` is ended with all that it started, and has no
/// status. `each` is called every few milliseconds, and says whether to go on.
pub(super) fn wait(
    child: &mut Child,
    patience: Duration,
    mut each: impl FnMut() -> bool,
) -> io::Result<Option<ExitStatus>> {
    let clock = Clock::starting_in(Duration::ZERO);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Duration::from(clock.now()) > patience || !each() {
            end(child);
            return Ok(None);
        }
        thread::sleep(TICK);
    }
}

/// Ends a program and all that it started, at once.
pub fn end(child: &mut Child) {
    if let Ok(pid) = i32::try_from(child.id()) {
        // What is gone already cannot be signalled, which is as well.
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
