//! gRPC server reflection, as a client: what services a server has, and how it describes them.
//!
//! v1 first, then v1alpha, whose messages are the same under another name. Each question is a stream of its own: the
//! server may be anybody's, and one question with one answer is what all of them do.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream;
use prost::Message as _;
use prost_reflect::DescriptorPool;
use prost_reflect::prost_types::FileDescriptorProto;
use protos::dynamic::description;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest as Question;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse as Answer;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use crate::call::{CallError, DescriptionError, unknown};
use crate::engine::{Endpoint, tonic::look};

/// How long a server may take for all answers.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer: the descriptors of large APIs have megabytes.
const LONGEST: usize = 64 << 20;
const VERSIONS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// The description of a service and of everything that it uses.
///
/// # Errors
///
/// Where the server cannot be reached, offers no reflection, or does not know the service.
pub fn describe(server: &Endpoint, service: &str) -> Result<DescriptorPool, CallError> {
    ask(server, async |mut asked| {
        let symbol = Question::FileContainingSymbol(service.to_owned());
        let files = match asked.files(symbol).await {
            Err(status) if status.code() == Code::NotFound => {
                let known = asked.services().await?;
                return Ok(Err(unknown(description::DescriptionError::Service {
                    service: service.to_owned(),
                    known,
                })));
            }
            other => asked.with_imports(other?).await?,
        };
        Ok(description::assemble(files).map_err(unknown))
    })?
    .map_err(CallError::from)
}

/// The full names of all services of a server.
///
/// # Errors
///
/// Where the server cannot be reached, or offers no reflection.
pub fn services(server: &Endpoint) -> Result<Vec<String>, CallError> {
    ask(server, async |mut asked| asked.services().await)
}

/// A server that is asked.
struct Asked {
    grpc: Grpc<Channel>,
    version: &'static str,
}

/// Asks on a connection of its own.
fn ask<T>(
    server: &Endpoint,
    questions: impl AsyncFnOnce(Asked) -> Result<T, Status>,
) -> Result<T, CallError> {
    let told = |why: String| {
        CallError::Description(DescriptionError {
            target: server.address.to_string(),
            why,
        })
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| told(error.to_string()))?;
    runtime.block_on(async {
        let channel = look(server).await.map_err(CallError::Connect)?;
        let asking = async {
            let asked = Asked::of(channel).await?;
            questions(asked).await
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(status)) if status.code() == Code::Unimplemented => Err(told(
                "the server offers no reflection; describe the service by its files, with `call.proto` or `call.protoset` \
                 in a scenario or `--proto` on the command line"
                    .to_owned(),
            )),
            Ok(Err(status)) => Err(told(format!(
                "the server did not describe itself: {:?}: {}; describe the service by its files, with `call.proto` or \
                 `--proto`",
                status.code(),
                status.message()
            ))),
            Err(_) => Err(told(format!("the server did not describe itself within {PATIENCE:?}"))),
        }
    })
}

impl Asked {
    /// Finds out which version the server speaks.
    async fn of(channel: Channel) -> Result<Asked, Status> {
        let grpc = Grpc::new(channel).max_decoding_message_size(LONGEST);
        let mut last = Status::unimplemented("");
        for version in VERSIONS {
            let mut asked = Asked {
                grpc: grpc.clone(),
                version,
            };
            match asked.services().await {
                Err(status) if status.code() == Code::Unimplemented => last = status,
                Err(status) => return Err(status),
                Ok(_) => return Ok(asked),
            }
        }
        Err(last)
    }

    async fn services(&mut self) -> Result<Vec<String>, Status> {
        match self.answer(Question::ListServices(String::new())).await? {
            Answer::ListServicesResponse(list) => Ok(list
                .service
                .into_iter()
                .map(|service| service.name)
                .collect()),
            _ => Err(Status::internal("the answer is to another question")),
        }
    }

    /// The files that a server answers with: the one that was asked for, and perhaps what it imports.
    async fn files(&mut self, question: Question) -> Result<Vec<FileDescriptorProto>, Status> {
        match self.answer(question).await? {
            Answer::FileDescriptorResponse(response) => response
                .file_descriptor_proto
                .iter()
                .map(|file| FileDescriptorProto::decode(file.as_slice()))
                .collect::<Result<_, _>>()
                .map_err(|error| {
                    Status::internal(format!("its description does not decode: {error}"))
                }),
            Answer::ErrorResponse(error) => Err(Status::new(
                Code::from(error.error_code),
                error.error_message,
            )),
            _ => Err(Status::internal("the answer is to another question")),
        }
    }

    /// Asks for everything that files import, until nothing is missing but what the server does not have: protobuf's own.
    async fn with_imports(
        &mut self,
        files: Vec<FileDescriptorProto>,
    ) -> Result<Vec<FileDescriptorProto>, Status> {
        let mut all: BTreeMap<String, FileDescriptorProto> = BTreeMap::new();
        let mut missing: Vec<String> = Vec::new();
        let mut found = files;
        loop {
            for file in found.drain(..) {
                missing.extend(file.dependency.iter().cloned());
                all.insert(file.name().to_owned(), file);
            }
            let Some(name) = missing.pop() else {
                return Ok(all.into_values().collect());
            };
            if all.contains_key(&name) {
                continue;
            }
            match self.files(Question::FileByFilename(name.clone())).await {
                Ok(files) => found = files,
                Err(_) if name.starts_with("google/protobuf/") => {}
                Err(status) => {
                    return Err(Status::new(
                        status.code(),
                        format!("it has no file `{name}`: {}", status.message()),
                    ));
                }
            }
        }
    }

    async fn answer(&mut self, question: Question) -> Result<Answer, Status> {
        let request = ServerReflectionRequest {
            host: String::new(),
            message_request: Some(question),
        };
        self.grpc
            .ready()
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let codec = ProstCodec::<ServerReflectionRequest, ServerReflectionResponse>::default();
        let request = Request::new(stream::iter([request]));
        let path = PathAndQuery::from_static(self.version);
        let mut answers = self
            .grpc
            .streaming(request, path, codec)
            .await?
            .into_inner();
        let answer = answers
            .message()
            .await?
            .and_then(|answer| answer.message_response);
        answer.ok_or_else(|| Status::internal("the answer is empty"))
    }
}
