//! Targets that cannot be called: one plain sentence with the remedy, the right exit code, and soon.

mod common;
#[path = "refusals/security.rs"]
mod security;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use common::{Outcome, PROGRAM, Run};

const ANY: &str = "name: refusals\nphases: { warm_up: 0s, measure: 200ms }\n";

/// A server of one reaction to each connection.
fn server(react: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(react));
    address
}

fn answer(bytes: &'static [u8]) -> String {
    server(move |mut stream| {
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(bytes);
        while let Ok(1..) = stream.read(&mut [0; 1024]) {}
    })
}

/// What the program said, which is a sentence and not a report of its insides.
fn refusal(outcome: &Outcome) -> String {
    assert_eq!(outcome.code, Some(4), "{}", outcome.stderr);
    let said = outcome
        .stderr
        .lines()
        .find(|line| line.starts_with("error: "))
        .expect("an error is told");
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    said.to_owned()
}

fn a_port_where_nobody_listens(engine: &str) {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let said = refusal(
        &Run::new(ANY)
            .engine(engine)
            .target(&format!("http://{free}"))
            .finish(),
    );
    assert!(
        said.contains("connection refused; is the server running"),
        "{said}"
    );
}

fn a_server_that_speaks_tls(engine: &str) {
    let said = refusal(
        &Run::new(ANY)
            .engine(engine)
            .target(&answer(&[0x15, 3, 1, 0, 2, 2, 70]))
            .finish(),
    );
    assert!(said.contains("the server answers in TLS"), "{said}");
}

fn a_server_that_speaks_http_1(engine: &str) {
    let said = refusal(
        &Run::new(ANY)
            .engine(engine)
            .target(&answer(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
            .finish(),
    );
    assert!(said.contains("the server answers in HTTP/1"), "{said}");
}

fn a_server_that_closes_at_once(engine: &str) {
    let said = refusal(&Run::new(ANY).engine(engine).target(&server(drop)).finish());
    assert!(said.contains("closed the connection at once"), "{said}");
}

fn a_server_that_says_nothing(engine: &str) {
    let said = refusal(&Run::new(ANY).engine(engine).target(&answer(b"")).finish());
    assert!(said.contains("no HTTP/2 answer within 5s"), "{said}");
}

fn a_server_that_talks_nonsense(engine: &str) {
    let said = refusal(
        &Run::new(ANY)
            .engine(engine)
            .target(&answer(b"220 mail.example ESMTP\r\n"))
            .finish(),
    );
    assert!(said.contains("220 mail"), "{said}");
}

#[test]
fn a_command_that_is_not_there_and_one_that_ends_at_once() {
    let outcome = Run::new(ANY)
        .set("target.command=[./no-such-server, \"{port}\"]")
        .finish();
    assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("cannot run `./no-such-server`"),
        "{}",
        outcome.stderr
    );
    let said = refusal(
        &Run::new(ANY)
            .set("target.command=[\"false\", \"{port}\"]")
            .finish(),
    );
    assert!(said.contains("ended before it listened"), "{said}");
}

fn a_core_that_is_not_there(engine: &str) {
    for key in ["client.cpus=[4096]", "target.reference_server.cpus=[4096]"] {
        let outcome = Run::new(ANY).engine(engine).set(key).finish();
        assert_eq!(outcome.code, Some(2), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("4096"), "{}", outcome.stderr);
    }
}

#[test]
fn a_port_in_use_for_serve() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(PROGRAM)
        .args(["serve", "--listen", &address])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&address) && said.contains("in use"), "{said}");
}

for_both_engines! {
    a_port_where_nobody_listens
    a_server_that_speaks_tls
    a_server_that_speaks_http_1
    a_server_that_closes_at_once
    a_server_that_says_nothing
    a_server_that_talks_nonsense
    a_core_that_is_not_there
}
