//! The dynamic table (RFC 7541 2.3.2 and 4): a queue of fields that is bounded in bytes.

use std::collections::VecDeque;

use super::statics::Match;

/// What an entry counts beyond its name and value (RFC 7541 4.1).
pub(super) const OVERHEAD: usize = 32;

/// Fields, newest first. Their bytes stand one behind the other in one buffer, which is moved together from time to
/// time, so that a warm table inserts and evicts without allocating.
#[derive(Debug, Default)]
pub(super) struct DynamicTable {
    entries: VecDeque<Entry>,
    bytes: Vec<u8>,
    size: usize,
    max_size: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: usize,
    name: usize,
    value: usize,
}

impl Entry {
    fn size(&self) -> usize {
        self.name + self.value + OVERHEAD
    }
}

impl DynamicTable {
    pub(super) fn new(max_size: usize) -> Self {
        DynamicTable {
            max_size,
            ..Self::default()
        }
    }

    pub(super) fn max_size(&self) -> usize {
        self.max_size
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Changes the bound, evicting what no longer fits (RFC 7541 4.3).
    pub(super) fn resize(&mut self, max_size: usize) {
        self.max_size = max_size;
        self.shrink_to(max_size);
    }

    /// Puts a field in front, evicting from the back; one that does not fit leaves the table empty (RFC 7541 4.4).
    pub(super) fn insert(&mut self, name: &[u8], value: &[u8]) {
        let size = name.len() + value.len() + OVERHEAD;
        if size > self.max_size {
            self.shrink_to(0);
            return;
        }
        self.shrink_to(self.max_size - size);
        self.compact();
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.entries.push_front(Entry {
            start,
            name: name.len(),
            value: value.len(),
        });
        self.size += size;
    }

    /// The field at `at`, counted from 0, the newest.
    pub(super) fn get(&self, at: usize) -> Option<(&[u8], &[u8])> {
        let entry = self.entries.get(at)?;
        let text = &self.bytes[entry.start..][..entry.name + entry.value];
        Some(text.split_at(entry.name))
    }

    /// Looks a field up; indices are counted from 0, the newest.
    pub(super) fn find(&self, name: &[u8], value: &[u8]) -> Match {
        let mut found = Match::None;
        for at in 0..self.len() {
            let Some((known, known_value)) = self.get(at) else {
                break;
            };
            if known == name && known_value == value {
                return Match::Full(at);
            }
            if known == name && found == Match::None {
                found = Match::Name(at);
            }
        }
        found
    }

    fn shrink_to(&mut self, size: usize) {
        while self.size > size {
            let Some(oldest) = self.entries.pop_back() else {
                break;
            };
            self.size -= oldest.size();
        }
        if self.entries.is_empty() {
            self.bytes.clear();
        }
    }

    /// Drops the bytes of evicted entries once they outweigh the table: each byte is moved at most once for each
    /// `max_size` bytes that are inserted.
    fn compact(&mut self) {
        if self.bytes.len() <= 2 * self.max_size {
            return;
        }
        let Some(dead) = self.entries.back().map(|oldest| oldest.start) else {
            return;
        };
        self.bytes.drain(..dead);
        for entry in &mut self.entries {
            entry.start -= dead;
        }
    }
}
