//! Calls that the client gives up on purpose (`call.cancel`).

use scenarios::scenario::Cancel;
use scenarios::units::Nanos;

use super::Lane;
use crate::engine::status::Status;
use crate::engine::{Channels, OpId, Traffic};
use crate::record::Counted;

impl<C: Channels> Lane<C> {
    /// Cancels the calls whose time has come.
    pub(super) fn cancel_due(&mut self, now: Nanos) {
        while let Some(id) = self.cancels.take_due(now, &self.ops) {
            self.cancel_on_purpose(id, now);
        }
    }

    /// Cancels a call that has brought as many messages as it was to bring.
    pub(super) fn cancel_after_messages(&mut self, id: OpId, at: Nanos) {
        let Some(op) = self.ops.get_mut(id) else {
            return;
        };
        let Some(Cancel::AfterMessages(wanted)) = self.mix.call(op.request).cancel else {
            return;
        };
        if op.sample.received.messages == u64::from(wanted.get()) {
            self.cancel_on_purpose(id, at);
        }
    }

    /// Half-closes a call that is to be when all its replies have come.
    pub(super) fn close_after_replies(&mut self, id: OpId) {
        let Some(op) = self.ops.get_mut(id) else {
            return;
        };
        let call = self.mix.call(op.request);
        let expected = call.expect.as_ref().and_then(|expect| expect.messages);
        let replies = expected.unwrap_or(self.mix.request(op.request).messages.into());
        if call.closes_last && op.sample.received.messages == replies {
            self.channels.finish(id);
        }
    }

    fn cancel_on_purpose(&mut self, id: OpId, at: Nanos) {
        match self.channels.cancel(id) {
            Some(sent) => self.cut(id, at, sent),
            // It has ended on the wire: its end, which tells what was sent, is about to be heard.
            None => self
                .ops
                .get_mut(id)
                .into_iter()
                .for_each(|op| op.cut = Some(at)),
        }
    }

    /// Whether a call that ends now was given up just before.
    #[inline]
    pub(super) fn was_cut(&mut self, id: OpId, sent: Traffic) -> bool {
        match self.ops.get_mut(id).and_then(|op| op.cut) {
            Some(at) => {
                self.cut(id, at, sent);
                true
            }
            None => false,
        }
    }

    /// Records a call as cancelled on purpose, at this time.
    pub(super) fn cut(&mut self, id: OpId, at: Nanos, sent: Traffic) {
        if let Some(op) = self.ops.get_mut(id) {
            op.sample.counted = Counted::OnPurpose;
        }
        self.end(id, at, Some(Status::CANCELLED), sent, "");
        self.offer.completed(at);
    }
}
