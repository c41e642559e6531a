//! Results that look like real ones, the same on every machine.

pub(crate) mod gated;
pub(crate) mod markup;
mod samples;

use std::collections::BTreeMap;

use reports::model::{
    CallStats, CaseResult, Conditions, Cost, Counts, Cpu, Environment, Failure, Finding,
    FirstReply, Heartbeat, Interval, LimitOutcome, LimitVerdict, Machine, MethodCounts, Network,
    Paced, Refused, Repetition, RunResult, SCHEMA, Says, Search, SearchOutcome, Software, Stage,
    Timing, Totals, Tried, Validity, Verdict, Wire, WireSettings,
};
use samples::Samples;
use serde_json::{Map, Value, json};

/// Every fixture with its name.
pub(crate) fn all() -> Vec<(&'static str, RunResult)> {
    vec![
        ("single", single()),
        ("channels", channels()),
        ("methods", methods()),
        ("repeated", repeated()),
        ("failing", failing()),
        ("few", few()),
        ("stages", stages()),
        ("mix", mix()),
        ("paced", paced()),
        ("grid", grid()),
        ("network", network()),
        ("compared", compared()),
        ("searched", searched()),
        ("hostile", hostile()),
        ("foreign", foreign()),
        ("gated", gated::gated()),
        ("forbidden", gated::forbidden()),
    ]
}

/// One case, closed loop, with limits kept.
pub(crate) fn single() -> RunResult {
    let mut result = run(
        "unary-ten-channels",
        "Closed-loop unary calls over ten channels.",
    );
    let mut case = case(
        "unary-ten-channels",
        "SayHello",
        10,
        &json!({ "closed": { "in_flight": 10 } }),
    );
    case.repetitions = vec![repetition(&Shape::new(7, 12_000.0, 780_000.0))];
    case.limits = vec![
        limit("response_time.p99 < 20ms", "2.11 ms", LimitVerdict::Kept),
        limit("failed == 0", "0", LimitVerdict::Kept),
    ];
    result.cases.push(case);
    result
}

/// A matrix of three numbers.
pub(crate) fn channels() -> RunResult {
    let mut result = run("channels-sweep", "What more channels give.");
    for (i, channels) in [1_u32, 10, 100].into_iter().enumerate() {
        let name = format!("channels-sweep/client.channels={channels}");
        let mut case = case(
            &name,
            "SayHello",
            channels,
            &json!({ "closed": { "in_flight": 10 } }),
        );
        case.point = point(&[("client.channels", json!(channels))]);
        let rate = [8_200.0, 21_400.0, 24_900.0][i];
        let median = 10.0 * f64::from(channels) / rate * 1e9;
        case.repetitions = vec![repetition(&Shape::new(20 + i as u64, rate, median))];
        result.cases.push(case);
    }
    result
}

/// Five methods: a matrix whose values are names.
pub(crate) fn methods() -> RunResult {
    let mut result = run(
        "quickstart",
        "The five methods of the Greeter, one after the other.",
    );
    let methods = [
        ("SayHello", 11_900.0, 82_000.0, 1, 1),
        ("SayHelloAgain", 11_850.0, 82_500.0, 1, 1),
        ("LotsOfReplies", 3_100.0, 310_000.0, 1, 10),
        ("LotsOfGreetings", 2_800.0, 350_000.0, 10, 1),
        ("BidiHello", 990.0, 1_010_000.0, 10, 10),
    ];
    for (i, (method, rate, median, sent, received)) in methods.into_iter().enumerate() {
        let name = format!("quickstart/call={method}");
        let mut case = case(&name, method, 4, &json!({ "closed": { "in_flight": 1 } }));
        case.point = point(&[(
            "call",
            json!({ "method": method, "reply": { "messages": received } }),
        )]);
        let mut shape = Shape::new(40 + i as u64, rate, median);
        (shape.sent, shape.received) = (sent, received);
        shape.exchanges = method == "BidiHello";
        case.repetitions = vec![repetition(&shape)];
        case.limits = vec![limit("failed == 0", "0", LimitVerdict::Kept)];
        result.cases.push(case);
    }
    result
}

/// Five repetitions of two cases.
pub(crate) fn repeated() -> RunResult {
    let mut result = run("payload-sweep", "What larger payloads cost.");
    for (i, size) in ["16B", "64KiB", "1MiB"].into_iter().enumerate() {
        let name = format!("payload-sweep/call.reply.size={size}");
        let mut case = case(
            &name,
            "SayHello",
            1,
            &json!({ "closed": { "in_flight": 1 } }),
        );
        case.point = point(&[("call.reply.size", json!(size))]);
        for n in 0..5 {
            let wobble = 1.0 + 0.06 * (n as f64 - 2.0) * if n % 2 == 0 { 1.0 } else { -1.0 };
            let rate = [9_000.0, 4_200.0, 610.0][i] * wobble;
            case.repetitions.push(repetition(&Shape::new(
                60 + 10 * i as u64 + n,
                rate,
                0.9e9 / rate,
            )));
        }
        result.cases.push(case);
    }
    result
}

/// Open loop against a server that fails, with calls cut off by their deadline and limits broken.
pub(crate) fn failing() -> RunResult {
    let mut result = run(
        "deadlines",
        "Open loop at 5,000/s against a server that stalls and answers some calls with UNAVAILABLE.",
    );
    let load = json!({ "open": { "rate": "5000/s", "arrivals": "poisson" } });
    let mut case = case("deadlines", "SayHello", 10, &load);
    let mut shape = Shape::new(80, 5_000.0, 210_000.0);
    shape.failed = 1_230;
    shape.cut_off = 402;
    shape.unfinished = 7;
    shape.shed = 96;
    let mut repetition = repetition(&shape);
    repetition.offered_per_s = 5_000.0;
    repetition.validity = Validity {
        verdict: Verdict::Tainted,
        reasons: vec![
            "96 calls were shed: the backlog was full. Give the client more channels, or offer less.".to_owned(),
            "start lag p99 is 12.4 ms, more than a tenth of the response time's: the client was late.".to_owned(),
        ],
        findings: vec![
            finding("shed", "96 calls were shed: the backlog was full.", "Give the client more channels, or offer less."),
            finding("late_starts", "start lag p99 is 12.4 ms, more than a tenth of the response time's", "the client was late."),
        ],
    };
    repetition.failures = vec![
        failure(
            "UNAVAILABLE",
            "the reference server was told to fail",
            1_200,
        ),
        failure(
            "UNKNOWN",
            "transport error: connection reset by peer (os error 104) while the reply headers of a call were awaited",
            30,
        ),
    ];
    case.repetitions = vec![repetition];
    case.limits = vec![
        limit("response_time.p99 < 20ms", ">= 1 s", LimitVerdict::Broken),
        limit("error_share < 1%", "6.56 %", LimitVerdict::Broken),
        limit(
            "response_time.p999 < 2s",
            ">= 1 s",
            LimitVerdict::Inconclusive,
        ),
        limit("achieved_per_s >= 4000/s", "4,672/s", LimitVerdict::Kept),
    ];
    result.cases.push(case);
    result
}

/// So few calls that hardly a percentile means anything.
pub(crate) fn few() -> RunResult {
    let mut result = run("smoke", "");
    let mut case = case(
        "smoke",
        "SayHello",
        1,
        &json!({ "closed": { "in_flight": 1 } }),
    );
    let mut shape = Shape::new(90, 60.0, 14_000_000.0);
    shape.seconds = 2;
    case.repetitions = vec![repetition(&shape)];
    case.limits = vec![limit(
        "response_time.p99 < 20ms",
        "too few samples: 1 beyond",
        LimitVerdict::Inconclusive,
    )];
    result.cases.push(case);
    result
}

/// Two calls in shares of nine to one, of which the rare one is slow and fails now and then; two repetitions.
pub(crate) fn mix() -> RunResult {
    let mut result = run("greetings", "Nine quick calls to one slow stream.");
    let mut case = case(
        "greetings",
        "SayHello",
        4,
        &json!({ "open": { "rate": "4000/s" } }),
    );
    case.case["calls"] = json!([
        { "name": "hello", "weight": 9, "method": "SayHello" },
        { "name": "stream", "weight": 1, "method": "LotsOfReplies" },
    ]);
    case.case.as_object_mut().unwrap().remove("call");
    case.repetitions = vec![mixed(3), mixed(4)];
    case.limits = vec![limit(
        "calls.hello.response_time.p99 < 20ms",
        "4.31 ms",
        LimitVerdict::Kept,
    )];
    result.cases.push(case);
    result
}

fn mixed(seed: u64) -> Repetition {
    let mut whole = repetition(&Shape::new(seed, 4_000.0, 900_000.0));
    let part = |name: &str, weight: u32, rate: f64, median_ns: f64| {
        let Repetition {
            counts,
            offered_per_s,
            achieved_per_s,
            response_time,
            service_time,
            start_lag,
            time_to_first_message,
            message_gap,
            exchange_time,
            message_response_time,
            ..
        } = repetition(&Shape::new(seed + u64::from(weight), rate, median_ns));
        CallStats {
            name: name.to_owned(),
            weight,
            counts,
            offered_per_s,
            achieved_per_s,
            response_time,
            service_time,
            start_lag,
            time_to_first_message,
            message_gap,
            exchange_time,
            message_response_time,
        }
    };
    whole.calls = vec![
        part("hello", 9, 3_600.0, 800_000.0),
        part("stream", 1, 400.0, 6_000_000.0),
    ];
    whole
}

/// Twenty streams that began in the warm-up and ended with the measured time, with 1,000 messages a second on them.
pub(crate) fn paced() -> RunResult {
    let mut result = run("positions", "Streams that stay open.");
    let load = json!({ "closed": { "in_flight": 20 } });
    let mut case = case("positions", "BidiHello", 1, &load);
    let mut repetition = repetition(&Shape::new(11, 1_000.0, 900_000.0));
    repetition.message_response_time = std::mem::take(&mut repetition.response_time);
    repetition.exchange_time = std::mem::take(&mut repetition.service_time);
    repetition.time_to_first_message = Timing::default();
    repetition.start_lag = Timing::default();
    repetition.counts = Counts::default();
    repetition.achieved_per_s = 0.0;
    repetition.offered_per_s = 0.0;
    let answered = repetition.message_response_time.count;
    repetition.paced = Some(Paced {
        sent: answered,
        answered,
        sent_per_s: answered as f64 / repetition.measured_s,
        answered_per_s: answered as f64 / repetition.measured_s,
        send_lag: Timing::default(),
    });
    case.repetitions = vec![repetition];
    result.cases.push(case);
    result
}

/// A load in stages.
pub(crate) fn stages() -> RunResult {
    let mut result = run("ramp", "A ramp, then a plateau.");
    let load = json!({ "stages": [
        { "name": "ramp", "for": "4s", "ramp": { "from": "1000/s", "to": "8000/s" } },
        { "name": "plateau", "for": "4s", "open": { "rate": "8000/s", "arrivals": "poisson" } }
    ] });
    let mut case = case("ramp", "SayHello", 10, &load);
    let mut repetition = repetition(&Shape::new(100, 6_000.0, 260_000.0));
    for (i, name) in ["ramp", "plateau"].into_iter().enumerate() {
        let part = self::repetition(&Shape::new(
            101 + i as u64,
            [4_400.0, 7_900.0][i],
            250_000.0,
        ));
        repetition.stages.push(Stage {
            name: name.to_owned(),
            start_s: 4.0 * i as f64,
            length_s: 4.0,
            counts: part.counts,
            offered_per_s: [4_500.0, 8_000.0][i],
            achieved_per_s: [4_400.0, 7_900.0][i],
            response_time: part.response_time,
            service_time: part.service_time,
            start_lag: part.start_lag,
        });
    }
    case.repetitions = vec![repetition];
    result.cases.push(case);
    result
}

/// Two stacks, each as client and server, on two methods; one pair is missing.
pub(crate) fn compared() -> RunResult {
    let mut result = run("unary-compared", "The same work for every stack.");
    let version = "grpcio 1.85.1, CPython 3.11.7";
    result.peers.insert("grpcio".to_owned(), version.to_owned());
    let pairs = [
        ("tonic", "tonic"),
        ("tonic", "grpcio"),
        ("grpcio", "tonic"),
        ("grpcio", "grpcio"),
    ];
    for (j, method) in ["SayHello", "BidiHello"].into_iter().enumerate() {
        for (i, (client, server)) in pairs.into_iter().enumerate() {
            if (j, i) == (1, 3) {
                result.refused.push(Refused {
                    case: "unary-compared/call.method=BidiHello".to_owned(),
                    client: client.to_owned(),
                    server: server.to_owned(),
                    why: "the client of the peer `grpcio` ended with exit status: 1; its last lines:\n    <no> *memory*".to_owned(),
                });
                continue;
            }
            let name = format!("unary-compared/call.method={method}/{client}-to-{server}");
            let load = json!({ "closed": { "in_flight": 10 } });
            let mut case = case(&name, method, 10, &load);
            case.point = point(&[
                ("call.method", json!(method)),
                ("client", json!(client)),
                ("server", json!(server)),
            ]);
            (case.client, case.server) = (client.to_owned(), server.to_owned());
            let rate = [12_000.0, 2_600.0, 3_100.0, 2_300.0][i];
            case.repetitions = (0..3)
                .map(|n| {
                    repetition(&Shape::new(
                        300 + (12 * j + 3 * i + n) as u64,
                        rate * (1.0 + 0.02 * n as f64),
                        9e9 / rate,
                    ))
                })
                .collect();
            if client == "grpcio" {
                for repetition in &mut case.repetitions {
                    repetition.wire = None;
                    repetition.client.peak_rss_bytes = None;
                }
            }
            result.cases.push(case);
        }
    }
    result
}

/// Two swept keys: three lines.
pub(crate) fn grid() -> RunResult {
    let mut result = run("window-sweep", "Stream windows against payloads.");
    for (j, window) in ["64KiB", "256KiB", "1MiB"].into_iter().enumerate() {
        for (i, size) in ["1KiB", "16KiB", "64KiB", "256KiB"].into_iter().enumerate() {
            let name = format!(
                "window-sweep/client.http2.initial_stream_window={window},call.reply.size={size}"
            );
            let mut case = case(
                &name,
                "LotsOfReplies",
                1,
                &json!({ "closed": { "in_flight": 4 } }),
            );
            case.point = point(&[
                ("client.http2.initial_stream_window", json!(window)),
                ("call.reply.size", json!(size)),
            ]);
            let rate = [9_000.0, 5_000.0, 1_900.0, 520.0][i] * (1.0 + 0.22 * j as f64);
            case.repetitions = vec![repetition(&Shape::new(
                120 + (4 * j + i) as u64,
                rate,
                3.6e9 / rate,
            ))];
            result.cases.push(case);
        }
    }
    result
}

/// Windows over a network, one too small for it, and one that is enough.
pub(crate) fn network() -> RunResult {
    let mut result = run("window-sweep", "A stream over 20 ms and 1 Gbit/s.");
    for (i, window) in ["64KiB", "4MiB"].into_iter().enumerate() {
        let mut case = case(
            &format!("window-sweep/initial_stream_window={window}"),
            "LotsOfGreetings",
            1,
            &json!({ "closed": { "in_flight": 1 } }),
        );
        case.case["network"] = json!({ "rtt": "20ms", "jitter": "0s", "bandwidth": "1Gbit/s" });
        case.case["target"] =
            json!({ "reference_server": { "http2": { "initial_stream_window": window } } });
        let bytes_each_s = [3_276_800.0, 121_000_000.0][i];
        let mut repetition = repetition(&Shape::new(140, bytes_each_s / 16_777_216.0, 5e9));
        repetition.network = Some(Network {
            lateness: repetition.start_lag.clone(),
            bytes_to_server: (bytes_each_s * repetition.measured_s) as u64,
            bytes_to_client: 52_000,
            connections: 1,
            ..Network::default()
        });
        case.repetitions = vec![repetition];
        result.cases.push(case);
    }
    result
}

/// A search for capacity, with a rate that could not be measured.
pub(crate) fn searched() -> RunResult {
    let mut result = run("capacity", "How much one server takes.");
    let rates = [
        (4_000.0, 210_000.0, Says::Holds),
        (8_000.0, 260_000.0, Says::Holds),
        (11_000.0, 420_000.0, Says::Holds),
        (12_400.0, 900_000.0, Says::Holds),
        (13_000.0, 9_000_000.0, Says::Breaks),
        (16_000.0, 90_000_000.0, Says::NotMeasured),
    ];
    let tried = |at: usize| {
        let (rate_per_s, _, says) = rates[at];
        let many = |wanted| if says == wanted { 3 } else { 0 };
        Tried {
            rate_per_s,
            says,
            kept: many(Says::Holds),
            broken: many(Says::Breaks),
            not_measured: many(Says::NotMeasured) * 2,
            limit: (says == Says::Breaks).then(|| "response_time.p99 < 5ms".to_owned()),
            seen: match says {
                Says::Holds => None,
                Says::Breaks => Some("24.1 ms".to_owned()),
                Says::NotMeasured => Some("the client was saturated: its busiest lane used 99.1 % of a core; more `client.lanes`".to_owned()),
            },
        }
    };
    for (i, (rate, median, _)) in rates.into_iter().enumerate() {
        let load = json!({ "open": { "rate": format!("{rate}/s") } });
        let name = format!("capacity/load.open.rate={rate}/s");
        let mut case = case(&name, "SayHello", 10, &load);
        case.point = point(&[("load.open.rate", json!(format!("{rate}/s")))]);
        case.repetitions = (0..3)
            .map(|n| {
                repetition(&Shape::new(
                    400 + 3 * i as u64 + n,
                    rate.min(13_100.0),
                    median,
                ))
            })
            .collect();
        result.cases.push(case);
    }
    result.search = Some(Search {
        limits: vec!["response_time.p99 < 5ms".to_owned()],
        from_per_s: 4_000.0,
        to_per_s: 1e7,
        precision: 0.05,
        repetitions: 3,
        outcome: SearchOutcome::Found,
        capacity_per_s: Some(12_400.0),
        broken_per_s: Some(13_000.0),
        broken_limit: Some("response_time.p99 < 5ms".to_owned()),
        why: None,
        tried: [0, 1, 5, 2, 4, 3].map(tried).to_vec(),
    });
    result
}

/// The repeated runs again, a tenth slower; one case has other settings, and another only two repetitions.
pub(crate) fn slower() -> RunResult {
    let mut result = repeated();
    result.started_at = "2026-03-02T10:30:00Z".to_owned();
    for (i, case) in result.cases.iter_mut().enumerate() {
        for (n, repetition) in case.repetitions.iter_mut().enumerate() {
            let rate = repetition.achieved_per_s / 1.1;
            let shape = Shape::new(500 + 10 * i as u64 + n as u64, rate, 0.9e9 / rate);
            *repetition = self::repetition(&shape);
        }
    }
    result.cases[1].fingerprint = "another".to_owned();
    result.cases[2].repetitions.truncate(2);
    result
}

/// Texts that want to be more than texts.
pub(crate) fn hostile() -> RunResult {
    let bad = "<script>alert(1)</script> | `x` \u{1b}[31mred\nline & \"quote\"";
    let mut result = run(bad, bad);
    for _ in 0..2 {
        let mut case = case(bad, "SayHello", 1, &json!({ "closed": { "in_flight": 1 } }));
        let mut shape = Shape::new(140, 200.0, 4_000_000.0);
        shape.failed = 20;
        let mut repetition = repetition(&shape);
        repetition.validity = Validity {
            verdict: Verdict::Invalid,
            reasons: vec![bad.to_owned()],
            findings: Vec::new(),
        };
        repetition.failures = vec![failure(bad, bad, 20)];
        case.repetitions = vec![repetition];
        case.limits = vec![limit(bad, bad, LimitVerdict::Broken)];
        result.cases.push(case);
    }
    result
}

/// What a program might write that knows only some of it.
pub(crate) fn foreign() -> RunResult {
    RunResult::from_json(include_str!("../golden/foreign.json"))
        .expect("the golden file is a result")
}

/// What a repetition is made of.
pub(crate) struct Shape {
    pub(crate) seed: u64,
    pub(crate) rate: f64,
    pub(crate) median_ns: f64,
    pub(crate) seconds: u64,
    pub(crate) failed: u64,
    pub(crate) cut_off: u64,
    pub(crate) unfinished: u64,
    pub(crate) shed: u64,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) exchanges: bool,
}

impl Shape {
    pub(crate) fn new(seed: u64, rate: f64, median_ns: f64) -> Shape {
        Shape {
            seed,
            rate,
            median_ns,
            seconds: 8,
            failed: 0,
            cut_off: 0,
            unfinished: 0,
            shed: 0,
            sent: 1,
            received: 1,
            exchanges: false,
        }
    }
}

/// A repetition of that shape, consistent in itself.
pub(crate) fn repetition(shape: &Shape) -> Repetition {
    let mut samples = Samples::new(shape.seed);
    let (response, service, lag) = samples.calls(shape);
    let ok = response.len();
    let counts = counts(shape, ok);
    let seconds = shape.seconds as f64 + 0.4;
    let bounds = samples::bounds(shape);
    let gaps = shape.received > 1;
    Repetition {
        validity: Validity {
            verdict: Verdict::Valid,
            reasons: Vec::new(),
            findings: Vec::new(),
        },
        measured_s: seconds,
        offered_per_s: counts.started as f64 / seconds,
        achieved_per_s: ok as f64 / seconds,
        response_time: Timing::with_censored(&response, &bounds),
        service_time: Timing::with_censored(&service, &bounds),
        start_lag: Timing::new(&lag),
        time_to_first_message: Timing::new(&samples.scaled(&response, 0.96)),
        message_gap: if gaps {
            Timing::new(&samples.scaled(&service, 0.08))
        } else {
            Timing::default()
        },
        message_response_time: Timing::default(),
        paced: None,
        exchange_time: if shape.exchanges {
            Timing::new(&samples.scaled(&service, 0.1))
        } else {
            Timing::default()
        },
        client: Cost {
            cpu_ns_per_call: Some(21_400.0),
            peak_rss_bytes: Some(18_350_080),
            ..Cost::default()
        },
        server: Some(Cost {
            cpu_ns_per_call: Some(17_930.0),
            peak_rss_bytes: Some(12_582_912),
            ..Cost::default()
        }),
        intervals: intervals(&mut samples, shape, ok),
        stages: Vec::new(),
        calls: Vec::new(),
        targets: Vec::new(),
        failures: Vec::new(),
        call_log: None,
        totals: totals(&counts),
        release_lateness: None,
        wire: Some(wire()),
        conditions: Some(Conditions {
            colocated: Some(true),
            dedicated_cores: true,
            client_busy: Some(0.62),
            client_waited: Some(0.004),
            server_busy: Some(0.55),
            stolen: Some(0.002),
            foreign: Some(0.013),
            started_in_time: Some(counts.started),
        }),
        heartbeat: Some(Heartbeat {
            beats: shape.seconds * 1_000,
            late_p99_ns: 118_000,
            late_max_ns: 2_400_000,
            late_max_at_s: 3.25,
        }),
        windows: Vec::new(),
        channels: Vec::new(),
        network: None,
        first_reply: Some(FirstReply {
            metadata: [("content-type".to_owned(), "application/grpc".to_owned())].into(),
            trailers: [("grpc-status".to_owned(), "0".to_owned())].into(),
        }),
        counts,
    }
}

fn finding(rule: &str, seen: &str, remedy: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        verdict: Verdict::Tainted,
        seen: seen.to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn counts(shape: &Shape, ok: u64) -> Counts {
    let started = ok + shape.failed + shape.cut_off + shape.unfinished;
    let mut by_status = std::collections::BTreeMap::from([("OK".to_owned(), ok)]);
    if shape.failed > 0 {
        by_status.insert("UNAVAILABLE".to_owned(), shape.failed - shape.failed / 40);
        by_status.insert("UNKNOWN".to_owned(), shape.failed / 40);
    }
    if shape.cut_off > 0 {
        by_status.insert("DEADLINE_EXCEEDED".to_owned(), shape.cut_off);
    }
    Counts {
        started,
        ok,
        failed: shape.failed,
        deadline_exceeded: shape.cut_off,
        unfinished: shape.unfinished,
        shed: shape.shed,
        by_status,
        messages_sent: started * shape.sent,
        messages_received: ok * shape.received,
        bytes_sent: started * shape.sent * 16,
        bytes_received: ok * shape.received * 16,
        ..Counts::default()
    }
}

fn intervals(samples: &mut Samples, shape: &Shape, ok: u64) -> Vec<Interval> {
    let each = ok as f64 / (shape.seconds as f64 + 0.4);
    (0..=shape.seconds)
        .map(|second| {
            let length_s = if second == shape.seconds { 0.4 } else { 1.0 };
            let wobble = samples.between(0.97, 1.03);
            let slow = if second == 5 { 2.6 } else { 1.0 };
            Interval {
                start_s: second as f64,
                length_s,
                ok: (each * wobble * length_s / slow) as u64,
                failed: (shape.failed as f64 * length_s / (shape.seconds as f64 + 0.4)) as u64,
                p50_ns: Some((shape.median_ns * wobble * slow) as u64),
                p99_ns: Some((shape.median_ns * 2.6 * wobble * slow) as u64),
            }
        })
        .collect()
}

fn totals(counts: &Counts) -> Totals {
    let client = MethodCounts {
        calls: counts.started + 1_000,
        requests: counts.messages_sent + 1_000,
        replies: counts.messages_received + 1_000,
        request_bytes: counts.bytes_sent + 16_000,
        reply_bytes: counts.bytes_received + 16_000,
    };
    Totals {
        client,
        server: Some(client),
    }
}

fn wire() -> Wire {
    let settings = WireSettings {
        header_table_size: Some(4_096),
        max_concurrent_streams: None,
        initial_stream_window: Some(2_097_152),
        initial_connection_window: Some(67_108_864),
        max_frame_size: Some(16_384),
    };
    Wire {
        connections: 10,
        connections_lost: 0,
        bytes_sent: 5_210_320,
        bytes_received: 6_010_224,
        frames_sent: 210_400,
        frames_received: 320_100,
        client_settings: settings,
        server_settings: WireSettings {
            max_concurrent_streams: Some(1_000),
            header_table_size: None,
            ..settings
        },
        header_bytes_sent: 4_120,
        header_bytes_received: 8_350,
        header_list_bytes_sent: Some(98_000),
        header_list_bytes_received: Some(121_000),
        data_bytes_sent: 2_104_000,
        data_bytes_received: 2_314_400,
        window_updates_sent: 12,
        window_updates_received: 14,
        stalled_on_stream_window_ns: Some(1_250_000),
        stalled_on_connection_window_ns: Some(0),
        resets: [("client CANCEL".to_owned(), 3)].into(),
        goaway: Default::default(),
        connect_time: timing([82_000, 91_000, 240_000]),
        handshake_time: Timing::default(),
        handshakes: Default::default(),
        handshakes_resumed: 0,
        ready_time: timing([310_000, 402_000, 990_000]),
        ping_time: timing((0..40).map(|n| 60_000 + n * 500)),
    }
}

fn timing(ns: impl IntoIterator<Item = u64>) -> Timing {
    let mut histogram = reports::model::empty_histogram();
    ns.into_iter().for_each(|ns| histogram.record(ns).unwrap());
    Timing::new(&histogram)
}

fn failure(status: &str, message: &str, count: u64) -> Failure {
    Failure {
        status: status.to_owned(),
        message: message.to_owned(),
        count,
    }
}

fn limit(limit: &str, seen: &str, outcome: LimitVerdict) -> LimitOutcome {
    LimitOutcome {
        limit: limit.to_owned(),
        seen: seen.to_owned(),
        outcome,
    }
}

fn point(keys: &[(&str, Value)]) -> Map<String, Value> {
    keys.iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect()
}

fn case(name: &str, method: &str, channels: u32, load: &Value) -> CaseResult {
    CaseResult {
        name: name.to_owned(),
        point: Map::new(),
        fingerprint: "9f2c51d0".to_owned(),
        case: json!({
            "name": name, "client": { "engine": "tonic", "lanes": 1, "channels": channels },
            "call": { "method": method, "request": { "size": "16B", "messages": 1 }, "reply": { "size": "16B", "messages": 1 } },
            "load": load, "phases": { "warm_up": "1s", "measure": "8s", "drain": "1s" }
        }),
        server: "reference-server".to_owned(),
        client: "tonic".to_owned(),
        repetitions: Vec::new(),
        limits: Vec::new(),
    }
}

fn run(name: &str, about: &str) -> RunResult {
    RunResult {
        schema: SCHEMA.to_owned(),
        started_at: "2026-03-02T09:30:00Z".to_owned(),
        scenario: json!({
            "name": name, "about": about,
            "target": { "reference_server": { "face": "tonic", "threads": 1, "cpus": [0], "http2": {
                "initial_stream_window": "1MiB", "initial_connection_window": "64MiB",
                "max_concurrent_streams": 1000, "max_frame_size": "16KiB" } } },
            "client": { "engine": "tonic", "lanes": 1, "cpus": [1], "channels": 10 },
            "call": { "method": "SayHello", "request": { "size": "16B", "messages": 1 }, "reply": { "size": "16B", "messages": 1 } },
            "load": { "closed": { "in_flight": 10 } },
            "phases": { "warm_up": "1s", "measure": "8s", "drain": "1s" },
            "repetitions": 1, "seed": 42, "limits": ["response_time.p99 < 20ms", "failed == 0"]
        }),
        environment: environment(),
        seed: 42,
        peers: BTreeMap::new(),
        refused: Vec::new(),
        gate: None,
        search: None,
        cases: Vec::new(),
    }
}

fn environment() -> Environment {
    Environment {
        cpu: Cpu {
            model: Some("Example CPU 3.0 GHz".to_owned()),
            cores: 8,
            governor: Some("performance".to_owned()),
            virtualized: Some(false),
        },
        machine: Machine {
            os: "Linux".to_owned(),
            kernel: Some("6.12.0".to_owned()),
            arch: "x86_64".to_owned(),
            memory_bytes: Some(33_554_432_000),
            clock_source: Some("tsc".to_owned()),
            clock_cost_ns: Some(19),
            clock_step_ns: Some(20),
        },
        calibration: None,
        software: Software {
            bench_runner: "0.1.0".to_owned(),
            build_profile: "release".to_owned(),
            git_commit: Some("0123456789ab".to_owned()),
            git_dirty: Some(true),
        },
    }
}
