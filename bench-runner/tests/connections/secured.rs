//! Connections over TLS: taken up again, to several targets, over a network, trusted by the machine or not looked at.

use super::common::certificates::Certificates;
use super::common::{Outcome, Run, Server};
use super::{CALLS, all_ok};

/// A run over connections that are all secured.
fn secured(run: Run) -> Outcome {
    let outcome = run.finish();
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    all_ok(outcome.repetition());
    let wire = outcome.repetition().wire.as_ref().unwrap();
    let handshakes: u64 = wire.handshakes.values().sum();
    assert!(handshakes > 0, "{wire:?}");
    outcome
}

pub(crate) fn channels_that_are_opened_anew_resume_their_sessions(engine: &str) {
    for face in ["tonic", "raw"] {
        let run = Run::new(CALLS)
            .engine(engine)
            .set("client={ channels: 4, lanes: 2, calls_per_channel: 10 }")
            .set(format!(
                "target.reference_server={{ face: {face}, tls: {{}} }}"
            ))
            .set("load={ open: { rate: 1000/s } }");
        let outcome = secured(run);
        let wire = outcome.repetition().wire.as_ref().unwrap();
        let all: u64 = wire.handshakes.values().sum();
        // The first of each channel may have nothing to take up; a server's tickets are for one use each.
        let resumed = wire.handshakes_resumed;
        assert!(all > 20 && resumed < all, "{face}: {resumed} of {all}");
        assert!(resumed + 4 >= all, "{face}: {resumed} of {all}");
    }
}

pub(crate) fn channels_are_spread_over_secured_targets(engine: &str) {
    let made = Certificates::make();
    let servers = ["by-address", "by-name"].map(|name| {
        let tls = format!("tls={{ {} }}", made.pair(name));
        Server::start(&[&tls])
    });
    let [first, second] = servers.each_ref().map(|server| server.address.as_str());
    // Each certificate is held against the name by which its server is called.
    let second = second.replace("127.0.0.1", "localhost");
    let run = Run::new(CALLS)
        .engine(engine)
        .set(made.of_client())
        .set("client.channels=4")
        .set(format!("target={{ addresses: [ {first:?}, {second:?} ] }}"))
        .set("load={ open: { rate: 1000/s } }");
    let outcome = secured(run);
    let targets = outcome.repetition().targets.iter();
    let targets: Vec<_> = targets
        .map(|target| (target.address.as_str(), target.channels))
        .collect();
    let (_, port) = second.rsplit_once(':').unwrap();
    assert_eq!(targets.len(), 2, "{targets:?}");
    assert_eq!(targets[0], (first, 2));
    assert!(
        targets[1].0.contains(port) && targets[1].1 == 2,
        "{targets:?}"
    );
}

pub(crate) fn a_handshake_takes_a_round_trip_of_the_network(engine: &str) {
    let run = Run::new(CALLS)
        .engine(engine)
        .set("target.reference_server.tls={}")
        .set("network.rtt=10ms")
        .set("load={ open: { rate: 300/s } }");
    let outcome = secured(run);
    let wire = outcome.repetition().wire.as_ref().unwrap();
    // One round trip to connect, which the link hides behind its near end, and one to shake hands.
    let took = wire.handshake_time.min_ns;
    assert!(took.unwrap() >= 20_000_000, "{took:?}");
}

pub(crate) fn what_the_machine_trusts_is_trusted(engine: &str) {
    let made = Certificates::make();
    let server = Server::start(&[&format!("tls={{ {} }}", made.pair("server"))]);
    let run = |authority: &str| {
        Run::new(CALLS)
            .engine(engine)
            .target(&server.address)
            .env("SSL_CERT_FILE", made.path(authority))
    };
    secured(run("ca.pem"));
    let outcome = run("other-ca.pem").finish();
    assert_eq!(outcome.code, Some(4), "{}", outcome.stderr);
    let told = "nobody that is trusted has signed the server's certificate";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
}

pub(crate) fn what_is_not_verified_is_told_of_in_every_report(engine: &str) {
    let told = "The server's certificate was not verified";
    for (trust, is_told) in [
        ("insecure_skip_verify=true", true),
        ("insecure_skip_verify=false", false),
    ] {
        let run = Run::new(CALLS)
            .engine(engine)
            .set("target.reference_server.tls={}")
            .set(format!("client.tls.{trust}"))
            .set("load={ open: { rate: 300/s } }");
        let outcome = secured(run);
        let read = |name| std::fs::read_to_string(outcome.path(name)).unwrap();
        assert_eq!(outcome.stdout.contains(told), is_told, "{}", outcome.stdout);
        assert_eq!(read("summary.md").contains(told), is_told, "{trust}");
        // The page has the apostrophe as an entity.
        let page = read("report.html").replace("&#39;", "'");
        assert_eq!(page.contains(told), is_told, "{trust}");
    }
}
