//! A server's life: where it listens, and how it ends.

mod common;

use common::{Running, by_hand, call, request, settings, sized, until, whole_call};
use protos::helloworld::ReplyShape;
use scenarios::method::Method;
use scenarios::scenario::{Face, ReferenceServer};
use tonic::transport::Endpoint;

on_both_faces!(
    a_call_in_flight_finishes_before_the_server_ends,
    an_idle_server_ends_at_once,
    a_client_that_goes_away_does_not_disturb_the_others,
    a_unix_socket_serves_like_a_port,
    the_other_internet_protocol_is_served_too,
);

async fn a_call_in_flight_finishes_before_the_server_ends(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    let address = server.address.clone();
    let (send, requests) = by_hand();
    send.send(request(sized(3))).unwrap();
    let mut replies = call(&channel, Method::BidiHello, requests)
        .await
        .unwrap()
        .into_inner();
    assert!(replies.message().await.unwrap().is_some());

    let served = server.stop();
    // The listener is gone when nobody can connect any more, and the old call goes on.
    while Endpoint::from_shared(address.clone())
        .unwrap()
        .connect()
        .await
        .is_ok()
    {}
    assert!(!served.is_finished());
    send.send(request(sized(4))).unwrap();
    assert_eq!(replies.message().await.unwrap().unwrap().message.len(), 4);
    drop(send);
    assert_eq!(replies.message().await.unwrap(), None);

    let counters = served.await.unwrap().unwrap();
    let counts = counters.methods["BidiHello"];
    assert_eq!((counts.ok, counts.requests, counts.replies), (1, 2, 2));
}

async fn an_idle_server_ends_at_once(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    whole_call(&channel, Method::SayHello, vec![request(sized(3))]).await;
    // The connection stays open on the client's side: GOAWAY ends it.
    assert_eq!(server.counted(Method::SayHello).await.ok, 1);
}

async fn a_client_that_goes_away_does_not_disturb_the_others(face: Face) {
    let server = Running::start(face);
    let (staying, leaving) = (server.connect().await, server.connect().await);
    let (send, requests) = by_hand();
    send.send(request(ReplyShape {
        headers_at_once: true,
        ..sized(1)
    }))
    .unwrap();
    drop(call(&leaving, Method::BidiHello, requests).await.unwrap());
    drop((leaving, send));
    until(&staying, Method::BidiHello, |counts| counts.calls == 1).await;
    assert_eq!(
        whole_call(&staying, Method::SayHello, vec![request(sized(3))])
            .await
            .lengths,
        [3]
    );
}

async fn a_unix_socket_serves_like_a_port(face: Face) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("greeter.sock");
    let server = Running::on(&format!("unix:{}", path.display()), &settings(face));
    assert_eq!(server.address, format!("unix:{}", path.display()));
    let channel = server.connect().await;
    assert_eq!(
        whole_call(&channel, Method::LotsOfReplies, vec![request(sized(3))])
            .await
            .lengths,
        [3]
    );
    assert_eq!(server.counted(Method::LotsOfReplies).await.ok, 1);
    assert!(!path.exists(), "the socket goes with its server");
}

async fn the_other_internet_protocol_is_served_too(face: Face) {
    let Ok(_) = std::net::TcpListener::bind("[::1]:0") else {
        return;
    };
    let server = Running::on("[::1]:0", &settings(face));
    assert!(
        server.address.starts_with("http://[::1]:"),
        "{}",
        server.address
    );
    let channel = server.connect().await;
    assert_eq!(
        whole_call(&channel, Method::SayHello, vec![request(sized(3))])
            .await
            .lengths,
        [3]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_threads_count_as_exactly_as_one() {
    for face in [Face::Tonic, Face::Raw] {
        many_threads_count(face).await;
    }
}

async fn many_threads_count(face: Face) {
    // The raw face has threads of its own; the tonic face runs on those of the test.
    let server = Running::on(
        "127.0.0.1:0",
        &ReferenceServer {
            threads: 3,
            ..settings(face)
        },
    );
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let channel = server.connect().await;
        calls.spawn(async move {
            for _ in 0..50 {
                whole_call(&channel, Method::SayHello, vec![request(sized(10))])
                    .await
                    .end
                    .unwrap();
            }
        });
    }
    calls.join_all().await;
    let counts = server.counted(Method::SayHello).await;
    assert_eq!(
        (counts.calls, counts.ok, counts.requests, counts.replies),
        (400, 400, 400, 400)
    );
}
