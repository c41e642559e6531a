//! Replies that are compressed, or JSON: what they amount to, and what is wrong with them.
//!
//! The raw engine decompresses a reply only to count it, and a reply that is byte for byte the one before it not even
//! that. Only runs whose scenario asks for such replies come by here.

use protos::encoding::{ENCODING, Encoding};
use protos::json;
use wire::{FieldList, Piece};

use crate::call::Call;
use crate::engine::OpId;
use crate::engine::status::Status;
use crate::mix::Mix;

/// Reads the replies of a lane's calls.
#[derive(Debug)]
pub(super) struct Reading {
    /// By the number of the call in its mix.
    calls: Vec<Rules>,
    /// The longest reply that is put together.
    most: usize,
    /// What has come of a reply whose rest is to come, by call in flight.
    parts: Vec<Vec<u8>>,
    plain: Vec<u8>,
    last: Last,
}

/// How the replies of a call are read.
#[derive(Clone, Copy, Debug)]
struct Rules {
    /// What they may be compressed with.
    encoding: Option<Encoding>,
    json: bool,
    /// Whether each is looked at, so that none can be taken for the one before it.
    looks: bool,
}

/// The last reply that was read as it came, and its length.
#[derive(Debug, Default)]
struct Last {
    call: usize,
    compressed: bool,
    bytes: Vec<u8>,
    len: Option<u64>,
}

/// What is wrong with a reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) status: Status,
    pub(super) words: String,
}

impl Fault {
    fn internal(words: String) -> Fault {
        Fault {
            status: Status::from_code(tonic::Code::Internal.into()),
            words,
        }
    }

    fn too_long(most: usize) -> Fault {
        Fault {
            status: Status::from_code(tonic::Code::ResourceExhausted.into()),
            words: format!(
                "the answer is longer than {most} bytes, the most that the runner takes"
            ),
        }
    }
}

impl Reading {
    /// `None` where all replies are as they mostly are.
    pub(super) fn of(mix: &Mix) -> Option<Reading> {
        let rules = |call: &Call| Rules {
            encoding: call.encodings.received,
            json: call.encodings.json,
            looks: call.wants().messages,
        };
        let calls: Vec<Rules> = mix.calls().iter().map(rules).collect();
        let is_any = calls
            .iter()
            .any(|call| call.encoding.is_some() || call.json);
        is_any.then(|| Reading {
            calls,
            most: mix.longest_reply(),
            parts: Vec::new(),
            plain: Vec::new(),
            last: Last::default(),
        })
    }

    /// An answer begins.
    ///
    /// # Errors
    /// It is in an encoding that was not asked for.
    pub(super) fn head(&self, call: usize, fields: &FieldList) -> Result<(), Fault> {
        match (self.calls[call].encoding, fields.get(ENCODING)) {
            (None, _) | (_, None | Some(b"identity")) => Ok(()),
            (Some(asked), Some(named)) if named == asked.name().as_bytes() => Ok(()),
            (Some(asked), Some(named)) => Err(Fault::internal(format!(
                "the answer is compressed with `{}`, and the runner accepts `{asked}`",
                named.escape_ascii()
            ))),
        }
    }

    /// A reply came, or a part of one: its length once it is whole.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn hear(
        &mut self,
        op: OpId,
        call: usize,
        piece: Piece<'_>,
    ) -> Result<Option<u64>, Fault> {
        if piece.len > self.most {
            return Err(Fault::too_long(self.most));
        }
        if piece.is_whole() {
            return self.read(call, piece.compressed, piece.bytes).map(Some);
        }
        let at = op.0 as usize;
        if self.parts.len() <= at {
            self.parts.resize_with(at + 1, Vec::new);
        }
        if piece.offset == 0 {
            self.parts[at].clear();
        }
        self.parts[at].extend_from_slice(piece.bytes);
        if !piece.is_last() {
            return Ok(None);
        }
        let whole = std::mem::take(&mut self.parts[at]);
        self.read(call, piece.compressed, &whole).map(Some)
    }

    /// The reply that was read last, not compressed; only where replies are looked at.
    pub(super) fn message(&self) -> &[u8] {
        &self.plain
    }

    fn read(&mut self, call: usize, compressed: bool, bytes: &[u8]) -> Result<u64, Fault> {
        let last = &self.last;
        if let Some(len) = last.len
            && !self.calls[call].looks
            && last.call == call
            && last.compressed == compressed
            && last.bytes == bytes
        {
            return Ok(len);
        }
        let len = self.read_anew(self.calls[call], compressed, bytes)?;
        self.last.call = call;
        self.last.compressed = compressed;
        self.last.bytes.clear();
        self.last.bytes.extend_from_slice(bytes);
        self.last.len = Some(len);
        Ok(len)
    }

    fn read_anew(&mut self, rules: Rules, compressed: bool, bytes: &[u8]) -> Result<u64, Fault> {
        if rules.looks {
            self.plain.clear();
            self.plain.extend_from_slice(bytes);
        }
        let mut message = bytes;
        // `wire` lets no compressed message pass where none is asked for.
        if compressed && let Some(encoding) = rules.encoding {
            self.plain.clear();
            encoding
                .decompress(bytes, self.most, &mut self.plain)
                .map_err(|broken| Fault {
                    status: Status::from_code(broken.code().into()),
                    words: format!("the answer cannot be decompressed: {broken}"),
                })?;
            message = &self.plain;
        }
        if rules.json {
            json::read_reply(message).map_err(|error| {
                Fault::internal(format!("the answer is no JSON of a HelloReply: {error}"))
            })?;
        }
        Ok(message.len() as u64)
    }
}
