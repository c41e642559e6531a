//! When calls are meant to start: the load models, each a file behind the [`Pacer`] seam.
//!
//! A pacer is pure: absolute fire times as offsets from the start of its segment, no clock, no sleep. The open models
//! are one composition: *arrivals* (even or Poisson) laid over a *profile* of the rate (constant or a ramp).

mod arrivals;
mod closed;
mod open;
mod profile;
mod stages;

pub use arrivals::Arrivals;
pub use closed::Closed;
pub use open::{Open, Ramp};
pub use stages::Stage;

use serde::{Deserialize, Serialize};

use crate::units::{Nanos, Rate};

/// Says when calls are meant to start.
///
/// Times are offsets from the start of the pacer's own segment. They never decrease. The same load, part and seed give
/// the same times, and the union over all parts is exactly the whole.
pub trait Pacer: Send {
    /// The next intended start. Asked every turn of the lane, so it is a field read or little more.
    fn peek(&self) -> Pace;
    /// The start that [`peek`](Pacer::peek) offered was taken (begun, queued or shed); work out the one after it.
    fn advance(&mut self);
    /// Takes the next intended start, where it is before `until`.
    fn take_before(&mut self, until: Nanos) -> Option<Nanos> {
        match self.peek() {
            Pace::At(at) if at < until => {
                self.advance();
                Some(at)
            }
            _ => None,
        }
    }
    /// A call finished and its place is free from `at` on. Open models ignore it.
    fn completed(&mut self, at: Nanos) {
        let _ = at;
    }
}

/// What a pacer says about the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Start then; where that is past, the call is late, and the lateness is response time.
    At(Nanos),
    /// A closed loop at its limit: nothing until a call completes.
    OnCompletion,
    /// Nothing more to offer in this segment.
    Done,
}

/// A lane's share of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which share, from 0.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

/// What a pacer is made for: one lane, one segment of the run.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// The lane's share. Open models give it every `of`-th arrival.
    pub part: Part,
    /// How long the segment is; open models offer nothing at or after its end.
    pub duration: Nanos,
    /// The seed of random arrivals, the same for all parts.
    pub seed: u64,
    /// The channels of this lane: a closed loop keeps its limit on each.
    pub channels: u32,
    /// Calls of this lane still in flight from the segment before: a closed loop counts them against its limit.
    pub in_flight: u32,
}

/// A load model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Load {
    /// So many calls in flight on each channel; the next starts when one ends.
    Closed(Closed),
    /// Calls start at a rate, whether or not earlier ones have ended.
    Open(Open),
    /// An open loop whose rate changes evenly over the segment.
    Ramp(Ramp),
    /// The other models, one after another, each with its own statistics.
    Stages(Vec<Stage>),
}

/// One stretch of the measured time with a single load model.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// The stage's name; empty where the load has no stages.
    pub name: String,
    /// What is offered; never [`Load::Stages`].
    pub load: Load,
    /// How long it is.
    pub duration: Nanos,
}

impl Load {
    /// The measured time as stretches of single models: the stages, or the one model over `measure`.
    pub fn stretches(&self, measure: Nanos) -> Vec<Stretch> {
        match self {
            Load::Stages(stages) => stages.iter().map(Stage::stretch).collect(),
            single => vec![Stretch {
                name: String::new(),
                load: single.clone(),
                duration: measure,
            }],
        }
    }

    /// What the warm-up offers: the same model, and of a ramp its first rate, of stages the first.
    pub fn warm_up(&self) -> Load {
        match self {
            Load::Ramp(ramp) => Load::Open(ramp.start()),
            Load::Stages(stages) => stages
                .first()
                .map_or_else(|| self.clone(), |stage| stage.stretch().load.warm_up()),
            single => single.clone(),
        }
    }

    /// The pacer of one lane for one segment.
    ///
    /// # Panics
    ///
    /// Of [`Load::Stages`], which is taken apart by [`stretches`](Load::stretches) first.
    pub fn pacer(&self, segment: &Segment) -> Box<dyn Pacer> {
        match self {
            Load::Closed(closed) => closed.pacer(segment),
            Load::Open(open) => open.pacer(segment),
            Load::Ramp(ramp) => ramp.pacer(segment),
            Load::Stages(_) => {
                panic!("stages are taken apart into stretches before they are paced")
            }
        }
    }

    /// The rate offered at `at`, an offset from the start of a segment of length `duration`; `None` for a closed loop.
    pub fn rate_at(&self, at: Nanos, duration: Nanos) -> Option<Rate> {
        match self {
            Load::Closed(_) | Load::Stages(_) => None,
            Load::Open(open) => Some(open.rate),
            Load::Ramp(ramp) => ramp.rate_at(at, duration),
        }
    }

    /// How many calls of an open loop may wait or be in flight at once over all lanes; more are shed.
    pub fn max_in_flight(&self) -> Option<u32> {
        match self {
            Load::Closed(_) | Load::Stages(_) => None,
            Load::Open(open) => Some(open.max_in_flight),
            Load::Ramp(ramp) => Some(ramp.max_in_flight),
        }
    }
}
