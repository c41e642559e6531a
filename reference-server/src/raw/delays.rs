//! Delayed replies and deadlines: one queue and one kernel timer for each thread, no task and no future for each call.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::task::Waker;

use scenarios::scenario::Idle;
use scenarios::units::Nanos;
use tokio::io::unix::AsyncFd;

use crate::timer::{Alarm, Queue, now, spin};

/// The calls of one thread that wait for a point in time.
#[derive(Debug)]
pub(crate) struct Delays {
    queue: RefCell<Queue<(Rc<Mailbox>, u64)>>,
    alarm: AsyncFd<Alarm>,
    spin: Nanos,
}

/// Where a connection is told that calls of its are due, and that it is to look up.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    due: RefCell<Vec<u64>>,
    waker: RefCell<Option<Waker>>,
    is_full: Cell<bool>,
}

impl Delays {
    /// The delays of the current thread.
    pub(crate) fn new(idle: Idle) -> io::Result<Delays> {
        Ok(Delays {
            queue: RefCell::default(),
            alarm: Alarm::new()?,
            spin: spin(idle),
        })
    }

    /// Lets a call wait; its token is in the mailbox when it is due.
    pub(crate) fn wait(&self, until: Nanos, mailbox: &Rc<Mailbox>, token: u64) {
        let who = (mailbox.clone(), token);
        if self.queue.borrow_mut().push(until, who) {
            self.alarm.get_ref().set(until.since(self.spin));
        }
    }

    /// Tells everyone who is due, for ever.
    pub(crate) async fn drive(&self) {
        while Alarm::rung(&self.alarm).await.is_ok() {
            while self.take_due() {
                // Spinning is asking the runtime to come back at once: connections are still heard in between.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Tells everyone who is due. Says whether the next is so near that it is to be spun for; sets the alarm otherwise.
    fn take_due(&self) -> bool {
        let mut queue = self.queue.borrow_mut();
        let next = queue.take_due(now(), |(mailbox, token)| mailbox.put(token));
        next.is_some_and(|next| !self.alarm.get_ref().set_ahead(next, self.spin))
    }
}

impl Mailbox {
    /// Remembers whom to wake.
    #[inline]
    pub(crate) fn listen(&self, waker: &Waker) {
        let mut known = self.waker.borrow_mut();
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    /// Wakes the connection.
    pub(crate) fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    fn put(&self, token: u64) {
        self.due.borrow_mut().push(token);
        if !self.is_full.replace(true) {
            self.wake();
        }
    }

    /// Gives out the calls that are due.
    #[inline]
    pub(crate) fn take(&self, mut take: impl FnMut(u64)) {
        if self.is_full.replace(false) {
            for token in self.due.borrow_mut().drain(..) {
                take(token);
            }
        }
    }
}
