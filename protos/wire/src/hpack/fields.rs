//! Decoded header fields, all in one buffer.

use std::fmt;

/// A list of header fields in the order they were sent. Cleared and filled again without allocating once warm.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct FieldList {
    pub(super) bytes: Vec<u8>,
    pub(super) ends: Vec<(u32, u32)>,
}

impl FieldList {
    /// This is a list without fields.
    #[must_use]
    pub const fn new() -> Self {
        FieldList {
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Empties the list, keeping its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Appends a field.
    pub fn push(&mut self, name: &[u8], value: &[u8]) {
        self.bytes.extend_from_slice(name);
        let name_end = self.bytes.len() as u32;
        self.bytes.extend_from_slice(value);
        self.ends.push((name_end, self.bytes.len() as u32));
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes of all names and values: the header bytes before compression.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// The fields, name and value.
    #[must_use]
    pub fn iter(&self) -> Fields<'_> {
        Fields { list: self, at: 0 }
    }

    /// The first value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find(|(known, _)| *known == name.as_bytes())
            .map(|(_, value)| value)
    }

    /// Takes over the contents of another list, keeping the memory of this one.
    pub(crate) fn copy_from(&mut self, other: &FieldList) {
        self.clear();
        self.bytes.extend_from_slice(&other.bytes);
        self.ends.extend_from_slice(&other.ends);
    }
}

impl fmt::Debug for FieldList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.iter().map(|(name, value)| {
                (
                    String::from_utf8_lossy(name).into_owned(),
                    String::from_utf8_lossy(value).into_owned(),
                )
            }))
            .finish()
    }
}

impl<'a> IntoIterator for &'a FieldList {
    type Item = (&'a [u8], &'a [u8]);
    type IntoIter = Fields<'a>;

    fn into_iter(self) -> Fields<'a> {
        self.iter()
    }
}

/// The fields of a list, one after the other.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    list: &'a FieldList,
    at: usize,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let &(name_end, value_end) = self.list.ends.get(self.at)?;
        let start = match self.at {
            0 => 0,
            at => self.list.ends[at - 1].1,
        };
        self.at += 1;
        let bytes = &self.list.bytes;
        Some((
            &bytes[start as usize..name_end as usize],
            &bytes[name_end as usize..value_end as usize],
        ))
    }
}
