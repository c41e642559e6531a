//! Slow readers (`call.read`): what has come of their calls is kept here until they take it, message by message.
//!
//! Their streams are held: what a reader has not taken is not given back to the stream's window, and so the server waits.
//! A reader that waits for a message takes its parts as they come, so that one that is longer than the window gets through.
//! Hot where a scenario has such calls; others never come by here.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use scenarios::units::Nanos;
use wire::Piece;
use wire::message::PREFIX_LEN;

use super::calls::Running;
use super::hub::Hub;
use crate::engine::{Event, Happened, OpId, Traffic};
use crate::mix::Mix;

/// Windows below this may be filled by parts of a prefix, of which nothing is heard.
const NARROW: u32 = 16;

/// The slow readers of a lane.
pub(super) struct Readers {
    /// From one message to the next, by the number of the call in its mix.
    delays: Vec<Option<Nanos>>,
    /// By the lane's ids.
    readers: Vec<Option<Reader>>,
    /// When readers turn to their next message.
    due: BinaryHeap<Reverse<(Nanos, OpId)>>,
    /// Those for whom something has come.
    fed: Vec<OpId>,
    is_narrow: bool,
}

/// The reader of one call.
struct Reader {
    connection: usize,
    stream: u32,
    delay: Nanos,
    /// When it turns to its next message.
    ready_at: Nanos,
    /// What has come and is not taken.
    kept: VecDeque<Kept>,
    /// The bytes of it, and those of them that are of a message whose end is still to come.
    behind: u32,
    coming: u32,
    /// Whether the call has ended on the wire: there is no window any more.
    is_over: bool,
}

struct Kept {
    at: Nanos,
    kind: Happened,
    /// What a message took of the window.
    bytes: u32,
}

impl Readers {
    /// `None` where all replies are taken as they come.
    pub(super) fn of(mix: &Mix, stream_window: u32) -> Option<Readers> {
        let delays: Vec<_> = mix.calls().iter().map(|call| call.read_delay).collect();
        delays.iter().any(Option::is_some).then(|| Readers {
            delays,
            readers: Vec::new(),
            due: BinaryHeap::new(),
            fed: Vec::new(),
            is_narrow: stream_window < NARROW,
        })
    }

    /// A call was started, before anything of its answer can come.
    pub(super) fn begin(&mut self, op: OpId, running: &Running, hub: &mut Hub) {
        let Some(delay) = self.delays[Mix::number(running.request)] else {
            return;
        };
        let place = op.0 as usize;
        if self.readers.len() <= place {
            self.readers.resize_with(place + 1, || None);
        }
        hub.hold(running.connection, running.stream);
        self.readers[place] = Some(Reader {
            connection: running.connection,
            stream: running.stream,
            delay,
            ready_at: Nanos::ZERO,
            kept: VecDeque::new(),
            behind: 0,
            coming: 0,
            is_over: false,
        });
    }

    /// When a reader is to be looked after next.
    pub(super) fn next(&self) -> Option<Nanos> {
        if self.fed.is_empty() {
            self.due.peek().map(|Reverse((at, _))| *at)
        } else {
            Some(Nanos::ZERO)
        }
    }

    fn get_mut(&mut self, op: OpId) -> Option<&mut Reader> {
        self.readers.get_mut(op.0 as usize)?.as_mut()
    }

    fn feed(&mut self, op: OpId) {
        if self.fed.last() != Some(&op) {
            self.fed.push(op);
        }
    }

    /// A message has come, or a part of one; what it means is told after.
    pub(super) fn came(&mut self, op: OpId, piece: &Piece<'_>) {
        let Some(reader) = self.get_mut(op) else {
            return;
        };
        let prefix = if piece.offset == 0 { PREFIX_LEN } else { 0 };
        let bytes = (prefix + piece.bytes.len()) as u32;
        reader.behind += bytes;
        reader.coming += bytes;
        self.feed(op);
    }

    /// Keeps what happened to a call with a slow reader; gives back what is of another.
    pub(super) fn keep(&mut self, event: Event) -> Option<Event> {
        let Some(reader) = self.get_mut(event.op) else {
            return Some(event);
        };
        let is_message = matches!(event.kind, Happened::Message { .. });
        reader.is_over |= event.is_end();
        reader.kept.push_back(Kept {
            at: event.at,
            bytes: match is_message {
                true => std::mem::take(&mut reader.coming),
                false => 0,
            },
            kind: event.kind,
        });
        self.feed(event.op);
        None
    }

    /// Forgets a call; what it had sent, where it has ended and its reader has not got there.
    pub(super) fn forget(&mut self, op: OpId) -> Option<Traffic> {
        let reader = self.readers.get_mut(op.0 as usize)?.take()?;
        match reader.kept.back()?.kind {
            Happened::Finished(ref outcome) => Some(outcome.sent),
            _ => None,
        }
    }

    /// Has all readers take what they can, now.
    pub(super) fn turn(&mut self, now: Nanos, hub: &mut Hub, events: &mut Vec<Event>) {
        while let Some(Reverse((at, op))) = self.due.peek().copied()
            && at <= now
        {
            self.due.pop();
            self.take(op, now, hub, events);
        }
        if self.is_narrow {
            self.fed.extend((0..self.readers.len() as u32).map(OpId));
        }
        while let Some(op) = self.fed.pop() {
            self.take(op, now, hub, events);
        }
    }

    fn take(&mut self, op: OpId, now: Nanos, hub: &mut Hub, events: &mut Vec<Event>) {
        let Some(reader) = self.get_mut(op).filter(|reader| reader.ready_at <= now) else {
            return;
        };
        while let Some(Kept { at, kind, bytes }) = reader.kept.pop_front() {
            // What comes to a reader that waits is seen then, what lay there for it when it turns to it.
            let at = if at < reader.ready_at { now } else { at };
            let is_message = matches!(kind, Happened::Message { .. });
            let event = Event { op, at, kind };
            let is_end = event.is_end();
            events.push(event);
            if is_end {
                self.readers[op.0 as usize] = None;
                return;
            }
            if is_message {
                reader.behind -= bytes;
                reader.give_back(hub);
                reader.ready_at = at + reader.delay;
                let alarm = Reverse((reader.ready_at, op));
                self.due.push(alarm);
                return;
            }
        }
        reader.behind = 0;
        reader.coming = 0;
        reader.give_back(hub);
    }
}

impl Reader {
    /// Opens the window by all that is taken.
    fn give_back(&self, hub: &mut Hub) {
        if !self.is_over {
            hub.give_back(self.connection, self.stream, self.behind);
        }
    }
}
