//! What both halves offer in the same words.

/// The output, and what can be asked about a connection: the same for [`Client`](crate::Client) and
/// [`Server`](crate::Server).
macro_rules! output_and_facts {
    ($half:ident) => {
        impl $half {
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

            /// Streams that are open.
            #[must_use]
            pub fn open_streams(&self) -> usize {
                self.conn.streams.len()
            }

            /// The error that ended the connection.
            #[must_use]
            pub fn failure(&self) -> Option<ConnectionError> {
                self.conn.failed
            }
        }
    };
}

pub(crate) use output_and_facts;
