//! Stacks side by side: the real program against Python's grpcio, both ways, and against peers that are not what they
//! seem.
//!
//! grpcio sets itself up by its lockfile. Where there is no Python for it the tests that need it say so and are skipped;
//! in CI (`CI` is set) they must run.

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::stacks::{PEERS, Told, compare, fake, grpcio, peers};
use common::{Run, alone};

const SHORT: &str = "name: short
client: { channels: 2 }
load: { closed: { in_flight: 2 } }
phases: { warm_up: 100ms, measure: 300ms, drain: 10s }
";

/// Every pair's counts, which both sides must have in common; all calls OK.
fn agrees(told: &Told) -> BTreeSet<(String, String)> {
    let mut pairs = BTreeSet::new();
    for case in &told.result().cases {
        for repetition in &case.repetitions {
            let (name, counts) = (&case.name, &repetition.counts);
            assert!(counts.balanced(), "{name}: {counts:?}");
            assert!(counts.ok > 0, "{name}: {counts:?}");
            assert_eq!(
                counts.ok, counts.started,
                "{name}: {counts:?} {:?}",
                repetition.failures
            );
            let server = repetition
                .totals
                .server
                .expect("every peer gives its counts");
            assert_eq!(repetition.totals.client, server, "{name}");
            assert_eq!(repetition.response_time.count, counts.ok, "{name}");
        }
        pairs.insert((case.client.clone(), case.server.clone()));
    }
    pairs
}

#[test]
fn tonic_and_grpcio_are_compared_as_clients_and_as_servers() {
    let _alone = alone();
    if grpcio().is_none() {
        return;
    }
    let names = "tonic,grpcio,grpcio-aio";
    let arguments = [
        "--servers",
        names,
        "--clients",
        names,
        "--set",
        "repetitions=2",
    ];
    let told = compare(Path::new(PEERS), SHORT, &arguments);
    let pairs = agrees(&told);
    assert_eq!(pairs.len(), 9, "{}", told.stderr);
    for case in &told.result().cases {
        assert_eq!(case.repetitions.len(), 2, "{}", case.name);
        for repetition in &case.repetitions {
            let server = repetition.server.as_ref().expect("it is a process of ours");
            assert!(
                server.cpu_ns_per_call > Some(0.0),
                "{}: {server:?}",
                case.name
            );
            assert!(
                repetition.client.cpu_ns_per_call > Some(0.0),
                "{}",
                case.name
            );
            assert!(
                repetition.client.peak_rss_bytes > Some(1 << 20),
                "{}",
                case.name
            );
        }
        assert_eq!(case.case["client"]["engine"], case.client.as_str());
    }
    let versions = &told.result().peers;
    assert!(
        versions["grpcio-aio"].starts_with("grpcio 1."),
        "{versions:?}"
    );
    assert!(
        told.stdout.contains("grpcio → grpcio-aio"),
        "{}",
        told.stdout
    );
    assert!(told.file("summary.md").contains("| grpcio-aio | tonic |"));
    assert!(
        told.file("report.html")
            .contains("What these numbers do not say")
    );
    assert!(told.file("plots/compare-heat.svg").contains("grpcio-aio"));
}

#[test]
fn pairs_warm_up_for_as_long_as_their_runtimes_need_or_as_they_are_told() {
    let _alone = alone();
    if grpcio().is_none() {
        return;
    }
    // The scenario's 100 ms are less than what Python asks for.
    for (told_to, expected) in [(&[][..], "1s"), (&["--warm-up", "20ms"], "20ms")] {
        let pair = ["--clients", "raw", "--servers", "grpcio"];
        let told = compare(Path::new(PEERS), SHORT, &[&pair[..], told_to].concat());
        let [case] = &told.result().cases[..] else {
            panic!("{}", told.stderr);
        };
        assert_eq!(case.case["phases"]["warm_up"], expected);
    }
}

#[test]
fn all_methods_and_sizes_are_played_by_grpcio_and_served_by_it() {
    let _alone = alone();
    if grpcio().is_none() {
        return;
    }
    let yaml = format!(
        "{SHORT}call: {{ metadata: {{ x-tenant: blue, x-large: {} }}, deadline: 20s }}
matrix:
  call:
    - {{ method: SayHello, request: {{ size: 0B }}, reply: {{ size: 0B }} }}
    - {{ method: SayHelloAgain, request: {{ size: 4MiB }}, reply: {{ size: 4MiB }} }}
    - {{ method: LotsOfReplies, reply: {{ messages: 5 }} }}
    - {{ method: LotsOfGreetings, request: {{ messages: 5 }} }}
    - {{ method: BidiHello, request: {{ messages: 5 }} }}
    - {{ method: BidiHello, bidi: independent, request: {{ messages: 5 }} }}
",
        "v".repeat(4000)
    );
    for (clients, servers) in [("grpcio,grpcio-aio", "raw"), ("raw", "grpcio,grpcio-aio")] {
        let arguments = ["--clients", clients, "--servers", servers];
        let told = compare(Path::new(PEERS), &yaml, &arguments);
        agrees(&told);
        let cases = told.result().cases.len();
        assert_eq!(
            (cases, &told.result().refused[..]),
            (12, &[][..]),
            "{}",
            told.stderr
        );
    }
}

#[test]
fn an_open_loop_plays_the_same_arrivals_whoever_plays_them() {
    let _alone = alone();
    if grpcio().is_none() {
        return;
    }
    let yaml = SHORT.replace(
        "closed: { in_flight: 2 }",
        "open: { rate: 200/s, arrivals: poisson }",
    );
    let yaml = yaml.replace("measure: 300ms", "measure: 1s");
    let clients = "tonic,grpcio,grpcio-aio";
    let told = compare(
        Path::new(PEERS),
        &yaml,
        &["--clients", clients, "--servers", "raw"],
    );
    assert_eq!(agrees(&told).len(), 3);
    for case in &told.result().cases {
        let counts = &case.repetitions[0].counts;
        assert_eq!((counts.started, counts.shed), (200, 0), "{}", case.name);
        // Waited for one second, and a little: what was offered to nobody cannot be of help.
        assert!(case.repetitions[0].start_lag.count == 200, "{}", case.name);
    }
}

#[test]
fn deadlines_end_calls_of_grpcio_and_are_lower_bounds() {
    let _alone = alone();
    if grpcio().is_none() {
        return;
    }
    let target = "target: { reference_server: { behaviour: { delay: 20s } } }";
    let yaml = format!("{SHORT}call: {{ deadline: 50ms }}\n{target}\n");
    for (clients, servers) in [("grpcio,grpcio-aio", "raw"), ("tonic,raw", "grpcio-aio")] {
        let told = compare(
            Path::new(PEERS),
            &yaml,
            &["--clients", clients, "--servers", servers],
        );
        assert_eq!(told.result().cases.len(), 2, "{}", told.stderr);
        for case in &told.result().cases {
            let repetition = &case.repetitions[0];
            let counts = &repetition.counts;
            assert!(counts.started > 0, "{}: {counts:?}", case.name);
            let late = counts.deadline_exceeded;
            assert!(late > 0, "{}: {counts:?}", case.name);
            // Where the server's clock is first, ours says what the client would have said; grpcio's resets the stream.
            assert!(
                servers != "raw" || counts.cancelled == 0,
                "{}: {counts:?}",
                case.name
            );
            assert_eq!(
                late + counts.cancelled,
                counts.started,
                "{}: {counts:?}",
                case.name
            );
            let times = &repetition.response_time;
            assert_eq!(
                (times.count, times.population()),
                (0, late),
                "{}",
                case.name
            );
            assert!(times.p50_ns >= Some(49_900_000), "{}: {times:?}", case.name);
        }
    }
}

fn a_grpcio_target_answers_statuses_and_behaviours(engine: &str) {
    let _alone = alone();
    if grpcio().is_none() {
        return;
    }
    const TEXT: &str = "no such tenant: 100 % gr\u{fc}n";
    let run = |yaml: &str| {
        let run = Run::new(yaml).engine(engine);
        run.env("BENCH_RUNNER_PEERS", PEERS).finish()
    };
    let every_method = |name: &str, reply: &str| {
        format!(
            "{SHORT}target: {{ peer: {name} }}
matrix:
  call:
    - {{ method: SayHello, reply: {{ {reply} }} }}
    - {{ method: LotsOfReplies, reply: {{ messages: 3, {reply} }} }}
    - {{ method: LotsOfGreetings, request: {{ messages: 3 }}, reply: {{ {reply} }} }}
    - {{ method: BidiHello, request: {{ messages: 3 }}, reply: {{ {reply} }} }}
"
        )
    };
    for name in ["grpcio", "grpcio-aio"] {
        let trailers = "trailers: { x-tail: blue }";
        for repetition in run(&every_method(name, trailers)).repetitions() {
            assert_eq!(
                repetition.counts.ok, repetition.counts.started,
                "{:?}",
                repetition.failures
            );
            let trailers = &repetition.first_reply.as_ref().unwrap().trailers;
            assert_eq!(trailers.get("x-tail").map(String::as_str), Some("blue"));
        }
        let status = format!("status: {{ code: NOT_FOUND, message: '{TEXT}' }}");
        let outcome = run(&every_method(name, &status));
        for repetition in outcome.repetitions() {
            let counts = &repetition.counts;
            assert_eq!(
                counts.by_status.get("NOT_FOUND"),
                Some(&counts.started),
                "{counts:?}"
            );
            assert_eq!(repetition.failures[0].message, TEXT);
            assert_eq!(repetition.totals.server, Some(repetition.totals.client));
        }
        let behaviour =
            "{ delay: 5ms, error: { share: 0.5, code: RESOURCE_EXHAUSTED, delay: 1ms } }";
        let yaml =
            format!("{SHORT}target: {{ peer: {{ name: {name}, behaviour: {behaviour} }} }}\n");
        let outcome = run(&yaml);
        let repetition = outcome.repetition();
        let counts = &repetition.counts;
        let failed = counts
            .by_status
            .get("RESOURCE_EXHAUSTED")
            .copied()
            .unwrap_or_default();
        assert!(failed > 0 && counts.ok > 0, "{counts:?}");
        assert_eq!(failed + counts.ok, counts.started, "{counts:?}");
        assert!(
            repetition.response_time.min_ns >= Some(4_990_000),
            "{:?}",
            repetition.response_time
        );
    }
}

for_both_engines! { a_grpcio_target_answers_statuses_and_behaviours }

/// A folder of fake peers, each of which fails in its own way.
fn fakes(home: &Path) {
    let client = |program: &str| format!("client: {{ run: [sh, -c, '{program}'], patience: 2s }}");
    fake(
        home,
        "crash",
        &client("read case; echo out of memory >&2; exit 3"),
        &[],
    );
    fake(
        home,
        "hang",
        &client("echo waiting for a lock >&2; exec sleep 600"),
        &[],
    );
    fake(
        home,
        "rubbish",
        &client("read case; echo Segmentation fault"),
        &[],
    );
    let nothing = r#"{ "measured_ns": 1, "counts": { "started": 1 }, "response_time": null }"#;
    let lies = "client: { run: [cat, answer.json] }";
    fake(home, "lies", lies, &[("answer.json", nothing)]);
    let server = |program: &str| format!("server: {{ run: [sh, -c, '{program}'], patience: 2s }}");
    fake(
        home,
        "deaf",
        &server("echo no address to give >&2; exec sleep 600"),
        &[],
    );
    fake(
        home,
        "stillborn",
        &server("echo port in use >&2; exit 9"),
        &[],
    );
    fake(
        home,
        "chatty",
        &server("echo listening now; exec sleep 600"),
        &[],
    );
}

#[test]
fn a_client_that_fails_costs_its_own_pairs_only() {
    let _alone = alone();
    let home = tempfile::tempdir().unwrap();
    fakes(home.path());
    let clients = "raw,crash,hang,rubbish,lies";
    let told = compare(
        home.path(),
        SHORT,
        &["--clients", clients, "--servers", "raw"],
    );
    assert_eq!(told.code, Some(4), "{}", told.stderr);
    for (client, words) in [
        ("crash", &["ended with exit status: 3", "out of memory"][..]),
        ("hang", &["did not end within", "waiting for a lock"]),
        (
            "rubbish",
            &["answered what is no result", "Segmentation fault"],
        ),
        ("lies", &["do not add up"]),
    ] {
        told.refused_for(client, "raw", words);
        for word in words {
            assert!(told.stderr.contains(word), "{client}: {}", told.stderr);
        }
    }
    let [kept] = &told.result().cases[..] else {
        panic!("{}", told.stderr)
    };
    assert_eq!((kept.client.as_str(), kept.server.as_str()), ("raw", "raw"));
    assert!(kept.repetitions[0].counts.ok > 0);
    assert!(
        told.stdout.contains("not measured: crash → raw"),
        "{}",
        told.stdout
    );
}

#[test]
fn a_server_that_does_not_listen_costs_its_own_pairs_only() {
    let _alone = alone();
    let home = tempfile::tempdir().unwrap();
    fakes(home.path());
    let servers = "raw,deaf,stillborn,chatty";
    let told = compare(
        home.path(),
        SHORT,
        &["--clients", "raw", "--servers", servers],
    );
    assert_eq!(told.code, Some(4), "{}", told.stderr);
    for (server, words) in [
        (
            "deaf",
            &["said no address within 2 s", "no address to give"][..],
        ),
        (
            "stillborn",
            &["ended before it listened (exit status: 9)", "port in use"],
        ),
        (
            "chatty",
            &["printed `listening now` instead of its address"],
        ),
    ] {
        told.refused_for("raw", server, words);
    }
    assert_eq!(told.result().cases.len(), 1);
}

/// A server of grpcio's own, bent by a few lines of Python.
fn bent(home: &Path, name: &str, lines: &str) {
    let python = format!("{PEERS}/.ready/grpcio/bin/python");
    let program = format!(
        "import sys\nsys.path.insert(0, '{PEERS}/grpcio')\nimport counts, greeter_server, shape\n\
         from stubs import HelloReply\n{lines}\ngreeter_server.serve(shape.options())\n"
    );
    let yaml = format!("server: {{ run: ['{python}', -B, server.py] }}");
    fake(home, name, &yaml, &[("server.py", &program)]);
}

#[test]
fn a_server_that_answers_wrongly_is_refused_with_the_difference() {
    let _alone = alone();
    if grpcio().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let greeting =
        "shape.reply = lambda request, first: HelloReply(message='Hi, %s!' % request.name)";
    bent(home.path(), "impolite", greeting);
    let right = "right = shape.reply\ndef short(request, first):\n    reply = right(request, first)\n    \
                 if request.reply.HasField('size'): reply.message = reply.message[1:]\n    return reply\nshape.reply = short";
    bent(home.path(), "short", right);
    let twice = "once = counts.MethodCounts.reply\ndef twice(self, size):\n    once(self, size)\n    once(self, size)\n\
                 counts.MethodCounts.reply = twice";
    bent(home.path(), "miscounts", twice);
    let dies = "import os\ncall = counts.MethodCounts.call\ndef dies(self):\n    call(self)\n    if self.calls == 20:\n        \
                print('cannot go on', file=sys.stderr, flush=True)\n        os._exit(5)\ncounts.MethodCounts.call = dies";
    bent(home.path(), "dies", dies);
    let servers = "raw,impolite,short,miscounts,dies";
    let told = compare(
        home.path(),
        SHORT,
        &["--clients", "raw", "--servers", servers],
    );
    assert_eq!(told.code, Some(4), "{}", told.stderr);
    for (server, words) in [
        (
            "impolite",
            &[
                "answered SayHello with",
                "Hi, peer 0!",
                "instead of",
                "Hello, peer 0!",
            ][..],
        ),
        ("short", &["replies of [32] bytes instead of [33]"]),
        (
            "miscounts",
            &[
                "counted of SayHello",
                "4 replies",
                "instead of",
                "2 replies",
            ],
        ),
        (
            "dies",
            &[
                "ended in the middle of the run (exit status: 5)",
                "cannot go on",
            ],
        ),
    ] {
        told.refused_for("raw", server, words);
    }
    assert_eq!(told.result().cases.len(), 1);
}

/// A client of grpcio's own, bent by a few lines of Python.
fn bent_client(home: &Path, name: &str, lines: &str) {
    let python = format!("{PEERS}/.ready/grpcio/bin/python");
    let program = format!(
        "import sys\nsys.path.insert(0, '{PEERS}/grpcio')\nimport greeter_client, load\n{lines}\n\
         load.main(greeter_client.play)\n"
    );
    let yaml = format!("client: {{ run: ['{python}', -B, client.py] }}");
    fake(home, name, &yaml, &[("client.py", &program)]);
}

#[test]
fn a_client_that_does_other_work_than_it_says_is_refused() {
    let _alone = alone();
    if grpcio().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let more = "result = load.result\ndef more(*given):\n    made = result(*given)\n    made['all']['calls'] += 1\n    \
                return made\nload.result = more";
    bent_client(home.path(), "boasts", more);
    let less = "prepare = load.Case.prepare\ndef less(self, request, reply):\n    \
                prepare(self, {**request, 'name_bytes': 1}, reply)\nload.Case.prepare = less";
    bent_client(home.path(), "lazy", less);
    let yaml = format!("{SHORT}call: {{ request: {{ size: 1KiB }} }}\n");
    let told = compare(
        home.path(),
        &yaml,
        &["--clients", "raw,boasts,lazy", "--servers", "raw"],
    );
    assert_eq!(told.code, Some(4), "{}", told.stderr);
    let why = told.refusal("boasts", "raw");
    assert!(why.contains("did not count the same"), "{why}");
    let why = told.refusal("lazy", "raw");
    assert!(why.contains("bytes a call instead of about 1"), "{why}");
    assert_eq!(told.result().cases.len(), 1);
}

#[test]
fn a_set_up_that_fails_leaves_its_log_and_can_be_repeated() {
    let home = tempfile::tempdir().unwrap();
    let steps = "setup: [[sh, -c, 'echo compiling'], [sh, step.sh, '{ready}/made']]\n\
                 server: { run: [sh, -c, 'exit 1'] }";
    let step = |text: &str| fake(home.path(), "fragile", steps, &[("step.sh", text)]);
    step("echo no space left on device >&2; exit 7");
    let told = peers(home.path(), &["setup", "fragile"]);
    assert_eq!(told.code, Some(4), "{}", told.stderr);
    for words in [
        "sh step.sh",
        "exit status: 7",
        "no space left on device",
        "fragile.log",
    ] {
        assert!(told.stderr.contains(words), "{words}: {}", told.stderr);
    }
    let log = std::fs::read_to_string(home.path().join(".ready/fragile.log")).unwrap();
    assert_eq!(log, "compiling\nno space left on device\n");

    step("echo x >> \"$1\"");
    let made = || std::fs::read_to_string(home.path().join(".ready/fragile/made")).unwrap();
    for _ in 0..2 {
        let told = peers(home.path(), &["setup", "fragile"]);
        assert_eq!(
            (told.code, made().as_str()),
            (Some(0), "x\n"),
            "{}",
            told.stderr
        );
    }
    step("echo y >> \"$1\"");
    assert_eq!(peers(home.path(), &["setup"]).code, Some(0));
    assert_eq!(made(), "y\n", "a folder that has changed is set up anew");
}

#[test]
fn what_is_missing_is_said_and_the_rest_goes_on() {
    let _alone = alone();
    let home = tempfile::tempdir().unwrap();
    let needs = "needs: [{ run: [no-such-compiler, --version], install: 'the compiler of tomorrow' }]\n\
                 client: { run: [sh] }\nserver: { run: [sh] }\nvariants: { exotic-fast: { client: { args: [--fast] } } }";
    fake(home.path(), "exotic", needs, &[]);
    std::fs::create_dir(home.path().join("torn")).unwrap();
    std::fs::write(home.path().join("torn/peer.yaml"), "name: torn\nabuot: x\n").unwrap();
    let list = peers(home.path(), &["list"]);
    assert_eq!(list.code, Some(0), "{}", list.stderr);
    assert!(list.stdout.contains("exotic-fast"), "{}", list.stdout);
    assert!(
        list.stdout.contains("needs the compiler of tomorrow"),
        "{}",
        list.stdout
    );
    assert!(
        list.stdout.contains("unknown key `abuot`"),
        "{}",
        list.stdout
    );

    let told = compare(
        home.path(),
        SHORT,
        &["--clients", "raw,exotic", "--servers", "raw"],
    );
    assert_eq!(told.code, Some(4), "{}", told.stderr);
    assert!(
        told.refusal("exotic", "raw")
            .contains("the compiler of tomorrow")
    );
    assert_eq!(told.result().cases.len(), 1);
}

#[test]
fn a_wrong_name_is_a_usage_error_before_anything_is_run() {
    let home = tempfile::tempdir().unwrap();
    fake(home.path(), "exotic", "client: { run: [sh] }", &[]);
    for (arguments, words) in [
        (&["--servers", "exotci"][..], "did you mean `exotic`?"),
        (&["--servers", "exotic"], "has no server"),
        (&["--servers", "tonic,tonic"], "`tonic` is named twice"),
        (
            &[
                "--servers",
                "tonic",
                "--set",
                "target.address=http://127.0.0.1:1",
            ],
            "starts servers of its own",
        ),
    ] {
        let told = compare(home.path(), SHORT, arguments);
        assert_eq!(told.code, Some(2), "{arguments:?}: {}", told.stderr);
        assert!(
            told.stderr.contains(words),
            "{arguments:?}: {}",
            told.stderr
        );
    }
    let nowhere = home.path().join("nowhere");
    let told = peers(&nowhere, &["list"]);
    assert_eq!(told.code, Some(2));
    assert!(
        told.stderr.contains("BENCH_RUNNER_PEERS"),
        "{}",
        told.stderr
    );
}

#[test]
fn a_stock_greeter_can_be_a_target_for_what_it_has() {
    let _alone = alone();
    let Some(ready) = grpcio() else { return };
    let server = common::stock::server(ready);
    for (method, words) in [
        ("SayHello", None),
        (
            "LotsOfReplies",
            Some("the server answers LotsOfReplies with UNIMPLEMENTED"),
        ),
        (
            "BidiHello",
            Some("the server answers BidiHello with UNIMPLEMENTED"),
        ),
    ] {
        let outcome = Run::new(&format!("{SHORT}call: {{ method: {method} }}\n"))
            .target(&server.address)
            .finish();
        match words {
            None => assert_eq!(outcome.code, Some(0), "{}", outcome.stderr),
            Some(words) => {
                assert_eq!(outcome.code, Some(4), "{}", outcome.stdout);
                let line = outcome.stdout.lines().find(|line| line.contains(words));
                assert!(line.is_some(), "{}", outcome.stdout);
            }
        }
    }
    server.stop();
}
