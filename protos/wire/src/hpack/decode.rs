//! Header blocks to fields (RFC 7541 3 and 6).

use thiserror::Error;

use super::dynamic::{DynamicTable, OVERHEAD};
use super::fields::FieldList;
use super::statics::STATIC;
use super::{DEFAULT_TABLE_SIZE, huffman, integer};

/// What is wrong with a header block. Each ends the connection with COMPRESSION_ERROR (RFC 9113 4.3).
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum HpackError {
    /// The block ends inside a field.
    #[error("header block ends inside a field")]
    Truncated,
    /// An integer that nothing could need.
    #[error("integer out of range in header block")]
    IntegerOverflow,
    /// An index that neither table has.
    #[error("index of no table entry in header block")]
    Index,
    /// A string that is not Huffman code.
    #[error("invalid Huffman code in header block")]
    Huffman,
    /// A table size update above the limit, behind the first field, or missing where one was due.
    #[error("invalid dynamic table size update")]
    SizeUpdate,
}

/// What decoding a block said about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The block changed the dynamic table: it means something else when it comes again, and so may others.
    pub changed_table: bool,
    /// The block refers to the dynamic table.
    pub used_table: bool,
    /// The fields were more than the limit allows; the list holds those before.
    pub too_large: bool,
}

/// The peer's header blocks, and the table they build up.
#[derive(Debug)]
pub struct Decoder {
    table: DynamicTable,
    /// What our SETTINGS allow.
    limit: usize,
    /// The limit was lowered below the table's size, so the next block must say that it followed (RFC 9113 4.3.1).
    update_due: bool,
    max_list_size: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(DEFAULT_TABLE_SIZE, u32::MAX)
    }
}

impl Decoder {
    /// This is a decoder that lets the table grow to `limit` and keeps lists to `max_list_size` (RFC 9113 6.5.2).
    #[must_use]
    pub fn new(limit: u32, max_list_size: u32) -> Self {
        // The table starts at the default whatever the limit is: a larger one needs the encoder's update.
        let limit = limit as usize;
        Decoder {
            table: DynamicTable::new(limit.min(DEFAULT_TABLE_SIZE as usize)),
            limit,
            update_due: false,
            max_list_size: max_list_size as usize,
        }
    }

    /// Changes what the table may grow to: our SETTINGS_HEADER_TABLE_SIZE, once acknowledged.
    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit as usize;
        self.update_due = self.table.max_size() > self.limit;
    }

    /// The size of the table in the sense of RFC 7541 4.1.
    #[must_use]
    pub fn table_size(&self) -> usize {
        self.table.size()
    }

    /// Decodes one whole block into `fields`, which is cleared first.
    ///
    /// A list beyond the limit is decoded to its end, for the sake of the table, but not kept.
    ///
    /// # Errors
    /// The block is not HPACK. The table is unusable from then on.
    pub fn decode(&mut self, block: &[u8], fields: &mut FieldList) -> Result<Decoded, HpackError> {
        fields.clear();
        let mut run = Run {
            block,
            at: 0,
            list_size: 0,
            decoded: Decoded {
                changed_table: false,
                used_table: false,
                too_large: false,
            },
        };
        self.size_updates(&mut run)?;
        while run.at < block.len() {
            self.field(&mut run, fields)?;
        }
        Ok(run.decoded)
    }

    /// Size updates stand in front of the first field (RFC 7541 4.2), at most two of them.
    fn size_updates(&mut self, run: &mut Run<'_>) -> Result<(), HpackError> {
        let mut count = 0;
        while let Some(0x20..=0x3f) = run.block.get(run.at) {
            let size = integer::decode(run.block, &mut run.at, 5)? as usize;
            count += 1;
            if size > self.limit || count > 2 {
                return Err(HpackError::SizeUpdate);
            }
            self.table.resize(size);
            self.update_due = false;
            run.decoded.changed_table = true;
        }
        if self.update_due {
            return Err(HpackError::SizeUpdate);
        }
        Ok(())
    }

    fn field(&mut self, run: &mut Run<'_>, fields: &mut FieldList) -> Result<(), HpackError> {
        let start = fields.bytes.len();
        let first = run.block[run.at];
        let name_end = match first {
            0x80.. => {
                let index = integer::decode(run.block, &mut run.at, 7)?;
                let (name, value) = self.lookup(index, run)?;
                // A long entry that is named again and again costs an addition, not a copy.
                if run.decoded.too_large {
                    return Ok(());
                }
                fields.bytes.extend_from_slice(name);
                let name_end = fields.bytes.len();
                fields.bytes.extend_from_slice(value);
                name_end
            }
            0x40.. => {
                let name_end = self.literal(run, 6, fields)?;
                let (name, value) = fields.bytes[start..].split_at(name_end - start);
                self.table.insert(name, value);
                run.decoded.changed_table = true;
                name_end
            }
            0x20.. => return Err(HpackError::SizeUpdate),
            // Without indexing, or never indexed: the difference is for those who pass it on (RFC 7541 6.2.3).
            _ => self.literal(run, 4, fields)?,
        };
        run.list_size += fields.bytes.len() - start + OVERHEAD;
        if run.list_size > self.max_list_size {
            run.decoded.too_large = true;
            fields.bytes.truncate(start);
        } else {
            fields
                .ends
                .push((name_end as u32, fields.bytes.len() as u32));
        }
        Ok(())
    }

    /// Appends name and value of a literal to the list's bytes and says where the name ends.
    fn literal(
        &self,
        run: &mut Run<'_>,
        prefix: u32,
        fields: &mut FieldList,
    ) -> Result<usize, HpackError> {
        match integer::decode(run.block, &mut run.at, prefix)? {
            0 => run.string(&mut fields.bytes)?,
            index => {
                let (name, _) = self.lookup(index, run)?;
                fields.bytes.extend_from_slice(name);
            }
        }
        let name_end = fields.bytes.len();
        run.string(&mut fields.bytes)?;
        Ok(name_end)
    }

    /// The static table's entries come first, then the dynamic one's (RFC 7541 2.3.3). 0 is no entry.
    fn lookup(&self, index: u32, run: &mut Run<'_>) -> Result<(&[u8], &[u8]), HpackError> {
        let at = (index as usize).checked_sub(1).ok_or(HpackError::Index)?;
        if let Some((name, value)) = STATIC.get(at) {
            return Ok((name.as_bytes(), value.as_bytes()));
        }
        run.decoded.used_table = true;
        self.table.get(at - STATIC.len()).ok_or(HpackError::Index)
    }
}

/// One block on its way.
struct Run<'a> {
    block: &'a [u8],
    at: usize,
    list_size: usize,
    decoded: Decoded,
}

impl Run<'_> {
    /// Appends a string literal (RFC 7541 5.2) to `out`.
    fn string(&mut self, out: &mut Vec<u8>) -> Result<(), HpackError> {
        let coded = self.block.get(self.at).ok_or(HpackError::Truncated)? & 0x80 != 0;
        let len = integer::decode(self.block, &mut self.at, 7)? as usize;
        let end = self.at.checked_add(len).ok_or(HpackError::Truncated)?;
        let text = self.block.get(self.at..end).ok_or(HpackError::Truncated)?;
        self.at = end;
        if coded {
            huffman::decode(text, out)
        } else {
            out.extend_from_slice(text);
            Ok(())
        }
    }
}
