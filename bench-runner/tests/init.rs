//! From an address to a load on the reference server: what `init` writes is run as it is, and all of its calls are OK.

mod common;

use std::path::Path;
use std::process::Command;

use common::certificates::Certificates;
use common::{PROGRAM, Server};
use reports::model::RunResult;
use scenarios::method::Method;

/// Has the program do something; gives its exit code, and what it said.
fn program(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

/// Writes a scenario and runs it, shortened.
fn written_and_run(address: &str, more: &[&str]) -> (String, RunResult) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, out) = (path("first.yaml"), path("out"));
    let (code, said) = program(&[&["init", address, "--out", &file], more].concat());
    assert_eq!(code, Some(0), "{said}");
    let short = ["--set", "phases={ warm_up: 0s, measure: 50ms }", "--quiet"];
    let (code, said) = program(&[&["run", &file, "--out", &out], &short[..]].concat());
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(code, Some(0), "{said}{text}");
    (text, result(Path::new(&out)))
}

fn result(folder: &Path) -> RunResult {
    let text = std::fs::read_to_string(folder.join("result.json")).unwrap();
    let result = RunResult::from_json(&text).unwrap();
    let counts = &result.cases[0].repetitions[0].counts;
    assert!(counts.ok > 0 && counts.ok == counts.started, "{counts:?}");
    result
}

#[test]
fn a_first_run_on_our_own_server_is_ok_with_every_method() {
    let server = Server::start(&[]);
    for method in Method::ALL.map(Method::name) {
        let (text, _) = written_and_run(&server.address, &["--method", method]);
        // The rest of what can be asked of the server is there to be seen.
        assert!(text.contains("      size: 1\n"), "{text}");
        assert!(text.contains("      # status_code: 1\n"), "{text}");
    }
}

#[test]
fn what_secures_a_connection_is_written_into_the_scenario() {
    let made = Certificates::make();
    let server = Server::start(&[&made.of_server()]);
    let path = |name: &str| made.path(name).to_str().unwrap().to_owned();
    let (ca, cert, key) = (path("ca.pem"), path("client.pem"), path("client.key"));
    let ours = ["--cert", &cert, "--key", &key];
    let by_localhost = ["--ca", &ca, "--server-name", "localhost"];
    for trust in [
        &["--ca", &ca][..],
        &by_localhost,
        &["--insecure-skip-verify"],
    ] {
        let (text, result) = written_and_run(&server.address, &[trust, &ours].concat());
        let tls = &result.cases[0].case["client"]["tls"];
        assert_eq!(
            (&tls["cert"], &tls["key"]),
            (&cert.clone().into(), &key.clone().into())
        );
        assert_eq!(tls["ca"].is_string(), trust.contains(&"--ca"), "{text}");
        assert_eq!(
            tls["server_name"] == "localhost",
            trust.contains(&"localhost"),
            "{text}"
        );
        let unverified = tls["insecure_skip_verify"] == true;
        assert_eq!(
            unverified,
            trust.contains(&"--insecure-skip-verify"),
            "{text}"
        );
    }
    // `call` takes the same.
    let method = ["--service", "helloworld.Greeter", "--method", "SayHello"];
    let one = [
        &["call", &server.address],
        &method[..],
        &["--ca", &ca],
        &ours,
    ]
    .concat();
    let (code, said) = program(&one);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_server_that_is_not_trusted_is_told_of() {
    let made = Certificates::make();
    let server = Server::start(&[&format!("tls={{ {} }}", made.pair("server"))]);
    let other = made.path("other-ca.pem");
    let (code, said) = program(&["init", &server.address, "--ca", other.to_str().unwrap()]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("nobody that is trusted"), "{said}");
    let (code, said) = program(&["init", &server.address, "--cert", "client.pem"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--key"), "{said}");
}
