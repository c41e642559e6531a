//! Delays that are kept to tens of microseconds: tokio's own timer ticks at a millisecond.
//!
//! One kernel timer (timerfd) stands at the earliest of all due times; one task waits for it and wakes whoever is due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::time::clock_gettime;
use scenarios::scenario::Idle;
use scenarios::units::Nanos;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// How long before it is due a spinning server looks at the clock only: longer than a core takes to wake.
const SPIN: Nanos = Nanos::from_micros(500);

/// How long before a time is due the waiting ends and the spinning begins.
pub(crate) fn spin(idle: Idle) -> Nanos {
    match idle {
        Idle::Timer => Nanos::ZERO,
        Idle::Spin => SPIN,
    }
}

/// A timer whose sleeps end tens of microseconds after they are due, and never before.
#[derive(Debug)]
pub(crate) struct Timer {
    shared: Arc<Shared>,
    driver: AbortHandle,
}

/// Resolves when it is due.
#[derive(Debug)]
pub(crate) struct Sleep(oneshot::Receiver<()>);

#[derive(Debug)]
struct Shared {
    alarm: AsyncFd<Alarm>,
    /// The alarm is set under the queue's lock, so it always stands at the earliest due time.
    queue: Mutex<Queue<oneshot::Sender<()>>>,
    spin: Nanos,
}

/// Who waits until when.
#[derive(Debug)]
pub(crate) struct Queue<Who> {
    waiting: BinaryHeap<Reverse<Waiting<Who>>>,
    made: u64,
}

#[derive(Debug)]
struct Waiting<Who> {
    due: Nanos,
    /// Who asked first goes first where the due times are equal.
    turn: u64,
    who: Who,
}

/// A kernel timer.
#[derive(Debug)]
pub(crate) struct Alarm(TimerFd);

impl<Who> Default for Queue<Who> {
    fn default() -> Queue<Who> {
        Queue {
            waiting: BinaryHeap::new(),
            made: 0,
        }
    }
}

impl<Who> Queue<Who> {
    /// Lets someone wait. Says whether nobody is due earlier, so that an alarm must be set.
    pub(crate) fn push(&mut self, due: Nanos, who: Who) -> bool {
        let turn = self.made;
        self.made += 1;
        let first = self.waiting.peek();
        let is_next = first.is_none_or(|Reverse(first)| due < first.due);
        self.waiting.push(Reverse(Waiting { due, turn, who }));
        is_next
    }

    /// Takes out who is due at `now`, and says when the next one is.
    pub(crate) fn take_due(&mut self, now: Nanos, mut wake: impl FnMut(Who)) -> Option<Nanos> {
        while let Some(Reverse(first)) = self.waiting.peek() {
            if first.due > now {
                return Some(first.due);
            }
            if let Some(Reverse(first)) = self.waiting.pop() {
                wake(first.who);
            }
        }
        None
    }
}

impl Alarm {
    /// An alarm that tells the current runtime when it goes off.
    pub(crate) fn new() -> io::Result<AsyncFd<Alarm>> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let alarm = Alarm(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?);
        #[expect(
            deprecated,
            reason = "`register` is unsafe; its condition holds: an alarm owns the descriptor it names"
        )]
        AsyncFd::with_interest(alarm, Interest::READABLE)
    }

    /// Sets the alarm to a point in time; one in the past goes off at once.
    pub(crate) fn set(&self, due: Nanos) {
        let due = Expiration::OneShot(TimeSpec::from_duration(Duration::from(due)));
        let set = self.0.set(due, TimerSetTimeFlags::TFD_TIMER_ABSTIME);
        // Fails only for a descriptor that is no timer or a time that is no time.
        debug_assert_eq!(set, Ok(()));
    }

    /// Sets the alarm so much ahead of a point in time, unless that is now or past; says whether it did.
    pub(crate) fn set_ahead(&self, due: Nanos, ahead: Nanos) -> bool {
        let is_far = now() + ahead < due;
        if is_far {
            self.set(due.since(ahead));
        }
        is_far
    }

    /// Waits until the alarm has gone off, perhaps for someone whom the queue has let go already.
    pub(crate) async fn rung(alarm: &AsyncFd<Alarm>) -> io::Result<()> {
        let mut ready = alarm.readable().await?;
        // Reading takes the expiry back; "not yet" clears the readiness, and either way the queue knows what is due.
        let _ = ready.try_io(|alarm| Ok(alarm.get_ref().0.wait()?));
        Ok(())
    }
}

impl Timer {
    /// Starts the timer's task on the current runtime.
    pub(crate) fn start(idle: Idle) -> io::Result<Timer> {
        let shared = Arc::new(Shared {
            alarm: Alarm::new()?,
            queue: Mutex::default(),
            spin: spin(idle),
        });
        let driver = tokio::spawn(drive(shared.clone())).abort_handle();
        Ok(Timer { shared, driver })
    }

    /// Sleeps until `due`.
    pub(crate) fn until(&self, due: Nanos) -> Sleep {
        let (wake, woken) = oneshot::channel();
        let mut queue = self.shared.queue();
        if queue.push(due, wake) {
            self.shared.alarm.get_ref().set(due.since(self.shared.spin));
        }
        Sleep(woken)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // An error means that the timer is gone: the server ends, and nobody should wait for it.
        Pin::new(&mut self.0).poll(cx).map(|_| ())
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue<oneshot::Sender<()>>> {
        // Nothing panics while it holds the lock, and a queue is whole between any two of its statements.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out who is due. Says whether the next is so near that it is to be spun for; sets the alarm otherwise.
    fn take_due(&self, due: &mut Vec<oneshot::Sender<()>>) -> bool {
        let mut queue = self.queue();
        let next = queue.take_due(now(), |who| due.push(who));
        next.is_some_and(|next| !self.alarm.get_ref().set_ahead(next, self.spin))
    }
}

async fn drive(shared: Arc<Shared>) {
    let mut due = Vec::new();
    while Alarm::rung(&shared.alarm).await.is_ok() {
        loop {
            let is_near = shared.take_due(&mut due);
            for wake in due.drain(..) {
                // Whoever waited may have given up: its call was cancelled.
                let _ = wake.send(());
            }
            if !is_near {
                break;
            }
            // Spinning is asking the runtime to come back at once: connections are still heard in between.
            tokio::task::yield_now().await;
        }
    }
}

/// The kernel's monotonic clock, the one that the alarm goes by.
pub(crate) fn now() -> Nanos {
    // The clock exists on every Linux; the epoch is as good as any time where it does not.
    clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC)
        .map_or(Nanos::ZERO, |now| Nanos::from(Duration::from(now)))
}

impl AsRawFd for Alarm {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl<Who> PartialEq for Waiting<Who> {
    fn eq(&self, other: &Waiting<Who>) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<Who> Eq for Waiting<Who> {}

impl<Who> PartialOrd for Waiting<Who> {
    fn partial_cmp(&self, other: &Waiting<Who>) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<Who> Ord for Waiting<Who> {
    fn cmp(&self, other: &Waiting<Who>) -> std::cmp::Ordering {
        (self.due, self.turn).cmp(&(other.due, other.turn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sleeps for each of `lengths` at once, and gives them back in the order in which they ended.
    async fn sleep_all(idle: Idle, lengths: &[u64]) -> Vec<u64> {
        let timer = Timer::start(idle).unwrap();
        let (order, mut woken) = tokio::sync::mpsc::unbounded_channel();
        let begun = now();
        for &ms in lengths {
            let (sleep, order) = (timer.until(begun + Nanos::from_millis(ms)), order.clone());
            tokio::spawn(async move {
                sleep.await;
                assert!(
                    now() >= begun + Nanos::from_millis(ms),
                    "woken early: {ms} ms"
                );
                order.send(ms).unwrap();
            });
        }
        drop(order);
        let mut ended = Vec::new();
        while let Some(ms) = woken.recv().await {
            ended.push(ms);
        }
        ended
    }

    #[tokio::test]
    async fn sleepers_wake_in_the_order_of_their_due_times_and_never_early() {
        for idle in [Idle::Timer, Idle::Spin] {
            assert_eq!(
                sleep_all(idle, &[30, 10, 20, 0, 25, 5]).await,
                [0, 5, 10, 20, 25, 30]
            );
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_many_threads_every_sleeper_wakes_and_never_early() {
        for idle in [Idle::Timer, Idle::Spin] {
            let mut ended = sleep_all(idle, &[30, 10, 20, 0, 25, 5]).await;
            ended.sort_unstable();
            assert_eq!(ended, [0, 5, 10, 20, 25, 30]);
        }
    }

    #[tokio::test]
    async fn a_sleeper_that_gave_up_does_not_hold_up_the_others() {
        let timer = Timer::start(Idle::Timer).unwrap();
        drop(timer.until(now() + Nanos::from_millis(1)));
        timer.until(now() + Nanos::from_millis(2)).await;
        timer.until(now()).await;
    }

    #[tokio::test]
    async fn thousands_of_equal_sleeps_all_end() {
        let timer = Timer::start(Idle::Timer).unwrap();
        let due = now() + Nanos::from_millis(3);
        let sleeps: Vec<Sleep> = (0..5000).map(|_| timer.until(due)).collect();
        for sleep in sleeps {
            sleep.await;
        }
    }

    #[tokio::test]
    async fn without_its_timer_a_sleep_ends() {
        let timer = Timer::start(Idle::Timer).unwrap();
        let sleep = timer.until(now() + Nanos::SECOND);
        let shared = Arc::downgrade(&timer.shared);
        drop(timer);
        sleep.await;
        assert!(shared.upgrade().is_none());
    }
}
