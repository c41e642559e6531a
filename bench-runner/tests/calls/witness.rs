//! A server in this process that writes down what calls carry when they come.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::thread;

use futures_util::{Stream, StreamExt as _, stream};
use protos::helloworld::greeter_server::{Greeter, GreeterServer};
use protos::helloworld::{HelloReply, HelloRequest};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

/// What came with one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Carried {
    pub(crate) authority: String,
    pub(crate) headers: http::HeaderMap,
}

impl Carried {
    /// The value of a header, as it came.
    pub(crate) fn get(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

/// A server that writes down.
pub(crate) struct Witness {
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Carried>>>,
    _stop: oneshot::Sender<()>,
}

impl Witness {
    pub(crate) fn start() -> Witness {
        let seen: Arc<Mutex<Vec<Carried>>> = Arc::default();
        let (told, address) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                told.send(listener.local_addr().unwrap()).unwrap();
                let note = tower::util::MapRequestLayer::new(move |request| note(&log, request));
                let served = Server::builder()
                    .layer(note)
                    .add_service(GreeterServer::new(Echo))
                    .serve_with_incoming_shutdown(TcpIncoming::from(listener), async {
                        let _ = stopped.await;
                    });
                served.await.unwrap();
            });
        });
        Witness {
            address: format!("http://{}", address.recv().unwrap()),
            seen,
            _stop: stop,
        }
    }

    /// What came, in the order in which it did.
    pub(crate) fn seen(&self) -> Vec<Carried> {
        self.seen.lock().unwrap().clone()
    }
}

fn note<B>(log: &Mutex<Vec<Carried>>, request: http::Request<B>) -> http::Request<B> {
    if request.uri().path().starts_with("/helloworld.Greeter/") {
        let authority = request.uri().authority();
        log.lock().unwrap().push(Carried {
            authority: authority.map_or_else(String::new, ToString::to_string),
            headers: request.headers().clone(),
        });
    }
    request
}

/// Says what it was told, the secret too: in a trailer, and to every other caller in the text of an error.
struct Echo;

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

#[tonic::async_trait]
impl Greeter for Echo {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let token = request.metadata().get("authorization").cloned();
        let text = token.as_ref().map_or("", |token| token.to_str().unwrap());
        if request
            .metadata()
            .get("x-user")
            .is_some_and(|user| user == "b")
        {
            return Err(Status::permission_denied(format!("no access with {text}")));
        }
        let mut response = Response::new(HelloReply {
            message: "hello".to_owned(),
        });
        if let Some(token) = token {
            response.metadata_mut().insert("x-echo", token);
        }
        Ok(response)
    }

    async fn say_hello_again(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        self.say_hello(request).await
    }

    type LotsOfRepliesStream = Replies;

    async fn lots_of_replies(&self, _: Request<HelloRequest>) -> Result<Response<Replies>, Status> {
        let reply = |number| {
            Ok(HelloReply {
                message: format!("hello {number}"),
            })
        };
        Ok(Response::new(stream::iter((0..3).map(reply)).boxed()))
    }

    async fn lots_of_greetings(
        &self,
        _: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloReply>, Status> {
        Err(Status::unimplemented("nobody asks for it"))
    }

    type BidiHelloStream = Replies;

    async fn bidi_hello(
        &self,
        _: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Replies>, Status> {
        Err(Status::unimplemented("nobody asks for it"))
    }
}
