//! What the load model has made due and nobody has begun yet. Hot: asked every turn of the lane.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use reports::mutant::{self, Mutant};
use scenarios::load::{Arrivals, Load, Open, Pace, Pacer, Part, Segment as PacerSegment};
use scenarios::units::{Nanos, Rate};

use super::timeline::{Segment, Timeline};

/// A call that is meant to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// Its intended start on the run's clock.
    pub intended: Nanos,
    /// The segment that it belongs to.
    pub segment: u16,
}

/// One lane's share of the load, segment after segment.
pub(super) struct Offer {
    timeline: Arc<Timeline>,
    share: Share,
    current: usize,
    /// When the current segment starts and ends.
    start: Nanos,
    end: Nanos,
    pacer: Option<Box<dyn Pacer>>,
    max_in_flight: usize,
    due: VecDeque<Due>,
}

/// What a lane's share of the load is made from.
#[derive(Clone, Copy, Debug)]
pub struct Share {
    /// Which lane of how many.
    pub part: Part,
    /// The lane's channels.
    pub channels: u32,
    /// The seed of this repetition.
    pub seed: u64,
}

impl Share {
    /// This lane's share of a whole number; the shares add up to the whole.
    fn of(&self, total: u32) -> u32 {
        let Part { index, of } = self.part;
        total / of + u32::from(index < total % of)
    }
}

impl Offer {
    /// The share of one lane, before its first segment.
    pub(super) fn new(timeline: Arc<Timeline>, share: Share) -> Offer {
        let mut offer = Offer {
            timeline,
            share,
            current: 0,
            start: Nanos::ZERO,
            end: Nanos::ZERO,
            pacer: None,
            max_in_flight: usize::MAX,
            due: VecDeque::new(),
        };
        offer.begin(0);
        offer
    }

    /// Takes over what is due by `now`, through as many segments as have ended since it was last asked. Calls `shed`
    /// for each call over the bound on those waiting and in flight. Tells whether another segment has begun, or none
    /// is left.
    pub(super) fn collect(
        &mut self,
        now: Nanos,
        in_flight: usize,
        mut shed: impl FnMut(Due),
    ) -> bool {
        let mut turned = false;
        while self.pacer.is_some() {
            // What fell due before a boundary still belongs to the segment that ends there.
            self.collect_current(now, in_flight, &mut shed);
            if now < self.end {
                break;
            }
            self.current += 1;
            self.begin(in_flight);
            turned = true;
        }
        turned
    }

    /// The current segment; `None` when the measured time is over.
    pub(super) fn segment(&self) -> Option<&Segment> {
        self.timeline.segments().get(self.current)
    }

    /// Begins the current segment, or nothing where the measured time is over.
    fn begin(&mut self, in_flight: usize) {
        let Some(segment) = self.timeline.segments().get(self.current) else {
            self.pacer = None;
            return;
        };
        (self.start, self.end) = (segment.start, segment.end);
        let taken = in_flight + self.due.len();
        let (load, part) = lie(&segment.load, self.share.part);
        self.pacer = Some(load.pacer(&PacerSegment {
            part,
            duration: segment.duration(),
            seed: self.share.seed.wrapping_add(self.current as u64),
            channels: self.share.channels,
            in_flight: u32::try_from(taken).unwrap_or(u32::MAX),
        }));
        self.max_in_flight = segment
            .load
            .max_in_flight()
            .map_or(usize::MAX, |most| self.share.of(most).max(1) as usize);
    }

    fn collect_current(&mut self, now: Nanos, in_flight: usize, shed: &mut impl FnMut(Due)) {
        let segment = u16::try_from(self.current).expect("fewer than 65,536 segments");
        let Some(pacer) = &mut self.pacer else { return };
        // The first moment that is not yet, or no more, its.
        let until = self.end.min(now + Nanos(1)).since(self.start);
        while let Some(offset) = pacer.take_before(until) {
            let intended = self.start + offset;
            let due = Due { intended, segment };
            if mutant::is(Mutant::SkipOverdue) && now.since(intended) > Nanos::from_millis(1) {
                continue;
            }
            if in_flight + self.due.len() >= self.max_in_flight {
                shed(due);
            } else {
                self.due.push_back(due);
            }
        }
    }

    /// The call that has been due the longest.
    pub(super) fn front(&self) -> Option<Due> {
        self.due.front().copied()
    }

    /// Takes the front out: it has begun.
    pub(super) fn begun(&mut self) {
        self.due.pop_front();
    }

    /// A call ended, and its place is free from `at` on.
    pub(super) fn completed(&mut self, at: Nanos) {
        if let Some(pacer) = &mut self.pacer {
            pacer.completed(at.since(self.start));
        }
    }

    /// When something is next due, or the segment ends; `None` when nothing more will be offered.
    pub(super) fn next_wake(&self) -> Option<Nanos> {
        Some(match self.pacer.as_ref()?.peek() {
            Pace::At(offset) => (self.start + offset).min(self.end),
            Pace::OnCompletion | Pace::Done => self.end,
        })
    }

    /// Whether nothing more will be offered and nothing waits.
    pub(super) fn is_over(&self) -> bool {
        self.pacer.is_none() && self.due.is_empty()
    }

    /// Offers nothing more; what is due already stays due.
    pub(super) fn stop(&mut self) {
        self.pacer = None;
        self.current = self.timeline.segments().len();
    }

    /// Gives up on what is due and was never begun.
    pub(super) fn abandon(&mut self) -> impl Iterator<Item = Due> {
        self.due.drain(..)
    }
}

/// The load that is offered, which is the one that was asked for unless a mutant lies.
fn lie(load: &Load, part: Part) -> (Cow<'_, Load>, Part) {
    match load {
        Load::Open(open) if mutant::is(Mutant::EvenArrivals) => {
            let arrivals = Arrivals::Uniform;
            (
                Cow::Owned(Load::Open(Open {
                    arrivals,
                    ..open.clone()
                })),
                part,
            )
        }
        Load::Open(open) if mutant::is(Mutant::PhaseLocked) => {
            let rate = Rate::per_second(open.rate.get() / f64::from(part.of)).unwrap_or(open.rate);
            let load = Load::Open(Open {
                rate,
                ..open.clone()
            });
            (Cow::Owned(load), Part { index: 0, of: 1 })
        }
        asked => (Cow::Borrowed(asked), part),
    }
}
