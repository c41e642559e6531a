//! gRPC status codes, and which of them stands for what HTTP/2 says.

use std::fmt;

use crate::error::ErrorCode;

/// A gRPC status code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Status(pub u8);

const NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

impl Status {
    /// The call succeeded.
    pub const OK: Self = Self(0);
    /// The caller gave up.
    pub const CANCELLED: Self = Self(1);
    /// No one knows.
    pub const UNKNOWN: Self = Self(2);
    /// The request makes no sense.
    pub const INVALID_ARGUMENT: Self = Self(3);
    /// Too late.
    pub const DEADLINE_EXCEEDED: Self = Self(4);
    /// What was asked for is not there.
    pub const NOT_FOUND: Self = Self(5);
    /// What was to be made is there already.
    pub const ALREADY_EXISTS: Self = Self(6);
    /// The caller may not.
    pub const PERMISSION_DENIED: Self = Self(7);
    /// Something ran out.
    pub const RESOURCE_EXHAUSTED: Self = Self(8);
    /// The system is not in the right state.
    pub const FAILED_PRECONDITION: Self = Self(9);
    /// A conflict.
    pub const ABORTED: Self = Self(10);
    /// Beyond the valid range.
    pub const OUT_OF_RANGE: Self = Self(11);
    /// No such method.
    pub const UNIMPLEMENTED: Self = Self(12);
    /// An invariant was broken.
    pub const INTERNAL: Self = Self(13);
    /// Not now; try again.
    pub const UNAVAILABLE: Self = Self(14);
    /// Lost for good.
    pub const DATA_LOSS: Self = Self(15);
    /// Who are you?
    pub const UNAUTHENTICATED: Self = Self(16);

    /// The code's name in capitals.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("UNKNOWN")
    }

    /// Reads a `grpc-status`. What is not the number of a status stands for UNKNOWN.
    #[must_use]
    pub fn load(value: &[u8]) -> Self {
        match *value {
            [d @ b'0'..=b'9'] => Status(d - b'0'),
            [b'1', d @ b'0'..=b'6'] => Status(10 + d - b'0'),
            _ => Self::UNKNOWN,
        }
    }

    /// What an answer without `grpc-status` means.
    ///
    /// # Source
    /// grpc/doc/http-grpc-status-mapping.md
    #[must_use]
    pub fn of_http(status: u16) -> Self {
        match status {
            400 => Self::INTERNAL,
            401 => Self::UNAUTHENTICATED,
            403 => Self::PERMISSION_DENIED,
            404 => Self::UNIMPLEMENTED,
            429 | 502 | 503 | 504 => Self::UNAVAILABLE,
            _ => Self::UNKNOWN,
        }
    }

    /// What a RST_STREAM means. A code that RFC 9113 does not know says nothing: UNKNOWN.
    ///
    /// # Source
    /// grpc/doc/PROTOCOL-HTTP2.md, "Errors"; it has no word for STREAM_CLOSED and HTTP_1_1_REQUIRED, for which gRPC's own
    /// stacks say INTERNAL too.
    #[must_use]
    pub fn of_reset(code: ErrorCode) -> Self {
        match code {
            ErrorCode::NO_ERROR
            | ErrorCode::PROTOCOL_ERROR
            | ErrorCode::INTERNAL_ERROR
            | ErrorCode::FLOW_CONTROL_ERROR
            | ErrorCode::SETTINGS_TIMEOUT
            | ErrorCode::STREAM_CLOSED
            | ErrorCode::FRAME_SIZE_ERROR
            | ErrorCode::COMPRESSION_ERROR
            | ErrorCode::CONNECT_ERROR
            | ErrorCode::HTTP_1_1_REQUIRED => Self::INTERNAL,
            ErrorCode::REFUSED_STREAM => Self::UNAVAILABLE,
            ErrorCode::CANCEL => Self::CANCELLED,
            ErrorCode::ENHANCE_YOUR_CALM => Self::RESOURCE_EXHAUSTED,
            ErrorCode::INADEQUATE_SECURITY => Self::PERMISSION_DENIED,
            _ => Self::UNKNOWN,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.0)
    }
}
