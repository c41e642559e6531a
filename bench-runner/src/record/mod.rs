//! What became of every call: one [`Recorder`] per lane, no lock, merged exactly at the end.
//!
//! **Hot**: `benches/record.rs` guards the cost per sample. Nothing is allocated per call once warm.

mod buckets;
mod calls;
mod channels;
mod failures;
mod intervals;
mod parts;
mod summary;
mod tally;

pub use self::buckets::{Coarse, Fine};
pub use self::calls::{CallLog, LoggedCall};
pub use self::channels::PerChannel;
pub use self::failures::Failures;
pub use self::intervals::Intervals;
pub use self::parts::{Cell, Parts};
pub use self::summary::{Measured, summarise};
pub use self::tally::Tally;

use reports::model::MethodCounts;
use reports::mutant::{self, Mutant};
use scenarios::units::Nanos;

use crate::engine::Traffic;
use crate::engine::status::Status;

/// A call that ended, was cut off or was left unfinished. All times are on the run's clock.
///
/// `done - intended == (done - started) + (started - intended)`, exactly, because each is a difference of these three.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Where it is counted, which its intended start decides.
    pub cell: Cell,
    /// Its channel, of its lane's.
    pub channel: u32,
    /// When the load model meant it to start.
    pub intended: Nanos,
    /// When it was handed to the transport.
    pub started: Nanos,
    /// When its first reply message came.
    pub first_message: Option<Nanos>,
    /// When its status came, or it was given up.
    pub done: Nanos,
    /// How it ended; `None` is unfinished.
    pub status: Option<Status>,
    /// What its status counts as.
    pub counted: Counted,
    /// Request messages.
    pub sent: Traffic,
    /// Reply messages.
    pub received: Traffic,
}

/// What the status of a call counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// What it is.
    AsItIs,
    /// OK: it is the one that the scenario expects.
    AsOk,
    /// A cancellation that the scenario asks for.
    OnPurpose,
}

/// The segment that is not measured.
const WARM_UP: u16 = 0;

/// One lane's record of a repetition.
pub struct Recorder {
    /// Of the warm-up, then of each measured segment, part by part.
    tallies: Vec<Tally>,
    parts: Parts,
    intervals: Intervals,
    channels: PerChannel,
    failures: Failures,
    recent: Recent,
}

/// What happened since the progress display last looked.
pub struct Recent {
    /// Calls that ended.
    pub ended: u64,
    /// Of these, the ones that were neither OK nor cancelled on purpose.
    pub failed: u64,
    /// Response times of the OK ones, two digits.
    pub response_time: Coarse,
}

impl Sample {
    /// A call of which nothing is known.
    pub const BLANK: Sample = Sample {
        cell: Cell {
            segment: WARM_UP,
            part: 0,
        },
        channel: 0,
        intended: Nanos::ZERO,
        started: Nanos::ZERO,
        first_message: None,
        done: Nanos::ZERO,
        status: None,
        counted: Counted::AsItIs,
        sent: Traffic::NONE,
        received: Traffic::NONE,
    };

    /// Whether it ended as it should.
    #[inline]
    pub fn is_ok(&self) -> bool {
        self.status == Some(Status::OK) || self.counted == Counted::AsOk
    }

    /// Whether it failed, was cut off or was left unfinished.
    #[inline]
    pub fn is_bad(&self) -> bool {
        !self.is_ok() && self.counted != Counted::OnPurpose
    }

    /// Done minus intended start: what a user of the service feels.
    pub fn response_time(&self) -> Nanos {
        let time = self.done.since(self.intended);
        if mutant::is(Mutant::FromSend) {
            self.service_time()
        } else if mutant::is(Mutant::Clamp) {
            time.min(Nanos::SECOND)
        } else {
            time
        }
    }

    /// Done minus started: what the server and the network took.
    pub fn service_time(&self) -> Nanos {
        self.done.since(self.started)
    }

    /// Started minus intended: what the runner, or a lack of streams, added.
    pub fn start_lag(&self) -> Nanos {
        self.started.since(self.intended)
    }
}

impl Recorder {
    /// An empty record of so many measured segments, the measured time beginning at `measure_start` and so long.
    pub fn new(measured_segments: usize, measure_start: Nanos, measured: Nanos) -> Recorder {
        Recorder {
            tallies: (0..=measured_segments).map(|_| Tally::new()).collect(),
            parts: Parts::ONE,
            intervals: Intervals::new(measure_start, measured),
            channels: PerChannel::new(0),
            failures: Failures::default(),
            recent: Recent::new(),
        }
    }

    /// Keeps these parts of each segment apart; before anything is recorded.
    #[must_use]
    pub fn with_parts(mut self, parts: Parts) -> Recorder {
        let segments = self.tallies.len() / self.parts.count();
        self.tallies = vec![Tally::new(); segments * parts.count()];
        self.parts = parts;
        self
    }

    /// Keeps so many channels apart, if they are few enough.
    #[must_use]
    pub fn with_channels(mut self, channels: usize) -> Recorder {
        self.channels = PerChannel::new(channels);
        self
    }

    /// A call was begun.
    #[inline]
    pub fn started(&mut self, cell: Cell, lag: Nanos) {
        self.tally(cell).started(lag);
    }

    /// A call ended, was cut off or was left unfinished.
    pub fn finished(&mut self, sample: &Sample, detail: &str) {
        let is_bad = sample.is_bad();
        let place = sample
            .is_ok()
            .then(|| Coarse::place(sample.response_time()));
        self.recent.finished(place, is_bad);
        self.tally(sample.cell).finished(sample);
        if sample.cell.segment == WARM_UP {
            return;
        }
        self.intervals.finished(sample, place);
        self.channels.finished(sample, place);
        if let Some(status) = sample.status.filter(|_| is_bad) {
            self.failures.add(status, detail);
        }
    }

    /// An attempt was made at a call that may be made again: its first, or another.
    pub fn attempted(&mut self, cell: Cell) {
        self.tally(cell).attempted();
    }

    /// Measured calls begun so far.
    pub fn measured_started(&self) -> u64 {
        self.measured().iter().map(Tally::count_started).sum()
    }

    /// A call was due, but never begun.
    pub fn shed(&mut self, cell: Cell) {
        self.tally(cell).shed();
    }

    /// The time from one reply message of a call to the next.
    pub fn message_gap(&mut self, cell: Cell, gap: Nanos) {
        self.tally(cell).message_gap(gap);
    }

    /// The time from a request to its reply on a ping-pong stream.
    pub fn exchange_time(&mut self, cell: Cell, time: Nanos) {
        self.tally(cell).exchange_time(time);
    }

    /// A request of a paced stream was sent.
    pub fn message_sent(&mut self, cell: Cell, lag: Nanos) {
        self.tally(cell).message_sent(lag);
    }

    /// Its reply came.
    pub fn message_answered(&mut self, cell: Cell, response: Nanos, service: Nanos) {
        self.tally(cell).message_answered(response, service);
    }

    /// Its stream ended without one.
    pub fn message_lost(&mut self, cell: Cell, waited: Nanos) {
        self.tally(cell).message_lost(waited);
    }

    /// What happened since this was last asked; the answer is added to `into`.
    pub fn take_recent(&mut self, into: &mut Recent) {
        into.add(&self.recent);
        self.recent.ended = 0;
        self.recent.failed = 0;
        self.recent.response_time.clear();
    }

    /// Adds the record of another lane.
    pub fn merge(&mut self, other: &Recorder) {
        for (mine, theirs) in self.tallies.iter_mut().zip(&other.tallies) {
            mine.merge(theirs);
        }
        self.intervals.merge(&other.intervals);
        self.failures.merge(&other.failures);
    }

    /// What each channel carried.
    pub fn channels(&self) -> &PerChannel {
        &self.channels
    }

    /// The measured segments' tallies, part by part.
    fn measured(&self) -> &[Tally] {
        &self.tallies[self.parts.count()..]
    }

    /// The tallies of each measured segment.
    fn segments(&self) -> impl Iterator<Item = &[Tally]> {
        self.measured().chunks(self.parts.count())
    }

    /// The measured tallies of one call of the mix, by its number.
    fn of_call(&self, number: usize) -> impl Iterator<Item = &Tally> {
        let targets = usize::from(self.parts.targets);
        self.segments()
            .flat_map(move |parts| &parts[number * targets..][..targets])
    }

    /// The measured tallies of one target, by its number.
    fn of_target(&self, number: usize) -> impl Iterator<Item = &Tally> {
        let targets = usize::from(self.parts.targets);
        self.segments()
            .flat_map(move |parts| parts.iter().skip(number).step_by(targets))
    }

    /// What all calls came to, the warm-up's too.
    fn totals(&self) -> MethodCounts {
        let mut totals = MethodCounts::default();
        self.tallies
            .iter()
            .for_each(|tally| tally.add_to(&mut totals));
        totals
    }

    #[inline]
    fn tally(&mut self, cell: Cell) -> &mut Tally {
        &mut self.tallies[self.parts.index(cell)]
    }
}

impl Recent {
    /// A call ended, with its place among the response times where it was OK.
    #[inline]
    fn finished(&mut self, place: Option<usize>, is_bad: bool) {
        self.ended += 1;
        if let Some(place) = place {
            self.response_time.record_at(place);
        }
        self.failed += u64::from(is_bad);
    }

    /// Nothing yet.
    pub fn new() -> Recent {
        Recent {
            ended: 0,
            failed: 0,
            response_time: Coarse::new(),
        }
    }

    /// Adds what another lane, or a later moment, has seen.
    pub fn add(&mut self, other: &Recent) {
        self.ended += other.ended;
        self.failed += other.failed;
        self.response_time.add(&other.response_time);
    }
}

impl Default for Recent {
    fn default() -> Recent {
        Recent::new()
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    fn sample(intended: u64, lag: u64, service: u64) -> Sample {
        let started = intended + lag;
        Sample {
            cell: Cell {
                segment: 1,
                part: 0,
            },
            channel: 0,
            intended: Nanos(intended),
            started: Nanos(started),
            first_message: None,
            done: Nanos(started + service),
            status: Some(Status::OK),
            ..Sample::BLANK
        }
    }

    #[test]
    fn response_time_is_start_lag_plus_service_time_exactly_for_a_million_calls() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for _ in 0..1_000_000 {
            let mut any = || rng.random_range(0..60_000_000_000u64);
            let sample = sample(any(), any(), any());
            let sum = sample.start_lag() + sample.service_time();
            assert_eq!(sample.response_time(), sum);
        }
    }

    #[test]
    fn lanes_merge_into_what_one_lane_would_have_recorded() {
        let calls: Vec<Sample> = (0..20_000u64)
            .map(|n| sample(n * 100_000, n * 7 % 9_000, 50_000 + n * n % 3_000_000))
            .collect();
        let record = |calls: &mut dyn Iterator<Item = &Sample>| {
            let mut recorder = Recorder::new(1, Nanos::ZERO, Nanos(2 * Nanos::SECOND.0));
            for call in calls {
                recorder.started(call.cell, call.start_lag());
                recorder.finished(call, "");
            }
            recorder
        };
        let whole = record(&mut calls.iter());
        for lanes in [1, 4, 64] {
            let mut parts =
                (0..lanes).map(|lane| record(&mut calls.iter().skip(lane).step_by(lanes)));
            let mut merged = parts.next().unwrap();
            parts.for_each(|part| merged.merge(&part));
            let (merged_tally, whole_tally) = (&merged.tallies[1], &whole.tallies[1]);
            assert_eq!(merged_tally.counts(), whole_tally.counts());
            assert_eq!(
                merged_tally.timings().response_time,
                whole_tally.timings().response_time
            );
            let length = Nanos(2 * Nanos::SECOND.0);
            assert_eq!(merged.intervals.list(length), whole.intervals.list(length));
            let windows = whole.intervals.windows(length);
            assert_eq!(merged.intervals.windows(length), windows);
            assert_eq!(windows.iter().map(|window| window.ok).sum::<u64>(), 20_000);
        }
    }
}
