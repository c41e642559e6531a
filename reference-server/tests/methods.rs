//! Every method under every shape: what comes back, and that both sides count the same.

mod common;

use common::{Answer, Running, by_hand, call, request, sized, until, whole_call};
use prost::Message;
use protos::helloworld::greeter_client::GreeterClient;
use protos::helloworld::{HelloRequest, ReplyShape, When};
use protos::reference::MethodCounters;
use scenarios::method::Method;
use scenarios::scenario::Face;
use tonic::Code;

on_both_faces!(
    replies_have_exactly_the_size_asked_for,
    large_requests_arrive_whole,
    a_server_stream_has_as_many_replies_as_asked_for,
    a_client_stream_is_answered_once,
    a_bidirectional_stream_echoes_each_request_with_the_size_it_asks_for,
    a_bidirectional_stream_answers_after_all_with_as_many_as_asked_for,
    a_bidirectional_stream_answers_every_so_many_and_the_rest,
    streams_without_any_request_end_well,
    a_stock_client_is_greeted_by_name,
    after_the_first_means_before_the_rest_which_is_counted_all_the_same,
    an_echo_comes_before_the_next_request_is_sent,
    a_shape_that_cannot_be_is_refused,
    methods_are_counted_apart_and_over_all_connections,
);

/// Calls `method` with `requests`, compares the counts of both sides, and gives back the lengths of the replies.
async fn lengths(face: Face, method: Method, requests: Vec<HelloRequest>) -> Vec<usize> {
    let server = Running::start(face);
    let sent = bytes(&requests);
    let count = requests.len() as u64;
    let Answer {
        lengths,
        replies,
        end,
    } = whole_call(&server.connect().await, method, requests).await;
    assert!(end.is_ok(), "{method:?}: {end:?}");
    let seen = MethodCounters {
        calls: 1,
        ok: 1,
        requests: count,
        replies: replies.len() as u64,
        request_bytes: sent,
        reply_bytes: bytes(&replies),
    };
    assert_eq!(server.counted(method).await, seen, "{method:?}");
    lengths
}

fn bytes<M: Message>(messages: &[M]) -> u64 {
    messages
        .iter()
        .map(|message| message.encoded_len() as u64)
        .sum()
}

fn when(when: When, shape: ReplyShape) -> ReplyShape {
    ReplyShape {
        when: when.into(),
        ..shape
    }
}

async fn replies_have_exactly_the_size_asked_for(face: Face) {
    for method in Method::ALL {
        for size in [0, 1, 100, 16 << 10, 5 << 20] {
            assert_eq!(
                lengths(face, method, vec![request(sized(size))]).await,
                [size as usize],
                "{method:?}"
            );
        }
    }
}

async fn large_requests_arrive_whole(face: Face) {
    let large = HelloRequest {
        name: "n".repeat(6 << 20),
        reply: Some(sized(3)),
    };
    assert_eq!(lengths(face, Method::SayHello, vec![large]).await, [3]);
}

async fn a_server_stream_has_as_many_replies_as_asked_for(face: Face) {
    for messages in [0, 1, 7, 1000] {
        let shape = ReplyShape {
            messages: Some(messages),
            ..sized(16)
        };
        assert_eq!(
            lengths(face, Method::LotsOfReplies, vec![request(shape)]).await,
            vec![16; messages as usize]
        );
    }
}

async fn a_client_stream_is_answered_once(face: Face) {
    for rule in [When::Default, When::AfterAll, When::AfterFirst] {
        for count in [1, 5, 500] {
            let requests = vec![request(when(rule, sized(9))); count];
            assert_eq!(
                lengths(face, Method::LotsOfGreetings, requests).await,
                [9],
                "{rule:?} {count}"
            );
        }
    }
}

async fn a_bidirectional_stream_echoes_each_request_with_the_size_it_asks_for(face: Face) {
    let mut requests: Vec<_> = [10, 20, 0, 30].map(|size| request(sized(size))).into();
    // One without a size of its own has the first one's.
    requests.push(HelloRequest {
        name: "again".into(),
        reply: None,
    });
    assert_eq!(
        lengths(face, Method::BidiHello, requests).await,
        [10, 20, 0, 30, 10]
    );
}

async fn a_bidirectional_stream_answers_after_all_with_as_many_as_asked_for(face: Face) {
    let shape = when(
        When::AfterAll,
        ReplyShape {
            messages: Some(3),
            ..sized(8)
        },
    );
    assert_eq!(
        lengths(face, Method::BidiHello, vec![request(shape); 10]).await,
        [8, 8, 8]
    );
    let shape = when(When::AfterAll, sized(8));
    assert_eq!(
        lengths(face, Method::BidiHello, vec![request(shape); 10]).await,
        [8]
    );
}

async fn a_bidirectional_stream_answers_every_so_many_and_the_rest(face: Face) {
    let shape = when(
        When::Every,
        ReplyShape {
            every: 3,
            ..sized(4)
        },
    );
    for (requests, replies) in [(1, 1), (2, 1), (3, 1), (4, 2), (6, 2), (7, 3)] {
        let requests = vec![request(shape.clone()); requests];
        assert_eq!(
            lengths(face, Method::BidiHello, requests).await,
            vec![4; replies]
        );
    }
}

async fn streams_without_any_request_end_well(face: Face) {
    assert_eq!(lengths(face, Method::BidiHello, vec![]).await, [0; 0]);
    assert_eq!(
        lengths(face, Method::LotsOfGreetings, vec![]).await,
        ["Hello, !".len()]
    );
}

async fn a_stock_client_is_greeted_by_name(face: Face) {
    let server = Running::start(face);
    let mut client = GreeterClient::new(server.connect().await);
    let stock = || HelloRequest {
        name: "world".into(),
        reply: None,
    };
    assert_eq!(
        client
            .say_hello(stock())
            .await
            .unwrap()
            .into_inner()
            .message,
        "Hello, world!"
    );
    assert_eq!(
        client
            .say_hello_again(stock())
            .await
            .unwrap()
            .into_inner()
            .message,
        "Hello, world!"
    );
    let greetings = futures_util::stream::iter(["Ada", "Grace"].map(|name| HelloRequest {
        name: name.into(),
        reply: None,
    }));
    assert_eq!(
        client
            .lots_of_greetings(greetings.clone())
            .await
            .unwrap()
            .into_inner()
            .message,
        "Hello, Ada!"
    );
    let mut replies = client.bidi_hello(greetings).await.unwrap().into_inner();
    assert_eq!(
        replies.message().await.unwrap().unwrap().message,
        "Hello, Ada!"
    );
    assert_eq!(
        replies.message().await.unwrap().unwrap().message,
        "Hello, Grace!"
    );
    assert_eq!(replies.message().await.unwrap(), None);
    let mut replies = client.lots_of_replies(stock()).await.unwrap().into_inner();
    assert_eq!(
        replies.message().await.unwrap().unwrap().message,
        "Hello, world!"
    );
    assert_eq!(replies.message().await.unwrap(), None);
}

async fn after_the_first_means_before_the_rest_which_is_counted_all_the_same(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    let (send, requests) = by_hand();
    send.send(request(when(When::AfterFirst, sized(5))))
        .unwrap();
    let mut replies = call(&channel, Method::LotsOfGreetings, requests)
        .await
        .unwrap()
        .into_inner();
    // The client has not sent the rest, and has its reply.
    assert_eq!(replies.message().await.unwrap().unwrap().message.len(), 5);
    for _ in 0..4 {
        send.send(request(sized(5))).unwrap();
    }
    drop(send);
    assert_eq!(replies.message().await.unwrap(), None);
    let counts = server.counted(Method::LotsOfGreetings).await;
    assert_eq!((counts.requests, counts.replies, counts.ok), (5, 1, 1));
}

async fn an_echo_comes_before_the_next_request_is_sent(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    let (send, requests) = by_hand();
    send.send(request(sized(1))).unwrap();
    let mut replies = call(&channel, Method::BidiHello, requests)
        .await
        .unwrap()
        .into_inner();
    for size in 1..100 {
        assert_eq!(
            replies.message().await.unwrap().unwrap().message.len(),
            size
        );
        send.send(request(sized(size as u32 + 1))).unwrap();
    }
    drop(send);
    assert_eq!(replies.message().await.unwrap().unwrap().message.len(), 100);
    assert_eq!(replies.message().await.unwrap(), None);
}

async fn a_shape_that_cannot_be_is_refused(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    let every_none = when(When::Every, sized(1));
    let answer = whole_call(&channel, Method::BidiHello, vec![request(every_none)]).await;
    assert_eq!(answer.end.unwrap_err().code(), Code::InvalidArgument);
    // A later request of an echo is looked at too.
    let answer = whole_call(
        &channel,
        Method::BidiHello,
        vec![request(sized(1)), request(sized(u32::MAX))],
    )
    .await;
    assert_eq!(
        (answer.lengths, answer.end.unwrap_err().code()),
        (vec![1], Code::InvalidArgument)
    );
    let counts = server.counted(Method::BidiHello).await;
    assert_eq!((counts.calls, counts.ok), (2, 0));
}

async fn methods_are_counted_apart_and_over_all_connections(face: Face) {
    let server = Running::start(face);
    let mut calls = tokio::task::JoinSet::new();
    for method in Method::ALL {
        for _ in 0..4 {
            let channel = server.connect().await;
            calls.spawn(async move {
                for _ in 0..25 {
                    assert_eq!(
                        whole_call(&channel, method, vec![request(sized(10))])
                            .await
                            .lengths,
                        [10]
                    );
                }
            });
        }
    }
    calls.join_all().await;
    let channel = server.connect().await;
    for method in Method::ALL {
        let counts = until(&channel, method, |_| true).await;
        assert_eq!(
            (counts.calls, counts.ok, counts.requests, counts.replies),
            (100, 100, 100, 100),
            "{method:?}"
        );
    }
}
