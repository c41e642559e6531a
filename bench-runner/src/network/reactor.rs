//! What the link's thread waits for: sockets, a kernel timer at an absolute time, and a word from outside.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use nix::time::clock_gettime;
use scenarios::units::Nanos;

/// Events that one look brings.
const AT_ONCE: usize = 1024;
/// What a descriptor is called that is there to wake only.
const SILENT: u64 = u64::MAX;

/// Waits for whatever happens first.
pub(super) struct Reactor {
    epoll: Epoll,
    timer: TimerFd,
    armed: Option<Nanos>,
    events: Vec<EpollEvent>,
}

/// Something that happened to a descriptor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Happened {
    /// What it was registered as.
    pub(super) name: u64,
    /// There is something to read, or the end of it.
    pub(super) readable: bool,
    /// There is room to write, or an error to be found so.
    pub(super) writable: bool,
}

impl Reactor {
    /// One that `wake` wakes.
    pub(super) fn new(wake: &Arc<EventFd>) -> io::Result<Reactor> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        // Edges need no reading: setting the timer, or writing to the other, makes a new one.
        for fd in [timer.as_fd(), wake.as_fd()] {
            let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLET;
            epoll.add(fd, EpollEvent::new(flags, SILENT))?;
        }
        Ok(Reactor {
            epoll,
            timer,
            armed: None,
            events: vec![EpollEvent::empty(); AT_ONCE],
        })
    }

    /// Watches a descriptor: each change of it is told once.
    pub(super) fn watch(&self, fd: impl AsFd, name: u64) -> io::Result<()> {
        let flags = EpollFlags::EPOLLIN
            | EpollFlags::EPOLLOUT
            | EpollFlags::EPOLLRDHUP
            | EpollFlags::EPOLLET;
        Ok(self.epoll.add(fd, EpollEvent::new(flags, name))?)
    }

    /// Waits until something happens or it is `until`; `None` waits for the first alone. Gives the number of events.
    pub(super) fn wait(&mut self, until: Option<Nanos>) -> io::Result<usize> {
        let timeout = match until {
            Some(at) if at <= now() => EpollTimeout::ZERO,
            Some(at) => {
                self.arm(at)?;
                EpollTimeout::NONE
            }
            None => EpollTimeout::NONE,
        };
        match self.epoll.wait(&mut self.events, timeout) {
            Ok(count) => Ok(count),
            Err(Errno::EINTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// One of the events of the last wait.
    pub(super) fn event(&self, index: usize) -> Option<Happened> {
        let event = self.events[index];
        let flags = event.events();
        let broken = EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
        (event.data() != SILENT).then(|| Happened {
            name: event.data(),
            readable: flags.intersects(EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP | broken),
            writable: flags.intersects(EpollFlags::EPOLLOUT | broken),
        })
    }

    fn arm(&mut self, at: Nanos) -> io::Result<()> {
        if self.armed == Some(at) {
            return Ok(());
        }
        let at_time = TimeSpec::from_duration(at.into());
        self.timer.set(
            Expiration::OneShot(at_time),
            TimerSetTimeFlags::TFD_TIMER_ABSTIME,
        )?;
        self.armed = Some(at);
        Ok(())
    }
}

/// A new word from outside.
pub(super) fn wake() -> io::Result<EventFd> {
    let flags = EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC;
    Ok(EventFd::from_value_and_flags(0, flags)?)
}

/// The time of the kernel's monotonic clock, which the timer is set by.
pub(super) fn now() -> Nanos {
    let time = clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).unwrap_or(TimeSpec::new(0, 0));
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    Nanos(part(time.tv_sec()) * Nanos::SECOND.0 + part(time.tv_nsec()))
}
