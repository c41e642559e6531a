//! Messages that are encoded when their call starts (`call.fresh`): what that takes is measured, and told in the result.

use std::sync::Arc;

use bytes::Bytes;
use protos::dynamic::{Draft, Draw};
use protos::encoding::Encoding;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use scenarios::units::Nanos;

use super::{Answer, Request};
use crate::clock::Clock;
use crate::engine::{Channels, OpId};

/// What is encoded for each call.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(super) drafts: Vec<Draft>,
    /// Whether all of them are one call's, rather than one of them.
    pub(super) streams: bool,
    pub(super) messages: u32,
    pub(super) seed: u64,
    /// How messages are compressed, where the engine does not compress them itself.
    pub(super) packing: Option<Encoding>,
}

/// One lane's encoder.
pub(crate) struct Pen {
    fresh: Arc<Fresh>,
    draw: Draw,
    stride: u64,
    clock: Clock,
    /// The call whose messages are written, but which has found no free stream yet.
    waiting: Option<OpId>,
    written: Written,
}

/// What encoding took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Written {
    /// Calls whose messages were encoded.
    pub calls: u64,
    /// How long that took in all.
    pub time: Nanos,
}

impl Written {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Written) -> Written {
        Written {
            calls: self.calls + other.calls,
            time: self.time + other.time,
        }
    }

    /// Nanoseconds a call; `None` where nothing was encoded.
    pub fn ns_per_call(self) -> Option<f64> {
        (self.calls > 0).then(|| self.time.0 as f64 / self.calls as f64)
    }
}

impl Fresh {
    /// The same compressed, call by call.
    pub(super) fn packed(&self, encoding: Encoding) -> Fresh {
        Fresh {
            drafts: self.drafts.clone(),
            packing: Some(encoding),
            ..*self
        }
    }

    /// The encoder of a lane, one of so many.
    pub(crate) fn pen(self: &Arc<Self>, lane: u32, of: u32, clock: Clock) -> Pen {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        // Each lane has a stream of numbers of its own; those before are the pool's and the heads'.
        rng.set_stream(u64::from(lane) + 2);
        Pen {
            fresh: Arc::clone(self),
            draw: Draw {
                seq: lane.into(),
                lane,
                rng,
                ..Draw::first(0)
            },
            stride: of.into(),
            clock,
            waiting: None,
            written: Written::default(),
        }
    }
}

impl Pen {
    /// Hands the messages of a call to the channels, unless they have them already.
    pub(crate) fn write(&mut self, op: OpId, request: u32, channels: &mut impl Channels) {
        if self.waiting == Some(op) {
            return;
        }
        let began = self.clock.now();
        channels.put(op, request, self.request());
        self.written.calls += 1;
        self.written.time = self.written.time + self.clock.now().since(began);
        self.waiting = Some(op);
    }

    /// The call has started; the next one has the next number.
    pub(crate) fn started(&mut self) {
        self.waiting = None;
        self.draw.seq += self.stride;
    }

    pub(crate) fn written(&self) -> Written {
        self.written
    }

    fn request(&mut self) -> Request {
        let fresh = Arc::clone(&self.fresh);
        self.draw.now_ns = super::foreign::now_ns();
        let drafts = &fresh.drafts;
        let number = if fresh.streams {
            0
        } else {
            self.draw.seq as usize
        };
        let messages = (0..fresh.messages).map(|message| {
            self.draw.message = message;
            let mut bytes = Vec::new();
            drafts[(number + message as usize) % drafts.len()].encode(&mut self.draw, &mut bytes);
            Bytes::from(bytes)
        });
        Request::new(messages.collect(), 0, fresh.messages, Answer::UNKNOWN)
            .packed_by(fresh.packing)
    }
}
