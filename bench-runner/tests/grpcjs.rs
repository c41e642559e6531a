//! @grpc/grpc-js interoperates, in both directions: a server and a client that know all five methods, set up from the
//! package registry by their lockfile.
//!
//! Needs Node.js and npm. Where they are missing the tests say so and are skipped; in CI (`CI` is set) they must run.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use common::peer::{calls_both_faces, counts_as_the_engine_does, misses_the_deadline};
use common::toolchain::{or_skipped, run, set_up};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grpcjs");
const PROTOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../protos/proto");

/// Windows of the smallest size that HTTP/2 starts with.
const SMALL_WINDOWS: &str = r#"{ "grpc-node.flow_control_window": 65535 }"#;

/// A folder with `node_modules`; `None`, loudly, where there is none to be had.
fn modules() -> Option<&'static PathBuf> {
    static MODULES: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    or_skipped("grpc-js", MODULES.get_or_init(install))
}

fn install() -> Result<PathBuf, String> {
    let made_of = ["package.json", "package-lock.json"].map(|name| Path::new(SOURCES).join(name));
    set_up("grpcjs", &[&made_of[0], &made_of[1]], |home| {
        for file in &made_of {
            let name = file.file_name().unwrap_or_default();
            std::fs::copy(file, home.join(name)).map_err(|error| error.to_string())?;
        }
        let mut npm = Command::new("npm");
        run(npm
            .current_dir(home)
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))
    })
}

fn script(modules: &Path, name: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(format!("{SOURCES}/{name}"));
    command.env("NODE_PATH", modules.join("node_modules"));
    command.env("PROTOS", PROTOS);
    command
}

#[test]
fn a_grpc_js_client_calls_all_methods_of_both_faces() {
    let Some(modules) = modules() else { return };
    calls_both_faces(|| script(modules, "all_methods_client.js"), 278);
}

fn a_grpc_js_server_counts_as_the_engine_does(engine: &str) {
    let Some(modules) = modules() else { return };
    let server = |options: &str| {
        let mut server = script(modules, "all_methods_server.js");
        server.arg(options);
        server
    };
    counts_as_the_engine_does(engine, server, SMALL_WINDOWS);
    misses_the_deadline(engine, server("{}"));
}

for_both_engines! { a_grpc_js_server_counts_as_the_engine_does }
