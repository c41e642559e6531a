//! What templates are filled from: where a message stands among the calls, the time, and what is random.

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// What templates are filled from, for one message.
#[derive(Debug)]
pub struct Draw {
    /// The number of the call.
    pub seq: u64,
    /// The number of the message in its call.
    pub message: u32,
    /// The number of the lane.
    pub lane: u32,
    /// The time, in nanoseconds since 1970.
    pub now_ns: u64,
    /// What is random.
    pub rng: ChaCha8Rng,
}

impl Draw {
    /// That of the first call, at the beginning of time.
    pub fn first(seed: u64) -> Draw {
        Draw {
            seq: 0,
            message: 0,
            lane: 0,
            now_ns: 0,
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// A whole number between two, both among them.
    pub(super) fn int(&mut self, from: i64, to: i64) -> i64 {
        self.rng.random_range(from..=to)
    }

    pub(super) fn float(&mut self, from: f64, to: f64) -> f64 {
        from + self.rng.random::<f64>() * (to - from)
    }

    pub(super) fn bool(&mut self) -> bool {
        self.rng.random()
    }

    pub(super) fn index(&mut self, below: usize) -> usize {
        self.rng.random_range(0..below.max(1))
    }

    pub(super) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }

    pub(super) fn letters(&mut self, length: usize, into: &mut Vec<u8>) {
        const LETTERS: &[u8; 62] =
            b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let start = into.len();
        into.resize(start + length, 0);
        self.rng.fill_bytes(&mut into[start..]);
        for byte in &mut into[start..] {
            *byte = LETTERS[usize::from(*byte) * 62 / 256];
        }
    }

    pub(super) fn uuid(&mut self) -> uuid::Uuid {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// The time as protobuf has it.
    pub(super) fn now(&self) -> prost_types::Timestamp {
        prost_types::Timestamp {
            seconds: (self.now_ns / 1_000_000_000) as i64,
            nanos: (self.now_ns % 1_000_000_000) as i32,
        }
    }
}
