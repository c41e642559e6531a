//! Servers and clients of other stacks, and what both engines and both faces must make of them, exactly.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reports::model::{MethodCounts, Repetition};
use scenarios::method::Method;
use scenarios::scenario::Behaviour;

use super::certificates::Certificates;
use super::{Outcome, Run, Server, stacks};

/// What a status says that is not plain ASCII.
const TEXT: &str = "no such tenant: 100 % gr\u{fc}n";

/// A server of another stack: it prints its port or its address, serves until its standard input ends, and may then print
/// its counts by method, as JSON.
pub(crate) struct Peer {
    child: Child,
    pub(crate) address: String,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Peer {
    pub(crate) fn start(mut command: Command) -> Peer {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut told = String::new();
        stdout.read_line(&mut told).unwrap();
        let address = match told.trim() {
            address if address.contains("://") => address.to_owned(),
            port => format!("http://127.0.0.1:{port}"),
        };
        Peer {
            child,
            address,
            stdout,
        }
    }

    /// Ends the server in good order; gives what it printed after its port.
    pub(crate) fn stop(mut self) -> String {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.stdout.read_to_string(&mut said).unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
        said
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client of another stack calls both faces of the reference server, and checks for itself what comes.
pub(crate) fn calls_both_faces(client: impl Fn() -> Command, more: &[&str], calls: u32) {
    for face in ["face=tonic", "face=raw"] {
        let server = Server::start(&[&[face], more].concat());
        let (_, address) = server.address.split_once("://").unwrap();
        let output = client().arg(address).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        let expected = format!("{calls} calls went as they should");
        assert_eq!(said.trim(), expected, "{face}: {errors}");
    }
}

/// Metadata of text, and of bytes in base64: what servers are told to require of every call.
const REQUIRED: [(&str, &str); 2] = [
    ("x-tenant", "blue; not #00f"),
    ("x-trace-bin", "AAECA/r7/P3+/w=="),
];

/// A server that admits only calls with metadata of text and of bytes.
pub(crate) fn requiring() -> Behaviour {
    let pairs = REQUIRED.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Behaviour {
        require: pairs.into(),
        ..Behaviour::default()
    }
}

/// The same in a scenario.
fn required() -> String {
    let pairs = REQUIRED.map(|(key, value)| format!("{key}: '{value}'"));
    format!("{{ {} }}", pairs.join(", "))
}

/// A server admits calls of every method with the metadata that it requires, to the last byte, and no others.
pub(crate) fn admits_whom_it_is_to(engine: &str, address: &str) {
    let calls = |metadata: &str| {
        let one = |method| format!("    - {{ method: {method}, metadata: {metadata} }}\n");
        Method::ALL.map(one).concat()
    };
    for repetition in run(engine, address, "64KiB", &calls(&required())).repetitions() {
        let counts = &repetition.counts;
        assert!(counts.ok > 0, "{counts:?} {:?}", repetition.failures);
        assert_eq!(counts.ok, counts.started, "{:?}", repetition.failures);
    }
    let nearly = required().replace("/w==", "/g==");
    for repetition in run(engine, address, "64KiB", &calls(&nearly)).repetitions() {
        let counts = &repetition.counts;
        assert!(counts.started > 0, "{counts:?}");
        let expected = [("UNAUTHENTICATED".to_owned(), counts.started)].into();
        assert_eq!(counts.by_status, expected);
        let said = &repetition.failures[0].message;
        assert!(said.contains("`x-trace-bin`"), "{said}");
    }
}

/// Stream windows that are smaller than a message, and as large.
const WINDOWS: &str = "64KiB, 4MiB";

/// The calls that a peer is to answer: every method, both ways of driving BidiHello.
fn calls(size: &str, more: &str) -> String {
    let messages = |streams: bool| if streams { 3 } else { 1 };
    let one = |method: Method, bidi: &str| {
        let requests = messages(method.pattern().streams_requests());
        let replies = messages(method == Method::LotsOfReplies);
        format!(
            "    - {{ method: {method}, bidi: {bidi}, request: {{ size: {size}, messages: {requests} }}, \
             reply: {{ size: {size}, messages: {replies}, {more} }}, metadata: {{ x-large: {} }} }}\n",
            "v".repeat(4000)
        )
    };
    let mut all: String = Method::ALL.map(|method| one(method, "ping_pong")).concat();
    all += &one(Method::BidiHello, "independent");
    all
}

fn run(engine: &str, address: &str, windows: &str, calls: &str) -> Outcome {
    loaded(engine, address, windows, calls).finish()
}

fn loaded(engine: &str, address: &str, windows: &str, calls: &str) -> Run {
    let yaml = format!(
        "name: peer
client: {{ channels: 2 }}
load: {{ closed: {{ in_flight: 3 }} }}
phases: {{ warm_up: 0s, measure: 50ms, drain: 20s }}
matrix:
  client.http2.initial_stream_window: [{windows}]
  call:
{calls}"
    );
    Run::new(&yaml).engine(engine).target(address)
}

/// What the runner counted, added to what it counted before, by method.
fn add(totals: &mut BTreeMap<String, MethodCounts>, outcome: &Outcome) {
    for case in &outcome.result.as_ref().unwrap().cases {
        let method = case.case["call"]["method"].as_str().unwrap();
        let sum = totals.entry(method.to_owned()).or_default();
        for repetition in &case.repetitions {
            let counts = repetition.totals.client;
            sum.calls += counts.calls;
            sum.requests += counts.requests;
            sum.replies += counts.replies;
            sum.request_bytes += counts.request_bytes;
            sum.reply_bytes += counts.reply_bytes;
        }
    }
}

/// An engine calls every method of a server of another stack, which answers in the shape that it is asked for: with
/// its own windows and with `small` ones, OK and not. `server` makes the command, given the server's options.
pub(crate) fn counts_as_the_engine_does(
    engine: &str,
    server: impl Fn(&str) -> Command,
    small: &str,
) {
    for (options, sizes) in [("{}", &["1B", "16KiB", "1MiB"][..]), (small, &["1MiB"])] {
        let peer = Peer::start(server(options));
        let mut totals = BTreeMap::new();
        let ok: String = sizes.iter().map(|size| calls(size, "")).collect();
        let outcome = run(engine, &peer.address, WINDOWS, &ok);
        for repetition in outcome.repetitions() {
            let counts = &repetition.counts;
            assert!(counts.ok > 0, "{counts:?} {:?}", repetition.failures);
            assert_eq!(counts.ok, counts.started, "{:?}", repetition.failures);
            comes_back_in_trailers(repetition);
        }
        add(&mut totals, &outcome);
        let failing = format!("status: {{ code: NOT_FOUND, message: '{TEXT}' }}");
        let outcome = run(engine, &peer.address, WINDOWS, &calls("10B", &failing));
        for repetition in outcome.repetitions() {
            all_failed_as_asked(repetition);
        }
        add(&mut totals, &outcome);
        let counted: BTreeMap<String, MethodCounts> = serde_json::from_str(&peer.stop()).unwrap();
        assert_eq!(totals, counted, "{engine} with a server of {options}");
    }
}

/// An engine compresses what it sends to a server of another stack, and decompresses what comes back; over TLS where there
/// are certificates.
pub(crate) fn compresses_as_the_engine_does(
    engine: &str,
    server: Command,
    compression: &str,
    made: Option<&Certificates>,
) {
    let peer = Peer::start(server);
    let mut totals = BTreeMap::new();
    let compressed = calls("20KiB", "").replace(
        "{ method",
        &format!("{{ compression: {compression}, method"),
    );
    let load = loaded(engine, &peer.address, "4MiB", &compressed);
    let outcome = load
        .sets(made.map(Certificates::of_client).as_slice())
        .finish();
    for repetition in outcome.repetitions() {
        let (counts, wire) = (&repetition.counts, repetition.wire.as_ref().unwrap());
        let secured = if made.is_some() { wire.connections } else { 0 };
        assert_eq!(wire.handshakes.values().sum::<u64>(), secured, "{wire:?}");
        assert!(
            counts.ok > 0 && counts.ok == counts.started,
            "{counts:?} {:?}",
            repetition.failures
        );
        let totals = &repetition.totals.client;
        let ratio = |wire: u64, plain: u64| wire as f64 / plain as f64;
        let sent = ratio(wire.data_bytes_sent, totals.request_bytes);
        let received = ratio(wire.data_bytes_received, totals.reply_bytes);
        assert!((0.5..0.75).contains(&sent), "{compression}: {sent}");
        assert!(received < 0.01, "{compression}: {received}");
    }
    add(&mut totals, &outcome);
    let counted: BTreeMap<String, MethodCounts> = serde_json::from_str(&peer.stop()).unwrap();
    assert_eq!(totals, counted, "{engine} with {compression}");
}

/// Every call ended with the status that it asked for, and its text.
fn all_failed_as_asked(repetition: &Repetition) {
    let counts = &repetition.counts;
    assert!(counts.started > 0, "{counts:?}");
    let expected = [("NOT_FOUND".to_owned(), counts.started)].into();
    assert_eq!(counts.by_status, expected);
    assert_eq!(repetition.failures[0].message, TEXT);
}

/// The peers send metadata back that takes several kilobytes.
fn comes_back_in_trailers(repetition: &Repetition) {
    let trailers = &repetition.first_reply.as_ref().unwrap().trailers;
    assert_eq!(trailers.get("x-large"), Some(&"v".repeat(4000)));
}

/// A server of another stack is slower than the deadline.
pub(crate) fn misses_the_deadline(engine: &str, server: Command) {
    let peer = Peer::start(server);
    let slow = "    - { deadline: 50ms, metadata: { x-delay-ms: '30000' } }\n";
    for repetition in run(engine, &peer.address, WINDOWS, slow).repetitions() {
        let counts = &repetition.counts;
        assert!(counts.started > 0, "{counts:?}");
        assert_eq!(
            counts.deadline_exceeded, counts.started,
            "{:?}",
            repetition.failures
        );
    }
}

/// An engine calls every method of a peer's server, which answers in the shape that it is asked for, OK and not, and
/// counts what the engine counts.
pub(crate) fn answers_as_it_is_asked(engine: &str, address: &str) {
    let large = format!("trailers: {{ x-large: {} }}", "v".repeat(4000));
    for size in ["0B", "4MiB"] {
        for repetition in run(engine, address, "64KiB", &calls(size, &large)).repetitions() {
            let counts = &repetition.counts;
            assert!(counts.ok > 0, "{counts:?} {:?}", repetition.failures);
            assert_eq!(counts.ok, counts.started, "{:?}", repetition.failures);
            comes_back_in_trailers(repetition);
            assert_eq!(Some(repetition.totals.client), repetition.totals.server);
        }
    }
    let failing = format!("headers: at_once, status: {{ code: NOT_FOUND, message: '{TEXT}' }}");
    for repetition in run(engine, address, "64KiB", &calls("10B", &failing)).repetitions() {
        all_failed_as_asked(repetition);
        assert_eq!(Some(repetition.totals.client), repetition.totals.server);
    }
}

/// A server of another stack is slower than the deadline. Its own clock may be the first to say so, as CANCELLED.
pub(crate) fn misses_the_deadline_there_or_here(engine: &str, address: &str) {
    let methods =
        Method::ALL.map(|method| format!("    - {{ method: {method}, deadline: 50ms }}\n"));
    for repetition in run(engine, address, "64KiB", &methods.concat()).repetitions() {
        let counts = &repetition.counts;
        assert!(counts.deadline_exceeded > 0, "{counts:?}");
        assert_eq!(
            counts.deadline_exceeded + counts.cancelled,
            counts.started,
            "{counts:?}"
        );
    }
}

/// A peer's client plays every method: one without a byte and the next of 4 MiB against the raw face, or, where there is
/// `time`, both against both faces.
pub(crate) fn plays_all_methods(client: &str, time: bool) {
    let [empty, large] = ["0B", "4MiB"].map(|size| calls(size, ""));
    let (faces, cases, cells) = match time {
        true => ("tonic,raw", empty + &large, 24),
        false => ("raw", every_other(&empty, &large), 6),
    };
    // The faces admit only calls whose metadata is there to the last byte.
    let required = required();
    let cases = cases.replace(
        "metadata: {",
        &format!("metadata: {{ {}, ", required.trim_matches(['{', '}'])),
    );
    let target =
        format!("target: {{ reference_server: {{ behaviour: {{ require: {required} }} }} }}");
    let load =
        format!("{target}\nload: {{ closed: {{ in_flight: 3 }} }}\nmatrix:\n  call:\n{cases}");
    // Without a warm-up there are calls to be measured, however long the first ones of a cold client take.
    for cell in compare(client, faces, &load, "0s", cells) {
        assert_eq!(Some(cell.totals.client), cell.totals.server, "{client}");
        assert_eq!(cell.start_lag.count, cell.counts.started, "{client}");
    }
}

/// The first line of one text, the second of another, and so on.
fn every_other(even: &str, odd: &str) -> String {
    let pairs = even.lines().zip(odd.lines()).enumerate();
    let lines = pairs.map(|(i, (even, odd))| if i % 2 == 0 { even } else { odd });
    lines.map(|line| format!("{line}\n")).collect()
}

/// A peer's client plays the runner's own schedule.
pub(crate) fn plays_open_loop(client: &str) {
    let load = "load: { open: { rate: 200/s, arrivals: uniform } }\n";
    for cell in compare(client, "raw", load, "100ms", 1) {
        assert_eq!(Some(cell.totals.client), cell.totals.server, "{client}");
        // Two hundred a second, for the measured time.
        assert_eq!(cell.counts.started, 40, "{client}: {:?}", cell.counts);
    }
}

/// A generator makes unary calls; what it cannot know of both sides is not compared.
pub(crate) fn plays_unary_calls(client: &str, knows_all: bool) {
    let required = required();
    let load = format!(
        "target: {{ reference_server: {{ behaviour: {{ require: {required} }} }} }}\n\
         call: {{ metadata: {required} }}\nload: {{ closed: {{ in_flight: 3 }} }}\n"
    );
    for cell in compare(client, "tonic,raw", &load, "100ms", 2) {
        let counted = knows_all.then_some(cell.totals.client);
        assert_eq!(counted, cell.totals.server, "{client}");
        assert_eq!(cell.start_lag.count, 0, "{client}");
    }
}

/// What came of a case with a peer's client against these faces, in so many cells; every call as it should be. The runtimes
/// need not be warm for that.
fn compare(
    client: &str,
    faces: &str,
    load: &str,
    warm_up: &str,
    expected: usize,
) -> Vec<Repetition> {
    let phases = "phases: { measure: 200ms, drain: 20s }";
    let yaml = format!("name: peer\nclient: {{ channels: 2 }}\n{phases}\n{load}");
    let pairs = ["--servers", faces, "--clients", client];
    let arguments = [&["--quiet", "--warm-up", warm_up], &pairs[..]].concat();
    let told = stacks::compare(Path::new(stacks::PEERS), &yaml, &arguments);
    let said = told.stderr.replace(&"v".repeat(4000), "v...");
    let result = told.result.unwrap_or_else(|| panic!("{said}"));
    let cells: Vec<_> = result
        .cases
        .into_iter()
        .flat_map(|case| case.repetitions)
        .collect();
    assert_eq!(cells.len(), expected, "{said}");
    for cell in &cells {
        is_whole(client, cell);
    }
    cells
}

fn is_whole(client: &str, cell: &Repetition) {
    let counts = &cell.counts;
    assert!(
        counts.ok > 0 && counts.ok == counts.started,
        "{client}: {counts:?}"
    );
    assert_eq!(cell.response_time.count, counts.ok, "{client}");
    let cost = &cell.client;
    assert!(
        cost.cpu_ns_per_call.is_some_and(|cpu| cpu > 0.0),
        "{client}"
    );
    assert!(
        cost.peak_rss_bytes.is_some_and(|bytes| bytes > 1 << 20),
        "{client}"
    );
}
