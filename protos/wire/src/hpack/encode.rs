//! Fields to header blocks (RFC 7541 6).
//!
//! A block is encoded when it is first needed on a connection and then sent from memory. So this is not the hot path,
//! and it can afford to search. What it must get right is the peer's table: an entry is only inserted where nothing is
//! evicted for it, so indices that a compiled block holds stay right until the peer changes the table's size.

use super::dynamic::{DynamicTable, OVERHEAD};
use super::statics::{self, Match, STATIC};
use super::{DEFAULT_TABLE_SIZE, huffman, integer};

/// What the encoder may leave in the peer's dynamic table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Indexing {
    /// Each field once, for as long as there is room; later blocks are indices.
    #[default]
    Incremental,
    /// Nothing: every block stands for itself.
    Stateless,
}

/// Our header blocks, and what they left in the peer's table.
#[derive(Debug)]
pub struct Encoder {
    table: DynamicTable,
    indexing: Indexing,
    huffman: bool,
    /// The smallest and the last size since the last block, to be told in front of the next (RFC 7541 4.2).
    resized: Option<(usize, usize)>,
    generation: u32,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new(Indexing::Incremental, true)
    }
}

impl Encoder {
    /// This is an encoder for a connection on which nothing was sent yet.
    #[must_use]
    pub fn new(indexing: Indexing, huffman: bool) -> Self {
        Encoder {
            table: DynamicTable::new(DEFAULT_TABLE_SIZE as usize),
            indexing,
            huffman,
            resized: None,
            generation: 0,
        }
    }

    /// Changes with everything that makes blocks encoded before it wrong or wasteful.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Takes over the peer's SETTINGS_HEADER_TABLE_SIZE. More than the default is not used.
    pub fn set_peer_limit(&mut self, limit: u32) {
        let size = limit.min(DEFAULT_TABLE_SIZE) as usize;
        if size == self.table.max_size() {
            return;
        }
        self.table.resize(size);
        self.resized = Some(match self.resized {
            Some((smallest, _)) => (smallest.min(size), size),
            None => (size, size),
        });
        self.generation += 1;
    }

    /// Appends a block of these fields to `out`. Names must be in lower case.
    pub fn encode<'a>(
        &mut self,
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        out: &mut Vec<u8>,
    ) {
        self.tell_resized(out);
        for (name, value) in fields {
            self.field(name, value, true, out);
        }
    }

    /// Appends a block of these fields that leaves nothing in the peer's table, for values that will not come again.
    pub fn encode_once<'a>(
        &mut self,
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        out: &mut Vec<u8>,
    ) {
        self.tell_resized(out);
        for (name, value) in fields {
            self.field(name, value, false, out);
        }
    }

    fn tell_resized(&mut self, out: &mut Vec<u8>) {
        if let Some((smallest, last)) = self.resized.take() {
            if smallest < last {
                integer::encode(smallest, 5, 0x20, out);
            }
            integer::encode(last, 5, 0x20, out);
            self.generation += 1;
        }
    }

    fn field(&mut self, name: &[u8], value: &[u8], may_insert: bool, out: &mut Vec<u8>) {
        let fixed = statics::find(name, value);
        if let Match::Full(index) = fixed {
            integer::encode(index, 7, 0x80, out);
            return;
        }
        let own = self.table.find(name, value);
        if let Match::Full(at) = own {
            integer::encode(at + 1 + STATIC.len(), 7, 0x80, out);
            return;
        }
        let insert = may_insert && self.has_room(name, value);
        let (prefix, flags) = if insert { (6, 0x40) } else { (4, 0x00) };
        match (fixed, own) {
            (Match::Name(index), _) => integer::encode(index, prefix, flags, out),
            (_, Match::Name(at)) => integer::encode(at + 1 + STATIC.len(), prefix, flags, out),
            _ => {
                out.push(flags);
                self.string(name, out);
            }
        }
        self.string(value, out);
        if insert {
            self.table.insert(name, value);
            self.generation += 1;
        }
    }

    fn has_room(&self, name: &[u8], value: &[u8]) -> bool {
        let size = name.len() + value.len() + OVERHEAD;
        self.indexing == Indexing::Incremental && self.table.size() + size <= self.table.max_size()
    }

    fn string(&self, text: &[u8], out: &mut Vec<u8>) {
        let coded = huffman::encoded_len(text);
        if self.huffman && coded < text.len() {
            integer::encode(coded, 7, 0x80, out);
            huffman::encode(text, out);
        } else {
            integer::encode(text.len(), 7, 0x00, out);
            out.extend_from_slice(text);
        }
    }
}
