//! What both halves offer in the same words.

/// A stream given up or held back, the output, and what can be asked about a connection: the same for [`Client`](crate::Client) and
/// [`Server`](crate::Server).
macro_rules! common_half {
    ($half:ident) => {
        impl $half {
            /// Gives a stream up. No event of it will come; what the peer still sends on it is dropped. Says how far
            /// it had come, sent and received, or nothing if it was over.
            pub fn reset(&mut self, stream: u32, code: ErrorCode) -> Option<(Progress, Progress)> {
                let slot = self.conn.streams.find(stream)?;
                self.conn.send_reset(stream, code);
                let stream = self.conn.remove(slot);
                Some((stream.sent, stream.received))
            }

            /// Lets the reader of a stream be slow: what comes is delivered, but not given back to the peer's windows
            /// until the stream is no longer held.
            pub fn hold(&mut self, stream: u32, held: bool) {
                self.conn.hold(stream, held);
            }

            /// What came on a held stream and is not given back yet; 0 if it is over.
            #[must_use]
            pub fn owed(&self, stream: u32) -> u32 {
                let slot = self.conn.streams.find(stream);
                slot.map_or(0, |slot| self.conn.streams.get(slot).owed)
            }

            /// Gives a part of what a held stream owes back to the peer's windows.
            pub fn give_back(&mut self, stream: u32, len: u32) {
                self.conn.give_back(stream, len);
            }

            /// How far a stream has come, sent and received; nothing if it is over.
            #[must_use]
            pub fn progress(&self, stream: u32) -> Option<(Progress, Progress)> {
                let slot = self.conn.streams.find(stream)?;
                let stream = self.conn.streams.get(slot);
                Some((stream.sent, stream.received))
            }

            /// Sends a PING; `pong` of the listener tells when it is back.
            pub fn ping(&mut self, opaque: u64) {
                self.conn.ping(opaque);
            }

            /// Bytes to write, as many as stand together. Empty means that there are none.
            #[inline]
            pub fn output(&mut self) -> &[u8] {
                self.conn.output.contiguous()
            }

            /// Bytes to write, for a vectored write: large messages are lent, not copied. Says how many slices it
            /// filled.
            pub fn output_slices<'a>(&'a mut self, slices: &mut [IoSlice<'a>]) -> usize {
                self.conn.output.slices(slices)
            }

            /// How many bytes there are to write.
            #[inline]
            #[must_use]
            pub fn output_len(&self) -> usize {
                self.conn.output.len()
            }

            /// The first `len` bytes of the output were written.
            #[inline]
            pub fn advance(&mut self, len: usize) {
                self.conn.advance(len);
            }

            /// Gives back memory of an empty output beyond `keep` bytes.
            pub fn shrink(&mut self, keep: usize) {
                self.conn.output.shrink(keep);
            }

            /// What passed so far.
            #[must_use]
            pub fn counters(&self) -> &Counters {
                &self.conn.counters
            }

            /// What holds queued messages back now.
            #[inline]
            #[must_use]
            pub fn stalls(&self) -> Stalls {
                self.conn.stalls()
            }

            /// The peer's settings, once they have come.
            #[must_use]
            pub fn peer_settings(&self) -> Option<&Settings> {
                self.conn.peer_known.then_some(&self.conn.peer)
            }

            /// How wide the peer made the connection's window at first: 65,535 and its first WINDOW_UPDATE, where that
            /// gave more than had been taken.
            #[must_use]
            pub fn peer_connection_window(&self) -> u32 {
                self.conn.peer_window
            }

            /// Streams that are open.
            #[must_use]
            pub fn open_streams(&self) -> usize {
                self.conn.streams.len()
            }

            /// What the last GOAWAY of the peer said.
            #[must_use]
            pub fn farewell(&self) -> Option<&$crate::Farewell> {
                self.conn.farewell.as_ref()
            }

            /// The error that ended the connection.
            #[must_use]
            pub fn failure(&self) -> Option<ConnectionError> {
                self.conn.failed
            }
        }
    };
}

pub(crate) use common_half;
