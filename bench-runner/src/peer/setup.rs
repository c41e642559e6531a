//! Setting a stack up: once, and again when its folder changes.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::process::{LastWords, spawn_on, wait};
use super::{Peer, PeerError, error};
use crate::output;

/// How long a step of the set-up may take: a compiler on a slow machine, or a slow line.
const PATIENCE: Duration = Duration::from_secs(30 * 60);
/// How long a question such as `go version` may take.
const QUESTION: Duration = Duration::from_secs(30);
/// Names of what tools leave beside sources; nothing is made of them.
const LEFT_BEHIND: [&str; 6] = [
    "__pycache__",
    "node_modules",
    "target",
    "build",
    "bin",
    "obj",
];

/// How a peer stands.
#[derive(Debug)]
pub enum Standing {
    /// It may run.
    Ready,
    /// It can be set up.
    NotSetUp,
    /// Something must be installed first.
    Missing(String),
}

impl Peer {
    /// How it stands.
    ///
    /// # Errors
    ///
    /// Where its folder cannot be read.
    pub fn standing(&self) -> Result<Standing, PeerError> {
        if let Some(install) = self.missing() {
            return Ok(Standing::Missing(install));
        }
        Ok(match self.is_ready(&self.digest()?) {
            true => Standing::Ready,
            false => Standing::NotSetUp,
        })
    }

    /// Sets it up, unless that is done already.
    ///
    /// # Errors
    ///
    /// Where something must be installed first, or a step fails; the next call tries again from the start.
    pub fn set_up(&self) -> Result<(), PeerError> {
        if let Some(install) = self.missing() {
            return Err(PeerError::Missing {
                name: self.name.clone(),
                install,
            });
        }
        let digest = self.digest()?;
        if self.is_ready(&digest) {
            return Ok(());
        }
        let _alone = self.lock().map_err(|error| self.io("its lock", error))?;
        // Somebody else may have done it meanwhile.
        if self.is_ready(&digest) {
            return Ok(());
        }
        self.prepare()
            .map_err(|error| self.io(self.ready.display().to_string(), error))?;
        for (step, words) in self.setup.iter().enumerate() {
            self.step(step, words)?;
        }
        fs::write(self.stamp(), digest).map_err(|error| self.io("its stamp", error))?;
        output::tell(&format!("{}: ready", self.stack));
        Ok(())
    }

    /// What must be installed, if anything.
    fn missing(&self) -> Option<String> {
        let is_missing = |words: &[String]| {
            let mut command = self.command(words);
            command.stdin(Stdio::null());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let status = spawn_on(&mut command, &[])
                .and_then(|mut child| wait(&mut child, QUESTION, || true));
            !matches!(status, Ok(Some(status)) if status.success())
        };
        let need = self.needs.iter().find(|need| is_missing(&need.run))?;
        Some(need.install.clone())
    }

    /// A command of the peer's, in its folder.
    pub(super) fn command(&self, words: &[String]) -> Command {
        // A peer without words is refused when it is read.
        let (program, arguments) = words
            .split_first()
            .map_or(("", &[][..]), |(p, a)| (p.as_str(), a));
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder);
        command
    }

    /// An empty place to set up in, and the `.proto` files.
    fn prepare(&self) -> io::Result<()> {
        // What an earlier try left behind is no ground to build on.
        match fs::remove_dir_all(&self.ready) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&self.ready)?,
        }
        File::create(self.log())?;
        fs::create_dir_all(&self.protos)?;
        for (name, text) in protos::SOURCES {
            let path = self.protos.join(name);
            // Unchanged where it is the same: another stack may be reading it just now.
            if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
                output::write(&path, text.as_bytes()).map_err(io::Error::other)?;
            }
        }
        Ok(())
    }

    fn step(&self, step: usize, words: &[String]) -> Result<(), PeerError> {
        let line = self.short(words);
        output::tell(&format!(
            "{}: [{}/{}] {line}",
            self.stack,
            step + 1,
            self.setup.len()
        ));
        let how = match self.run_logged(words) {
            Ok(None) => format!("took longer than {}", error::seconds(PATIENCE)),
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => format!("ended with {status}"),
            Err(error) => format!("cannot be run: {error}"),
        };
        let log = fs::read(self.log()).unwrap_or_default();
        Err(PeerError::SetUp {
            name: self.stack.clone(),
            command: line,
            how,
            said: LastWords::of_text(&log).text(),
            log: self.log(),
        })
    }

    fn run_logged(&self, words: &[String]) -> io::Result<Option<std::process::ExitStatus>> {
        let log = File::options().append(true).open(self.log())?;
        let mut command = self.command(words);
        command.stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        wait(&mut spawn_on(&mut command, &[])?, PATIENCE, || true)
    }

    /// A command as a line that is not longer than it must be.
    fn short(&self, words: &[String]) -> String {
        let ready = self.ready.display().to_string();
        words.join(" ").replace(&ready, "{ready}")
    }

    fn is_ready(&self, digest: &str) -> bool {
        fs::read_to_string(self.stamp()).is_ok_and(|stamp| stamp == digest)
    }

    fn stamp(&self) -> PathBuf {
        self.ready.join(".stamp")
    }

    /// What set-up said.
    fn log(&self) -> PathBuf {
        self.ready.with_extension("log")
    }

    /// Kept until it is dropped.
    fn lock(&self) -> io::Result<File> {
        let path = self.ready.with_extension("lock");
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let file = File::create(path)?;
        file.lock()?;
        Ok(file)
    }

    /// Of everything that set-up is made of: the files of the folder, the `.proto` files, and where it goes.
    fn digest(&self) -> Result<String, PeerError> {
        let mut files = Vec::new();
        collect(&self.folder, &mut files)
            .map_err(|error| self.io(self.folder.display().to_string(), error))?;
        files.sort();
        let mut hash = Fnv::default();
        hash.add(self.ready.display().to_string().as_bytes());
        for path in files {
            hash.add(path.display().to_string().as_bytes());
            let bytes =
                fs::read(&path).map_err(|error| self.io(path.display().to_string(), error))?;
            hash.add(&bytes);
        }
        for (_, text) in protos::SOURCES {
            hash.add(text.as_bytes());
        }
        Ok(format!("{:016x}", hash.0))
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || LEFT_BEHIND.contains(&name.as_str()) {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => collect(&entry.path(), files)?,
            false => files.push(entry.path()),
        }
    }
    Ok(())
}

/// The 64-bit FNV-1a hash of several texts, each with its length.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        let length = (bytes.len() as u64).to_le_bytes();
        for byte in length.iter().chain(bytes) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
