//! The stacks of `peers/` interoperate with both engines and both faces, in both directions: every method, empty messages
//! and large ones, metadata, trailers, statuses with their text, deadlines; and both sides count the same.
//!
//! Each sets itself up from its package registry. Where its toolchain is missing the tests say so and are skipped; in CI
//! (`CI` is set) they must run.

mod common;

use std::path::Path;
use std::process::Command;

use bench_runner::peer::{Peer, Peers};
use common::early::replies_to_the_first_of_many;
use common::peer::{
    Peer as Server, admits_whom_it_is_to, answers_as_it_is_asked, calls_both_faces,
    misses_the_deadline_there_or_here, plays_all_methods, plays_open_loop, plays_unary_calls,
    requiring,
};
use common::toolchain::or_skipped;
use scenarios::law::Law;
use scenarios::scenario::Behaviour;
use scenarios::units::Nanos;

/// The stack, set up; `None`, loudly, where it is not to be had.
fn ready(stack: &str) -> Option<Peer> {
    let set_up = || {
        let peer = Peers::find()?.get(stack)?;
        peer.set_up()?;
        Ok(peer)
    };
    let peer = set_up().map_err(|error: bench_runner::peer::PeerError| error.to_string());
    or_skipped(stack, &peer).cloned()
}

fn serve(peer: &Peer, behaviour: &Behaviour) -> Server {
    Server::start(peer.server_command(behaviour, None).unwrap())
}

fn its_server_answers(stack: &str, engine: &str) {
    let _alone = common::alone();
    let Some(peer) = ready(stack) else { return };
    let server = serve(&peer, &Behaviour::default());
    answers_as_it_is_asked(engine, &server.address);
    replies_to_the_first_of_many(&server.address);
    assert_eq!(server.stop(), "");
    admits_whom_it_is_to(engine, &serve(&peer, &requiring()).address);
    let slow = Behaviour {
        delay: Some(Law::Fixed(Nanos::from_millis(30_000))),
        ..Behaviour::default()
    };
    misses_the_deadline_there_or_here(engine, &serve(&peer, &slow).address);
}

fn its_client_plays(stack: &str) {
    let _alone = common::alone();
    if ready(stack).is_some() {
        plays_all_methods(stack, false);
        plays_open_loop(stack);
    }
}

fn its_client_plays_everything(stack: &str) {
    let _alone = common::alone();
    if ready(stack).is_some() {
        plays_all_methods(stack, true);
    }
}

/// Tests of stacks that have both sides. Those of all pairs only by name: they would take the test command too long.
macro_rules! stacks {
    ($($name:ident: $stack:literal;)*) => {$(
        mod $name {
            #[test]
            fn its_server_answers_raw() { super::its_server_answers($stack, "raw"); }
            #[test]
            fn its_client_plays() { super::its_client_plays($stack); }
            #[test]
            #[ignore = "takes minutes: cargo test -p bench-runner --test stacks -- --ignored"]
            fn its_server_answers_tonic() { super::its_server_answers($stack, "tonic"); }
            #[test]
            #[ignore = "takes minutes: cargo test -p bench-runner --test stacks -- --ignored"]
            fn its_client_plays_everything() { super::its_client_plays_everything($stack); }
        }
    )*};
}

stacks! {
    grpc_js: "grpc-js";
    grpc_go: "grpc-go";
    grpc_cpp: "grpc-cpp";
    grpc_java: "grpc-java";
    grpc_ruby: "grpc-ruby";
}

/// What `tests/compare.rs` and `tests/grpcio.rs` leave out of grpcio: metadata of every call, to the last byte.
#[test]
fn grpcio_takes_and_gives_metadata() {
    let _alone = common::alone();
    for stack in ["grpcio", "grpcio-aio"] {
        let Some(peer) = ready(stack) else { return };
        admits_whom_it_is_to("raw", &serve(&peer, &requiring()).address);
    }
    plays_all_methods("grpcio", false);
}

#[test]
fn the_generators_play_against_both_faces() {
    let _alone = common::alone();
    for (generator, knows_all) in [("ghz", true), ("h2load", false)] {
        if ready(generator).is_some() {
            plays_unary_calls(generator, knows_all);
        }
    }
}

/// One stack for both engines in every run: they share all but the transport.
#[test]
fn a_grpc_js_server_answers_tonic() {
    its_server_answers("grpc-js", "tonic");
}

/// What load cannot show: statuses with their text and trailers, metadata before any reply, cancellation.
#[test]
fn a_grpc_js_client_checks_both_faces() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if ready("grpc-js").is_none() {
        return;
    }
    let client = || {
        let mut command = Command::new("node");
        command.arg(root.join("bench-runner/tests/grpcjs/all_methods_client.js"));
        command.env("PEER", root.join("peers/grpc-js"));
        command.env("NODE_PATH", root.join("peers/.ready/grpc-js/node_modules"));
        command.env("PROTOS", root.join("protos/proto"));
        command
    };
    calls_both_faces(client, &[], 278);
}
