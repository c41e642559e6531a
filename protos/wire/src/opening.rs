//! The frames that open one and the same call, kept as they went out the last time.
//!
//! A load sends the same header block with the same only message again and again; then nothing but the stream's id is
//! new. One is kept for each connection: the first that was sent. Hot; guarded by `benches/call.rs`.

use crate::frame::HEAD_LEN;
use crate::message::Message;
use crate::template::Template;

/// The longest that is worth keeping: what is longer costs more to copy than to put together.
const LONGEST: usize = 1024;
/// Where the stream's id stands in a frame's head.
const ID: usize = 5;

/// HEADERS and DATA of a call with one message.
#[derive(Debug)]
pub(crate) struct Opening {
    template: Template,
    message: Message,
    /// The encoder's generation in which the header block is right.
    generation: u32,
    bytes: Vec<u8>,
    pub(crate) block_len: usize,
}

impl Opening {
    /// What was appended for a call just now, if it is two frames and short.
    pub(crate) fn learn(
        template: &Template,
        message: &Message,
        generation: u32,
        bytes: &[u8],
    ) -> Option<Self> {
        let block_len = bytes
            .len()
            .checked_sub(2 * HEAD_LEN + message.as_framed().len())?;
        (bytes.len() <= LONGEST).then(|| Opening {
            template: template.clone(),
            message: message.clone(),
            generation,
            bytes: bytes.to_vec(),
            block_len,
        })
    }

    /// Whether it opens this call, as things stand.
    #[inline]
    pub(crate) fn is(&self, template: &Template, message: &Message, generation: u32) -> bool {
        self.generation == generation && self.message.is(message) && self.template.is(template)
    }

    /// Whether it opens other calls than these, and is right for them.
    pub(crate) fn is_right_for_others(&self, message: &Message, generation: u32) -> bool {
        self.generation == generation && !self.message.is(message)
    }

    /// What its DATA counts for in the windows.
    #[inline]
    pub(crate) fn data_len(&self) -> usize {
        self.bytes.len() - self.block_len - 2 * HEAD_LEN
    }

    /// Header bytes before compression.
    #[inline]
    pub(crate) fn list_len(&self) -> usize {
        self.template.fields().byte_len()
    }

    /// Appends it for another stream.
    #[inline]
    pub(crate) fn append(&self, id: u32, out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(&self.bytes);
        for head in [at, at + HEAD_LEN + self.block_len] {
            out[head + ID..head + HEAD_LEN].copy_from_slice(&id.to_be_bytes());
        }
    }
}
