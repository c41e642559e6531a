//! The server's own times: what it planned is recomputed here from what arrived, exactly, and nothing goes early.

mod common;

use common::{Answer, Running, request, settings, sized, whole_call};
use futures_util::future::join_all;
use hdrhistogram::serialization::Deserializer;
use protos::helloworld::HelloRequest;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use scenarios::law::{Drawn, Exponential, Law};
use scenarios::method::{Method, Pattern};
use scenarios::scenario::{
    Behaviour, Drift, ErrorBehaviour, Face, Idle, Queue, ReferenceServer, SlowConnection, Stall,
    StatusCode, Warmup,
};
use scenarios::units::{Nanos, Share};
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;

on_both_faces!(
    every_call_that_asks_is_told_its_times_and_no_other,
    an_error_is_told_its_times_too,
    the_callers_own_trailers_stay,
    a_stall_plans_what_falls_into_it_for_its_end,
    a_queue_with_fixed_service_is_lindleys_recursion,
    a_queue_with_drawn_service_serves_in_the_order_of_arrival,
    a_queue_with_two_servers_serves_two_at_a_time,
    one_connection_is_slow_and_the_others_are_not,
    work_is_planned_and_done,
    warm_up_and_drift_stretch_the_delay,
    behaviours_follow_each_other,
    the_server_knows_how_late_it_was,
);

/// What the trailers of one call say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stamps {
    arrival: u64,
    planned: u64,
    released: u64,
    connection: u64,
}

fn stamps(trailers: &MetadataMap) -> Stamps {
    let number = |key| {
        trailers
            .get(key)
            .unwrap()
            .to_str()
            .unwrap()
            .parse()
            .unwrap()
    };
    let stamps = Stamps {
        arrival: number("bench-arrival-ns"),
        planned: number("bench-planned-ns"),
        released: number("bench-released-ns"),
        connection: number("bench-connection"),
    };
    assert!(stamps.arrival <= stamps.planned, "{stamps:?}");
    assert!(
        stamps.planned <= stamps.released,
        "released early: {stamps:?}"
    );
    stamps
}

fn asking() -> HelloRequest {
    let mut shape = sized(3);
    shape.stamps = true;
    request(shape)
}

async fn stamped(channel: &Channel) -> Stamps {
    let answer = whole_call(channel, Method::SayHello, vec![asking()]).await;
    stamps(&answer.end.unwrap())
}

/// So many calls at once, some of which arrive together. In the order of arrival, and then of the plans, which is the
/// order in which one queue serves them.
async fn storm(server: &Running, calls: usize) -> Vec<Stamps> {
    let channels = [server.connect().await, server.connect().await];
    let calls = (0..calls).map(|n| stamped(&channels[n % 2]));
    let mut stamps = join_all(calls).await;
    stamps.sort_unstable();
    stamps
}

fn queue(service: Law<Nanos>, servers: u32) -> Behaviour {
    let queue = Queue {
        service,
        servers,
        seed: 7,
    };
    Behaviour {
        queue: Some(queue),
        ..Behaviour::default()
    }
}

fn delayed(delay: Nanos) -> Behaviour {
    Behaviour {
        delay: Some(Law::Fixed(delay)),
        ..Behaviour::default()
    }
}

async fn every_call_that_asks_is_told_its_times_and_no_other(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    let mut last = 0;
    for method in Method::ALL {
        let requests = match method.pattern() {
            Pattern::Unary | Pattern::ServerStreaming => 1,
            Pattern::ClientStreaming | Pattern::Bidirectional => 5,
        };
        let answer = whole_call(&channel, method, vec![asking(); requests]).await;
        let told = stamps(&answer.end.unwrap());
        assert_eq!((told.planned, told.connection), (told.arrival, 0));
        assert!(told.arrival >= last, "{method:?}");
        last = told.released;
        let answer = whole_call(&channel, method, vec![request(sized(3)); requests]).await;
        let trailers = answer.end.unwrap();
        assert!(
            !trailers
                .keys()
                .any(|key| format!("{key:?}").contains("bench-"))
        );
    }
}

async fn an_error_is_told_its_times_too(face: Face) {
    let error = ErrorBehaviour {
        share: 1.0,
        code: StatusCode(14),
        delay: Some(Law::Fixed(Nanos(12_345))),
    };
    let server = Running::with(
        face,
        Behaviour {
            error: Some(error),
            ..delayed(Nanos::SECOND)
        },
    );
    let channel = server.connect().await;
    for headers_at_once in [false, true] {
        let mut shape = sized(3);
        shape.stamps = true;
        shape.headers_at_once = headers_at_once;
        let answer = whole_call(&channel, Method::SayHello, vec![request(shape)]).await;
        let status = answer.end.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Unavailable);
        let told = stamps(status.metadata());
        assert_eq!(told.planned - told.arrival, 12_345);
    }
}

async fn the_callers_own_trailers_stay(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    for status_code in [0, 5] {
        let mut shape = sized(3);
        shape.stamps = true;
        shape.status_code = status_code;
        shape.trailers = [("own".to_owned(), "kept".to_owned())].into();
        for method in [Method::SayHello, Method::LotsOfReplies] {
            let answer: Answer = whole_call(&channel, method, vec![request(shape.clone())]).await;
            let trailers = match answer.end {
                Ok(trailers) => trailers,
                Err(status) => status.metadata().clone(),
            };
            stamps(&trailers);
            assert_eq!(trailers.get("own").unwrap(), "kept");
        }
    }
}

async fn a_stall_plans_what_falls_into_it_for_its_end(face: Face) {
    let (period, width, phase) = (10_000_000, 4_000_000, 3_000_000);
    let stall = Stall {
        period: Nanos(period),
        width: Nanos(width),
        phase: Nanos(phase),
    };
    let behaviour = Behaviour {
        stall: Some(stall),
        ..Behaviour::default()
    };
    let server = Running::with(face, behaviour);
    let channel = server.connect().await;
    let (mut stalled, mut free) = (0, 0);
    // Until each has been seen, however the calls fall; a call of the one kind soon brings one of the other.
    while stalled < 5 || free < 5 {
        let told = stamped(&channel).await;
        let since = (told.arrival - phase) % period;
        if since < width {
            assert_eq!(told.planned, told.arrival - since + width);
            stalled += 1;
        } else {
            assert_eq!(told.planned, told.arrival);
            free += 1;
        }
    }
}

async fn a_queue_with_fixed_service_is_lindleys_recursion(face: Face) {
    let service = 50_000;
    let server = Running::with(face, queue(Law::Fixed(Nanos(service)), 1));
    let mut free = 0;
    for told in storm(&server, 1000).await {
        free = free.max(told.arrival) + service;
        assert_eq!(told.planned, free, "{told:?}");
    }
}

async fn a_queue_with_drawn_service_serves_in_the_order_of_arrival(face: Face) {
    let law = Law::Drawn(Drawn::Exponential(Exponential {
        mean: Nanos(50_000),
    }));
    let server = Running::with(face, queue(law.clone(), 1));
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut free = 0;
    for told in storm(&server, 1000).await {
        free = free.max(told.arrival) + law.draw(&mut random).0;
        assert_eq!(told.planned, free, "{told:?}");
    }
}

async fn a_queue_with_two_servers_serves_two_at_a_time(face: Face) {
    let service = 50_000;
    let server = Running::with(face, queue(Law::Fixed(Nanos(service)), 2));
    let mut free = [0, 0];
    for told in storm(&server, 1000).await {
        free.sort_unstable();
        free[0] = free[0].max(told.arrival) + service;
        assert_eq!(told.planned, free[0], "{told:?}");
    }
}

async fn one_connection_is_slow_and_the_others_are_not(face: Face) {
    let slow = SlowConnection {
        index: 1,
        delay: Nanos(1_234_567),
    };
    let behaviour = Behaviour {
        slow_connection: Some(slow),
        ..Behaviour::default()
    };
    for threads in [1, 2] {
        let settings = ReferenceServer {
            behaviour: behaviour.clone(),
            threads,
            ..settings(face)
        };
        let server = Running::on("127.0.0.1:0", &settings);
        // It checks nothing but health, so it has no number.
        let idle = server.connect().await;
        tonic_health::pb::health_client::HealthClient::new(idle)
            .check(tonic_health::pb::HealthCheckRequest::default())
            .await
            .unwrap();
        let channels = [
            server.connect().await,
            server.connect().await,
            server.connect().await,
        ];
        for _ in 0..3 {
            for (index, channel) in channels.iter().enumerate() {
                let told = stamped(channel).await;
                let late = if index == 1 { 1_234_567 } else { 0 };
                assert_eq!(told.connection, index as u64);
                assert_eq!(told.planned - told.arrival, late);
            }
        }
    }
}

async fn work_is_planned_and_done(face: Face) {
    let behaviour = Behaviour {
        spin: Some(Nanos::from_millis(2)),
        ..Behaviour::default()
    };
    let server = Running::with(face, behaviour);
    let channel = server.connect().await;
    let told = stamped(&channel).await;
    assert_eq!(told.planned - told.arrival, 2_000_000);
    let mut calls = Vec::new();
    for _ in 0..20 {
        calls.push(stamped(&channel));
    }
    // One thread does all the work, so it takes as long as the sum of it.
    let told = join_all(calls).await;
    let first = told.iter().map(|told| told.arrival).min().unwrap();
    let last = told.iter().map(|told| told.released).max().unwrap();
    assert!(last - first >= 20 * 2_000_000);
}

async fn warm_up_and_drift_stretch_the_delay(face: Face) {
    let behaviour = Behaviour {
        warmup: Some(Warmup {
            length: Nanos::from_millis(40),
            factor: 10.0,
        }),
        drift: Some(Drift {
            per_second: Share::new(0.5),
        }),
        ..delayed(Nanos(1_000_000))
    };
    let server = Running::with(face, behaviour);
    let channel = server.connect().await;
    let first = stamped(&channel).await;
    assert_eq!(first.planned - first.arrival, 10_000_000);
    let mut warm = false;
    while !warm {
        let told = stamped(&channel).await;
        let age = told.arrival - first.arrival;
        warm = age >= 40_000_000;
        let factor = if warm { 1.0 } else { 10.0 };
        let expected = 1e6 * factor * (1.0 + 0.5 * age as f64 / 1e9);
        // Within a nanosecond, as the two round in their own ways.
        let planned = (told.planned - told.arrival) as f64;
        assert!((planned - expected).abs() <= 1.0, "{told:?}: {expected}");
    }
}

async fn behaviours_follow_each_other(face: Face) {
    let behaviour = Behaviour {
        spin: Some(Nanos(10_000)),
        stall: Some(Stall {
            period: Nanos(10_000_000),
            width: Nanos(1_000_000),
            phase: Nanos::ZERO,
        }),
        slow_connection: Some(SlowConnection {
            index: 0,
            delay: Nanos(3_000),
        }),
        delay: Some(Law::Fixed(Nanos(20_000))),
        ..queue(Law::Fixed(Nanos(100_000)), 1)
    };
    let server = Running::with(face, behaviour);
    let mut free = 0;
    for told in storm(&server, 200).await {
        free = free.max(told.arrival + 10_000) + 100_000;
        let late = if told.connection == 0 { 3_000 } else { 0 };
        let due = free + 20_000 + late;
        let planned = if due % 10_000_000 < 1_000_000 {
            due - due % 10_000_000 + 1_000_000
        } else {
            due
        };
        assert_eq!(told.planned, planned, "{told:?}");
    }
}

async fn the_server_knows_how_late_it_was(face: Face) {
    for idle in [Idle::Timer, Idle::Spin] {
        let settings = ReferenceServer {
            behaviour: delayed(Nanos(500_000)),
            idle,
            ..settings(face)
        };
        let server = Running::on("127.0.0.1:0", &settings);
        let told = storm(&server, 50).await;
        let late = server.lateness().await;
        let mut expected: Vec<u64> = told
            .iter()
            .map(|told| told.released - told.planned)
            .collect();
        expected.sort_unstable();
        assert_eq!(late.count, 50);
        // The histogram tells values apart to a thousandth.
        let is_near = |told: u64, expected: u64| told.abs_diff(expected) <= expected / 1000 + 1;
        assert!(is_near(late.max_ns, expected[49]), "{late:?} {expected:?}");
        assert!(is_near(late.p50_ns, expected[24]), "{late:?} {expected:?}");
        let histogram = Deserializer::new().deserialize::<u64, _>(&mut &late.histogram[..]);
        assert_eq!(histogram.unwrap().len(), 50);
    }
}
