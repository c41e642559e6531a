//! Initial metadata, status and trailers, on demand.

mod common;

use common::{Running, by_hand, call, request, sized, until, whole_call};
use futures_util::FutureExt;
use futures_util::stream;
use protos::helloworld::{ReplyShape, When};
use scenarios::law::Law;
use scenarios::method::{Method, Pattern};
use scenarios::scenario::{Behaviour, Face};
use scenarios::units::Nanos;
use tonic::Code;

on_both_faces!(
    headers_at_once_come_while_the_reply_is_still_delayed,
    headers_with_the_first_reply_wait_for_it,
    headers_at_once_come_before_the_client_has_sent_everything,
    after_a_delay_everything_comes,
    a_status_on_demand_comes_after_the_replies_of_a_stream,
    trailers_on_demand_come_with_status_ok,
);

/// Longer than any test: what waits for it does not come.
const NEVER: Nanos = Nanos(3_600 * Nanos::SECOND.0);

fn delayed(delay: Nanos) -> Behaviour {
    Behaviour {
        delay: Some(Law::Fixed(delay)),
        ..Behaviour::default()
    }
}

async fn headers_at_once_come_while_the_reply_is_still_delayed(face: Face) {
    let server = Running::with(face, delayed(NEVER));
    let channel = server.connect().await;
    for method in Method::ALL {
        let shape = ReplyShape {
            headers_at_once: true,
            ..sized(3)
        };
        let answer = call(&channel, method, stream::iter([request(shape)]))
            .await
            .unwrap();
        assert_eq!(
            answer.metadata().get("content-type").unwrap(),
            "application/grpc"
        );
        let mut replies = answer.into_inner();
        // The request is counted, so the delay runs; the reply is not there.
        until(&channel, method, |counts| counts.requests == 1).await;
        assert!(replies.message().now_or_never().is_none(), "{method:?}");
    }
}

async fn headers_with_the_first_reply_wait_for_it(face: Face) {
    let server = Running::with(face, delayed(NEVER));
    let channel = server.connect().await;
    for method in Method::ALL {
        let mut answer = Box::pin(call(&channel, method, stream::iter([request(sized(3))])));
        assert!((&mut answer).now_or_never().is_none());
        until(&channel, method, |counts| counts.requests == 1).await;
        assert!((&mut answer).now_or_never().is_none(), "{method:?}");
    }
}

async fn headers_at_once_come_before_the_client_has_sent_everything(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    for method in [Method::LotsOfGreetings, Method::BidiHello] {
        let (send, requests) = by_hand();
        let shape = ReplyShape {
            headers_at_once: true,
            when: When::AfterAll.into(),
            ..sized(3)
        };
        send.send(request(shape)).unwrap();
        let mut replies = call(&channel, method, requests).await.unwrap().into_inner();
        send.send(request(sized(3))).unwrap();
        drop(send);
        assert_eq!(replies.message().await.unwrap().unwrap().message.len(), 3);
        assert_eq!(replies.message().await.unwrap(), None);
    }
}

async fn after_a_delay_everything_comes(face: Face) {
    let server = Running::with(face, delayed(Nanos::from_millis(2)));
    let channel = server.connect().await;
    for method in Method::ALL {
        for headers_at_once in [false, true] {
            let shape = ReplyShape {
                headers_at_once,
                ..sized(3)
            };
            let answer = whole_call(&channel, method, vec![request(shape)]).await;
            assert!(answer.end.is_ok());
            assert_eq!(answer.lengths, [3]);
        }
    }
}

async fn a_status_on_demand_comes_after_the_replies_of_a_stream(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    for method in Method::ALL {
        for headers_at_once in [false, true] {
            let shape = ReplyShape {
                headers_at_once,
                status_code: Code::ResourceExhausted as u32,
                status_message: "no more, n\u{e4}mlich".into(),
                trailers: [("x-why".to_owned(), "asked".to_owned())].into(),
                ..sized(3)
            };
            let answer = whole_call(&channel, method, vec![request(shape)]).await;
            let status = answer.end.unwrap_err();
            assert_eq!(status.code(), Code::ResourceExhausted);
            assert_eq!(status.message(), "no more, n\u{e4}mlich");
            assert_eq!(status.metadata().get("x-why").unwrap(), "asked");
            // A method with a single reply has none where it fails.
            let streams = matches!(
                method.pattern(),
                Pattern::ServerStreaming | Pattern::Bidirectional
            );
            assert_eq!(answer.lengths.len(), usize::from(streams), "{method:?}");
        }
    }
    let counts = server.counted(Method::LotsOfReplies).await;
    assert_eq!((counts.calls, counts.ok, counts.replies), (2, 0, 2));
}

async fn trailers_on_demand_come_with_status_ok(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    for method in Method::ALL {
        let trailers = [("x-cost", "7"), ("x-server", "reference")];
        let trailers = trailers
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let shape = ReplyShape {
            trailers,
            ..sized(3)
        };
        let answer = whole_call(&channel, method, vec![request(shape)]).await;
        let seen = answer.end.unwrap();
        assert_eq!(seen.get("x-cost").unwrap(), "7");
        assert_eq!(seen.get("x-server").unwrap(), "reference");
        assert_eq!(answer.lengths, [3], "{method:?}");
        let counts = until(&channel, method, |_| true).await;
        assert_eq!((counts.calls, counts.ok), (1, 1));
    }
}
