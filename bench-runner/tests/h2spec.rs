//! h2spec, a conformance suite of HTTP/2 and HPACK, against both faces of the reference server: all of its cases, the
//! strict ones too, and exactly which of them fail.
//!
//! Needs Go. Where it is missing the tests say so and are skipped; in CI (`CI` is set) they must run.

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use common::Server;
use common::toolchain::{or_skipped, run, set_up};

const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/h2spec");

/// Cases of the suite, which is pinned by `go.sum`.
const CASES: usize = 146;

/// RFC 9113 5.3.2 has no priorities any more: "the priority signaling in RFC 7540 ... is deprecated", and a stream that
/// depends on itself is no error but one more frame to be ignored.
const OBSOLETE: [&str; 2] = [
    "http2/5.3.1: Sends HEADERS frame that depend on itself",
    "http2/5.3.1: Sends PRIORITY frame that depend on itself",
];

/// What tonic's face may fail; h2 and tonic decide it, and part of it is a race. Its answer to what is not gRPC has no
/// body and comes before the request has ended, so a case that breaks the rest of the request comes too late, and one
/// that needs DATA has none; it may come before the case's own RST_STREAM has; and it closes a connection that does not speak HTTP/2 with unread bytes, so by RST.
const TONIC: [&str; 11] = [
    "generic/2: Sends a WINDOW_UPDATE frame on half-closed (remote) stream",
    "generic/2: Sends a PRIORITY frame on half-closed (remote) stream",
    "http2/3.5: Sends invalid connection preface",
    "http2/5.1: closed: Sends a DATA frame after sending RST_STREAM frame",
    "http2/5.1: closed: Sends a HEADERS frame after sending RST_STREAM frame",
    "http2/5.1.2: Sends HEADERS frames that causes their advertised concurrent stream limit to be exceeded",
    "http2/6.9.1: Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream",
    "http2/8.1: Sends a second HEADERS frame without the END_STREAM flag",
    "http2/8.1.2.1: Sends a HEADERS frame that contains a pseudo-header field as trailers",
    "http2/8.1.2.6: Sends a HEADERS frame with the \"content-length\" header field which does not equal the DATA frame payload length",
    "http2/8.1.2.6: Sends a HEADERS frame with the \"content-length\" header field which does not equal the sum of the multiple DATA frames payload length",
];

/// The suite's program; `None`, loudly, where there is none to be had.
fn h2spec() -> Option<&'static PathBuf> {
    static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    or_skipped("h2spec", PROGRAM.get_or_init(build))
}

fn build() -> Result<PathBuf, String> {
    let module = Path::new(MODULE);
    let sums = [&module.join("go.mod"), &module.join("go.sum")];
    let home = set_up("h2spec", &sums.map(PathBuf::as_path), |home| {
        let mut build = Command::new("go");
        build.current_dir(module).env("GOFLAGS", "-mod=readonly");
        build.args(["build", "-buildvcs=false", "-o"]).arg(home);
        run(build.arg("github.com/summerwind/h2spec/cmd/h2spec"))
    })?;
    Ok(home.join("h2spec"))
}

/// What came of every case.
#[derive(Debug, Default)]
struct Verdict {
    passed: usize,
    skipped: usize,
    failed: BTreeSet<String>,
}

/// Runs all cases against a face.
fn judge(program: &Path, face: &str) -> Verdict {
    let server = Server::start(&[&format!("face={face}")]);
    let (_, port) = server.address.rsplit_once(':').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.xml");
    // It fails if a case does; which ones, the report tells.
    let output = Command::new(program)
        .args(["--strict", "--timeout", "2", "--port", port])
        .arg("--junit-report")
        .arg(&report)
        .output()
        .unwrap();
    let report = std::fs::read_to_string(report).unwrap_or_else(|_| panic!("{output:?}"));
    Verdict::of(&report)
}

impl Verdict {
    /// Reads a report of JUnit's: `<testcase package="" classname="" time="">`, and in it `<error>` or `<skipped>`
    /// where it did not pass.
    fn of(report: &str) -> Verdict {
        let mut verdict = Verdict::default();
        for case in report.split("<testcase ").skip(1) {
            if case.contains("<error>") {
                let name = [attribute(case, "package"), attribute(case, "classname")];
                verdict.failed.insert(name.join(": "));
            } else if case.contains("<skipped>") {
                verdict.skipped += 1;
            } else {
                verdict.passed += 1;
            }
        }
        assert_eq!(
            verdict.passed + verdict.skipped + verdict.failed.len(),
            CASES,
            "{report}"
        );
        verdict
    }
}

fn attribute(case: &str, name: &str) -> String {
    let (_, value) = case.split_once(&format!("{name}=\"")).unwrap();
    let (value, _) = value.split_once('"').unwrap();
    value.replace("&#34;", "\"").replace("&#39;", "'")
}

#[test]
fn the_raw_face_fails_only_what_is_obsolete() {
    let Some(program) = h2spec() else { return };
    let verdict = judge(program, "raw");
    assert_eq!(verdict.failed, OBSOLETE.map(str::to_owned).into());
    assert_eq!(verdict.skipped, 0);
}

#[test]
fn the_tonic_face_fails_nothing_new() {
    let Some(program) = h2spec() else { return };
    let verdict = judge(program, "tonic");
    let known = TONIC.map(str::to_owned).into();
    let new: Vec<_> = verdict.failed.difference(&known).collect();
    assert!(new.is_empty(), "{new:?}");
}
