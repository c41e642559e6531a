//! Streams that we reset: what the peer still sends on them was on its way, and is no error (RFC 9113 5.1).

use std::collections::VecDeque;

/// How many are remembered one by one.
const REMEMBERED: usize = 1024;

/// The last streams that we reset.
#[derive(Debug, Default)]
pub(crate) struct ResetStreams {
    ids: VecDeque<u32>,
    /// The highest id that had to be forgotten. Up to it we cannot tell, and give the peer the benefit of the doubt.
    forgotten: u32,
}

impl ResetStreams {
    pub(crate) fn push(&mut self, id: u32) {
        if self.ids.len() == REMEMBERED
            && let Some(oldest) = self.ids.pop_front()
        {
            self.forgotten = self.forgotten.max(oldest);
        }
        self.ids.push_back(id);
    }

    /// Whether frames on this closed stream may be an answer to what we had not yet reset.
    pub(crate) fn may_have(&self, id: u32) -> bool {
        id <= self.forgotten || self.ids.contains(&id)
    }
}
