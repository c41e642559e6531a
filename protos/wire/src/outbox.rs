//! What waits to be sent: a queue for each stream, and a round of the streams that can send.

use crate::message::Message;
use crate::streams::{NIL, Stream, Streams, Turn};
use crate::template::Template;

/// Something queued on a stream.
#[derive(Debug)]
pub(crate) enum Item {
    /// The bytes of a message from `at` on.
    Message {
        message: Message,
        at: usize,
        end: bool,
    },
    /// END_STREAM alone.
    End,
    /// A header block that ends the stream.
    Trailers(Template),
    /// An unused place.
    Vacant,
}

/// Queues of all streams of a connection, in one slab.
///
/// Invariant: a stream is in the round, or stalled, exactly while its queue is not empty; the item in front needs a
/// window. What needs none is sent at once when it comes to the front.
#[derive(Debug)]
pub(crate) struct Outbox {
    items: Vec<(Item, u32)>,
    free: Vec<u32>,
    first_ready: u32,
    last_ready: u32,
    /// Streams whose own window is used up.
    pub(crate) stalled: u32,
}

impl Default for Outbox {
    fn default() -> Self {
        Outbox {
            items: Vec::new(),
            free: Vec::new(),
            first_ready: NIL,
            last_ready: NIL,
            stalled: 0,
        }
    }
}

impl Outbox {
    /// Queues an item and lets the stream into the round.
    pub(crate) fn push(&mut self, streams: &mut Streams, slot: usize, item: Item) {
        let place = match self.free.pop() {
            Some(place) => {
                self.items[place as usize] = (item, NIL);
                place
            }
            None => {
                self.items.push((item, NIL));
                self.items.len() as u32 - 1
            }
        };
        let stream = streams.at(slot);
        if stream.last == NIL {
            stream.first = place;
        } else {
            self.items[stream.last as usize].1 = place;
        }
        stream.last = place;
        if stream.turn == Turn::Idle {
            self.enter(streams, slot);
        }
    }

    /// The item in front of a stream's queue.
    pub(crate) fn front(&mut self, stream: &Stream) -> Option<&mut Item> {
        self.items
            .get_mut(stream.first as usize)
            .map(|(item, _)| item)
    }

    /// The item at the back of a stream's queue.
    pub(crate) fn back(&mut self, stream: &Stream) -> Option<&mut Item> {
        self.items
            .get_mut(stream.last as usize)
            .map(|(item, _)| item)
    }

    /// Drops the item in front of a stream's queue.
    pub(crate) fn pop(&mut self, stream: &mut Stream) {
        let place = stream.first;
        let Some((item, next)) = self.items.get_mut(place as usize) else {
            return;
        };
        *item = Item::Vacant;
        stream.first = *next;
        if stream.first == NIL {
            stream.last = NIL;
        }
        self.free.push(place);
    }

    /// The stream whose turn it is.
    pub(crate) fn first_ready(&self) -> Option<usize> {
        (self.first_ready != NIL).then_some(self.first_ready as usize)
    }

    /// Puts a stream at the end of the round.
    pub(crate) fn enter(&mut self, streams: &mut Streams, slot: usize) {
        let stream = streams.at(slot);
        if stream.turn == Turn::Stalled {
            self.stalled -= 1;
        }
        stream.turn = Turn::Ready;
        stream.before = self.last_ready;
        stream.after = NIL;
        match self.last_ready {
            NIL => self.first_ready = slot as u32,
            last => streams.at(last as usize).after = slot as u32,
        }
        self.last_ready = slot as u32;
    }

    /// Takes a stream out of the round, or off the stalled ones.
    pub(crate) fn leave(&mut self, streams: &mut Streams, slot: usize) {
        let stream = streams.at(slot);
        let (turn, before, after) = (stream.turn, stream.before, stream.after);
        stream.turn = Turn::Idle;
        match turn {
            Turn::Idle => return,
            Turn::Stalled => {
                self.stalled -= 1;
                return;
            }
            Turn::Ready => {}
        }
        match before {
            NIL => self.first_ready = after,
            before => streams.at(before as usize).after = after,
        }
        match after {
            NIL => self.last_ready = before,
            after => streams.at(after as usize).before = before,
        }
    }

    /// Takes a stream out of the round until its window widens.
    pub(crate) fn stall(&mut self, streams: &mut Streams, slot: usize) {
        self.leave(streams, slot);
        streams.at(slot).turn = Turn::Stalled;
        self.stalled += 1;
    }

    /// Drops all that a stream has queued.
    pub(crate) fn clear(&mut self, streams: &mut Streams, slot: usize) {
        self.leave(streams, slot);
        while streams.get(slot).first != NIL {
            self.pop(streams.at(slot));
        }
    }
}
