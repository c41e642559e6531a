//! A channel whose calls can have messages that are not protobuf: tonic itself always says that they are.

use std::task::{Context, Poll};

use http::header::{CONTENT_TYPE, HeaderValue};
use protos::json;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::transport::Channel;

/// Stands among the extensions of a call whose messages are JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Json;

/// A channel that names the content type of each call.
#[derive(Clone, Debug)]
pub(super) struct Typed(pub(super) Channel);

impl Service<http::Request<Body>> for Typed {
    type Response = <Channel as Service<http::Request<Body>>>::Response;
    type Error = <Channel as Service<http::Request<Body>>>::Error;
    type Future = <Channel as Service<http::Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        if request.extensions().get::<Json>().is_some() {
            let json = HeaderValue::from_static(json::CONTENT_TYPE);
            request.headers_mut().insert(CONTENT_TYPE, json);
        }
        self.0.call(request)
    }
}
