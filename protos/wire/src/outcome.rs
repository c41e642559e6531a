//! How a call began to be answered, and how it ended.

use crate::error::{ErrorCode, StreamError};
use crate::hpack::FieldList;
use crate::message::MessageFault;
use crate::response::Response;
use crate::status::Status;
use crate::streams::{Progress, Stream};

/// The beginning of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// `:status`.
    pub http_status: u16,
    /// All header fields, pseudo-header fields included.
    pub fields: &'a FieldList,
}

/// What a call's status was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// `grpc-status` in trailers behind the answer.
    Trailers,
    /// `grpc-status` in an answer that is nothing but trailers.
    TrailersOnly,
    /// There was no `grpc-status`; the HTTP status decided.
    MissingStatus,
    /// The messages broke off or were not messages.
    Message(MessageFault),
    /// The server reset the stream.
    Reset(ErrorCode),
    /// The server's GOAWAY says that it did not look at the stream: safe to try again.
    Refused,
    /// The answer broke HTTP/2, and we reset the stream.
    Malformed(StreamError),
    /// The connection went.
    Disconnected,
}

/// The trailers of an answer that has none.
static NO_FIELDS: FieldList = FieldList::new();

/// The end of a call.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The call's status.
    pub status: Status,
    /// What it was taken from.
    pub cause: Cause,
    /// `:status`, 0 where no answer came.
    pub http_status: u16,
    /// The trailers, empty where none came. Of a trailers-only answer, all header fields.
    pub trailers: &'a FieldList,
    /// What of the request was handed over.
    pub sent: Progress,
    /// What of the answer came.
    pub received: Progress,
}

impl<'a> Outcome<'a> {
    /// `grpc-message` as it came, percent-encoded.
    #[must_use]
    pub fn message(&self) -> Option<&'a [u8]> {
        self.trailers.get("grpc-message")
    }

    /// Whether the server certainly did not process the call (RFC 9113 8.7).
    #[must_use]
    pub fn is_safe_to_retry(&self) -> bool {
        matches!(
            self.cause,
            Cause::Refused | Cause::Reset(ErrorCode::REFUSED_STREAM)
        )
    }

    #[inline]
    pub(crate) fn of_trailers(
        stream: &Stream,
        response: &Response,
        trailers: &'a FieldList,
    ) -> Self {
        let http_status = if stream.head {
            stream.http_status
        } else {
            response.http_status
        };
        let (status, cause) = match response.grpc_status {
            Some(Status::OK) if !stream.deframer.is_between() => {
                (Status::INTERNAL, Cause::Message(MessageFault::Truncated))
            }
            Some(status) if stream.head => (status, Cause::Trailers),
            Some(status) => (status, Cause::TrailersOnly),
            None => (Status::of_http(http_status), Cause::MissingStatus),
        };
        Outcome {
            status,
            cause,
            http_status,
            trailers,
            sent: stream.sent,
            received: stream.received,
        }
    }

    #[cold]
    pub(crate) fn without_trailers(stream: &Stream, cause: Cause) -> Self {
        let status = match cause {
            Cause::Reset(code) => Status::of_reset(code),
            Cause::Refused | Cause::Disconnected => Status::UNAVAILABLE,
            Cause::Malformed(error) => Status::of_reset(error.code),
            Cause::MissingStatus => Status::of_http(stream.http_status),
            Cause::Message(fault) => fault.status(),
            Cause::Trailers | Cause::TrailersOnly => Status::UNKNOWN,
        };
        Outcome {
            status,
            cause,
            http_status: stream.http_status,
            trailers: &NO_FIELDS,
            sent: stream.sent,
            received: stream.received,
        }
    }
}
