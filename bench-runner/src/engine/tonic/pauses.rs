//! Slow readers (`call.read`) between two messages. They are woken by the lane's own timer: tokio's ticks at a millisecond.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use scenarios::units::Nanos;

use crate::clock::Clock;

/// The readers of a lane that pause.
#[derive(Clone, Default)]
pub(super) struct Pauses(Rc<RefCell<Sleepers>>);

#[derive(Default)]
struct Sleepers {
    /// By when they wake, and in the order in which they came.
    wakers: BTreeMap<(Nanos, u64), Waker>,
    count: u64,
}

impl Pauses {
    /// Waits until then.
    pub(super) async fn until(&self, at: Nanos, clock: &Clock) {
        poll_fn(|cx| {
            if clock.now() >= at {
                return Poll::Ready(());
            }
            let mut sleepers = self.0.borrow_mut();
            sleepers.count += 1;
            let key = (at, sleepers.count);
            sleepers.wakers.insert(key, cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// When the next one wakes.
    pub(super) fn next(&self) -> Option<Nanos> {
        let sleepers = self.0.borrow();
        sleepers.wakers.keys().next().map(|(at, _)| *at)
    }

    /// Wakes all whose time has come.
    pub(super) fn wake(&self, clock: &Clock) {
        let mut sleepers = self.0.borrow_mut();
        if sleepers.wakers.is_empty() {
            return;
        }
        let later = sleepers.wakers.split_off(&(clock.now() + Nanos(1), 0));
        for waker in std::mem::replace(&mut sleepers.wakers, later).into_values() {
            waker.wake();
        }
    }
}
