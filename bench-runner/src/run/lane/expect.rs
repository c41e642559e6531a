//! Answers that are not what the scenario expects (`call.expect`).

use super::Lane;
use crate::call::Misfit;
use crate::engine::status::Status;
use crate::engine::{Channels, OpId};
use crate::record::Counted;

impl<C: Channels> Lane<C> {
    /// Notes what is wrong with an answer; the first is enough.
    pub(super) fn misfits(&mut self, id: OpId, misfit: Misfit) {
        if self.ops.get_mut(id).is_some() {
            self.misfits.entry(id).or_insert(misfit);
        }
    }

    /// Looks at the length of a reply message.
    pub(super) fn check_size(&mut self, id: OpId, bytes: u64) {
        let Some(op) = self.ops.get_mut(id) else {
            return;
        };
        let expect = self.mix.call(op.request).expect.as_ref();
        if let Some(Err(misfit)) = expect.map(|expect| expect.size(bytes)) {
            self.misfits(id, misfit);
        }
    }

    /// What a call that ended well, OK or as was expected, ends as.
    pub(super) fn verdict(&mut self, id: OpId, status: Status) -> (Status, String) {
        if let Some(wrong) = self.unanswered(id).filter(|_| status == Status::OK) {
            return (Status::WRONG_REPLY, wrong);
        }
        let Some(op) = self.ops.get_mut(id) else {
            return (status, String::new());
        };
        let Some(expect) = &self.mix.call(op.request).expect else {
            return match self.mix.check(op.request, op.sample.received) {
                Ok(()) => (status, String::new()),
                Err(wrong) => (Status::WRONG_REPLY, wrong),
            };
        };
        let misfit = expect.end(status, op.sample.received).err();
        if let Some(misfit) = misfit.or_else(|| self.misfits.remove(&id)) {
            return (Status::CHECK_FAILED, misfit);
        }
        if status == Status::OK {
            let wrong = self.mix.check(op.request, op.sample.received).err();
            return wrong.map_or((status, String::new()), |wrong| {
                (Status::WRONG_REPLY, wrong)
            });
        }
        op.sample.counted = Counted::AsOk;
        (status, String::new())
    }
}
