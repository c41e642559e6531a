//! HPACK, header compression for HTTP/2 (RFC 7541).
//!
//! The decoder is complete: static and dynamic table, Huffman, size updates. The encoder is made for blocks that are
//! sent again and again: what repeats goes into the peer's dynamic table once, and a block becomes a few index bytes.

mod decode;
mod dynamic;
mod encode;
mod fields;
pub mod huffman;
mod integer;
mod statics;

pub use decode::{Decoded, Decoder, HpackError};
pub use encode::{Encoder, Indexing};
pub use fields::{FieldList, Fields};

/// The dynamic table size that both sides start with (RFC 9113 6.5.2).
pub const DEFAULT_TABLE_SIZE: u32 = 4096;
