//! A server on a free port, and calls to it whose headers, messages and trailers can be seen apart.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "each test file uses its own part"
)]

use std::time::Duration;

use futures_util::Stream;
use protos::helloworld::{HelloReply, HelloRequest, ReplyShape};
use protos::reference::reference_client::ReferenceClient;
use protos::reference::{GetCountersRequest, MethodCounters, ReleaseLateness};
use reference_server::{Counters, Listen, ServeError, Server};
use scenarios::method::Method;
use scenarios::scenario::{Behaviour, Face, Idle, ReferenceServer, ServerHttp2};
use scenarios::units::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

/// When a test gives up on what does not come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Makes a test for each face out of each of these functions, which take the face.
#[macro_export]
macro_rules! on_both_faces {
    ($($test:ident),+ $(,)?) => {
        mod tonic_face {
            $(#[tokio::test] async fn $test() { super::$test(scenarios::scenario::Face::Tonic).await })+
        }
        mod raw_face {
            $(#[tokio::test] async fn $test() { super::$test(scenarios::scenario::Face::Raw).await })+
        }
    };
}

/// Settings as the scenario language has them by default.
pub fn settings(face: Face) -> ReferenceServer {
    ReferenceServer {
        face,
        threads: 1,
        cpus: Vec::new(),
        idle: Idle::Timer,
        listen: Default::default(),
        tls: None,
        http2: ServerHttp2 {
            initial_stream_window: Bytes(1 << 20),
            initial_connection_window: Bytes(64 << 20),
            max_concurrent_streams: 1000,
            max_frame_size: Bytes(16 << 10),
        },
        behaviour: Behaviour::default(),
    }
}

/// A server that runs in this process.
pub struct Running {
    pub address: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<Counters, ServeError>>,
}

impl Running {
    /// With the default settings, on a free port.
    pub fn start(face: Face) -> Running {
        Running::with(face, Behaviour::default())
    }

    /// With a behaviour, on a free port.
    pub fn with(face: Face, behaviour: Behaviour) -> Running {
        Running::on(
            "127.0.0.1:0",
            &ReferenceServer {
                behaviour,
                ..settings(face)
            },
        )
    }

    pub fn on(listen: &str, settings: &ReferenceServer) -> Running {
        let listen: Listen = listen.parse().unwrap();
        let server = Server::bind(&listen, settings).unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(server.serve(async {
            let _ = stopped.await;
        }));
        Running {
            address,
            stop,
            served,
        }
    }

    /// A connection of its own.
    pub async fn connect(&self) -> Channel {
        Endpoint::from_shared(self.address.clone())
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    /// Tells the server to stop.
    pub fn stop(self) -> JoinHandle<Result<Counters, ServeError>> {
        self.stop.send(()).unwrap();
        self.served
    }

    /// Stops the server, and gives back how late it was.
    pub async fn lateness(self) -> ReleaseLateness {
        self.stop()
            .await
            .unwrap()
            .unwrap()
            .release_lateness
            .unwrap()
    }

    /// Stops the server, and gives back what it counted for `method`.
    pub async fn counted(self, method: Method) -> MethodCounters {
        self.stop().await.unwrap().unwrap().methods[method.name()]
    }
}

/// A request with a shape.
pub fn request(shape: ReplyShape) -> HelloRequest {
    HelloRequest {
        name: "world".into(),
        reply: Some(shape),
    }
}

/// Replies of `size` bytes.
pub fn sized(size: u32) -> ReplyShape {
    ReplyShape {
        size: Some(size),
        ..ReplyShape::default()
    }
}

/// Starts a call; the answer is there when its headers are.
pub async fn call(
    channel: &Channel,
    method: Method,
    requests: impl Stream<Item = HelloRequest> + Send + 'static,
) -> Result<Response<Streaming<HelloReply>>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone()).max_decoding_message_size(usize::MAX);
    grpc.ready().await.unwrap();
    let codec = ProstCodec::<HelloRequest, HelloReply>::default();
    grpc.streaming(
        Request::new(requests),
        PathAndQuery::from_static(method.path()),
        codec,
    )
    .await
}

/// Calls with these requests, and gives back the messages, their status and their trailers.
pub async fn whole_call(channel: &Channel, method: Method, requests: Vec<HelloRequest>) -> Answer {
    let mut replies = match call(channel, method, futures_util::stream::iter(requests)).await {
        Ok(response) => response.into_inner(),
        Err(status) => {
            return Answer {
                lengths: Vec::new(),
                replies: Vec::new(),
                end: Err(status),
            };
        }
    };
    let mut answer = Answer {
        lengths: Vec::new(),
        replies: Vec::new(),
        end: Ok(Default::default()),
    };
    loop {
        match replies.message().await {
            Ok(Some(reply)) => {
                answer.lengths.push(reply.message.len());
                answer.replies.push(reply);
            }
            Ok(None) => break,
            Err(status) => {
                answer.end = Err(status);
                return answer;
            }
        }
    }
    answer.end = replies.trailers().await.map(Option::unwrap_or_default);
    answer
}

/// What came of a call.
#[derive(Debug)]
pub struct Answer {
    pub lengths: Vec<usize>,
    pub replies: Vec<HelloReply>,
    pub end: Result<tonic::metadata::MetadataMap, Status>,
}

/// Requests that are sent when the test says so.
pub fn by_hand() -> (
    mpsc::UnboundedSender<HelloRequest>,
    impl Stream<Item = HelloRequest> + Send + 'static,
) {
    let (send, mut sent) = mpsc::unbounded_channel();
    (
        send,
        futures_util::stream::poll_fn(move |cx| sent.poll_recv(cx)),
    )
}

/// Asks the server for its counts until they are as `wanted`.
pub async fn until(
    channel: &Channel,
    method: Method,
    wanted: impl Fn(&MethodCounters) -> bool,
) -> MethodCounters {
    let mut client = ReferenceClient::new(channel.clone());
    let mut counts = MethodCounters::default();
    let reached = async {
        loop {
            let counters = client.get_counters(GetCountersRequest {}).await;
            counts = counters.unwrap().into_inner().methods[method.name()];
            if wanted(&counts) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    assert!(
        reached.is_ok(),
        "the counts of {method:?} stay at {counts:?}"
    );
    counts
}
