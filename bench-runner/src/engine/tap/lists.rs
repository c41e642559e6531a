//! How long header lists are before HPACK, told from the blocks that pass.

use wire::Memo;
use wire::hpack::Decoder;

/// The header blocks of one direction of a connection.
///
/// A block that was seen before is recognised by its bytes, so that calls that are alike cost a comparison.
#[derive(Debug)]
pub(super) struct Lists {
    decoder: Decoder,
    known: Memo<u64>,
}

impl Default for Lists {
    fn default() -> Lists {
        Lists {
            // The peer keeps to the table size that it was told; to follow it takes no limit of ours.
            decoder: Decoder::new(u32::MAX, u32::MAX),
            known: Memo::default(),
        }
    }
}

impl Lists {
    /// Bytes of the names and values of the next block; `None` where it is not HPACK.
    #[inline]
    pub(super) fn list_bytes(&mut self, block: &[u8]) -> Option<u64> {
        self.known
            .read(&mut self.decoder, block, |fields, _| {
                fields.byte_len() as u64
            })
            .ok()
            .map(|(bytes, _)| bytes)
    }
}
