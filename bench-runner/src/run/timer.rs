//! Waiting for an intended start: a kernel timer, with a bounded spin before it where the scenario asks for one.
//!
//! Tokio's own timers tick at 1 ms and are never used for pacing. A timerfd set to a point in time neither drifts nor is
//! subject to the thread's timer slack; what is left is the wake-up of the core, some tens of microseconds
//! (`bench-runner calibrate` measures it).

use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use scenarios::scenario::Idle;
use scenarios::units::Nanos;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::clock::Clock;

/// How long before an intended start the spin begins, at least and at most: in between, longer than 99 of 100 wake-ups
/// of the core take. On a virtual machine that can be anything.
const SPIN: (Nanos, Nanos) = (Nanos::from_micros(100), Nanos::from_micros(1_000));

/// Wakes a lane at a time on the run's clock.
pub(crate) struct Timer {
    fd: AsyncFd<Descriptor>,
    clock: Clock,
    spin: Nanos,
    armed: Option<Nanos>,
}

struct Descriptor(TimerFd);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Timer {
    /// A timer in the current tokio runtime.
    pub(crate) fn new(clock: Clock, idle: Idle) -> io::Result<Timer> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let spin = match idle {
            Idle::Timer => Nanos::ZERO,
            Idle::Spin => SPIN.0,
        };
        #[expect(
            deprecated,
            reason = "`register` is unsafe; its condition holds: a descriptor owns what it names"
        )]
        let fd = AsyncFd::with_interest(Descriptor(timer), Interest::READABLE)?;
        Ok(Timer {
            fd,
            clock,
            spin,
            armed: None,
        })
    }

    /// Ready at `at`, or earlier: whoever waits looks at the clock again.
    pub(crate) fn poll_until(&mut self, cx: &mut Context<'_>, at: Nanos) -> Poll<io::Result<()>> {
        let wake = at.since(self.spin);
        if self.clock.now() >= wake {
            // Spinning is asking the runtime to come back at once: connections are still heard in between.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.armed.is_none_or(|armed| wake < armed) {
            self.arm(wake)?;
        }
        loop {
            let mut guard = ready!(self.fd.poll_read_ready(cx))?;
            match guard.get_inner().0.wait() {
                Ok(()) => {
                    if let Some(armed) = self.armed.take() {
                        self.learn(self.clock.now().since(armed));
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(Errno::EAGAIN) => guard.clear_ready(),
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    /// Begins the next spin a quarter earlier after a wake-up that took longer than the spin, else a little later: the two
    /// balance where one wake-up in a hundred takes longer.
    fn learn(&mut self, late: Nanos) {
        if self.spin == Nanos::ZERO {
            return;
        }
        let spin = match late > self.spin {
            true => self.spin.0 + self.spin.0 / 4,
            false => self.spin.0 - self.spin.0 / 450,
        };
        self.spin = Nanos(spin).clamp(SPIN.0, SPIN.1);
    }

    /// An earlier time replaces a later one; a later one waits until the earlier has passed, which spares a system call
    /// a turn and costs one early look.
    fn arm(&mut self, wake: Nanos) -> io::Result<()> {
        let time = TimeSpec::from_duration(Duration::from(self.clock.origin() + wake));
        self.fd.get_ref().0.set(
            Expiration::OneShot(time),
            TimerSetTimeFlags::TFD_TIMER_ABSTIME,
        )?;
        self.armed = Some(wake);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the spin ends up when every fiftieth wake-up takes so long, and the others 20 µs.
    fn settled(idle: Idle, every_fiftieth: Nanos) -> Nanos {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let _entered = runtime.enter();
        let mut timer = Timer::new(Clock::starting_in(Duration::ZERO), idle).unwrap();
        for wake in 0..100_000 {
            timer.learn(match wake % 50 {
                0 => every_fiftieth,
                _ => Nanos::from_micros(20),
            });
        }
        timer.spin
    }

    #[test]
    fn the_spin_is_longer_than_wake_ups_take_and_bounded() {
        assert_eq!(settled(Idle::Timer, Nanos::from_millis(1)), Nanos::ZERO);
        assert_eq!(settled(Idle::Spin, Nanos::from_micros(80)), SPIN.0);
        let spin = settled(Idle::Spin, Nanos::from_micros(300));
        let near = Nanos::from_micros(240)..Nanos::from_micros(400);
        assert!(near.contains(&spin), "{spin:?}");
        let longest = settled(Idle::Spin, Nanos::from_millis(50));
        assert!(longest > Nanos::from_micros(850) && longest <= SPIN.1);
    }
}
