//! Sending: header blocks, messages, and the round that puts queued messages into the output as the windows allow.
//!
//! Hot; guarded by `benches/call.rs`.

use crate::conn::Conn;
use crate::frame::{Flags, HEAD_LEN, Head, Kind};
use crate::message::{Outgoing, PREFIX_LEN, prefix};
use crate::opening::Opening;
use crate::outbox::Item;
use crate::streams::NIL;
use crate::template::Template;

/// What became of a message that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// All of it is in the output.
    Whole,
    /// It waits for windows or room; [`sent`](crate::ClientEvents::sent) tells when all of it is in the output.
    Queued,
}

/// The stream is over, or our half of it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stream is closed")]
pub struct Closed;

/// The longest message that is copied into the output at once although it takes several frames.
const COPY_UP_TO: usize = 64 << 10;

impl Conn {
    /// Appends a header block of a stream, cut to frames as the peer wants them (RFC 9113 4.3).
    #[inline]
    pub(crate) fn send_block(&mut self, id: u32, template: &Template, end: bool) {
        let block = self.blocks.block(template, &mut self.encoder);
        let sent = &mut self.counters.sent;
        sent.header_bytes += block.len() as u64;
        sent.header_list_bytes += template.fields().byte_len() as u64;
        sent.frame(Kind::HEADERS);
        let out = self.output.frames();
        let max = self.peer.max_frame_size as usize;
        if block.len() <= max {
            Head::new(
                Kind::HEADERS,
                Flags::END_HEADERS.ending(end),
                id,
                block.len(),
            )
            .encode(out);
            out.extend_from_slice(block);
            return;
        }
        let (mut now, mut later) = block.split_at(max);
        Head::new(Kind::HEADERS, Flags::NONE.ending(end), id, now.len()).encode(out);
        out.extend_from_slice(now);
        while !later.is_empty() {
            (now, later) = later.split_at(later.len().min(max));
            let flags = if later.is_empty() {
                Flags::END_HEADERS
            } else {
                Flags::NONE
            };
            sent.frame(Kind::CONTINUATION);
            Head::new(Kind::CONTINUATION, flags, id, now.len()).encode(out);
            out.extend_from_slice(now);
        }
    }

    /// Whether the first message of a new stream can go out at once.
    #[inline]
    pub(crate) fn has_room_for_first(&self, len: usize) -> bool {
        len <= self.window.available()
            && len <= self.peer.initial_window_size as usize
            && self.output.len() < self.output_high_water
    }

    /// Opens a stream by the frames that opened one before, all that it sends; there is room for them.
    #[inline]
    pub(crate) fn open_again(&mut self, id: u32, token: u64, opening: &Opening) {
        let len = opening.data_len();
        self.opened = id;
        let slot = self.new_stream(id, token);
        let stream = self.streams.at(slot);
        stream.closing = true;
        stream.local_closed = true;
        stream.sent.messages = 1;
        stream.sent.bytes = len as u64;
        // There is room, as was just seen.
        let _ = self.window.take(len) && stream.window.take(len);
        let sent = &mut self.counters.sent;
        sent.header_bytes += opening.block_len as u64;
        sent.header_list_bytes += opening.list_len() as u64;
        sent.frame(Kind::HEADERS);
        sent.frame(Kind::DATA);
        sent.messages += 1;
        sent.data_bytes += len as u64;
        opening.append(id, self.output.frames());
    }

    /// Sends a message, at once where windows and output have room for all of it.
    #[inline]
    pub(crate) fn send_message(
        &mut self,
        slot: usize,
        message: Outgoing<'_>,
        end: bool,
    ) -> Result<Sent, Closed> {
        let copies = self.copies(&message);
        let stream = self.streams.at(slot);
        if stream.closing {
            return Err(Closed);
        }
        stream.closing = end;
        let len = message.framed_len();
        let at_once = stream.first == NIL
            && len <= self.window.available()
            && len <= stream.window.available()
            && self.output.len() < self.output_high_water;
        if !at_once || !copies {
            let message = message.to_message();
            self.outbox.push(
                &mut self.streams,
                slot,
                Item::Message {
                    message,
                    at: 0,
                    end,
                },
            );
            return Ok(Sent::Queued);
        }
        // Both have room, as was just seen.
        let _ = self.window.take(len) && stream.window.take(len);
        stream.sent.messages += 1;
        stream.sent.bytes += len as u64;
        stream.local_closed = end;
        let id = stream.id;
        self.counters.sent.messages += 1;
        self.counters.sent.data_bytes += len as u64;
        self.copy_message(id, message, end);
        Ok(Sent::Whole)
    }

    /// Whether a message is short enough to be copied; bare bytes are whatever their length, as lending would too.
    #[inline]
    fn copies(&self, message: &Outgoing<'_>) -> bool {
        match message {
            Outgoing::Message(message) => {
                message.as_framed().len() <= self.peer.max_frame_size as usize
            }
            Outgoing::Payload(payload) => payload.len() <= COPY_UP_TO,
        }
    }

    /// Copies a message into the output, in as many frames as it takes.
    #[inline]
    fn copy_message(&mut self, id: u32, message: Outgoing<'_>, end: bool) {
        let max = self.peer.max_frame_size as usize;
        let len = message.framed_len();
        if let Some(out) = self.output.extend(id, len, max, end) {
            append(message, out);
            return;
        }
        self.counters.sent.frame(Kind::DATA);
        let out = self.output.frames();
        let at = out.len();
        if len <= max {
            out.reserve(HEAD_LEN + len);
            Head::new(Kind::DATA, Flags::NONE.ending(end), id, len).encode(out);
            append(message, out);
            if self.coalesce && !end {
                self.output.leave_open(at, id);
            }
            return;
        }
        let Outgoing::Payload(payload) = message else {
            // Longer messages are queued.
            return;
        };
        let (mut now, mut later) = payload.split_at(max - PREFIX_LEN);
        Head::new(Kind::DATA, Flags::NONE, id, max).encode(out);
        out.extend_from_slice(&prefix(0, payload.len()));
        out.extend_from_slice(now);
        while !later.is_empty() {
            (now, later) = later.split_at(later.len().min(max));
            self.counters.sent.frame(Kind::DATA);
            let flags = Flags::NONE.ending(end && later.is_empty());
            Head::new(Kind::DATA, flags, id, now.len()).encode(out);
            out.extend_from_slice(now);
        }
    }

    /// Ends our half of a stream, by the last message that is queued or by a frame of its own.
    pub(crate) fn send_end(&mut self, slot: usize) -> Result<(), Closed> {
        let stream = self.streams.at(slot);
        if stream.closing {
            return Err(Closed);
        }
        stream.closing = true;
        if stream.first != NIL {
            if let Some(Item::Message { end, .. }) = self.outbox.back(stream) {
                *end = true;
            }
            return Ok(());
        }
        self.send_last(slot, Item::End);
        Ok(())
    }

    /// Ends our half of a stream by a header block, behind whatever is queued.
    pub(crate) fn send_trailers(&mut self, slot: usize, template: &Template) -> Result<(), Closed> {
        let stream = self.streams.at(slot);
        if stream.closing {
            return Err(Closed);
        }
        stream.closing = true;
        if stream.first == NIL {
            let id = stream.id;
            stream.local_closed = true;
            self.send_block(id, template, true);
        } else {
            let item = Item::Trailers(template.clone());
            self.outbox.push(&mut self.streams, slot, item);
        }
        Ok(())
    }

    /// Sends what needs no window.
    fn send_last(&mut self, slot: usize, item: Item) {
        let stream = self.streams.at(slot);
        stream.local_closed = true;
        let id = stream.id;
        match item {
            Item::Trailers(template) => self.send_block(id, &template, true),
            Item::End => {
                if self.output.extend(id, 0, usize::MAX, true).is_none() {
                    self.counters.sent.frame(Kind::DATA);
                    Head::new(Kind::DATA, Flags::END_STREAM, id, 0).encode(self.output.frames());
                }
            }
            Item::Message { .. } | Item::Vacant => {}
        }
    }

    /// Puts queued messages into the output, a frame of each stream in turn, until windows or room run out.
    /// `step` hears of each frame: the stream's slot, and whether it ended a message.
    #[inline]
    pub(crate) fn pump(&mut self, step: impl FnMut(&mut Self, usize, bool)) {
        if self.outbox.first_ready().is_some() {
            self.pump_round(step);
        }
    }

    fn pump_round(&mut self, mut step: impl FnMut(&mut Self, usize, bool)) {
        while let Some(slot) = self.outbox.first_ready() {
            if self.output.len() >= self.output_high_water || self.window.available() == 0 {
                return;
            }
            if self.streams.get(slot).window.available() == 0 {
                self.outbox.stall(&mut self.streams, slot);
                continue;
            }
            let whole = self.send_piece(slot);
            self.outbox.leave(&mut self.streams, slot);
            let stream = self.streams.get(slot);
            if stream.first != NIL && stream.window.available() == 0 {
                self.outbox.stall(&mut self.streams, slot);
            } else if stream.first != NIL {
                self.outbox.enter(&mut self.streams, slot);
            }
            step(self, slot, whole);
        }
    }

    /// Sends one frame of the message in front, and what follows it without a window. Says whether the message ended.
    fn send_piece(&mut self, slot: usize) -> bool {
        let stream = self.streams.at(slot);
        let Some(Item::Message { message, at, end }) = self.outbox.front(stream) else {
            // Only a message stands in front of a queue; see the invariant of `Outbox`.
            self.outbox.pop(stream);
            return false;
        };
        let left = message.as_framed().len() - *at;
        let len = left
            .min(self.peer.max_frame_size as usize)
            .min(self.window.available())
            .min(stream.window.available());
        let whole = len == left;
        let end = *end && whole;
        let _ = self.window.take(len) && stream.window.take(len);
        stream.sent.bytes += len as u64;
        stream.sent.messages += u64::from(whole);
        stream.local_closed = end;
        self.counters.sent.frame(Kind::DATA);
        self.counters.sent.data_bytes += len as u64;
        self.counters.sent.messages += u64::from(whole);
        let head = Head::new(Kind::DATA, Flags::NONE.ending(end), stream.id, len);
        head.encode(self.output.frames());
        self.output.piece(message, *at, *at + len);
        *at += len;
        if whole {
            self.outbox.pop(stream);
            self.send_what_needs_no_window(slot);
        }
        whole
    }

    fn send_what_needs_no_window(&mut self, slot: usize) {
        let stream = self.streams.at(slot);
        if let Some(item) = self.outbox.front(stream)
            && matches!(item, Item::End | Item::Trailers(_))
        {
            let item = std::mem::replace(item, Item::Vacant);
            self.outbox.pop(stream);
            self.send_last(slot, item);
        }
    }
}

#[inline]
fn append(message: Outgoing<'_>, out: &mut Vec<u8>) {
    match message {
        Outgoing::Message(message) => out.extend_from_slice(message.as_framed()),
        Outgoing::Payload(payload) => {
            out.extend_from_slice(&prefix(0, payload.len()));
            out.extend_from_slice(payload);
        }
    }
}
