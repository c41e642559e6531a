//! The windows that a server grants to what we send, rebuilt from the frames that pass.
//!
//! # Source
//!
//! RFC 9113: section 5.2 and 6.9 (flow control).

use std::collections::BTreeMap;

use reports::model::WireSettings;

const DEFAULT: i64 = 65_535;

/// The windows of a connection and of those of its streams whose half of ours is open.
///
/// A window may fall below nothing (RFC 9113 6.9.2), and what a hostile peer grants too much must not wrap: hence 64 bits.
#[derive(Debug)]
pub(super) struct Windows {
    connection: i64,
    /// What a stream starts with.
    initial: i64,
    streams: BTreeMap<u32, i64>,
    /// Streams whose window is used up.
    exhausted: usize,
    /// DATA that was sent, and whether the connection's window was widened yet.
    sent: u64,
    widened: bool,
}

impl Default for Windows {
    fn default() -> Windows {
        Windows {
            connection: DEFAULT,
            initial: DEFAULT,
            streams: BTreeMap::new(),
            exhausted: 0,
            sent: 0,
            widened: false,
        }
    }
}

impl Windows {
    /// We opened a stream, and have more to send on it.
    pub(super) fn open(&mut self, stream: u32) {
        if self.streams.insert(stream, self.initial).is_none() {
            self.exhausted += usize::from(self.initial <= 0);
        }
    }

    /// We sent DATA.
    #[inline]
    pub(super) fn data(&mut self, stream: u32, len: u32, end: bool) {
        self.connection -= i64::from(len);
        self.sent += u64::from(len);
        if end {
            self.close(stream);
        } else {
            self.change(stream, -i64::from(len));
        }
    }

    /// A stream is over, or our half of it is.
    #[inline]
    pub(super) fn close(&mut self, stream: u32) {
        if let Some(window) = self.streams.remove(&stream) {
            self.exhausted -= usize::from(window <= 0);
        }
    }

    /// The server granted more to a stream, or to the connection, which is 0. Tells what the connection started with,
    /// where this is its first update and gives more than was taken.
    pub(super) fn widen(&mut self, stream: u32, increment: u32) -> Option<u32> {
        if stream != 0 {
            self.change(stream, increment.into());
            return None;
        }
        self.connection += i64::from(increment);
        let first = !std::mem::replace(&mut self.widened, true);
        (first && u64::from(increment) > self.sent)
            .then(|| (DEFAULT as u32).saturating_add(increment))
    }

    /// The server announced its settings: open streams follow.
    pub(super) fn settings(&mut self, settings: &WireSettings) {
        let Some(initial) = settings.initial_stream_window.map(i64::from) else {
            return;
        };
        let by = initial - std::mem::replace(&mut self.initial, initial);
        self.exhausted = 0;
        for window in self.streams.values_mut() {
            *window += by;
            self.exhausted += usize::from(*window <= 0);
        }
    }

    /// Whether a stream waits for its own window, and whether one waits for the connection's only.
    #[inline]
    pub(super) fn stalls(&self) -> [bool; 2] {
        [
            self.exhausted > 0,
            self.connection <= 0 && self.streams.len() > self.exhausted,
        ]
    }

    fn change(&mut self, stream: u32, by: i64) {
        if let Some(window) = self.streams.get_mut(&stream) {
            self.exhausted -= usize::from(*window <= 0);
            *window += by;
            self.exhausted += usize::from(*window <= 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEITHER: [bool; 2] = [false, false];
    const STREAM: [bool; 2] = [true, false];
    const CONNECTION: [bool; 2] = [false, true];

    fn initial(window: u32) -> WireSettings {
        WireSettings {
            initial_stream_window: Some(window),
            ..WireSettings::default()
        }
    }

    #[test]
    fn a_stream_waits_for_its_own_window_until_it_is_widened_or_over() {
        let mut windows = Windows::default();
        windows.settings(&initial(10));
        windows.open(1);
        windows.data(1, 9, false);
        assert_eq!(windows.stalls(), NEITHER);
        windows.data(1, 1, false);
        assert_eq!(windows.stalls(), STREAM);
        windows.widen(0, 1_000);
        assert_eq!(windows.stalls(), STREAM);
        windows.widen(1, 5);
        assert_eq!(windows.stalls(), NEITHER);
        windows.data(1, 5, true);
        assert_eq!(windows.stalls(), NEITHER);
        // An update of a stream that is over was on its way.
        windows.widen(1, 5);
        windows.open(3);
        windows.data(3, 10, false);
        windows.close(3);
        assert_eq!(windows.stalls(), NEITHER);
    }

    #[test]
    fn streams_follow_a_change_of_their_initial_window() {
        let mut windows = Windows::default();
        windows.open(1);
        windows.data(1, 100, false);
        windows.settings(&initial(100));
        assert_eq!(windows.stalls(), STREAM);
        windows.settings(&initial(101));
        assert_eq!(windows.stalls(), NEITHER);
        windows.settings(&initial(0));
        windows.open(3);
        assert_eq!(windows.stalls(), STREAM);
        windows.close(1);
        windows.widen(3, 1);
        assert_eq!(windows.stalls(), NEITHER);
    }

    #[test]
    fn the_connections_window_stalls_only_streams_that_could_send() {
        let mut windows = Windows::default();
        windows.settings(&initial(100_000));
        windows.open(1);
        windows.data(1, 65_535, true);
        assert_eq!(windows.stalls(), NEITHER);
        windows.open(3);
        assert_eq!(windows.stalls(), CONNECTION);
        windows.settings(&initial(0));
        assert_eq!(windows.stalls(), STREAM);
        windows.widen(3, 1);
        assert_eq!(windows.stalls(), CONNECTION);
        windows.widen(0, 1);
        assert_eq!(windows.stalls(), NEITHER);
    }

    #[test]
    fn what_the_server_gives_back_is_not_what_the_connection_started_with() {
        let mut windows = Windows::default();
        windows.open(1);
        windows.data(1, 5, true);
        assert_eq!(windows.widen(0, 1_000), Some(66_535));
        assert_eq!(windows.widen(0, 1_000), None);
        let mut windows = Windows::default();
        windows.data(1, 40_000, true);
        assert_eq!(windows.widen(0, 40_000), None);
        assert_eq!(windows.widen(0, 50_000), None);
    }
}
