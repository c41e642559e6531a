//! The calls in flight of one lane. Hot: a slot is taken and given back for every call; nothing is allocated once warm.

use scenarios::units::Nanos;

use crate::engine::OpId;
use crate::record::Sample;

/// A call in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Op {
    /// What is known of it so far.
    pub sample: Sample,
    /// The index of its prepared request.
    pub request: u32,
    /// When its latest reply message came.
    pub last_message: Nanos,
    /// When it was given up on purpose, where its end has come already and is about to be heard.
    pub cut: Option<Nanos>,
    /// Attempts that have reached a server, or are to; and how many of them have been told of.
    pub attempts: u32,
    pub told: u32,
}

/// The calls in flight, by [`OpId`].
#[derive(Debug, Default)]
pub(super) struct Ops {
    slots: Vec<Slot>,
    free: Vec<u32>,
    in_flight: usize,
}

/// Names a call for good, where an [`OpId`] may by now name another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket {
    id: OpId,
    generation: u32,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    /// Whether `op` is in flight; what is left of one that has ended means nothing.
    live: bool,
    op: Op,
}

impl Op {
    /// A call of which nothing is known.
    pub(super) const BLANK: Op = Op {
        sample: Sample::BLANK,
        request: 0,
        last_message: Nanos::ZERO,
        cut: None,
        attempts: 1,
        told: 1,
    };
}

impl Ops {
    /// How many calls are in flight.
    pub(super) fn len(&self) -> usize {
        self.in_flight
    }

    /// The id that the next [`insert`](Ops::insert) will take.
    #[inline]
    pub(super) fn next_id(&mut self) -> OpId {
        match self.free.last() {
            Some(id) => OpId(*id),
            None => self.grow(),
        }
    }

    /// Keeps a call that was started under [`next_id`](Ops::next_id).
    #[inline]
    pub(super) fn insert(&mut self, id: OpId, op: Op) -> Ticket {
        self.free.pop();
        let slot = &mut self.slots[id.0 as usize];
        slot.op = op;
        slot.live = true;
        self.in_flight += 1;
        Ticket {
            id,
            generation: slot.generation,
        }
    }

    #[cold]
    fn grow(&mut self) -> OpId {
        let id = u32::try_from(self.slots.len()).expect("fewer calls in flight than 2^32");
        self.free.push(id);
        self.slots.push(Slot {
            generation: 0,
            live: false,
            op: Op::BLANK,
        });
        OpId(id)
    }

    /// A call in flight.
    #[inline]
    pub(super) fn get_mut(&mut self, id: OpId) -> Option<&mut Op> {
        let slot = self.slots.get_mut(id.0 as usize)?;
        slot.live.then_some(&mut slot.op)
    }

    /// Names a call in flight for good.
    pub(super) fn ticket(&self, id: OpId) -> Ticket {
        let slot = self.slots.get(id.0 as usize);
        Ticket {
            id,
            generation: slot.map_or(0, |slot| slot.generation),
        }
    }

    /// The call of a ticket, if it is still in flight.
    pub(super) fn find(&self, ticket: Ticket) -> Option<OpId> {
        let slot = self.slots.get(ticket.id.0 as usize)?;
        (slot.generation == ticket.generation && slot.live).then_some(ticket.id)
    }

    /// Takes a call out, for a last look; its id is free.
    #[inline]
    pub(super) fn remove(&mut self, id: OpId) -> Option<&mut Op> {
        let slot = self.slots.get_mut(id.0 as usize)?;
        if !slot.live {
            return None;
        }
        slot.live = false;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(id.0);
        self.in_flight -= 1;
        Some(&mut slot.op)
    }

    /// The ids of all calls in flight.
    pub(super) fn ids(&self) -> Vec<OpId> {
        (0u32..)
            .zip(&self.slots)
            .filter(|(_, slot)| slot.live)
            .map(|(id, _)| OpId(id))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_ticket_does_not_name_a_new_call() {
        let mut ops = Ops::default();
        let id = ops.next_id();
        let old = ops.insert(id, Op::BLANK);
        assert_eq!(ops.find(old), Some(id));
        ops.remove(id).unwrap();
        let again = ops.next_id();
        let new = ops.insert(again, Op::BLANK);
        assert_eq!(ops.find(new), Some(id), "the slot is used again");
        assert_eq!(ops.find(old), None);
        assert_eq!(ops.len(), 1);
    }
}
