//! Header blocks that were seen before, recognised by their bytes.
//!
//! A server answers call after call with the same few blocks. Comparing one with what was decoded before costs a
//! `memcmp`; decoding it costs a hundred times that. A block that refers to the dynamic table means the same only while
//! the table is unchanged, so those are forgotten with every change. Hot; guarded by `benches/call.rs`.

use crate::hpack::{Decoder, FieldList, HpackError};

const ENTRIES: usize = 8;
const LONGEST: usize = 512;

/// The last few blocks, what they decode to, and what was made of that.
#[derive(Debug)]
pub struct Memo<F> {
    entries: Vec<Entry<F>>,
    next: usize,
    /// The fields of a block that is not kept.
    scratch: FieldList,
}

#[derive(Debug)]
struct Entry<F> {
    block: Vec<u8>,
    fields: FieldList,
    facts: F,
    dynamic: bool,
}

/// Where the fields of a block are.
#[derive(Clone, Copy, Debug)]
pub enum Found {
    /// Among those that are kept.
    Entry(usize),
    /// Decoded just now, and not kept.
    Scratch,
}

impl<F> Default for Memo<F> {
    fn default() -> Self {
        Memo {
            entries: Vec::new(),
            next: 0,
            scratch: FieldList::new(),
        }
    }
}

impl<F: Copy> Memo<F> {
    /// What the block says: `facts` of its fields, and whether they were more than allowed.
    #[inline]
    pub fn read(
        &mut self,
        decoder: &mut Decoder,
        block: &[u8],
        facts: impl FnOnce(&FieldList, bool) -> F,
    ) -> Result<(F, Found), HpackError> {
        for (at, entry) in self.entries.iter().enumerate() {
            if entry.block == block {
                return Ok((entry.facts, Found::Entry(at)));
            }
        }
        self.decode(decoder, block, facts)
    }

    /// What a block says that is known already, with its fields.
    #[inline]
    pub(crate) fn find(&self, block: &[u8]) -> Option<(&F, &FieldList)> {
        let known = self.entries.iter().find(|entry| entry.block == block)?;
        Some((&known.facts, &known.fields))
    }

    fn decode(
        &mut self,
        decoder: &mut Decoder,
        block: &[u8],
        facts: impl FnOnce(&FieldList, bool) -> F,
    ) -> Result<(F, Found), HpackError> {
        let decoded = decoder.decode(block, &mut self.scratch)?;
        let facts = facts(&self.scratch, decoded.too_large);
        if decoded.changed_table {
            self.table_changed();
        }
        if decoded.changed_table || decoded.too_large || block.is_empty() || block.len() > LONGEST {
            return Ok((facts, Found::Scratch));
        }
        let at = self.vacant(facts);
        let entry = &mut self.entries[at];
        entry.block.extend_from_slice(block);
        entry.fields.copy_from(&self.scratch);
        entry.facts = facts;
        entry.dynamic = decoded.used_table;
        Ok((facts, Found::Entry(at)))
    }

    /// The fields behind what [`read`](Self::read) found.
    #[inline]
    pub fn fields(&self, found: Found) -> &FieldList {
        match found {
            Found::Entry(at) => &self.entries[at].fields,
            Found::Scratch => &self.scratch,
        }
    }

    /// Forgets every block whose meaning hangs on the dynamic table. An entry without a block is vacant: no block is
    /// empty that is kept.
    fn table_changed(&mut self) {
        for entry in &mut self.entries {
            if entry.dynamic {
                entry.block.clear();
            }
        }
    }

    /// Forgets every block: the next one of any kind must be decoded.
    pub fn clear(&mut self) {
        for entry in &mut self.entries {
            entry.block.clear();
        }
    }

    /// An entry to fill: a vacant one, a new one, or the next in turn.
    fn vacant(&mut self, facts: F) -> usize {
        if let Some(at) = self.entries.iter().position(|entry| entry.block.is_empty()) {
            return at;
        }
        if self.entries.len() < ENTRIES {
            self.entries.push(Entry {
                block: Vec::new(),
                fields: FieldList::new(),
                facts,
                dynamic: false,
            });
            return self.entries.len() - 1;
        }
        let at = self.next;
        self.next = (self.next + 1) % ENTRIES;
        self.entries[at].block.clear();
        at
    }
}
