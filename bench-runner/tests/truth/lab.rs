//! Experiments that take no time: lanes over the fake engine on a manual clock.

use std::ops::Range;
use std::sync::Arc;

use bench_runner::call::Known;
use bench_runner::clock::{Clock, Hand};
use bench_runner::engine::fake::{Fake, Fate, simulate_with_stop};
use bench_runner::mix::Mix;
use bench_runner::record::{CallLog, LoggedCall, Measured, Recorder, Sample, summarise};
use bench_runner::run::Share;
use bench_runner::run::lane::Lane;
use bench_runner::run::timeline::Timeline;
use bench_runner::run::watch::{Board, Stop, Watch};
use reports::model::Repetition;
use scenarios::Suite;
use scenarios::load::{Load, Pace, Part, Segment};
use scenarios::scenario::Scenario;
use scenarios::units::Nanos;

/// What is run, and how the world treats it.
pub(crate) struct Experiment {
    pub(crate) scenario: Scenario,
    /// Streams of each channel.
    streams: usize,
    /// What becomes of a call, by its number and its start.
    server: fn(u64, Nanos) -> Fate,
    messages: Vec<Nanos>,
    /// From when to when the client stands still.
    stop: Range<Nanos>,
}

/// What came of it.
pub(crate) struct Seen {
    pub(crate) repetition: Repetition,
    /// By intended start.
    pub(crate) calls: Vec<LoggedCall>,
    /// Calls that reached the server.
    pub(crate) served: u64,
}

pub(crate) fn experiment(yaml: &str, server: fn(u64, Nanos) -> Fate) -> Experiment {
    let suite = Suite::parse("experiment.yaml", yaml, &[])
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    Experiment {
        scenario: suite.cases[0].scenario.clone(),
        streams: usize::MAX,
        server,
        messages: vec![Nanos::ZERO],
        stop: Nanos::ZERO..Nanos::ZERO,
    }
}

impl Experiment {
    pub(crate) fn streams(mut self, streams: usize) -> Experiment {
        self.streams = streams;
        self
    }

    pub(crate) fn messages(mut self, messages: Vec<Nanos>) -> Experiment {
        self.messages = messages;
        self
    }

    pub(crate) fn stopped(mut self, from: Nanos, to: Nanos) -> Experiment {
        self.stop = from..to;
        self
    }

    pub(crate) fn seed(mut self, seed: u64) -> Experiment {
        self.scenario.seed = seed;
        self
    }

    /// The intended starts of an open load over the measured time, as the load model itself has them.
    pub(crate) fn schedule(&self) -> Vec<u64> {
        let mut pacer = self.scenario.load.pacer(&Segment {
            part: Part { index: 0, of: 1 },
            duration: self.scenario.phases.measure,
            seed: self.scenario.seed.wrapping_add(1),
            channels: 1,
            in_flight: 0,
        });
        let next = || {
            let at = pacer.peek();
            pacer.advance();
            match at {
                Pace::At(at) => Some(at.0),
                Pace::OnCompletion | Pace::Done => None,
            }
        };
        std::iter::from_fn(next).collect()
    }

    pub(crate) fn run(&self) -> Seen {
        assert_eq!(self.scenario.phases.warm_up, Nanos::ZERO);
        let timeline = Arc::new(Timeline::new(&self.scenario));
        let lanes = self.scenario.client.lanes;
        let mut served = 0;
        let mut whole: Option<Recorder> = None;
        let mut logs = Vec::new();
        for index in 0..lanes {
            let (mut lane, hand) = self.lane(Part { index, of: lanes }, &timeline);
            simulate_with_stop(&mut lane, &hand, self.stop.clone());
            served += lane.channels().started();
            let record = lane.into_record();
            logs.extend(record.log);
            match &mut whole {
                None => whole = Some(record.recorder),
                Some(whole) => whole.merge(&record.recorder),
            }
        }
        let log = CallLog::merged(logs).expect("every lane has a log");
        assert_eq!(log.left_out(), 0);
        Seen {
            repetition: summary(&whole.expect("there is a lane"), &timeline),
            calls: log.calls().to_vec(),
            served,
        }
    }

    fn lane(&self, part: Part, timeline: &Arc<Timeline>) -> (Lane<Fake>, Hand) {
        let scenario = &self.scenario;
        let (clock, hand) = Clock::manual();
        let channels = scenario.client.channels / scenario.client.lanes;
        let share = Share {
            part,
            channels,
            seed: scenario.seed,
        };
        let server = self.server;
        let fake = Fake::new(
            clock.clone(),
            channels as usize,
            self.streams,
            Box::new(server),
        )
        .with_messages(self.messages.clone());
        let mix = Mix::prepare(&scenario.calls, scenario.seed, &Known::default(), &[]);
        let mix = Arc::new(mix.unwrap());
        let watch = Watch::new(Stop::default(), Board::default());
        let room = match &scenario.load {
            Load::Open(open) => open.rate.get() * scenario.phases.measure.as_secs_f64() + 1.0,
            other => panic!("no room is set for {other:?}"),
        };
        let log = CallLog::new(part.index, room as usize);
        let lane = Lane::new(clock, fake, mix, Arc::clone(timeline), share, watch);
        (lane.with_log(Some(log)), hand)
    }
}

fn summary(recorder: &Recorder, timeline: &Timeline) -> Repetition {
    let measured = Measured {
        measure_end: timeline.measure_end,
        ..Measured::default()
    };
    summarise(recorder, timeline, &measured)
}

/// What the recorder makes of samples, dealt to so many shards in turn.
pub(crate) fn recorded(samples: &[Sample], shards: usize) -> Repetition {
    let whole = experiment(
        "name: recorded\nphases: { warm_up: 0s, measure: 60s }",
        |_, _| unreachable!("nothing is called"),
    );
    let timeline = Timeline::new(&whole.scenario);
    let mut recorders = (0..shards).map(|shard| {
        let mut recorder = Recorder::new(1, Nanos::ZERO, Nanos(60 * Nanos::SECOND.0));
        for sample in samples.iter().skip(shard).step_by(shards) {
            recorder.started(sample.cell, sample.start_lag());
            recorder.finished(sample, "");
        }
        recorder
    });
    let mut first = recorders.next().expect("there is a shard");
    recorders.for_each(|other| first.merge(&other));
    summary(&first, &timeline)
}
