//! Buffers for large requests that come in parts: a few of them serve all calls of a thread in turn.

/// How many are kept, and up to which size.
const KEPT: usize = 8;
const KEPT_SIZE: usize = 8 << 20;

/// Buffers that nobody uses at the moment.
#[derive(Debug, Default)]
pub(crate) struct Spares(Vec<Vec<u8>>);

impl Spares {
    /// An empty buffer, with memory where there is some.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.0.pop().unwrap_or_default()
    }

    /// Takes an empty buffer back.
    pub(crate) fn give(&mut self, buffer: Vec<u8>) {
        if self.0.len() < KEPT && buffer.capacity() <= KEPT_SIZE {
            self.0.push(buffer);
        }
    }
}
