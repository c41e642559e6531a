//! grpcio interoperates, in both directions: the classic `greeter_server.py` / `greeter_client.py` pair with its
//! two-field messages, and a pair that knows all five methods; set up from the package registry by its lockfile.
//!
//! Needs Python 3. Where it is missing the tests say so and are skipped; in CI (`CI` is set) they must run.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use common::peer::{Peer, calls_both_faces, counts_as_the_engine_does, misses_the_deadline};
use common::toolchain::{or_skipped, run, set_up};
use common::{Run, Server};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grpcio");
const PROTOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../protos/proto");

/// Windows that are far smaller than a message, and do not grow by themselves.
const SMALL_WINDOWS: &str = r#"{ "grpc.http2.bdp_probe": 0, "grpc.http2.lookahead_bytes": 4096 }"#;

/// A virtual environment with grpcio and the generated stubs; `None`, loudly, where there is none to be had.
fn environment() -> Option<&'static PathBuf> {
    static ENVIRONMENT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    or_skipped("grpcio", ENVIRONMENT.get_or_init(install))
}

fn install() -> Result<PathBuf, String> {
    let requirements = Path::new(SOURCES).join("requirements.txt");
    let stock = Path::new(SOURCES).join("helloworld.proto");
    let full = ["helloworld.proto", "reference.proto"].map(|name| Path::new(PROTOS).join(name));
    let made_of = [&requirements, &stock, &full[0], &full[1]];
    set_up("grpcio", &made_of.map(PathBuf::as_path), |home| {
        run(Command::new("python3").args(["-m", "venv"]).arg(home))?;
        let install = ["-m", "pip", "install", "--quiet", "--require-hashes", "-r"];
        let mut pip = Command::new(home.join("bin/python"));
        run(pip.args(install).arg(&requirements))?;
        generate(home, "stock", SOURCES, &["helloworld.proto"])?;
        generate(
            home,
            "full",
            PROTOS,
            &["helloworld.proto", "reference.proto"],
        )
    })
}

fn generate(home: &Path, out: &str, from: &str, protos: &[&str]) -> Result<(), String> {
    let out = home.join(out);
    std::fs::create_dir_all(&out).map_err(|error| error.to_string())?;
    let mut protoc = Command::new(home.join("bin/python"));
    protoc.args(["-m", "grpc_tools.protoc", "-I", from]);
    protoc.arg(format!("--python_out={}", out.display()));
    protoc.arg(format!("--grpc_python_out={}", out.display()));
    run(protoc.args(protos))
}

/// A script, which finds the stubs of the `stock` greeter or of the `full` one.
fn script(environment: &Path, stubs: &str, name: &str) -> Command {
    let mut command = Command::new(environment.join("bin/python"));
    command.arg(format!("{SOURCES}/{name}"));
    command.env("PYTHONPATH", environment.join(stubs));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

#[test]
fn a_stock_grpcio_client_calls_both_faces_of_the_reference_server() {
    let Some(environment) = environment() else {
        return;
    };
    for face in ["face=tonic", "face=raw"] {
        let server = Server::start(&[face]);
        let output = script(environment, "stock", "greeter_client.py")
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

#[test]
fn a_grpcio_client_calls_all_methods_of_both_faces() {
    let Some(environment) = environment() else {
        return;
    };
    calls_both_faces(|| script(environment, "full", "all_methods_client.py"), 280);
}

fn the_runner_calls_a_stock_grpcio_server(engine: &str) {
    let Some(environment) = environment() else {
        return;
    };
    let server = Peer::start(script(environment, "stock", "greeter_server.py"));
    let outcome = Run::new("name: stock\nclient: { channels: 2 }\nphases: { warm_up: 100ms, measure: 1s, drain: 2s }\n")
        .engine(engine)
        .target(&server.address)
        .finish();
    server.stop();
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

fn a_grpcio_server_counts_as_the_engine_does(engine: &str) {
    let Some(environment) = environment() else {
        return;
    };
    let server = |options: &str| {
        let mut server = script(environment, "full", "all_methods_server.py");
        server.arg(options);
        server
    };
    counts_as_the_engine_does(engine, server, SMALL_WINDOWS);
    misses_the_deadline(engine, server("{}"));
}

for_both_engines! {
    the_runner_calls_a_stock_grpcio_server
    a_grpcio_server_counts_as_the_engine_does
}
