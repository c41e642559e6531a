//! Health, reflection and the counts: what stands beside the Greeter.

mod common;

use common::{Running, request, sized, whole_call};
use futures_util::stream;
use protos::reference::GetCountersRequest;
use protos::reference::reference_client::ReferenceClient;
use scenarios::method::Method;
use scenarios::scenario::Face;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

on_both_faces!(
    the_server_and_its_greeter_are_healthy,
    only_the_greeter_is_counted,
    unknown_methods_are_unimplemented,
);

fn service(name: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: name.into(),
    }
}

async fn the_server_and_its_greeter_are_healthy(face: Face) {
    let server = Running::start(face);
    let mut health = HealthClient::new(server.connect().await);
    for name in ["", "helloworld.Greeter"] {
        let status = health
            .check(service(name))
            .await
            .unwrap()
            .into_inner()
            .status;
        assert_eq!(status, ServingStatus::Serving as i32, "{name:?}");
    }
    assert_eq!(
        health.check(service("nobody")).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn who_watches_the_health_does_not_hold_up_the_stop() {
    let server = Running::start(Face::Tonic);
    let mut health = HealthClient::new(server.connect().await);
    let mut watch = health.watch(service("")).await.unwrap().into_inner();
    assert_eq!(
        watch.message().await.unwrap().unwrap().status,
        ServingStatus::Serving as i32
    );
    let served = server.stop();
    while let Ok(Some(change)) = watch.message().await {
        assert_eq!(change.status, ServingStatus::NotServing as i32);
    }
    served.await.unwrap().unwrap();
}

/// The services that one version of the reflection protocol lists, and the size of the Greeter's file.
macro_rules! reflect {
    ($channel:expr, $version:ident) => {{
        use pb::server_reflection_request::MessageRequest;
        use pb::server_reflection_response::MessageResponse;
        use tonic_reflection::pb::$version as pb;
        let ask = |message| pb::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(message),
        };
        let asked = stream::iter([
            ask(MessageRequest::ListServices(String::new())),
            ask(MessageRequest::FileContainingSymbol(
                "helloworld.Greeter".into(),
            )),
        ]);
        let mut client = pb::server_reflection_client::ServerReflectionClient::new($channel);
        let mut answers = client
            .server_reflection_info(asked)
            .await
            .unwrap()
            .into_inner();
        let mut next = async || {
            answers
                .message()
                .await
                .unwrap()
                .unwrap()
                .message_response
                .unwrap()
        };
        let MessageResponse::ListServicesResponse(list) = next().await else {
            panic!("a list")
        };
        let MessageResponse::FileDescriptorResponse(file) = next().await else {
            panic!("a file")
        };
        let names: Vec<String> = list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect();
        (names, file.file_descriptor_proto)
    }};
}

#[tokio::test]
async fn reflection_tells_the_services_and_their_files() {
    let server = Running::start(Face::Tonic);
    let channel = server.connect().await;
    for (mut names, files) in [
        reflect!(channel.clone(), v1),
        reflect!(channel.clone(), v1alpha),
    ] {
        names.retain(|name| !name.starts_with("grpc.reflection."));
        names.sort();
        assert_eq!(
            names,
            [
                "bench_runner.reference.v1.Reference",
                "grpc.health.v1.Health",
                "helloworld.Greeter"
            ]
        );
        assert!(
            files
                .iter()
                .any(|file| file.windows(9).any(|text| text == b"BidiHello"))
        );
    }
}

async fn only_the_greeter_is_counted(face: Face) {
    let server = Running::start(face);
    let channel = server.connect().await;
    HealthClient::new(channel.clone())
        .check(service(""))
        .await
        .unwrap();
    let mut counts = ReferenceClient::new(channel.clone());
    let counters = counts
        .get_counters(GetCountersRequest {})
        .await
        .unwrap()
        .into_inner();
    let names: Vec<&str> = counters.methods.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "BidiHello",
            "LotsOfGreetings",
            "LotsOfReplies",
            "SayHello",
            "SayHelloAgain"
        ]
    );
    assert!(counters.methods.values().all(|counts| counts.calls == 0));

    whole_call(&channel, Method::SayHelloAgain, vec![request(sized(3))]).await;
    let counters = counts
        .get_counters(GetCountersRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(counters.methods["SayHelloAgain"].calls, 1);
    assert_eq!(counters, server.stop().await.unwrap().unwrap());
}

async fn unknown_methods_are_unimplemented(face: Face) {
    use tonic::codegen::http::uri::PathAndQuery;
    let server = Running::start(face);
    let mut grpc = tonic::client::Grpc::new(server.connect().await);
    for path in ["/helloworld.Greeter/SayGoodbye", "/nobody.Service/Method"] {
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<GetCountersRequest, GetCountersRequest>::default();
        let call = grpc.unary(
            tonic::Request::new(GetCountersRequest {}),
            PathAndQuery::from_static(path),
            codec,
        );
        assert_eq!(call.await.unwrap_err().code(), Code::Unimplemented);
    }
}
