//! Delays, errors and deadlines.

mod common;

use std::time::Duration;

use common::{PATIENCE, Running, by_hand, call, request, settings, sized, until, whole_call};
use futures_util::{FutureExt, StreamExt};
use protos::helloworld::greeter_client::GreeterClient;
use protos::helloworld::{HelloRequest, When};
use scenarios::law::Law;
use scenarios::method::Method;
use scenarios::scenario::{
    Behaviour, Blackhole, Cadence, ErrorBehaviour, Face, ReferenceServer, ServerHttp2,
};
use scenarios::status::StatusCode;
use scenarios::units::{Bytes, Nanos};
use tonic::{Code, Request};

on_both_faces!(
    half_of_the_calls_fail_where_half_are_asked_to,
    every_method_can_fail,
    an_error_takes_the_place_of_the_first_reply,
    a_deadline_that_is_shorter_than_the_delay_ends_the_call,
    a_deadline_ends_a_call_whose_client_says_nothing,
    what_comes_during_the_delay_is_answered_after_it,
    a_share_of_the_calls_is_never_answered,
    calls_that_are_never_answered_leave_nothing_behind,
    replies_of_a_stream_keep_their_cadence,
    an_echo_keeps_its_cadence_and_its_words,
);

fn failing(share: f64) -> Behaviour {
    Behaviour {
        error: Some(ErrorBehaviour {
            share,
            code: StatusCode(14),
            delay: None,
        }),
        ..Behaviour::default()
    }
}

fn delayed(delay: Option<Law<Nanos>>) -> Behaviour {
    Behaviour {
        delay,
        ..Behaviour::default()
    }
}

async fn half_of_the_calls_fail_where_half_are_asked_to(face: Face) {
    let server = Running::with(face, failing(0.5));
    let channel = server.connect().await;
    let mut failed = 0;
    for _ in 0..400 {
        let answer = whole_call(&channel, Method::SayHello, vec![request(sized(3))]).await;
        match answer.end {
            Ok(_) => assert_eq!(answer.lengths, [3]),
            Err(status) => {
                assert_eq!(
                    (status.code(), answer.lengths.len()),
                    (Code::Unavailable, 0)
                );
                failed += 1;
            }
        }
    }
    // Five standard deviations of 400 fair coins; the seed is fixed, so this is the same number in every run.
    assert!((150..=250).contains(&failed), "{failed}");
    let counts = server.counted(Method::SayHello).await;
    assert_eq!(
        (counts.calls, counts.ok, counts.replies),
        (400, 400 - failed, 400 - failed)
    );
}

async fn every_method_can_fail(face: Face) {
    let server = Running::with(face, failing(1.0));
    let channel = server.connect().await;
    for method in Method::ALL {
        for headers_at_once in [false, true] {
            let mut shape = sized(3);
            shape.headers_at_once = headers_at_once;
            let answer = whole_call(&channel, method, vec![request(shape); 1]).await;
            assert_eq!(
                (answer.end.unwrap_err().code(), answer.lengths.len()),
                (Code::Unavailable, 0),
                "{method:?}"
            );
        }
    }
    // The status arrives even while the client is still sending.
    let many = vec![request(sized(3)); 5000];
    let status = whole_call(&channel, Method::BidiHello, many)
        .await
        .end
        .unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}

async fn an_error_takes_the_place_of_the_first_reply(face: Face) {
    let server = Running::with(face, failing(1.0));
    let channel = server.connect().await;
    let mut after_all = sized(3);
    after_all.when = When::AfterAll.into();
    whole_call(&channel, Method::BidiHello, vec![request(after_all); 20])
        .await
        .end
        .unwrap_err();
    // The reply was due after all requests, so all of them were read.
    until(&channel, Method::BidiHello, |counts| {
        counts.requests == 20 && counts.ok == 0
    })
    .await;
}

async fn a_deadline_that_is_shorter_than_the_delay_ends_the_call(face: Face) {
    let delay = Some(Law::Fixed(Nanos(3_600 * Nanos::SECOND.0)));
    let server = Running::with(face, delayed(delay));
    let channel = server.connect().await;
    let mut client = GreeterClient::new(channel.clone());
    let mut call = Request::new(HelloRequest {
        name: "world".into(),
        reply: None,
    });
    call.set_timeout(Duration::from_millis(20));
    let status = client.say_hello(call).await.unwrap_err();
    // tonic says CANCELLED where gRPC says DEADLINE_EXCEEDED.
    assert!(
        matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded),
        "{status}"
    );
    let counts = server.counted(Method::SayHello).await;
    assert_eq!(
        (counts.calls, counts.ok, counts.requests, counts.replies),
        (1, 0, 1, 0)
    );
}

async fn a_deadline_ends_a_call_whose_client_says_nothing(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    let mut client = GreeterClient::new(channel.clone());
    let mut call = Request::new(futures_util::stream::pending());
    call.set_timeout(Duration::from_millis(20));
    let status = client.lots_of_greetings(call).await.unwrap_err();
    assert!(
        matches!(status.code(), Code::Cancelled | Code::DeadlineExceeded),
        "{status}"
    );
    // Others are not concerned.
    let answer = whole_call(&channel, Method::SayHello, vec![request(sized(3))]).await;
    assert_eq!(answer.lengths, [3]);
}

async fn what_comes_during_the_delay_is_answered_after_it(face: Face) {
    let delay = Some(Law::Fixed(Nanos::from_millis(50)));
    let server = Running::with(face, delayed(delay));
    let channel = server.connect().await;
    let requests: Vec<_> = (0..5000).map(|n| request(sized(n % 7))).collect();
    let wanted: Vec<_> = (0..5000).map(|n| n % 7).collect();
    let answer = whole_call(&channel, Method::BidiHello, requests).await;
    assert_eq!((answer.lengths, answer.end.is_ok()), (wanted, true));
    // Greetings keep their names.
    let named = |n| HelloRequest {
        name: format!("number {n}"),
        reply: None,
    };
    let answer = whole_call(&channel, Method::BidiHello, (0..500).map(named).collect()).await;
    for (n, reply) in answer.replies.iter().enumerate() {
        assert_eq!(reply.message, format!("Hello, number {n}!"));
    }
    assert_eq!(answer.replies.len(), 500);
}

fn swallowing(share: f64) -> Behaviour {
    Behaviour {
        blackhole: Some(Blackhole { share }),
        ..Behaviour::default()
    }
}

async fn a_share_of_the_calls_is_never_answered(face: Face) {
    let server = Running::with(face, swallowing(0.25));
    let channel = server.connect().await;
    let mut calls: futures_util::stream::FuturesUnordered<_> = (0..400)
        .map(|_| whole_call(&channel, Method::SayHello, vec![request(sized(3))]))
        .collect();
    // The seed is fixed, so it is known how many answers there are to wait for.
    let answered = 298;
    for n in 0..answered {
        let answer = tokio::time::timeout(PATIENCE, calls.next()).await;
        let answer = answer.unwrap_or_else(|_| panic!("{n} of 400 calls are answered"));
        assert!(answer.unwrap().end.is_ok());
    }
    // All calls have been taken, so what is not answered by now never is.
    until(&channel, Method::SayHello, |counts| {
        (counts.calls, counts.ok) == (400, answered)
    })
    .await;
    assert!(calls.next().now_or_never().is_none());
    assert_eq!(calls.len() as u64, 400 - answered);
}

async fn calls_that_are_never_answered_leave_nothing_behind(face: Face) {
    let settings = ReferenceServer {
        http2: ServerHttp2 {
            max_concurrent_streams: 2,
            ..settings(face).http2
        },
        behaviour: swallowing(1.0),
        ..settings(face)
    };
    let server = Running::on("127.0.0.1:0", &settings);
    let channel = server.connect().await;
    // Each of them takes one of two places, so were it not given back, the third would not be taken.
    for (taken, method) in (1..=20).flat_map(|n| Method::ALL.map(|method| (n, method))) {
        let (sender, requests) = by_hand();
        sender.send(request(sized(3))).unwrap();
        let waiting = call(&channel, method, requests);
        let seen = until(&channel, method, |counts| counts.calls == taken);
        tokio::select! {
            _ = seen => {}
            answer = waiting => panic!("{method:?} is answered: {answer:?}"),
        }
    }
    // And the server ends at once when its client is gone.
    drop(channel);
    server.stop().await.unwrap().unwrap();
}

fn cadence(stall_at: u32) -> Behaviour {
    let cadence = Cadence {
        every: Nanos::from_millis(2),
        stall_at: Some(stall_at),
        stall: Some(Nanos::from_millis(20)),
    };
    Behaviour {
        delay: Some(Law::Fixed(Nanos::from_millis(3))),
        cadence: Some(cadence),
        ..Behaviour::default()
    }
}

/// The kernel's monotonic clock, which the server's stamps are of.
fn now() -> u64 {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).unwrap();
    Nanos::from(Duration::from(now)).0
}

async fn replies_of_a_stream_keep_their_cadence(face: Face) {
    let server = Running::with(face, cadence(6));
    let channel = server.connect().await;
    let mut shape = sized(3);
    (shape.messages, shape.stamps) = (Some(10), true);
    let requests = futures_util::stream::iter([request(shape)]);
    let answer = call(&channel, Method::LotsOfReplies, requests).await;
    let mut replies = answer.unwrap().into_inner();
    let mut seen = Vec::new();
    while replies.message().await.unwrap().is_some() {
        seen.push(now());
    }
    let trailers = replies.trailers().await.unwrap().unwrap();
    let planned: u64 = trailers
        .get("bench-planned-ns")
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    for (number, seen) in (0..).zip(&seen) {
        let stall = if number >= 6 { 20_000_000 } else { 0 };
        let due = planned + number * 2_000_000 + stall;
        assert!(*seen >= due, "reply {number} came {} ns early", due - seen);
    }
    let late = server.lateness().await;
    // Each reply has a plan of its own; one whose time had come when it was made was not waited for.
    assert!((1..=10).contains(&late.count), "{late:?}");
}

async fn an_echo_keeps_its_cadence_and_its_words(face: Face) {
    let server = Running::with(face, cadence(3));
    let channel = server.connect().await;
    let named = |n| HelloRequest {
        name: format!("number {n}"),
        reply: None,
    };
    let begun = now();
    let requests = (0..100).map(named).collect();
    let answer = whole_call(&channel, Method::BidiHello, requests).await;
    for (n, reply) in answer.replies.iter().enumerate() {
        assert_eq!(reply.message, format!("Hello, number {n}!"));
    }
    assert_eq!((answer.replies.len(), answer.end.is_ok()), (100, true));
    assert!(now() - begun >= (3 + 99 * 2 + 20) * 1_000_000);
}

#[tokio::test]
async fn credit_that_comes_late_holds_up_a_request_of_many_windows() {
    let delay = Nanos::from_millis(5);
    let settings = ReferenceServer {
        http2: ServerHttp2 {
            initial_stream_window: Bytes(64 << 10),
            ..settings(Face::Raw).http2
        },
        behaviour: Behaviour {
            window_update_delay: Some(delay),
            ..Behaviour::default()
        },
        ..settings(Face::Raw)
    };
    let server = Running::on("127.0.0.1:0", &settings);
    let channel = server.connect().await;
    for method in [Method::SayHello, Method::LotsOfGreetings] {
        let long = HelloRequest {
            name: "n".repeat(1 << 20),
            reply: Some(sized(3)),
        };
        let begun = now();
        let answer = whole_call(&channel, method, vec![long]).await;
        assert_eq!(answer.lengths, [3]);
        // Sixteen windows, of which the first is there from the beginning.
        assert!(now() - begun >= 15 * delay.0, "{method:?}");
    }
    // A stream of many requests, each of which fits, is not held up for ever either.
    let many = vec![request(sized(3)); 20_000];
    let answer = whole_call(&channel, Method::BidiHello, many).await;
    assert_eq!((answer.lengths.len(), answer.end.is_ok()), (20_000, true));
}
