//! Any stock grpcio greeter interoperates, in both directions: the classic `greeter_server.py` / `greeter_client.py`
//! pair with its two-field messages, set up from the package registry by its lockfile.
//!
//! Needs Python 3. Where it is missing the tests say so and are skipped; in CI (`CI` is set) they must run.

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use common::{Run, Server};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grpcio");

/// A Python with grpcio and the generated stubs; `None`, loudly, where there is none to be had.
fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PYTHON.get_or_init(set_up) {
        Ok(python) => Some(python),
        Err(why) if std::env::var_os("CI").is_some() => panic!("grpcio must run in CI: {why}"),
        Err(why) => {
            // Written past the test harness, which would keep it to itself.
            let _ = writeln!(std::io::stderr(), "SKIPPED, no grpcio: {why}");
            None
        }
    }
}

/// Makes a virtual environment beside the build, once; it is kept for the next run.
fn set_up() -> Result<PathBuf, String> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("grpcio");
    let python = home.join("bin/python");
    let ready = home.join("ready");
    let locked =
        std::fs::read(format!("{SOURCES}/requirements.txt")).map_err(|error| error.to_string())?;
    if std::fs::read(&ready).is_ok_and(|installed| installed == locked) {
        return Ok(python);
    }
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&home))?;
    let requirements = format!("{SOURCES}/requirements.txt");
    run(Command::new(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "-r",
        &requirements,
    ]))?;
    let out = home.join("stubs");
    std::fs::create_dir_all(&out).map_err(|error| error.to_string())?;
    let protoc = Command::new(&python)
        .args(["-m", "grpc_tools.protoc", "-I", SOURCES, "helloworld.proto"])
        .arg(format!("--python_out={}", out.display()))
        .arg(format!("--grpc_python_out={}", out.display()))
        .status();
    if !protoc.is_ok_and(|status| status.success()) {
        return Err("grpc_tools.protoc failed".to_owned());
    }
    std::fs::write(ready, locked).map_err(|error| error.to_string())?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    ))
}

fn script(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(format!("{SOURCES}/{name}"));
    command.env(
        "PYTHONPATH",
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("grpcio/stubs"),
    );
    command
}

#[test]
fn a_stock_grpcio_client_calls_both_faces_of_the_reference_server() {
    let Some(python) = python() else { return };
    for face in ["face=tonic", "face=raw"] {
        let server = Server::start(&[face]);
        let output = script(python, "greeter_client.py")
            .arg(server.address.replace("http://", ""))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            said.trim(),
            "Greeter client received: Hello, you!",
            "{face}: {errors}"
        );
    }
}

fn the_runner_calls_a_stock_grpcio_server(engine: &str) {
    let Some(python) = python() else { return };
    let mut server = script(python, "greeter_server.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.as_mut().unwrap())
        .read_line(&mut port)
        .unwrap();
    let outcome = Run::new("name: stock\nclient: { channels: 2 }\nphases: { warm_up: 100ms, measure: 1s, drain: 2s }\n")
        .engine(engine)
        .target(&format!("http://127.0.0.1:{}", port.trim()))
        .finish();
    drop(server.stdin.take());
    server.wait().unwrap();
    let repetition = outcome.repetition();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(repetition.counts.ok > 100, "{:?}", repetition.counts);
    assert_eq!(
        repetition.counts.ok, repetition.counts.started,
        "{:?}",
        repetition.failures
    );
    assert_eq!(
        repetition.totals.server, None,
        "a stock server gives no counts"
    );
}

for_both_engines! { the_runner_calls_a_stock_grpcio_server }
