//! The peers of the project, set up once, and folders of fake ones.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use reports::model::RunResult;

use super::PROGRAM;
use super::toolchain::or_skipped;

/// The project's own peers.
pub(crate) const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../peers");

/// What set-up made of grpcio; `None`, loudly, where there is no Python for it.
pub(crate) fn grpcio() -> Option<&'static PathBuf> {
    static READY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    or_skipped("grpcio", READY.get_or_init(|| ready("grpcio")))
}

fn ready(stack: &str) -> Result<PathBuf, String> {
    let mut program = Command::new(PROGRAM);
    let output = program
        .env("BENCH_RUNNER_PEERS", PEERS)
        .args(["peers", "setup", stack])
        .output()
        .map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(Path::new(PEERS).join(".ready").join(stack)),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// A comparison, or another command that knows peers.
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) result: Option<RunResult>,
    pub(crate) folder: tempfile::TempDir,
}

/// Compares with the peers of a folder.
pub(crate) fn compare(peers: &Path, yaml: &str, arguments: &[&str]) -> Told {
    let folder = tempfile::tempdir().unwrap();
    let scenario = folder.path().join("test.yaml");
    std::fs::write(&scenario, yaml).unwrap();
    let out = folder.path().join("out");
    let mut program = Command::new(PROGRAM);
    program.arg("compare").arg(scenario).arg("--out").arg(&out);
    let output = program
        .args(arguments)
        .env("BENCH_RUNNER_PEERS", peers)
        .output()
        .unwrap();
    told(output, folder, &out)
}

/// `bench-runner peers ...` with the peers of a folder.
pub(crate) fn peers(peers: &Path, arguments: &[&str]) -> Told {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(PROGRAM);
    let program = program.arg("peers").args(arguments);
    let output = program.env("BENCH_RUNNER_PEERS", peers).output().unwrap();
    let out = folder.path().join("out");
    told(output, folder, &out)
}

fn told(output: Output, folder: tempfile::TempDir, out: &Path) -> Told {
    let text = std::fs::read_to_string(out.join("result.json"));
    Told {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        result: text.ok().map(|text| RunResult::from_json(&text).unwrap()),
        folder,
    }
}

impl Told {
    pub(crate) fn result(&self) -> &RunResult {
        let result = self.result.as_ref();
        result.unwrap_or_else(|| panic!("no result: {}", self.stderr))
    }

    pub(crate) fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join("out").join(name)).unwrap()
    }

    /// Why a pair was not measured.
    pub(crate) fn refusal(&self, client: &str, server: &str) -> &str {
        let refused = &self.result().refused;
        let found = refused
            .iter()
            .find(|r| r.client == client && r.server == server);
        &found
            .unwrap_or_else(|| panic!("{client} to {server}: {refused:?}"))
            .why
    }

    /// That a pair was not measured, in these words.
    pub(crate) fn refused_for(&self, client: &str, server: &str, words: &[&str]) {
        let why = self.refusal(client, server);
        for word in words {
            assert!(why.contains(word), "{client} to {server}: {why}");
        }
    }
}

/// Writes a fake peer into a folder of them: its `peer.yaml` without the name, and its programs.
pub(crate) fn fake(peers: &Path, name: &str, yaml: &str, programs: &[(&str, &str)]) {
    let folder = peers.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let version = r#"version: [sh, -c, "echo '{\"stack\": \"fake 1\"}'"]"#;
    let yaml = format!("name: {name}\nabout: Not what it seems.\n{version}\n{yaml}\n");
    std::fs::write(folder.join("peer.yaml"), yaml).unwrap();
    for (file, text) in programs {
        std::fs::write(folder.join(file), text).unwrap();
    }
}
