//! What is to be written to the peer.

use std::collections::VecDeque;
use std::io::IoSlice;

use crate::frame::{Flags, HEAD_LEN, Head, Kind};
use crate::message::Message;

/// Pieces of a message that are at least this long are lent to the writer, shorter ones are copied: below, the copy is
/// cheaper than one more entry in a vectored write.
const LEND_FROM: usize = 4096;

/// Bytes for the peer: frames in a buffer, and large pieces of messages between them that are not copied into it.
#[derive(Debug, Default)]
pub(crate) struct Output {
    buffer: Vec<u8>,
    /// How much of the buffer is written.
    written: usize,
    lent: VecDeque<Lent>,
    lent_len: usize,
    /// The last frame, while it is DATA without END_STREAM that no one has looked at: its place and its stream.
    open: Option<(usize, u32)>,
    /// Answers that the peer made us queue and has not taken yet.
    pub(crate) answers: u32,
}

/// A piece of a message that goes out when the buffer is written up to `at`.
#[derive(Debug)]
struct Lent {
    at: usize,
    message: Message,
    from: usize,
    to: usize,
}

impl Output {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.buffer.len() - self.written + self.lent_len
    }

    /// The buffer, to append whole frames to.
    #[inline]
    pub(crate) fn frames(&mut self) -> &mut Vec<u8> {
        self.open = None;
        &mut self.buffer
    }

    /// Appends a piece of a message, the payload of the frame whose head was just appended.
    #[inline]
    pub(crate) fn piece(&mut self, message: &Message, from: usize, to: usize) {
        if to - from < LEND_FROM {
            self.buffer
                .extend_from_slice(&message.as_framed()[from..to]);
            return;
        }
        self.lent.push_back(Lent {
            at: self.buffer.len(),
            message: message.clone(),
            from,
            to,
        });
        self.lent_len += to - from;
    }

    /// Remembers that the DATA frame at `at` may be extended.
    #[inline]
    pub(crate) fn leave_open(&mut self, at: usize, stream: u32) {
        self.open = Some((at, stream));
    }

    /// Extends the last frame, if it is DATA of that stream with room for `len` more, and no one has looked at it.
    #[inline]
    pub(crate) fn extend(
        &mut self,
        stream: u32,
        len: usize,
        max: usize,
        end: bool,
    ) -> Option<&mut Vec<u8>> {
        let (at, of) = self.open?;
        let so_far = self.buffer.len() - at - HEAD_LEN;
        if of != stream || so_far + len > max {
            return None;
        }
        if end {
            self.open = None;
        }
        let head = Head::new(Kind::DATA, Flags::NONE.ending(end), stream, so_far + len);
        self.buffer[at..at + HEAD_LEN].copy_from_slice(&head.bytes());
        Some(&mut self.buffer)
    }

    /// All that is to be written and stands together.
    #[inline]
    pub(crate) fn contiguous(&mut self) -> &[u8] {
        self.open = None;
        match self.lent.front() {
            Some(lent) if lent.at == self.written => &lent.message.as_framed()[lent.from..lent.to],
            Some(lent) => &self.buffer[self.written..lent.at],
            None => &self.buffer[self.written..],
        }
    }

    /// Fills `slices` with what is to be written, in order, and says how many it used.
    pub(crate) fn slices<'a>(&'a mut self, slices: &mut [IoSlice<'a>]) -> usize {
        self.open = None;
        let mut used = 0;
        let mut at = self.written;
        let mut lent = self.lent.iter();
        while used < slices.len() {
            let next = lent.next();
            let end = next.map_or(self.buffer.len(), |lent| lent.at);
            if end > at {
                slices[used] = IoSlice::new(&self.buffer[at..end]);
                used += 1;
                at = end;
            }
            let Some(lent) = next else { break };
            if used < slices.len() {
                slices[used] = IoSlice::new(&lent.message.as_framed()[lent.from..lent.to]);
                used += 1;
            }
        }
        used
    }

    /// `len` bytes were written.
    pub(crate) fn advance(&mut self, mut len: usize) {
        self.open = None;
        while let Some(lent) = self.lent.front_mut() {
            let before = len.min(lent.at - self.written);
            self.written += before;
            len -= before;
            if len == 0 {
                return;
            }
            let of_it = len.min(lent.to - lent.from);
            lent.from += of_it;
            self.lent_len -= of_it;
            len -= of_it;
            if lent.from < lent.to {
                return;
            }
            self.lent.pop_front();
        }
        self.written = (self.written + len).min(self.buffer.len());
        if self.written == self.buffer.len() {
            self.buffer.clear();
            self.written = 0;
            self.answers = 0;
        }
    }

    /// Gives back memory beyond `keep` when nothing is to be written.
    pub(crate) fn shrink(&mut self, keep: usize) {
        if self.buffer.is_empty() && self.buffer.capacity() > keep {
            self.buffer.shrink_to(keep);
        }
    }
}
