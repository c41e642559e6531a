//! What a connection counts by itself. It is handed over before anything is written, so a call's counts stand before
//! its trailers leave, and the counts of all cost one atomic addition a batch instead of six a call.

use protos::reference::MethodCounters;
use scenarios::method::Method;
use scenarios::units::Nanos;

use crate::counters::Counts;

/// Counts that are not handed over yet.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    methods: [MethodCounters; Method::ALL.len()],
    is_dirty: bool,
    /// How late answers were released.
    late: Vec<Nanos>,
}

impl Tally {
    #[inline]
    fn of(&mut self, method: Method) -> &mut MethodCounters {
        self.is_dirty = true;
        &mut self.methods[method as usize]
    }

    /// A call has begun.
    #[inline]
    pub(crate) fn call(&mut self, method: Method) {
        self.of(method).calls += 1;
    }

    /// A call ends with status OK.
    #[inline]
    pub(crate) fn ok(&mut self, method: Method) {
        self.of(method).ok += 1;
    }

    /// A request of so many bytes has come.
    #[inline]
    pub(crate) fn request(&mut self, method: Method, bytes: usize) {
        let counts = self.of(method);
        counts.requests += 1;
        counts.request_bytes += bytes as u64;
    }

    /// A reply of so many bytes is handed to the transport.
    #[inline]
    pub(crate) fn reply(&mut self, method: Method, bytes: usize) {
        let counts = self.of(method);
        counts.replies += 1;
        counts.reply_bytes += bytes as u64;
    }

    /// What was planned was released so late.
    #[inline]
    pub(crate) fn released(&mut self, late: Nanos) {
        self.is_dirty = true;
        self.late.push(late);
    }

    /// Adds everything to the counts of all.
    #[inline]
    pub(crate) fn hand_over(&mut self, counts: &Counts) {
        if !std::mem::take(&mut self.is_dirty) {
            return;
        }
        if !self.late.is_empty() {
            counts.lateness.take(&mut self.late);
        }
        for method in Method::ALL {
            let counted = &mut self.methods[method as usize];
            if *counted != MethodCounters::default() {
                counts.of(method).add(counted);
                *counted = MethodCounters::default();
            }
        }
    }
}
