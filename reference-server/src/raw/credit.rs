//! What a call lets the client send: its window, kept shut or given back late.

use crate::raw::call::Call;
use crate::raw::speak::Turn;

/// Requests of one call that may wait to be answered; above, the client's window stays shut.
const UNANSWERED: usize = 64;

impl Call {
    /// Keeps the client's window shut while too many of its requests wait.
    #[inline]
    pub(super) fn hold(&mut self, turn: &mut Turn<'_>) {
        let is_held = self.inbox.len() > UNANSWERED;
        if is_held != self.is_held {
            self.is_held = is_held;
            // Where credit is given back late, every stream is held, and this one's credit waits longer.
            if turn.thread.fates.credit_delay.is_none() {
                turn.wire.hold(self.stream, is_held);
            }
        }
    }

    /// Notes what has come and is not given back yet; says whether there is anything new.
    pub(crate) fn promise_credit(&mut self, wire: &wire::Server) -> bool {
        let new = wire.owed(self.stream) - self.promised;
        if new > 0 {
            self.promised += new;
            self.credits.push_back(new);
        }
        new > 0
    }

    /// Credit is due: gives it back. Says whether it must wait longer, as too many requests wait already.
    pub(crate) fn give_credit(&mut self, wire: &mut wire::Server) -> bool {
        if self.is_held {
            return true;
        }
        let len = self.credits.pop_front().unwrap_or_default();
        self.promised -= len;
        wire.give_back(self.stream, len);
        false
    }
}
