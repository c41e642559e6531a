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
use scenarios::units::Nanos;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

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
    queue: Mutex<Queue>,
}

/// Who waits until when. The alarm is set under the queue's lock, so it always stands at the earliest due time.
#[derive(Debug, Default)]
struct Queue {
    waiting: BinaryHeap<Reverse<Waiting>>,
    made: u64,
}

#[derive(Debug)]
struct Waiting {
    due: Nanos,
    /// Who asked first goes first where the due times are equal.
    turn: u64,
    wake: oneshot::Sender<()>,
}

#[derive(Debug)]
struct Alarm(TimerFd);

impl Timer {
    /// Starts the timer's task on the current runtime.
    pub(crate) fn start() -> io::Result<Timer> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let alarm = Alarm(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?);
        #[expect(
            deprecated,
            reason = "`register` is unsafe; its condition holds: an alarm owns the descriptor it names"
        )]
        let alarm = AsyncFd::with_interest(alarm, Interest::READABLE)?;
        let shared = Arc::new(Shared {
            alarm,
            queue: Mutex::default(),
        });
        let driver = tokio::spawn(drive(shared.clone())).abort_handle();
        Ok(Timer { shared, driver })
    }

    /// Sleeps for `length` from now.
    pub(crate) fn sleep(&self, length: Nanos) -> Sleep {
        let (wake, woken) = oneshot::channel();
        let due = now() + length;
        let mut queue = self.shared.queue();
        let turn = queue.made;
        queue.made += 1;
        let is_next = queue
            .waiting
            .peek()
            .is_none_or(|Reverse(first)| due < first.due);
        queue.waiting.push(Reverse(Waiting { due, turn, wake }));
        if is_next {
            self.shared.set_alarm(due);
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
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it holds the lock, and a queue is whole between any two of its statements.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the alarm to a point in time; one in the past goes off at once.
    fn set_alarm(&self, due: Nanos) {
        let due = Expiration::OneShot(TimeSpec::from_duration(Duration::from(due)));
        let set = self
            .alarm
            .get_ref()
            .0
            .set(due, TimerSetTimeFlags::TFD_TIMER_ABSTIME);
        // Fails only for a descriptor that is no timer or a time that is no time.
        debug_assert_eq!(set, Ok(()));
    }

    /// Takes out who is due, and sets the alarm for the next.
    fn take_due(&self, due: &mut Vec<Waiting>) {
        let now = now();
        let mut queue = self.queue();
        while let Some(Reverse(first)) = queue.waiting.peek() {
            if first.due > now {
                self.set_alarm(first.due);
                return;
            }
            due.extend(queue.waiting.pop().map(|Reverse(first)| first));
        }
    }
}

async fn drive(shared: Arc<Shared>) {
    let mut due = Vec::new();
    while let Ok(mut alarm) = shared.alarm.readable().await {
        // Reading takes the expiry back; "not yet" clears the readiness, and either way the queue knows what is due.
        let _ = alarm.try_io(|alarm| Ok(alarm.get_ref().0.wait()?));
        shared.take_due(&mut due);
        for waiting in due.drain(..) {
            // Whoever waited may have given up: its call was cancelled.
            let _ = waiting.wake.send(());
        }
    }
}

/// The kernel's monotonic clock, the one that the alarm goes by.
fn now() -> Nanos {
    // The clock exists on every Linux; the epoch is as good as any time where it does not.
    clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC)
        .map_or(Nanos::ZERO, |now| Nanos::from(Duration::from(now)))
}

impl AsRawFd for Alarm {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Waiting) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Waiting) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Waiting) -> std::cmp::Ordering {
        (self.due, self.turn).cmp(&(other.due, other.turn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sleeps for each of `lengths` at once, and gives them back in the order in which they ended.
    async fn sleep_all(lengths: &[u64]) -> Vec<u64> {
        let timer = Timer::start().unwrap();
        let (order, mut woken) = tokio::sync::mpsc::unbounded_channel();
        let begun = now();
        for &ms in lengths {
            let (sleep, order) = (timer.sleep(Nanos::from_millis(ms)), order.clone());
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
        assert_eq!(
            sleep_all(&[30, 10, 20, 0, 25, 5]).await,
            [0, 5, 10, 20, 25, 30]
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_many_threads_every_sleeper_wakes_and_never_early() {
        let mut ended = sleep_all(&[30, 10, 20, 0, 25, 5]).await;
        ended.sort_unstable();
        assert_eq!(ended, [0, 5, 10, 20, 25, 30]);
    }

    #[tokio::test]
    async fn a_sleeper_that_gave_up_does_not_hold_up_the_others() {
        let timer = Timer::start().unwrap();
        drop(timer.sleep(Nanos::from_millis(1)));
        timer.sleep(Nanos::from_millis(2)).await;
        timer.sleep(Nanos::ZERO).await;
    }

    #[tokio::test]
    async fn thousands_of_equal_sleeps_all_end() {
        let timer = Timer::start().unwrap();
        let sleeps: Vec<Sleep> = (0..5000)
            .map(|_| timer.sleep(Nanos::from_millis(3)))
            .collect();
        for sleep in sleeps {
            sleep.await;
        }
    }

    #[tokio::test]
    async fn without_its_timer_a_sleep_ends() {
        let timer = Timer::start().unwrap();
        let sleep = timer.sleep(Nanos::SECOND);
        let shared = Arc::downgrade(&timer.shared);
        drop(timer);
        sleep.await;
        assert!(shared.upgrade().is_none());
    }
}
