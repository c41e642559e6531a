//! What can go wrong on a connection, in the words of RFC 9113 section 7.

use std::fmt;

use thiserror::Error;

/// An HTTP/2 error code, as RST_STREAM and GOAWAY carry it. Unknown codes are kept as they came.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(pub u32);

/// The names of RFC 9113 section 7, by code.
const NAMES: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

impl ErrorCode {
    /// A graceful end.
    pub const NO_ERROR: Self = Self(0);
    /// The peer broke the protocol, and no closer code fits.
    pub const PROTOCOL_ERROR: Self = Self(1);
    /// The endpoint itself failed.
    pub const INTERNAL_ERROR: Self = Self(2);
    /// The peer sent more than its window allowed, or opened one too wide.
    pub const FLOW_CONTROL_ERROR: Self = Self(3);
    /// SETTINGS were not acknowledged in time.
    pub const SETTINGS_TIMEOUT: Self = Self(4);
    /// A frame for a stream that was over.
    pub const STREAM_CLOSED: Self = Self(5);
    /// A frame of a length that its type does not allow.
    pub const FRAME_SIZE_ERROR: Self = Self(6);
    /// The stream was not processed at all: safe to try again.
    pub const REFUSED_STREAM: Self = Self(7);
    /// The stream is no longer needed.
    pub const CANCEL: Self = Self(8);
    /// The header compression state is lost.
    pub const COMPRESSION_ERROR: Self = Self(9);
    /// The connection of a CONNECT request failed.
    pub const CONNECT_ERROR: Self = Self(10);
    /// The peer does more than it should.
    pub const ENHANCE_YOUR_CALM: Self = Self(11);
    /// The transport does not meet the minimum.
    pub const INADEQUATE_SECURITY: Self = Self(12);
    /// HTTP/1.1 is asked for.
    pub const HTTP_1_1_REQUIRED: Self = Self(13);

    /// How many codes have a name.
    pub const KNOWN: usize = NAMES.len();

    /// The code's name in RFC 9113, or `UNKNOWN`.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.get(self.0 as usize).copied().unwrap_or("UNKNOWN")
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.get(self.0 as usize) {
            Some(name) => f.write_str(name),
            None => write!(f, "UNKNOWN({})", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The peer did what a connection does not survive. GOAWAY with the code stands in the output already.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{code}: {reason}")]
pub struct ConnectionError {
    /// What the peer is told.
    pub code: ErrorCode,
    /// What it did.
    pub reason: &'static str,
}

impl ConnectionError {
    pub(crate) const fn new(code: ErrorCode, reason: &'static str) -> Self {
        ConnectionError { code, reason }
    }

    pub(crate) const fn protocol(reason: &'static str) -> Self {
        Self::new(ErrorCode::PROTOCOL_ERROR, reason)
    }

    pub(crate) const fn frame_size(reason: &'static str) -> Self {
        Self::new(ErrorCode::FRAME_SIZE_ERROR, reason)
    }

    pub(crate) const fn flow_control(reason: &'static str) -> Self {
        Self::new(ErrorCode::FLOW_CONTROL_ERROR, reason)
    }

    pub(crate) const fn stream_closed(reason: &'static str) -> Self {
        Self::new(ErrorCode::STREAM_CLOSED, reason)
    }

    pub(crate) const fn calm(reason: &'static str) -> Self {
        Self::new(ErrorCode::ENHANCE_YOUR_CALM, reason)
    }
}

/// What one stream does not survive, while the connection goes on (RFC 9113 5.4.2).
#[derive(Clone, Copy, Error, PartialEq, Eq)]
#[error("{code}: {reason}")]
pub struct StreamError {
    /// What the peer is told.
    pub code: ErrorCode,
    /// What it did.
    pub reason: &'static str,
}

impl StreamError {
    pub(crate) const fn new(code: ErrorCode, reason: &'static str) -> Self {
        StreamError { code, reason }
    }

    pub(crate) const fn protocol(reason: &'static str) -> Self {
        Self::new(ErrorCode::PROTOCOL_ERROR, reason)
    }
}

impl fmt::Debug for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
