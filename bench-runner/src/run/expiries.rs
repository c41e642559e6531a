//! Deadlines of the calls in flight, the nearest first. Hot: one is kept for every call that has a deadline.
//!
//! Where all calls have the same timeout their deadlines come in order, and a queue is enough. Those that do not fall in
//! line (a mix, a timeout that is drawn) wait in a heap beside it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use scenarios::units::Nanos;

/// Points in time, each with what is to happen then.
#[derive(Debug)]
pub(super) struct Expiries<T> {
    in_line: VecDeque<(Nanos, T)>,
    others: BinaryHeap<Reverse<(Nanos, T)>>,
}

impl<T: Copy + Ord> Expiries<T> {
    /// None yet.
    pub(super) fn new() -> Expiries<T> {
        Expiries {
            in_line: VecDeque::new(),
            others: BinaryHeap::new(),
        }
    }

    /// Keeps one more.
    #[inline]
    pub(super) fn push(&mut self, at: Nanos, what: T) {
        match self.in_line.back() {
            Some((last, _)) if at < *last => self.others.push(Reverse((at, what))),
            _ => self.in_line.push_back((at, what)),
        }
    }

    /// The nearest.
    #[inline]
    pub(super) fn front(&self) -> Option<(Nanos, T)> {
        let first = self.in_line.front().copied();
        match self.others.peek() {
            None => first,
            Some(Reverse(other)) => Some(first.map_or(*other, |first| first.min(*other))),
        }
    }

    /// Takes the nearest out.
    #[inline]
    pub(super) fn pop(&mut self) {
        match (self.in_line.front(), self.others.peek()) {
            (Some(first), Some(Reverse(other))) if other < first => drop(self.others.pop()),
            (None, Some(_)) => drop(self.others.pop()),
            _ => drop(self.in_line.pop_front()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_comes_first_whatever_the_order_in_which_they_were_kept() {
        let mut expiries = Expiries::new();
        let times = [50, 10, 60, 10, 5, 70, 65, 70];
        for (number, at) in times.into_iter().enumerate() {
            expiries.push(Nanos(at), number);
        }
        let mut seen = Vec::new();
        while let Some((at, number)) = expiries.front() {
            assert_eq!(at.0, times[number]);
            seen.push((at.0, number));
            expiries.pop();
        }
        assert_eq!(seen.len(), times.len());
        assert!(seen.is_sorted(), "{seen:?}");
    }

    #[test]
    fn equal_timeouts_need_no_heap() {
        let mut expiries = Expiries::new();
        (0..100).for_each(|at| expiries.push(Nanos(at / 3), at));
        assert!(expiries.others.is_empty());
    }
}
