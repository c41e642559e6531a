//! What a block of response header fields says (PROTOCOL-HTTP2.md, "Responses"). Made once for each block the memo keeps.

use crate::error::{ErrorCode, StreamError};
use crate::fields::{self, Shape};
use crate::hpack::FieldList;
use crate::status::Status;

/// The facts of a response's header block or trailers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Response {
    /// `:status`, 0 where there is none.
    pub(crate) http_status: u16,
    pub(crate) grpc_status: Option<Status>,
    /// `content-type` is gRPC's.
    pub(crate) grpc: bool,
    /// `grpc-encoding` names one.
    pub(crate) encoded: bool,
    /// `u64::MAX` where there is none.
    content_length: u64,
    fault: Option<StreamError>,
}

impl Response {
    pub(crate) fn of(list: &FieldList, too_large: bool) -> Self {
        let mut response = Response {
            http_status: 0,
            grpc_status: None,
            grpc: false,
            encoded: false,
            content_length: u64::MAX,
            fault: None,
        };
        let mut shape = Shape::default();
        for (name, value) in list {
            let known = match name {
                b":status" => response.status(value),
                _ => {
                    response.regular(name, value);
                    name.first() != Some(&b':')
                }
            };
            if !known || !shape.allows(name, value) {
                response.fault = Some(StreamError::protocol("malformed response header fields"));
            }
        }
        if too_large {
            response.fault = Some(StreamError::new(
                ErrorCode::ENHANCE_YOUR_CALM,
                "header list above our MAX_HEADER_LIST_SIZE",
            ));
        }
        response
    }

    /// Takes `:status`: three digits, once.
    fn status(&mut self, value: &[u8]) -> bool {
        let first = self.http_status == 0;
        self.http_status = match *value {
            [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
                100 * u16::from(a - b'0') + 10 * u16::from(b - b'0') + u16::from(c - b'0')
            }
            _ => return false,
        };
        first
    }

    fn regular(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"grpc-status" => self.grpc_status = Some(Status::load(value)),
            b"content-type" => self.grpc = fields::is_grpc(value),
            b"grpc-encoding" => self.encoded = value != b"identity",
            b"content-length" => match fields::number(value) {
                Some(length) => self.content_length = length,
                None => self.fault = Some(StreamError::protocol("content-length is no number")),
            },
            _ => {}
        }
    }

    #[inline]
    pub(crate) fn content_length(&self) -> Option<u64> {
        (self.content_length != u64::MAX).then_some(self.content_length)
    }

    #[inline]
    pub(crate) fn is_informational(&self) -> bool {
        (100..200).contains(&self.http_status)
    }

    /// Whether this begins a gRPC answer, and nothing in it needs a closer look.
    #[inline]
    pub(crate) fn begins_plainly(&self) -> bool {
        self.grpc
            && self.http_status >= 200
            && self.content_length == u64::MAX
            && self.fault.is_none()
    }

    /// The status, if this ends an answer and nothing in it needs a closer look.
    #[inline]
    pub(crate) fn ends_plainly(&self) -> Option<Status> {
        self.grpc_status
            .filter(|_| self.http_status == 0 && self.fault.is_none())
    }

    /// Whether the block may stand where it does: the first of a response, or behind it (RFC 9113 8.1).
    #[inline]
    pub(crate) fn check(&self, behind: bool, end: bool) -> Result<(), StreamError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        match (behind, self.http_status) {
            (false, 0) => Err(StreamError::protocol("response without :status")),
            (false, 100..200) if end => Err(StreamError::protocol(
                "informational response that ends the stream",
            )),
            (true, 1..) => Err(StreamError::protocol("trailers with :status")),
            (true, 0) if !end => Err(StreamError::protocol("trailers without END_STREAM")),
            _ => Ok(()),
        }
    }
}
