//! Connection churn: a channel makes so many calls, and is closed and opened anew when the last of them has ended.

/// How many calls each channel has left.
#[derive(Debug)]
pub(super) struct Churn {
    most: u32,
    left: Vec<u32>,
}

impl Churn {
    /// So many calls for each channel, before it is opened anew.
    pub(super) fn new(most: u32, channels: usize) -> Churn {
        Churn {
            most,
            left: vec![most; channels],
        }
    }

    /// Whether a channel has made its calls, and takes no more.
    pub(super) fn is_spent(&self, channel: usize) -> bool {
        self.left[channel] == 0
    }

    /// A channel has begun a call.
    pub(super) fn started(&mut self, channel: usize) {
        self.left[channel] -= 1;
    }

    /// A channel is opened anew.
    pub(super) fn reopened(&mut self, channel: usize) {
        self.left[channel] = self.most;
    }
}
