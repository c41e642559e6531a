//! The program: what it prints, what it heeds, how it exits.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use common::{request, sized, whole_call};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use scenarios::method::Method;
use tonic::transport::Endpoint;

/// The program, running; killed where a test fails.
struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Program {
    fn start(args: &[&str]) -> Program {
        let mut child = Command::new(env!("CARGO_BIN_EXE_reference-server"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Program { child, out }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// What else it prints, on standard output and on standard error, and how it exits.
    fn end(mut self) -> (String, String, ExitStatus) {
        let (mut out, mut err) = (String::new(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        let status = self.child.wait().unwrap();
        (out, err, status)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Nothing to kill where it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn calls(counters: &str, method: Method) -> u64 {
    let counters: serde_json::Value = serde_json::from_str(counters).unwrap();
    counters["methods"][method.name()]["ok"].as_u64().unwrap()
}

async fn greet(address: &str) {
    let channel = Endpoint::from_shared(address.to_owned())
        .unwrap()
        .connect()
        .await
        .unwrap();
    assert_eq!(
        whole_call(&channel, Method::SayHello, vec![request(sized(3))])
            .await
            .lengths,
        [3]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_address_comes_first_and_the_counts_last() {
    for (signal, face, threads) in [
        (Signal::SIGTERM, "tonic", "1"),
        (Signal::SIGINT, "tonic", "2"),
        (Signal::SIGTERM, "raw", "1"),
        (Signal::SIGINT, "raw", "2"),
    ] {
        let settings = ["--face", face, "--threads", threads];
        let mut program = Program::start(&[&["--listen", "127.0.0.1:0"], &settings[..]].concat());
        let address = program.line();
        assert!(address.starts_with("http://127.0.0.1:"), "{address}");
        greet(&address).await;
        program.signal(signal);
        let (out, err, status) = program.end();
        assert_eq!(
            (status.code(), err.as_str(), out.lines().count()),
            (Some(0), "", 1),
            "{out}"
        );
        assert_eq!(calls(&out, Method::SayHello), 1);
    }
}

#[test]
fn it_stops_when_the_process_that_started_it_goes_away() {
    let mut program = Program::start(&["--listen", "127.0.0.1:0", "--until-stdin-closes"]);
    assert!(program.line().starts_with("http://"));
    // Ctrl-C reaches parent and child alike; when to stop is the parent's to say.
    program.signal(Signal::SIGINT);
    assert!(program.child.try_wait().unwrap().is_none());
    drop(program.child.stdin.take());
    let (out, _, status) = program.end();
    assert_eq!((status.code(), calls(&out, Method::SayHello)), (Some(0), 0));
}

#[test]
fn a_port_in_use_is_one_plain_sentence() {
    let mut first = Program::start(&["--listen", "127.0.0.1:0"]);
    let address = first.line();
    let (out, err, status) = Program::start(&["--listen", &address]).end();
    assert_eq!(
        (status.code(), out.as_str(), err.lines().count()),
        (Some(2), "", 1),
        "{err}"
    );
    assert!(
        err.starts_with("error: cannot listen on 127.0.0.1:") && err.contains("--listen"),
        "{err}"
    );
}

#[test]
fn mistakes_exit_with_two_and_name_what_is_wrong() {
    for (args, named) in [
        (&["--listen", "nowhere"][..], "unix:/"),
        (&["--listen", "192.0.2.1:0"], "192.0.2.1:0"),
        (
            &["--listen", "unix:/no/such/folder/greeter.sock"],
            "its folder does not exist",
        ),
        (
            &["--listen", "127.0.0.1:0", "--set", "cpus=[1000]"],
            "CPU 1000",
        ),
        (&["--listen", "127.0.0.1:0", "--set", "thread=2"], "threads"),
        (
            &[
                "--listen",
                "127.0.0.1:0",
                "--set",
                "http2.max_frame_size=1KiB",
            ],
            "max_frame_size",
        ),
        (&["--face", "clay"], "tonic"),
        (
            &["--set", "behaviour.window_update_delay=50ms"],
            "face: raw",
        ),
    ] {
        let (out, err, status) = Program::start(args).end();
        assert_eq!(
            (status.code(), out.as_str()),
            (Some(2), ""),
            "{args:?}: {err}"
        );
        assert!(err.contains(named), "{args:?}: {err}");
    }
}

#[tokio::test]
async fn settings_come_by_path_or_all_at_once() {
    let by_path = ["--set", "behaviour.error={share: 1, code: UNAVAILABLE}"];
    let settings = common::settings(scenarios::scenario::Face::Tonic);
    let mut json = serde_json::to_value(&settings).unwrap();
    json["behaviour"] = serde_json::json!({ "error": { "share": 1.0, "code": "UNAVAILABLE" } });
    let json = json.to_string();
    for args in [&by_path[..], &["--settings", &json]] {
        let mut program = Program::start(&[&["--listen", "127.0.0.1:0"], args].concat());
        let channel = Endpoint::from_shared(program.line())
            .unwrap()
            .connect()
            .await
            .unwrap();
        let answer = whole_call(&channel, Method::SayHello, vec![request(sized(3))]).await;
        assert_eq!(answer.end.unwrap_err().code(), tonic::Code::Unavailable);
    }
}
