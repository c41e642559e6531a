//! The Greeter as a tonic service, written by hand where the generated one is too narrow.
//!
//! Hot. Every method is served as one that streams replies: only so can a unary call send its initial metadata before
//! its reply, and any call end with status OK and trailers of its own. What goes over the wire is the same.

use std::convert::Infallible;
use std::sync::Arc;

use protos::encoding::Encoding;
use protos::helloworld::HelloRequest;
use protos::helloworld::greeter_server::SERVICE_NAME;
use protos::json;
use scenarios::method::{Method, Pattern};
use scenarios::units::Nanos;
use tonic::body::Body;
use tonic::codegen::http::HeaderValue;
use tonic::codegen::http::header::CONTENT_TYPE;
use tonic::codegen::{BoxFuture, Context, Poll, Service, http};
use tonic::server::{Grpc, NamedService, ServerStreamingService, StreamingService};
use tonic::{Request, Response, Status, Streaming};

use crate::behaviour::Fates;
use crate::codec::Counted;
use crate::counters::Counts;
use crate::encodings::{self, Encodings, Requests, tonics};
use crate::numbered::Number;
use crate::raw::timeout;
use crate::replies::Replies;
use crate::reply::Reply;
use crate::shape::Headers;
use crate::timer::{Sleep, Timer, now};

/// The Greeter.
#[derive(Clone)]
pub(crate) struct Greeter(pub(crate) Arc<Shared>);

/// What all calls share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) counts: Arc<Counts>,
    pub(crate) fates: Fates,
    /// There where there is any behaviour.
    pub(crate) timer: Option<Timer>,
}

impl Shared {
    /// Sleeps until an answer is due; `None` where it is.
    pub(crate) fn until(&self, due: Nanos) -> Option<Sleep> {
        let timer = self.timer.as_ref().filter(|_| now() < due);
        timer.map(|timer| timer.until(due))
    }
}

/// One call of one method.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) shared: Arc<Shared>,
    pub(crate) method: Method,
    /// The number of its connection.
    pub(crate) connection: u32,
    /// `grpc-timeout`, as it came.
    pub(crate) timeout: Option<HeaderValue>,
}

impl Call {
    /// The timeout that came with the call.
    pub(crate) fn timeout(&self) -> Option<Nanos> {
        timeout(self.timeout.as_ref()?.as_bytes())
    }

    async fn answer(
        self,
        first: Option<HelloRequest>,
        rest: Option<Streaming<HelloRequest>>,
    ) -> Result<Response<Replies>, Status> {
        let (replies, headers) = Replies::new(self, first, rest)?;
        match headers {
            Headers::AtOnce => Ok(Response::new(replies)),
            Headers::WithFirst => replies.open().await.map(Response::new),
        }
    }
}

/// Methods with one request.
impl ServerStreamingService<HelloRequest> for Call {
    type Response = Reply;
    type ResponseStream = Replies;
    type Future = BoxFuture<Response<Replies>, Status>;

    fn call(&mut self, request: Request<HelloRequest>) -> Self::Future {
        let call = self.clone();
        Box::pin(call.answer(Some(request.into_inner()), None))
    }
}

/// Methods that stream requests. The first says how the call is to be answered.
impl StreamingService<HelloRequest> for Call {
    type Response = Reply;
    type ResponseStream = Replies;
    type Future = BoxFuture<Response<Replies>, Status>;

    fn call(&mut self, request: Request<Streaming<HelloRequest>>) -> Self::Future {
        let call = self.clone();
        let mut requests = request.into_inner();
        Box::pin(async move {
            let first = requests.message().await?;
            call.answer(first, Some(requests)).await
        })
    }
}

impl Service<http::Request<Body>> for Greeter {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let path = request.uri().path();
        let Some(method) = Method::ALL.into_iter().find(|method| method.path() == path) else {
            let status = Status::unimplemented(format!("{path} is no method of the Greeter"));
            return Box::pin(std::future::ready(Ok(status.into_http())));
        };
        let shared = self.0.clone();
        shared.counts.of(method).call();
        let given = |key: &str| Some(request.headers().get(key)?.as_bytes());
        if !shared.fates.required.admits(given) {
            let status = shared.fates.required.refusal();
            return Box::pin(std::future::ready(Ok(status.into_http())));
        }
        let connection = request.extensions().get::<Number>();
        let connection = connection.map_or(0, |number| number.get(&shared.fates));
        let encodings = Encodings::of(|name| Some(request.headers().get(name)?.as_bytes()));
        let timeout = request.headers().get("grpc-timeout").cloned();
        let codec = Counted::new(shared.counts.clone(), method, encodings.json);
        let mut grpc = compressing(Grpc::new(codec), encodings);
        let call = Call {
            shared,
            method,
            connection,
            timeout,
        };
        Box::pin(async move {
            let mut response = match method.pattern() {
                Pattern::Unary | Pattern::ServerStreaming => {
                    grpc.server_streaming(call, request).await
                }
                Pattern::ClientStreaming | Pattern::Bidirectional => {
                    grpc.streaming(call, request).await
                }
            };
            if encodings.json {
                let json = HeaderValue::from_static(json::CONTENT_TYPE);
                response.headers_mut().insert(CONTENT_TYPE, json);
            }
            Ok(response)
        })
    }
}

/// Lets tonic compress and decompress what a call has compressed.
fn compressing(grpc: Grpc<Counted>, encodings: Encodings) -> Grpc<Counted> {
    let grpc = match encodings.reply {
        Some(encoding) => grpc.send_compressed(tonics(encoding)),
        None => grpc,
    };
    match encodings.request {
        // Sizes are the caller's business; the HTTP/2 windows bound what is in memory at a time.
        Requests::Plain => grpc.max_decoding_message_size(usize::MAX),
        // They bound nothing of what is decompressed. tonic itself refuses what it is not told to accept.
        Requests::Encoded(_) | Requests::Unknown => Encoding::ALL
            .into_iter()
            .fold(grpc, |grpc, encoding| {
                grpc.accept_compressed(tonics(encoding))
            })
            .max_decoding_message_size(encodings::MOST),
    }
}

impl NamedService for Greeter {
    const NAME: &'static str = SERVICE_NAME;
}
