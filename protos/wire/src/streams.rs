//! The streams of a connection: a slab, and a table from stream id to slot.
//!
//! Ids are handed out in order, so a table of a power of two, indexed by `id >> 1` with linear probing, finds nearly
//! every stream at the first look. A peer that picks its ids to collide makes the probes longer, but no more than the
//! streams it is allowed. Slots are reused last in, first out: what is touched was touched a moment ago. Hot; guarded by
//! `benches/call.rs`.

use crate::flow::{Inbound, Window};
use crate::message::Deframer;

/// No slot.
pub(crate) const NIL: u32 = u32::MAX;

/// Where a stream with something to send stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Nothing is queued.
    #[default]
    Idle,
    /// In the round of those that can send.
    Ready,
    /// Its own window is used up.
    Stalled,
}

/// One live stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    pub(crate) id: u32,
    /// What the user knows the stream by.
    pub(crate) token: u64,

    /// Our END_STREAM is out, or queued.
    pub(crate) closing: bool,
    /// Our END_STREAM is out.
    pub(crate) local_closed: bool,
    /// The peer's END_STREAM is in.
    pub(crate) remote_closed: bool,
    /// Our header block is out (server), or the peer's is in (client).
    pub(crate) head: bool,
    /// Messages of the peer may be compressed.
    pub(crate) encoded: bool,
    /// What comes is not gRPC: its DATA is counted, not cut into messages.
    pub(crate) opaque: bool,
    /// The reader is slow: what it is sent is not given back yet.
    pub(crate) held: bool,

    pub(crate) turn: Turn,
    pub(crate) before: u32,
    pub(crate) after: u32,
    /// First and last queued item.
    pub(crate) first: u32,
    pub(crate) last: u32,

    pub(crate) window: Window,
    pub(crate) inbound: Inbound,
    /// Bytes that a held stream owes the connection's window.
    pub(crate) owed: u32,
    pub(crate) deframer: Deframer,

    pub(crate) sent: Progress,
    pub(crate) received: Progress,
    /// DATA bytes in all by `content-length`, where one was given.
    pub(crate) expected: Option<u64>,
    /// Which read opened it.
    pub(crate) born: u64,
    /// HTTP status of the peer's head.
    pub(crate) http_status: u16,
}

/// How far a stream has come in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whole messages.
    pub messages: u64,
    /// Bytes of DATA, prefixes included, padding not.
    pub bytes: u64,
}

impl Stream {
    pub(crate) fn new(id: u32, token: u64, window: u32, inbound: u32, born: u64) -> Self {
        Stream {
            id,
            token,
            closing: false,
            local_closed: false,
            remote_closed: false,
            head: false,
            encoded: false,
            opaque: false,
            held: false,
            turn: Turn::Idle,
            before: NIL,
            after: NIL,
            first: NIL,
            last: NIL,
            window: Window::new(window),
            inbound: Inbound::new(inbound),
            owed: 0,
            deframer: Deframer::default(),
            sent: Progress::default(),
            received: Progress::default(),
            expected: None,
            born,
            http_status: 0,
        }
    }
}

impl Stream {
    /// Whether the request is all out, nothing of the answer has come, and nothing keeps it from being taken whole.
    #[inline]
    pub(crate) fn awaits_only_answer(&self) -> bool {
        self.local_closed && !(self.head || self.remote_closed || self.held)
    }

    /// Whether the DATA so far is more than `content-length` says, or less at the end (RFC 9113 8.1.1).
    #[inline]
    pub(crate) fn misfits_content_length(&self, end: bool) -> bool {
        self.expected.is_some_and(|expected| {
            let bytes = self.received.bytes;
            bytes > expected || end && bytes != expected
        })
    }
}

/// All live streams.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    slots: Vec<Stream>,
    free: Vec<u32>,
    /// `(id, slot)`, id 0 for none. At most half full.
    table: Vec<(u32, u32)>,
    /// How far from its home an entry may stand: 0 while ids come in order and none outlives a table's worth of others.
    reach: usize,
}

impl Streams {
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Slots, live or not.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.len()
    }

    #[inline]
    pub(crate) fn find(&self, id: u32) -> Option<usize> {
        self.find_entry(id).map(|(_, slot)| slot)
    }

    /// Where a stream stands in the table, and its slot.
    #[inline]
    pub(crate) fn find_entry(&self, id: u32) -> Option<(usize, usize)> {
        if self.table.is_empty() {
            return None;
        }
        let mask = self.table.len() - 1;
        let mut at = (id >> 1) as usize & mask;
        loop {
            let (known, slot) = self.table[at];
            if known == id && id != 0 {
                return Some((at, slot as usize));
            }
            if known == 0 {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    pub(crate) fn at(&mut self, slot: usize) -> &mut Stream {
        &mut self.slots[slot]
    }

    #[inline]
    pub(crate) fn get(&self, slot: usize) -> &Stream {
        &self.slots[slot]
    }

    /// A slot for a new stream, which is to be written there; its id must not be there yet.
    #[inline]
    pub(crate) fn claim(&mut self, id: u32) -> usize {
        if self.free.is_empty() {
            self.grow_slots();
        }
        let slot = self.free.pop().unwrap_or_default();
        self.enter(id, slot);
        slot as usize
    }

    /// One more slot, and room for it in the table.
    #[cold]
    fn grow_slots(&mut self) {
        self.free.push(self.slots.len() as u32);
        self.slots.push(Stream::new(0, 0, 0, 0, 0));
        if 2 * self.slots.len() > self.table.len() {
            self.grow();
        }
    }

    #[inline]
    fn enter(&mut self, id: u32, slot: u32) {
        let mask = self.table.len() - 1;
        let home = (id >> 1) as usize & mask;
        let mut at = home;
        while self.table[at].0 != 0 {
            at = (at + 1) & mask;
        }
        self.table[at] = (id, slot);
        self.reach = self.reach.max(at.wrapping_sub(home) & mask);
    }

    #[cold]
    fn grow(&mut self) {
        let larger = vec![(0, 0); (2 * self.table.len()).max(8)];
        let smaller = std::mem::replace(&mut self.table, larger);
        self.reach = 0;
        for (id, slot) in smaller {
            if id != 0 {
                self.enter(id, slot);
            }
        }
    }

    /// Takes a stream out.
    #[inline]
    pub(crate) fn remove(&mut self, slot: usize) {
        let id = self.slots[slot].id;
        let mask = self.table.len() - 1;
        let mut at = (id >> 1) as usize & mask;
        while self.table[at].0 != id {
            at = (at + 1) & mask;
        }
        self.remove_entry(at, slot);
    }

    /// Takes out a stream that was found there.
    #[inline]
    pub(crate) fn remove_entry(&mut self, entry: usize, slot: usize) {
        let hole = if self.reach == 0 {
            entry
        } else {
            self.move_back(entry)
        };
        self.table[hole] = (0, 0);
        self.slots[slot].id = 0;
        self.free.push(slot as u32);
        if self.len() == 0 {
            self.reach = 0;
        }
    }

    /// Moves back what a probe could no longer reach across the hole (Knuth 6.4, algorithm R); gives the last hole.
    fn move_back(&mut self, mut hole: usize) -> usize {
        let mask = self.table.len() - 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let (other, _) = self.table[at];
            // Ids in order fill a long run, but behind `reach` none of it belongs in front of the hole.
            if other == 0 || (at.wrapping_sub(hole) & mask) > self.reach {
                break;
            }
            let home = (other >> 1) as usize & mask;
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.table[hole] = self.table[at];
                hole = at;
            }
        }
        hole
    }

    /// All live streams.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.slots.iter_mut().filter(|stream| stream.id != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_found_whatever_their_ids() {
        let mut streams = Streams::default();
        let mut live = std::collections::BTreeMap::new();
        // A small generator (Knuth's LCG) that often picks ids of the same home.
        let mut random = 1u64;
        for _ in 0..20_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let id = ((((random >> 33) as u32 % 40) << 7) | ((random >> 60) as u32 % 3)) * 2 + 1;
            if live.remove(&id).is_some() {
                let slot = streams.find(id).expect("alive");
                streams.remove(slot);
            } else if live.len() < 50 {
                let slot = streams.claim(id);
                *streams.at(slot) = Stream::new(id, u64::from(id), 0, 0, 0);
                live.insert(id, slot);
            }
            assert_eq!(streams.find(id), live.get(&id).copied());
            assert_eq!(streams.len(), live.len());
        }
        for (&id, &slot) in &live {
            assert_eq!(streams.find(id), Some(slot));
            assert_eq!(streams.get(slot).token, u64::from(id));
        }
    }
}
