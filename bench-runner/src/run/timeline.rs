//! The run's time, cut into segments: the warm-up, then each stretch of the measured time, then the drain.

use scenarios::load::Load;
use scenarios::scenario::Scenario;
use scenarios::units::Nanos;

/// When each segment of a run begins and ends, on the run's clock.
#[derive(Clone, Debug)]
pub struct Timeline {
    segments: Vec<Segment>,
    /// When the measured time begins.
    pub measure_start: Nanos,
    /// When the measured time ends and the drain begins.
    pub measure_end: Nanos,
    /// When what is still in flight counts as unfinished.
    pub drain_end: Nanos,
}

/// A stretch of time with one load model. The first is the warm-up, and may be empty.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The stage's name; empty where the load has no stages.
    pub name: String,
    /// What is offered.
    pub load: Load,
    /// Its start.
    pub start: Nanos,
    /// Its end, not included.
    pub end: Nanos,
}

impl Timeline {
    /// The timeline of a scenario.
    pub fn new(scenario: &Scenario) -> Timeline {
        let phases = &scenario.phases;
        let warm_up = Segment {
            name: "warm-up".into(),
            load: scenario.load.warm_up(),
            start: Nanos::ZERO,
            end: phases.warm_up,
        };
        let mut segments = vec![warm_up];
        let mut start = phases.warm_up;
        for stretch in scenario.load.stretches(phases.measure) {
            let end = start + stretch.duration;
            segments.push(Segment {
                name: stretch.name,
                load: stretch.load,
                start,
                end,
            });
            start = end;
        }
        Timeline {
            segments,
            measure_start: phases.warm_up,
            measure_end: start,
            drain_end: start + phases.drain,
        }
    }

    /// The segments in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The measured segments in order: all but the warm-up.
    pub fn measured(&self) -> &[Segment] {
        &self.segments[1..]
    }

    /// The segment that a point in time belongs to; what lies behind them all belongs to the last.
    pub fn segment_at(&self, at: Nanos) -> u16 {
        let begun = self.segments.partition_point(|segment| segment.start <= at);
        u16::try_from(begun.saturating_sub(1)).expect("fewer than 65,536 segments")
    }

    /// The length of the drain.
    pub fn drain(&self) -> Nanos {
        self.drain_end.since(self.measure_end)
    }
}

impl Segment {
    /// Its length.
    pub fn duration(&self) -> Nanos {
        self.end.since(self.start)
    }
}
