//! What a file means: defaults, overrides, the matrix, names and fingerprints.

use scenarios::law::Law;
use scenarios::load::Load;
use scenarios::method::Method;
use scenarios::scenario::{Address, Bidi, Scenario, Target, When};
use scenarios::service::Called;
use scenarios::units::{Bytes, Nanos};
use scenarios::{ReferenceServer, Suite, reference_server};
use serde_json::json;

fn suite(text: &str, sets: &[&str]) -> Suite {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    Suite::parse("test.yaml", text, &sets).unwrap_or_else(|error| panic!("{}", error.render(false)))
}

fn only(text: &str, sets: &[&str]) -> Scenario {
    let mut suite = suite(text, sets);
    assert_eq!(suite.cases.len(), 1);
    suite.cases.remove(0).scenario
}

fn names(suite: &Suite) -> Vec<&str> {
    suite.cases.iter().map(|case| case.name.as_str()).collect()
}

#[test]
fn a_name_is_enough() {
    let meant = serde_json::to_value(only("name: minimal", &[])).unwrap();
    assert_eq!(
        meant,
        json!({
            "name": "minimal",
            "target": { "reference_server": {
                "face": "tonic", "threads": 1, "cpus": [], "idle": "timer",
                "http2": { "initial_stream_window": "1MiB", "initial_connection_window": "64MiB",
                           "max_concurrent_streams": 1000, "max_frame_size": "16KiB" },
                "behaviour": {} } },
            "client": {
                "engine": "tonic", "lanes": 1, "cpus": [], "channels": 1, "idle": "timer",
                "http2": { "initial_stream_window": "2MiB", "initial_connection_window": "64MiB",
                           "max_frame_size": "16KiB", "header_table_size": "4KiB" } },
            "call": { "method": "SayHello", "request": { "size": "16B", "messages": 1 },
                      "reply": { "size": "16B", "messages": 1, "headers": "with_first" } },
            "load": { "closed": { "in_flight": 1 } },
            "phases": { "warm_up": "1s", "measure": "5s", "drain": "1s" },
            "repetitions": 1, "seed": 42, "limits": []
        })
    );
}

#[test]
fn the_example_of_the_contract_is_read() {
    let text = r#"
name: unary-ten-channels
about: Closed-loop unary calls over ten channels.
target:
  reference_server: { face: tonic, threads: 1, cpus: [0], http2: { initial_stream_window: 1MiB, initial_connection_window: 64MiB,
                      max_concurrent_streams: 1000, max_frame_size: 16KiB }, behaviour: { delay: 2ms } }
client: { engine: tonic, lanes: 1, cpus: [1], channels: 10,
          http2: { initial_stream_window: 2MiB, initial_connection_window: 64MiB, max_frame_size: 16KiB, header_table_size: 4KiB,
                   keepalive: { interval: 10s, timeout: 5s } } }
call:
  method: BidiHello
  request: { size: 16B, messages: 1 }
  reply:   { size: 16B, messages: 1 }
  bidi: ping_pong
  metadata: { x-tenant: blue }
  deadline: 1s
load: { closed: { in_flight: 10 } }
phases: { warm_up: 1s, measure: 5s, drain: 1s }
repetitions: 1
seed: 42
matrix: { client.channels: [1, 10, 100] }
limits: [ "response_time.p99 < 20ms", "failed == 0" ]
"#;
    let suite = suite(text, &[]);
    assert_eq!(suite.cases.len(), 3);
    assert_eq!(suite.cases[2].scenario.client.channels, 100);
    assert_eq!(
        suite.scenario["matrix"],
        json!({ "client.channels": [1, 10, 100] })
    );
    assert_eq!(
        suite.scenario["limits"],
        json!(["response_time.p99 < 20ms", "failed == 0"])
    );
}

#[test]
fn streaming_methods_have_defaults_of_their_own() {
    let bidi = only(
        "name: a\ncall: { method: BidiHello, request: { messages: 10 } }",
        &[],
    )
    .calls;
    let bidi = bidi.only().unwrap();
    assert_eq!(
        (bidi.bidi, bidi.reply.as_ref().unwrap().when),
        (Some(Bidi::PingPong), Some(When::Each))
    );
    assert_eq!((bidi.requests(), bidi.replies()), (10, 10));
    let every = "name: a\ncall: { method: BidiHello, bidi: independent, request: { messages: 10 }, reply: { when: { every: 4 } } }";
    assert_eq!(only(every, &[]).calls.only().unwrap().replies(), 3);
    let greetings = only(
        "name: a\ncall: { method: LotsOfGreetings, request: { messages: 10 } }",
        &[],
    )
    .calls;
    let greetings = greetings.only().unwrap();
    assert_eq!(
        (greetings.bidi, greetings.reply.as_ref().unwrap().when),
        (None, Some(When::AfterAll))
    );
    let only = only("name: a", &[]).calls.only().cloned().unwrap();
    assert_eq!(only.reply.unwrap().when, None);
}

#[test]
fn addresses_are_read_and_printed() {
    let address = |text: &str| match only("name: a", &[&format!("target.address={text}")]).target {
        Target::Address(address) => address,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        address("http://127.0.0.1:50051"),
        Address::Tcp {
            host: "127.0.0.1".into(),
            port: 50051,
            tls: false
        }
    );
    assert_eq!(address("http://[::1]:1/").to_string(), "http://[::1]:1");
    assert_eq!(address("unix:/run/x.sock"), address("unix:///run/x.sock"));
}

#[test]
fn another_load_takes_the_place_of_the_first() {
    let file = "name: a\nload: { closed: { in_flight: 3 } }";
    assert!(matches!(
        only(file, &["load.open.rate=1000/s"]).load,
        Load::Open(_)
    ));
    assert!(matches!(
        only(file, &["load={ramp: {from: 1/s, to: 2/s}}"]).load,
        Load::Ramp(_)
    ));
    let Load::Closed(closed) = only(file, &["load.closed.think_time=1ms"]).load else {
        panic!()
    };
    assert_eq!(
        (closed.in_flight, closed.think_time),
        (3, Nanos::from_millis(1))
    );
}

#[test]
fn another_target_or_law_takes_the_place_of_the_first() {
    let file = "name: a\ntarget: { address: http://a:1 }\ncall: { request: { size: { uniform: { min: 1B, max: 2B } } } }";
    let scenario = only(
        file,
        &[
            "target.reference_server.threads=2",
            "call.request.size.exponential.mean=1KiB",
        ],
    );
    assert!(matches!(scenario.target, Target::ReferenceServer(ref server) if server.threads == 2));
    assert_eq!(
        serde_json::to_value(&scenario.calls.only().unwrap().request.size).unwrap(),
        json!({ "exponential": { "mean": "1KiB" } })
    );
    assert_eq!(
        only(file, &["call.request.size=5B"])
            .calls
            .only()
            .unwrap()
            .request
            .size
            .as_ref()
            .unwrap()
            .fixed(),
        Some(Bytes(5))
    );
}

#[test]
fn stages_are_reached_by_their_index() {
    let file = "name: a\nload: { stages: [ { duration: 1s, open: { rate: 1/s } }, { duration: 2s, closed: { in_flight: 1 } } ] }";
    let scenario = only(
        file,
        &["load.stages[1].open.rate=9/s", "load.stages[0].duration=3s"],
    );
    assert_eq!(scenario.phases.measure, Nanos(5 * Nanos::SECOND.0));
    let stretches = scenario.load.stretches(scenario.phases.measure);
    assert_eq!(
        stretches
            .iter()
            .map(|s| s.name.as_str())
            .collect::<Vec<_>>(),
        ["stage-1", "stage-2"]
    );
    assert!(matches!(stretches[1].load, Load::Open(_)));
}

#[test]
fn later_overrides_win_and_lists_are_replaced() {
    let scenario = only(
        "name: a\nclient: { cpus: [1, 2] }",
        &[
            "client.cpus=[3]",
            "seed=1",
            "seed=2",
            "limits=[failed == 0]",
        ],
    );
    assert_eq!(
        (scenario.client.cpus, scenario.seed, scenario.limits.len()),
        (vec![3], 2, 1)
    );
}

#[test]
fn the_matrix_is_a_cross_product_and_its_last_key_varies_fastest() {
    let suite = suite(
        "name: m\nmatrix: { client.channels: [1, 2], call.method: [SayHello, SayHelloAgain] }",
        &[],
    );
    assert_eq!(
        names(&suite),
        [
            "m/client.channels=1,call.method=SayHello",
            "m/client.channels=1,call.method=SayHelloAgain",
            "m/client.channels=2,call.method=SayHello",
            "m/client.channels=2,call.method=SayHelloAgain",
        ]
    );
    assert_eq!(
        serde_json::to_value(&suite.cases[3].point).unwrap(),
        json!({ "client.channels": 2, "call.method": "SayHelloAgain" })
    );
}

#[test]
fn mappings_are_named_by_as_little_as_tells_them_apart() {
    let by_first = suite(
        "name: m\nmatrix: { call: [ { method: SayHello }, { method: BidiHello, request: { messages: 2 } } ] }",
        &[],
    );
    assert_eq!(names(&by_first), ["m/call=SayHello", "m/call=BidiHello"]);
    let by_all = suite(
        "name: m\nmatrix: { client: [ { channels: 4, lanes: 1 }, { channels: 4, lanes: 2 } ] }",
        &[],
    );
    assert_eq!(names(&by_all), ["m/client=4+1", "m/client=4+2"]);
}

#[test]
fn a_set_fixes_what_the_matrix_varies() {
    let file = "name: m\nmatrix: { client.channels: [1, 2], seed: [1, 2] }";
    let suite = suite(file, &["client.channels=7"]);
    assert_eq!(names(&suite), ["m/seed=1", "m/seed=2"]);
    assert!(
        suite
            .cases
            .iter()
            .all(|case| case.scenario.client.channels == 7)
    );
}

#[test]
fn a_set_lies_over_every_point() {
    let suite = suite(
        "name: m\nmatrix: { call: [ { method: SayHello, deadline: 1s }, { method: BidiHello } ] }",
        &["call.deadline=2s"],
    );
    let deadline = Some(Law::Fixed(Nanos(2 * Nanos::SECOND.0)));
    assert!(
        suite
            .cases
            .iter()
            .all(|case| case.scenario.calls.only().unwrap().deadline == deadline)
    );
}

#[test]
fn a_set_can_leave_the_matrix_out() {
    let suite = suite(
        "name: m\nmatrix: { load.closed.in_flight: [1, 2] }",
        &["matrix=", "load.open.rate=5/s"],
    );
    assert_eq!(names(&suite), ["m"]);
}

#[test]
fn a_set_fixes_an_indexed_key_too() {
    let file = "name: m\nload: { stages: [ { duration: 1s, open: { rate: 1/s } } ] }\nmatrix: { 'load.stages[0].open.rate': [1/s, 2/s] }";
    assert_eq!(suite(file, &[]).cases.len(), 2);
    assert_eq!(
        suite(file, &["load.stages[0].open.rate=3/s"]).cases.len(),
        1
    );
}

#[test]
fn line_ends_and_byte_order_marks_of_another_system_are_fine() {
    let scenario = only("\u{feff}name: a\r\nclient:\r\n  channels: 3\r\n", &[]);
    assert_eq!(scenario.client.channels, 3);
}

#[test]
fn a_set_can_bring_a_matrix() {
    let suite = suite("name: m", &["matrix={client.channels: [1, 2]}"]);
    assert_eq!(suite.cases.len(), 2);
}

#[test]
fn the_fingerprint_is_of_the_work_alone() {
    let print = |text: &str| suite(text, &[]).cases[0].fingerprint.clone();
    let base = print("name: a");
    assert_eq!(base.len(), 16);
    assert_eq!(
        base,
        print("name: b\nabout: Another.\nlimits: [failed == 0]\nclient: { channels: 1 }")
    );
    assert_ne!(base, print("name: a\nclient: { channels: 2 }"));
    assert_ne!(base, print("name: a\nseed: 43"));
}

#[test]
fn aliases_repeat_a_value() {
    let scenario = only(
        "name: a\ncall: { request: &half { size: 1KiB }, reply: *half }",
        &[],
    );
    let reply = scenario.calls.only().unwrap().reply.clone();
    assert_eq!(reply.unwrap().size.fixed(), Some(Bytes(1024)));
}

#[test]
fn the_server_is_set_by_its_own_keys_and_read_back() {
    let sets = [
        "threads=2",
        "http2.initial_stream_window=64KiB",
        "behaviour.delay={lognormal: {median: 2ms, sigma: 0.5}}",
    ];
    let server = reference_server(&sets.map(str::to_owned)).unwrap();
    assert_eq!(
        (server.threads, server.http2.initial_stream_window),
        (2, Bytes(65536))
    );
    let json = serde_json::to_string(&server).unwrap();
    assert_eq!(ReferenceServer::from_json(&json).unwrap(), server);
    assert_eq!(reference_server(&[]).unwrap().threads, 1);
}

#[test]
fn one_call_block_serves_a_sweep_over_methods() {
    let text = "
name: sweep
call: { method: SayHello, request: { size: 16B, messages: 1 }, reply: { size: 16B, messages: 1 }, bidi: ping_pong }
matrix: { call.method: [SayHello, BidiHello] }
";
    let suite = Suite::parse("sweep.yaml", text, &[]).unwrap();
    let bidi: Vec<_> = suite
        .cases
        .iter()
        .map(|case| case.scenario.calls.only().unwrap().bidi)
        .collect();
    assert_eq!(bidi, [None, Some(Bidi::PingPong)]);
}

#[test]
fn what_a_call_carries_and_how_it_ends_is_printed_as_it_is_read() {
    let text = "
name: again
client: { user_agent: me }
matrix:
  call:
    - metadata: { x-a: b, x-c: [d, e], x-f-bin: AAE=, g: { env: H, prefix: \"I \" }, j: { file: k } }
      authority: a.example:1
      deadline: { uniform: { min: 1ms, max: 2ms } }
      wait_for_ready: true
      retry: { attempts: 2 }
    - { method: BidiHello, stream: { rate: 5/s, duration: 3s }, cancel: { after_messages: 2 } }
    - { method: BidiHello, half_close: after_replies, cancel: { after: 3ms } }
    - { method: BidiHello, read: { delay: 5ms } }
    - expect: { status: NOT_FOUND, messages: 1, size: 3B, fields: { message: a }, metadata: { b: c }, trailers: { d: e } }
";
    for case in suite(text, &[]).cases {
        let printed = serde_json::to_string(&case.scenario).unwrap();
        assert_eq!(only(&printed, &[]), case.scenario, "{printed}");
    }
}

const MIX: &str = "
name: mix
calls:
  - { weight: 9, name: hello, deadline: 1s }
  - { method: LotsOfReplies, reply: { messages: 3 } }
limits: [ \"calls.hello.response_time.p99 < 20ms\", \"failed == 0\" ]
";

#[test]
fn a_mix_has_names_weights_and_calls_and_is_read_back_from_its_echo() {
    let scenario = only(MIX, &["calls[1].weight=3"]);
    let seen: Vec<_> = scenario
        .calls
        .mix()
        .iter()
        .map(|mixed| {
            (
                mixed.name.as_str(),
                mixed.weight,
                mixed.call.method.clone(),
                mixed.call.replies(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("hello", 9, Called::from(Method::SayHello), 1),
            ("LotsOfReplies", 3, Method::LotsOfReplies.into(), 3)
        ]
    );
    assert_eq!(scenario.calls.only(), None);
    let echo = serde_json::to_value(&scenario).unwrap();
    assert_eq!(echo["calls"][0]["weight"], 9);
    assert_eq!(echo["calls"][0]["deadline"], "1s");
    assert_eq!(echo.get("call"), None);
    assert_eq!(only(&echo.to_string(), &[]), scenario);
}

#[test]
fn a_mix_takes_the_place_of_the_only_call() {
    let scenario = only(
        "name: a\ncall: { deadline: 1s }",
        &["calls=[{ weight: 2 }, { name: b }]"],
    );
    let weights: Vec<u32> = scenario
        .calls
        .mix()
        .iter()
        .map(|mixed| mixed.weight)
        .collect();
    assert_eq!(weights, [2, 1]);
}
