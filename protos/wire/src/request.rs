//! What a block of request header fields says (RFC 9113 8.3.1). Made once for each block the memo keeps.

use crate::error::{ErrorCode, StreamError};
use crate::fields::{self, Shape};
use crate::hpack::FieldList;

/// The facts of a request's header block or trailers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestFacts {
    /// What the listener made of the fields.
    pub(crate) route: u64,
    /// Whether there are pseudo-header fields; trailers have none.
    pseudo: u8,
    /// `POST`, and a `content-type` that is gRPC's.
    pub(crate) grpc: bool,
    /// `grpc-encoding` names one.
    pub(crate) encoded: bool,
    /// `u64::MAX` where there is none.
    content_length: u64,
    fault: Option<StreamError>,
}

const METHOD: u8 = 1;
const SCHEME: u8 = 2;
const PATH: u8 = 4;
const AUTHORITY: u8 = 8;

impl RequestFacts {
    pub(crate) fn of(list: &FieldList, too_large: bool) -> Self {
        let mut facts = RequestFacts {
            route: 0,
            pseudo: 0,
            grpc: false,
            encoded: false,
            content_length: u64::MAX,
            fault: None,
        };
        let mut shape = Shape::default();
        let mut post = false;
        for (name, value) in list {
            let known = match name {
                b":method" => {
                    post = value == b"POST";
                    facts.once(METHOD) && !value.is_empty()
                }
                b":scheme" => facts.once(SCHEME) && !value.is_empty(),
                b":path" => facts.once(PATH) && !value.is_empty(),
                b":authority" => facts.once(AUTHORITY),
                _ => facts.regular(name, value),
            };
            if !known || !shape.allows(name, value) {
                facts.fault = Some(StreamError::protocol("malformed request header fields"));
            }
        }
        facts.grpc &= post;
        if too_large {
            facts.fault = Some(StreamError::new(
                ErrorCode::ENHANCE_YOUR_CALM,
                "header list above our MAX_HEADER_LIST_SIZE",
            ));
        }
        facts
    }

    fn once(&mut self, field: u8) -> bool {
        let first = self.pseudo & field == 0;
        self.pseudo |= field;
        first
    }

    fn regular(&mut self, name: &[u8], value: &[u8]) -> bool {
        match name {
            b"content-type" => self.grpc = fields::is_grpc(value),
            b"grpc-encoding" => self.encoded = value != b"identity",
            b"content-length" => match fields::number(value) {
                Some(length) => self.content_length = length,
                None => return false,
            },
            _ => {}
        }
        name.first() != Some(&b':')
    }

    pub(crate) fn opens(&self) -> bool {
        self.pseudo & PATH != 0 && self.fault.is_none()
    }

    #[inline]
    pub(crate) fn content_length(&self) -> Option<u64> {
        (self.content_length != u64::MAX).then_some(self.content_length)
    }

    /// Whether the block may open a stream.
    #[inline]
    pub(crate) fn check_head(&self) -> Result<(), StreamError> {
        const REQUIRED: u8 = METHOD | SCHEME | PATH;
        match self.fault {
            Some(fault) => Err(fault),
            None if self.pseudo & REQUIRED == REQUIRED => Ok(()),
            None => Err(StreamError::protocol(
                "request without method, scheme or path",
            )),
        }
    }

    /// Whether the block may end a stream (RFC 9113 8.1).
    pub(crate) fn check_trailers(&self, end: bool) -> Result<(), StreamError> {
        match self.fault {
            Some(fault) => Err(fault),
            None if self.pseudo != 0 => {
                Err(StreamError::protocol("trailers with pseudo-header fields"))
            }
            None if !end => Err(StreamError::protocol("trailers without END_STREAM")),
            None => Ok(()),
        }
    }
}
