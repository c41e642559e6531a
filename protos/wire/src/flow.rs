//! Flow-control windows (RFC 9113 5.2 and 6.9): the one place where they are added to and taken from.

/// What streams and the connection start with (RFC 9113 6.9.2).
pub const DEFAULT_WINDOW: u32 = 65_535;

/// The widest window (RFC 9113 6.9.1).
pub const MAX_WINDOW: u32 = (1 << 31) - 1;

/// How much may be sent. A lowered INITIAL_WINDOW_SIZE can make it negative (RFC 9113 6.9.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window(i32);

/// A window beyond 2^31-1, or below its opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow;

impl Window {
    /// This is a window of that many bytes, at most [`MAX_WINDOW`].
    #[must_use]
    pub fn new(size: u32) -> Self {
        Window(size.min(MAX_WINDOW) as i32)
    }

    /// The bytes that may be sent now.
    #[inline]
    #[must_use]
    pub fn available(self) -> usize {
        self.0.max(0) as usize
    }

    /// Takes `len` bytes if there is room for all of them.
    #[inline]
    #[must_use]
    pub fn take(&mut self, len: usize) -> bool {
        let fits = len <= self.available();
        if fits {
            self.0 -= len as i32;
        }
        fits
    }

    /// Gives `increment` more, as WINDOW_UPDATE does.
    ///
    /// # Errors
    /// The window would be wider than allowed.
    #[inline]
    pub fn widen(&mut self, increment: u32) -> Result<(), Overflow> {
        let increment = i32::try_from(increment).map_err(|_| Overflow)?;
        self.0 = self.0.checked_add(increment).ok_or(Overflow)?;
        Ok(())
    }

    /// Follows a change of INITIAL_WINDOW_SIZE (RFC 9113 6.9.2).
    ///
    /// # Errors
    /// The window would be wider than allowed.
    pub fn shift(&mut self, from: u32, to: u32) -> Result<(), Overflow> {
        let shifted = i64::from(self.0) + i64::from(to) - i64::from(from);
        self.0 = i32::try_from(shifted).map_err(|_| Overflow)?;
        Ok(())
    }
}

/// The part of a window, as its divisor, that may be consumed and not yet given back: what is withheld is not in flight,
/// so on a link with a round trip it is throughput. Half of the window, as is often done, can cost half of it.
const WITHHELD: u32 = 64;

/// What a receiver still grants, and what it has consumed but not yet given back.
///
/// Invariant: `window + returned + held by the reader == size`, apart from a change of size under way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Inbound {
    window: Window,
    returned: u32,
}

impl Inbound {
    pub(crate) fn new(size: u32) -> Self {
        Inbound {
            window: Window::new(size),
            returned: 0,
        }
    }

    /// The peer sent `len` bytes; false where that is more than it was granted.
    #[inline]
    pub(crate) fn receive(&mut self, len: usize) -> bool {
        self.window.take(len)
    }

    /// `len` bytes were consumed. Gives the increment to announce, once it is worth a frame.
    #[inline]
    pub(crate) fn release(&mut self, len: u32, size: u32) -> Option<u32> {
        self.returned += len;
        if self.returned < (size / WITHHELD).max(1) {
            return None;
        }
        let increment = std::mem::take(&mut self.returned);
        // Cannot overflow: the increment was taken from this very window.
        self.window.widen(increment).ok()?;
        Some(increment)
    }

    pub(crate) fn shift(&mut self, from: u32, to: u32) -> Result<(), Overflow> {
        self.window.shift(from, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_can_be_negative_and_recover() {
        let mut window = Window::new(100);
        assert!(window.take(80));
        window.shift(100, 10).expect("in range");
        assert_eq!(window.available(), 0);
        assert!(!window.take(1));
        assert!(window.take(0));
        window.widen(71).expect("in range");
        assert_eq!(window.available(), 1);
    }

    #[test]
    fn a_window_never_exceeds_its_maximum() {
        let mut window = Window::new(MAX_WINDOW);
        assert_eq!(window.widen(1), Err(Overflow));
        assert_eq!(window.shift(0, 1), Err(Overflow));
        assert!(window.take(1));
        window.widen(1).expect("in range");
    }

    #[test]
    fn updates_come_by_the_sixty_fourth() {
        let mut inbound = Inbound::new(640);
        assert!(inbound.receive(9));
        assert_eq!(inbound.release(9, 640), None);
        assert!(inbound.receive(1));
        assert_eq!(inbound.release(1, 640), Some(10));
        assert!(inbound.receive(640));
        assert!(!inbound.receive(1));
    }

    #[test]
    fn the_smallest_window_is_given_back_by_the_byte() {
        let mut inbound = Inbound::new(1);
        assert!(inbound.receive(1));
        assert_eq!(inbound.release(1, 1), Some(1));
    }
}
