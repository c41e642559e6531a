//! A service that the runner knows nothing of, on grpcio: described by the server, by .proto files and by descriptors,
//! called by both engines, and what the server got held against what was written, field by field.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::common::peer::Peer;
use crate::common::stacks::grpcio;
use crate::common::toolchain::{run, set_up};
use crate::common::{Outcome, PROGRAM, Run};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grpcio");

/// An order with a value in every field that a load can sensibly have.
const ORDER: &str = r#"
      id: "7-{{pick one one}}"
      customer: "9007199254740993"
      state: PAID
      items:
        - { name: "äpfel", count: 3, price: { units: -1, cents: 99, currency: EUR } }
        - { name: "{{pick pears pears}}", count: "{{rand_int 5 5}}" }
      labels: { colour: red, "an empty one": "" }
      prices: { -3: { units: 1 }, 8: { cents: "{{rand_int 2 2}}" } }
      cash: { units: 12 }
      placed: "2026-01-31T12:00:00.5Z"
      patience: 1.5s
      note: "{{pick bare bare}}"
      extra: { a: [1, null, "{{pick two two}}"], b: { c: true } }
      attached: { "@type": type.googleapis.com/shop.v1.Price, units: 5 }
      mask: "items,labels"
      offsets: [-1, "{{rand_int -70000 -70000}}", 3]
      history: [OPEN, "{{pick PAID PAID}}", 0]
      token: "AQID/w=="
      urgent: "{{pick true true}}"
      weight: "{{rand_float 2.5 2.5}}"
      ratio: -0.25
      serial: 18446744073709551615
      shift: -2147483648
      floor: 0
      parent: { id: above }
      record: { id: -5, title: "{{pick old old}}", pages: [1, 2], mark: [{ text: x }, { text: y, bold: true }], "[archive.shelf]": B }
      anything: "{{pick thing thing}}"
      large: 18446744073709551615
      customName: given
"#;

/// The same, as Python prints it.
fn order() -> Value {
    json!({
        "id": "7-one", "customer": "9007199254740993", "state": "PAID",
        "items": [
            { "name": "äpfel", "count": 3, "price": { "units": "-1", "cents": 99, "currency": "EUR" } },
            { "name": "pears", "count": 5 },
        ],
        "labels": { "colour": "red", "an empty one": "" },
        "prices": { "-3": { "units": "1" }, "8": { "cents": 2 } },
        "cash": { "units": "12" },
        "placed": "2026-01-31T12:00:00.500Z", "patience": "1.500s", "note": "bare",
        "extra": { "a": [1.0, null, "two"], "b": { "c": true } },
        "attached": { "@type": "type.googleapis.com/shop.v1.Price", "units": "5" },
        "mask": "items,labels", "offsets": [-1, -70000, 3], "history": ["OPEN", "PAID", "STATE_UNSPECIFIED"],
        "token": "AQID/w==", "urgent": true, "weight": 2.5, "ratio": -0.25,
        "serial": "18446744073709551615", "shift": -2_147_483_648i64, "floor": 0, "parent": { "id": "above" },
        "record": {
            "id": -5, "title": "old", "pages": [1, 2],
            "mark": [{ "text": "x" }, { "text": "y", "bold": true }], "[archive.shelf]": "B",
        },
        "anything": "thing", "large": "18446744073709551615", "json_named": "given",
    })
}

/// The shop's stubs, descriptors and the reflection of grpcio.
fn made(ready: &Path) -> &'static PathBuf {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let protos = Path::new(SOURCES).join("shop");
        let files = ["shop.proto", "archive.proto"].map(|name| protos.join(name));
        let pinned = Path::new(SOURCES).join("reflection.txt");
        let made_of = [&files[0], &files[1], &pinned].map(PathBuf::as_path);
        let made = set_up("grpcio-shop", &made_of, |home| {
            let python = || Command::new(ready.join("bin/python"));
            let mut pip = python();
            pip.args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ]);
            pip.args(["--no-deps", "--require-hashes", "--target"])
                .arg(home.join("lib"));
            run(pip.arg("-r").arg(&pinned))?;
            let mut protoc = python();
            protoc.args(["-m", "grpc_tools.protoc", "-I"]).arg(&protos);
            protoc.arg(format!("--python_out={}", home.display()));
            protoc.arg(format!("--grpc_python_out={}", home.display()));
            protoc.arg(format!(
                "--descriptor_set_out={}",
                home.join("shop.binpb").display()
            ));
            run(protoc.args(["--include_imports", "shop.proto", "archive.proto"]))
        });
        made.unwrap_or_else(|error| panic!("no shop: {error}"))
    })
}

fn server(ready: &Path, arguments: &[&str]) -> Peer {
    let made = made(ready);
    let mut command = Command::new(ready.join("bin/python"));
    command
        .arg("-B")
        .arg(format!("{SOURCES}/shop_server.py"))
        .args(arguments);
    let path = format!("{}:{}", made.display(), made.join("lib").display());
    Peer::start({
        command.env("PYTHONPATH", path);
        command
    })
}

/// The three ways in which the shop is described.
fn descriptions(made: &Path) -> [String; 3] {
    [
        "reflection: true".to_owned(),
        format!("proto: [{SOURCES}/shop/shop.proto, {SOURCES}/shop/archive.proto]"),
        format!("protoset: {}", made.join("shop.binpb").display()),
    ]
}

/// What the server was sent by a method: the messages of each different call.
fn seen(said: &str, method: &str) -> Vec<Value> {
    let seen: Value = serde_json::from_str(said).unwrap();
    let calls = seen[method]
        .as_array()
        .unwrap_or_else(|| panic!("{method}: {seen}"));
    calls.iter().map(|call| call["messages"].clone()).collect()
}

/// `yaml` with the shop's server as its target.
fn loaded(engine: &str, address: &str, yaml: &str) -> Outcome {
    let yaml = format!(
        "name: shop\nclient: {{ channels: 2 }}\nphases: {{ warm_up: 0s, measure: 100ms, drain: 20s }}\n{yaml}"
    );
    Run::new(&yaml).engine(engine).target(address).finish()
}

fn all_ok(outcome: &Outcome) {
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for repetition in outcome.repetitions() {
        let counts = &repetition.counts;
        assert!(
            counts.ok > 0 && counts.ok == counts.started,
            "{counts:?} {:?}",
            repetition.failures
        );
    }
}

pub(crate) fn every_field_arrives_as_it_was_written(engine: &str) {
    let Some(ready) = grpcio() else {
        return;
    };
    let server = server(ready, &["--reflection"]);
    let mut cases = String::new();
    for description in descriptions(made(ready)) {
        for method in ["Place", "Watch"] {
            cases += &format!(
                "    - service: shop.v1.Shop\n      method: {method}\n      {description}\n      message:\n{}\n",
                ORDER.replace("\n      ", "\n        ")
            );
        }
    }
    let outcome = loaded(
        engine,
        &server.address,
        &format!("matrix:\n  call:\n{cases}"),
    );
    all_ok(&outcome);
    for (case, repetition) in outcome
        .result
        .as_ref()
        .unwrap()
        .cases
        .iter()
        .zip(outcome.repetitions())
    {
        let replies = if case.case["call"]["method"] == "Watch" {
            2
        } else {
            1
        };
        assert_eq!(
            repetition.counts.messages_received,
            replies * repetition.counts.ok,
            "{}",
            case.name
        );
    }
    let said = server.stop();
    for method in ["Place", "Watch"] {
        assert_eq!(seen(&said, method), [json!([order()])], "{method}");
    }
}

pub(crate) fn streams_send_their_messages_in_turn(engine: &str) {
    let Some(ready) = grpcio() else {
        return;
    };
    let server = server(ready, &[]);
    let proto = &descriptions(made(ready))[1];
    let call = |method: &str, more: &str| {
        format!("    - {{ service: shop.v1.Shop, method: {method}, {proto}, {more} }}\n")
    };
    let three = "messages: [{ id: a }, { id: \"b{{message}}\" }], request: { messages: 5 }";
    let cases = [
        call("Collect", three),
        call("Collect", "messages: [{ id: c }, { id: d }]"),
        call("Talk", &format!("{three}, bidi: ping_pong")),
        call("Talk", "message: { id: e }, request: { messages: 3 }"),
        format!(
            "    - {{ service: archive.Archive, method: Store, {proto}, messages: [{{ id: 1 }}, {{ id: 2, kind: LETTER }}] }}\n"
        ),
    ];
    let outcome = loaded(
        engine,
        &server.address,
        &format!("matrix:\n  call:\n{}", cases.concat()),
    );
    all_ok(&outcome);
    let per_call: Vec<u64> = outcome
        .repetitions()
        .iter()
        .map(|r| r.counts.messages_sent / r.counts.ok)
        .collect();
    assert_eq!(per_call, [5, 2, 5, 3, 1]);
    assert!(
        outcome.repetitions()[2].exchange_time.count > 0,
        "a ping-pong knows the time of each exchange"
    );
    let said = server.stop();
    let five = json!([{ "id": "a" }, { "id": "b1" }, { "id": "a" }, { "id": "b3" }, { "id": "a" }]);
    let sorted = |method| {
        let mut calls = seen(&said, method);
        calls.sort_by_key(|call| call.as_array().map_or(0, Vec::len));
        calls
    };
    assert_eq!(
        sorted("Collect"),
        [json!([{ "id": "c" }, { "id": "d" }]), five.clone()]
    );
    assert_eq!(
        sorted("Talk"),
        [json!([{ "id": "e" }, { "id": "e" }, { "id": "e" }]), five]
    );
    let mut stored = seen(&said, "Store");
    stored.sort_by_key(|call| call[0]["id"].as_i64());
    assert_eq!(
        stored,
        [json!([{ "id": 1 }]), json!([{ "id": 2, "kind": "LETTER" }])]
    );
}

pub(crate) fn streams_are_paced(engine: &str) {
    let Some(ready) = grpcio() else {
        return;
    };
    let server = server(ready, &[]);
    let proto = &descriptions(made(ready))[1];
    let call = |method: &str, more: &str| {
        format!(
            "    - {{ service: shop.v1.Shop, method: {method}, {proto}, messages: [{{ id: a }}, {{ id: \"b{{{{message}}}}\" }}], {more} }}\n"
        )
    };
    let cases = [
        call(
            "Talk",
            "stream: { rate: 200/s, messages: 5, answers_each: true }",
        ),
        call("Collect", "stream: { rate: 200/s, messages: 5 }"),
        call(
            "Talk",
            "request: { messages: 3 }, half_close: after_replies",
        ),
    ];
    let outcome = loaded(
        engine,
        &server.address,
        &format!(
            "load: {{ open: {{ rate: 100/s, arrivals: uniform }} }}\nmatrix:\n  call:\n{}",
            cases.concat()
        ),
    );
    all_ok(&outcome);
    let paced = outcome.repetitions()[0].paced.clone().unwrap();
    assert!(paced.sent >= 5 && paced.answered == paced.sent, "{paced:?}");
    let longest = outcome.repetitions()[1].response_time.max_ns.unwrap();
    assert!(longest >= 19_900_000, "{longest} ns");
    let said = server.stop();
    // Those that are under way when the measured time ends are shorter.
    let five = json!([{ "id": "a" }, { "id": "b1" }, { "id": "a" }, { "id": "b3" }, { "id": "a" }]);
    assert!(seen(&said, "Collect").contains(&five), "{said}");
    let talks = seen(&said, "Talk");
    assert!(talks.contains(&five), "{said}");
    assert!(talks.contains(&json!([{ "id": "a" }, { "id": "b1" }, { "id": "a" }])));
}

/// `bench-runner COMMAND ADDRESS ...`
fn command(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

pub(crate) fn a_call_shows_all_that_comes_back() {
    let Some(ready) = grpcio() else {
        return;
    };
    let server = server(ready, &["--reflection"]);
    let call = |more: &[&str]| {
        let shop = [
            "call",
            &server.address,
            "--service",
            "shop.v1.Shop",
            "--json",
        ];
        command(&[&shop[..], more].concat())
    };
    let (code, told, error) = call(&[
        "--method",
        "Place",
        "-d",
        r#"{ "id": "x", "items": [{ "count": 2 }] }"#,
    ]);
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{error}"));
    assert_eq!((code, &told["status"]), (Some(0), &json!("OK")));
    assert_eq!(
        told["replies"],
        json!([{ "order": { "id": "x", "items": [{ "count": 2 }] }, "orders": 1 }])
    );
    assert_eq!(
        (&told["metadata"]["x-shop"], &told["trailers"]["x-orders"]),
        (&json!(["open"]), &json!(["1"]))
    );
    let times = ["initial_metadata_ns", "first_message_ns", "done_ns"]
        .map(|time| told[time].as_u64().unwrap());
    assert!(
        times.is_sorted() && told["connect_ns"].as_u64().unwrap() > 0,
        "{times:?}"
    );

    let (code, told, _) = call(&["--method", "Place", "-d", r#"{ "id": "refused" }"#]);
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (code, &told["status"]),
        (Some(1), &json!("FAILED_PRECONDITION"))
    );
    assert_eq!(
        (&told["message"], &told["replies"]),
        (&json!("the shop does not sell that"), &json!([]))
    );

    // As the service was described before its receipts had orders in them.
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.proto");
    let text = "syntax = \"proto3\"; package shop.v1; message Order {} message Receipt { fixed32 order = 1; }
        service Shop { rpc Place(Order) returns (Receipt); }";
    std::fs::write(&old, text).unwrap();
    let (code, told, error) = call(&["--method", "Place", "--proto", old.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{told}");
    assert!(
        error.contains("does not decode as `shop.v1.Receipt`"),
        "{error}"
    );

    let talk = [
        "--method",
        "Talk",
        "--set",
        "call.bidi=ping_pong",
        "--set",
        "call.request.messages=3",
        "-d",
        "{ \"id\": \"{{message}}\" }",
    ];
    let (_, told, error) = call(&talk);
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{error}"));
    let ids: Vec<&Value> = told["replies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reply| &reply["order"]["id"])
        .collect();
    assert_eq!(ids, ["0", "1", "2"]);

    let (code, _, error) = call(&["--method", "Plce"]);
    assert_eq!(code, Some(2));
    assert!(
        error.contains("`shop.v1.Shop` has no method `Plce`")
            && error.contains("did you mean `Place`?"),
        "{error}"
    );
    let (code, _, error) = command(&[
        "call",
        &server.address,
        "--service",
        "shop.v1.Shopp",
        "--method",
        "Place",
    ]);
    assert_eq!(code, Some(2));
    assert!(error.contains("did you mean `shop.v1.Shop`?"), "{error}");
}

pub(crate) fn a_new_user_goes_from_an_address_to_a_load() {
    let Some(ready) = grpcio() else {
        return;
    };
    let server = server(ready, &["--reflection"]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (code, told, error) = command(&[
        "init",
        &server.address,
        "--service",
        "shop.v1.Shop",
        "--out",
        &path("first.yaml"),
    ]);
    assert_eq!(code, Some(0), "{error}");
    for method in [
        "Place: shop.v1.Order -> shop.v1.Receipt",
        "Talk: stream shop.v1.Order -> stream",
        "archive.Archive",
    ] {
        assert!(told.contains(method), "{told}");
    }
    let (code, _, error) = command(&["check", &path("first.yaml")]);
    assert_eq!(code, Some(0), "{error}");
    let short = [
        "--set",
        "phases.warm_up=0s",
        "--set",
        "phases.measure=100ms",
        "--quiet",
        "--out",
    ];
    for (scenario, method) in [("first.yaml", "Place"), ("store.yaml", "Store")] {
        if method == "Store" {
            let archive = [
                "init",
                &server.address,
                "--service",
                "archive.Archive",
                "--out",
                &path(scenario),
            ];
            assert_eq!(command(&archive).0, Some(0));
        }
        let (code, told, error) =
            command(&[&["run", &path(scenario)], &short[..], &[&path("out")]].concat());
        assert_eq!(code, Some(0), "{told}{error}");
    }
    let said = server.stop();
    let placed = seen(&said, "Place");
    let fields = placed[0][0].as_object().unwrap();
    // Every field but a second of the oneof, an order within the order, and what cannot be made up.
    assert_eq!(fields.len(), 24, "{fields:?}");
    assert_eq!(
        seen(&said, "Store")[0][0]["mark"],
        json!([{ "text": "text", "bold": true }])
    );
}

pub(crate) fn a_server_without_reflection_is_told_of_with_the_remedy() {
    let Some(ready) = grpcio() else {
        return;
    };
    let server = server(ready, &[]);
    let (code, _, error) = command(&["init", &server.address]);
    assert_eq!(code, Some(4), "{error}");
    assert!(
        error.contains("offers no reflection") && error.contains("`--proto`"),
        "{error}"
    );
    let yaml = "call: { service: shop.v1.Shop, method: Place, reflection: true }\n";
    let outcome = loaded("raw", &server.address, yaml);
    assert_eq!(outcome.code, Some(4), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("`call.proto`"),
        "{}",
        outcome.stderr
    );
    let proto = format!("{SOURCES}/shop/shop.proto");
    let (code, told, error) = command(&["init", &server.address, "--proto", &proto]);
    assert_eq!(code, Some(0), "{error}");
    assert!(
        told.contains("proto: [") && told.contains("service: shop.v1.Shop"),
        "{told}"
    );
}

/// Every call its own number where that is asked for, else 1024 of them; and what encoding took.
pub(crate) fn fresh_messages_are_encoded_as_calls_start(engine: &str) {
    let Some(ready) = grpcio() else {
        return;
    };
    let server = server(ready, &[]);
    let proto = &descriptions(made(ready))[1];
    let call = |method: &str, more: &str| {
        format!("    - {{ service: shop.v1.Shop, method: {method}, {proto}, {more} }}\n")
    };
    let cases = [
        call("Place", "message: { id: \"{{seq}}\" }, fresh: true"),
        call(
            "Collect",
            "message: { id: \"{{seq}}.{{message}}\" }, request: { messages: 2 }, fresh: true",
        ),
        call("Watch", "message: { id: \"{{seq}}\" }"),
    ];
    let yaml = format!("matrix:\n  call:\n{}", cases.concat());
    let yaml = format!(
        "name: fresh\nclient: {{ channels: 2, lanes: 2 }}\nphases: {{ warm_up: 0s, measure: 100ms, drain: 20s }}\n{yaml}"
    );
    let outcome = Run::new(&yaml)
        .engine(engine)
        .target(&server.address)
        .finish();
    all_ok(&outcome);
    let costs = outcome
        .repetitions()
        .into_iter()
        .map(|r| r.client.encode_ns_per_call);
    let costs: Vec<bool> = costs.map(|cost| cost.is_some_and(|ns| ns > 0.0)).collect();
    assert_eq!(costs, [true, true, false]);
    let started: Vec<u64> = outcome
        .repetitions()
        .iter()
        .map(|r| r.counts.started)
        .collect();
    let said = server.stop();
    let numbers = |method: &str| -> Vec<Value> { seen(&said, method) };
    let placed = numbers("Place");
    assert_eq!(placed.len() as u64, started[0], "no number comes twice");
    let (even, odd): (Vec<u64>, Vec<u64>) = placed
        .iter()
        .map(|call| call[0]["id"].as_str().unwrap().parse::<u64>().unwrap())
        .partition(|number| number % 2 == 0);
    // Each of the two lanes has counted on its own.
    for (mut lane, first) in [(even, 0), (odd, 1)] {
        lane.sort_unstable();
        assert!(
            lane.iter()
                .copied()
                .eq((first..).step_by(2).take(lane.len())),
            "{lane:?}"
        );
    }
    for call in numbers("Collect") {
        let number = call[0]["id"].as_str().unwrap().split('.').next().unwrap();
        assert_eq!(
            call,
            json!([{ "id": format!("{number}.0") }, { "id": format!("{number}.1") }])
        );
    }
    assert!(numbers("Watch").len() as u64 <= started[2].min(1024));
}

/// Files of messages, beside the scenario; and fields of replies that are to be what was sent.
pub(crate) fn files_are_sent_and_replies_checked(engine: &str) {
    let Some(ready) = grpcio() else {
        return;
    };
    let server = server(ready, &[]);
    let proto = &descriptions(made(ready))[1];
    let cases: String = [
        "method: Place, messages_file: rows.csv, expect: { fields: { \"order.items[0].count\": 3, orders: 1 } }",
        "method: Watch, messages_file: rows.csv, message: { id: \"w{{csv.id}}\" }",
        "method: Collect, messages_file: list.json, expect: { fields: { order.id: b, orders: 2 } }",
        "method: Talk, messages_file: lines.json, request: { messages: 4 }",
        "method: Place, message: { id: x }, expect: { fields: { order.id: y } }",
    ]
    .iter()
    .map(|call| format!("    - {{ service: shop.v1.Shop, {proto}, {call} }}\n"))
    .collect();
    let yaml = format!(
        "name: files\nphases: {{ warm_up: 0s, measure: 100ms, drain: 20s }}\nmatrix:\n  call:\n{cases}"
    );
    let outcome = Run::new(&yaml)
        .file("rows.csv", "id,items[0].count\na,3\nb,3\n")
        .file("list.json", "[{ \"id\": \"a\" }, { \"id\": \"b\" }]")
        .file("lines.json", "{ \"id\": \"c\" }\n{ \"id\": \"d\" }\n")
        .engine(engine)
        .target(&server.address)
        .finish();
    let repetitions = outcome.repetitions();
    let (wrong, right) = repetitions.split_last().unwrap();
    for repetition in right {
        let counts = &repetition.counts;
        assert!(
            counts.ok > 0 && counts.ok == counts.started,
            "{counts:?} {:?}",
            repetition.failures
        );
    }
    assert_eq!(
        (wrong.counts.ok, wrong.counts.failed),
        (0, wrong.counts.started),
        "{}",
        outcome.stderr
    );
    assert_eq!(
        wrong.failures[0].message,
        "expect.fields: `order.id` is `x` instead of `y`"
    );
    let said = server.stop();
    let row = |id: &str| json!([{ "id": id, "items": [{ "count": 3 }] }]);
    let sorted = |method: &str| {
        let mut calls = seen(&said, method);
        calls.sort_by_key(|call| call[0]["id"].as_str().map(str::to_owned));
        calls
    };
    assert_eq!(
        sorted("Place"),
        [row("a"), row("b"), json!([{ "id": "x" }])]
    );
    assert_eq!(
        sorted("Watch"),
        [json!([{ "id": "wa" }]), json!([{ "id": "wb" }])]
    );
    assert_eq!(sorted("Collect"), [json!([{ "id": "a" }, { "id": "b" }])]);
    assert_eq!(
        sorted("Talk"),
        [json!([{ "id": "c" }, { "id": "d" }, { "id": "c" }, { "id": "d" }])]
    );
}
