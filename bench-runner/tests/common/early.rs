//! What load cannot show: a client-streaming call has its reply before the client has sent the rest.

use std::time::Duration;

use futures_util::stream::poll_fn;
use http::uri::PathAndQuery;
use protos::helloworld::{HelloReply, HelloRequest, ReplyShape, When};
use protos::reference::GetCountersRequest;
use protos::reference::reference_client::ReferenceClient;
use scenarios::method::Method;
use tokio::sync::mpsc;
use tonic::Request;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

/// A server that waits for what is only sent after its reply waits for ever.
const PATIENCE: Duration = Duration::from_secs(20);

/// The reply to the first request comes while the rest is not sent yet, and is the only one.
pub(crate) fn replies_to_the_first_of_many(address: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let endpoint = Endpoint::from_shared(address.to_owned()).unwrap();
        let channel = endpoint.connect().await.unwrap();
        let before = counted(&channel).await;
        let calls = tokio::time::timeout(PATIENCE, one_call(&channel));
        calls.await.expect("no reply to the first request");
        let after = counted(&channel).await;
        let new: Vec<u64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
        assert_eq!(new, [5, 1, 1], "requests, replies, calls that ended OK");
    });
}

async fn one_call(channel: &Channel) {
    let (send, mut sent) = mpsc::unbounded_channel();
    let request = |reply| HelloRequest {
        name: "Ada".to_owned(),
        reply,
    };
    let first = ReplyShape {
        size: Some(5),
        when: When::AfterFirst.into(),
        trailers: [("x-tail".to_owned(), "blue".to_owned())].into(),
        ..ReplyShape::default()
    };
    send.send(request(Some(first))).unwrap();
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    // As a stream of replies, of which the reply can be had before the status.
    let answer = grpc.streaming(
        Request::new(poll_fn(move |cx| sent.poll_recv(cx))),
        PathAndQuery::from_static(Method::LotsOfGreetings.path()),
        ProstCodec::<HelloRequest, HelloReply>::default(),
    );
    let mut replies = answer.await.unwrap().into_inner();
    assert_eq!(replies.message().await.unwrap().unwrap().message.len(), 5);
    for _ in 0..4 {
        send.send(request(None)).unwrap();
    }
    drop(send);
    assert_eq!(replies.message().await.unwrap(), None);
    let trailers = replies.trailers().await.unwrap().unwrap();
    assert_eq!(trailers.get("x-tail").unwrap(), "blue");
}

/// Requests, replies, and calls that ended OK.
async fn counted(channel: &Channel) -> [u64; 3] {
    let mut reference = ReferenceClient::new(channel.clone());
    let counters = reference.get_counters(GetCountersRequest {}).await.unwrap();
    let all = counters.into_inner().methods;
    all.get("LotsOfGreetings")
        .map_or([0; 3], |of| [of.requests, of.replies, of.ok])
}
