//! The stock greeter of grpcio and the programs of `tests/grpcio`, on the interpreter that the peer grpcio is set up with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::peer::Peer;
use super::toolchain::{run, set_up};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grpcio");
const PROTOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../protos/proto");

/// A script of `tests/grpcio`, which finds the stubs of the `stock` greeter with its two-field messages, or of the `full`
/// one. `ready` is what set-up made of the peer.
pub(crate) fn script(ready: &Path, stubs: &str, name: &str) -> Command {
    let mut command = Command::new(ready.join("bin/python"));
    command.arg("-B").arg(format!("{SOURCES}/{name}"));
    command.env("PYTHONPATH", generated(ready).join(stubs));
    command
}

/// The stock greeter server, running.
pub(crate) fn server(ready: &Path) -> Peer {
    Peer::start(script(ready, "stock", "greeter_server.py"))
}

fn generated(ready: &Path) -> &'static PathBuf {
    static GENERATED: OnceLock<PathBuf> = OnceLock::new();
    GENERATED.get_or_init(|| {
        let stock = Path::new(SOURCES).join("helloworld.proto");
        let full = ["helloworld.proto", "reference.proto"].map(|name| Path::new(PROTOS).join(name));
        let made_of = [&stock, &full[0], &full[1]].map(PathBuf::as_path);
        let made = set_up("grpcio-stubs", &made_of, |home| {
            let python = ready.join("bin/python");
            generate(&python, &home.join("stock"), SOURCES, &["helloworld.proto"])?;
            let names = ["helloworld.proto", "reference.proto"];
            generate(&python, &home.join("full"), PROTOS, &names)
        });
        made.unwrap_or_else(|error| panic!("no stubs: {error}"))
    })
}

fn generate(python: &Path, out: &Path, from: &str, protos: &[&str]) -> Result<(), String> {
    std::fs::create_dir_all(out).map_err(|error| error.to_string())?;
    let mut protoc = Command::new(python);
    protoc.args(["-m", "grpc_tools.protoc", "-I", from]);
    protoc.arg(format!("--python_out={}", out.display()));
    protoc.arg(format!("--grpc_python_out={}", out.display()));
    run(protoc.args(protos))
}
