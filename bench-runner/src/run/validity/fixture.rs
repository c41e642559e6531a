//! A repetition that has nothing against it, to be spoiled one fact at a time.

use reports::model::{
    ChannelStats, Conditions, Counts, Heartbeat, Repetition, Timing, Window, empty_histogram,
};
use scenarios::scenario::Scenario;

use super::{Events, Evidence, Finding};
use crate::host::clock::ClockFacts;

/// A repetition with its surroundings.
pub(super) struct Case {
    pub(super) scenario: Scenario,
    pub(super) repetition: Repetition,
    pub(super) events: Events,
    pub(super) clock: ClockFacts,
    pub(super) cores: usize,
}

const OPEN: &str = "load: { open: { rate: 1000/s } }\nphases: { measure: 10s }";
const CLOSED: &str = "load: { closed: { in_flight: 4 } }\nphases: { measure: 10s }";

impl Case {
    /// 10,000 calls in ten seconds of an open loop.
    pub(super) fn open() -> Case {
        Case::new(OPEN)
    }

    /// The same of a closed loop.
    pub(super) fn closed() -> Case {
        Case::new(CLOSED)
    }

    /// The same of any scenario.
    pub(super) fn new(yaml: &str) -> Case {
        Case {
            scenario: crate::given::scenario(yaml),
            repetition: repetition(),
            events: Events::default(),
            clock: ClockFacts {
                source: Some("tsc".into()),
                cost_ns: 20,
                step_ns: 20,
            },
            cores: 2,
        }
    }

    pub(super) fn evidence(&self) -> Evidence<'_> {
        Evidence {
            scenario: &self.scenario,
            repetition: &self.repetition,
            events: self.events,
            clock: &self.clock,
            cores: self.cores,
        }
    }

    /// What one rule says of it.
    pub(super) fn ask(&self, rule: super::Rule) -> Option<Finding> {
        rule(&self.evidence())
    }

    pub(super) fn conditions(&mut self) -> &mut Conditions {
        self.repetition
            .conditions
            .get_or_insert_with(Conditions::default)
    }
}

/// `count` samples of which the last `tail` are `slow` and the others `usual`.
pub(super) fn times(count: u64, usual: u64, tail: u64, slow: u64) -> Timing {
    let mut histogram = empty_histogram();
    histogram.record_n(usual, count - tail).unwrap();
    histogram.record_n(slow, tail).unwrap();
    Timing::new(&histogram)
}

fn repetition() -> Repetition {
    let mut repetition: Repetition = serde_json::from_value(serde_json::json!({
        "validity": { "verdict": "valid" },
        "counts": Counts { started: 10_000, ok: 10_000, ..Counts::default() },
        "server": null,
    }))
    .unwrap();
    repetition.measured_s = 10.0;
    (repetition.offered_per_s, repetition.achieved_per_s) = (1_000.0, 1_000.0);
    repetition.response_time = times(10_000, 300_000, 300, 900_000);
    repetition.service_time = repetition.response_time.clone();
    repetition.start_lag = times(10_000, 20_000, 300, 40_000);
    repetition.conditions = Some(Conditions {
        colocated: Some(true),
        dedicated_cores: false,
        client_busy: Some(0.5),
        client_waited: Some(0.001),
        server_busy: Some(0.4),
        stolen: Some(0.001),
        foreign: Some(0.01),
        started_in_time: Some(10_000),
    });
    repetition.heartbeat = Some(Heartbeat {
        beats: 10_000,
        late_p99_ns: 150_000,
        late_max_ns: 2_000_000,
        late_max_at_s: 1.0,
    });
    repetition.windows = (0..20u32)
        .map(|n| Window {
            start_s: f64::from(n) / 2.0,
            length_s: 0.5,
            ok: 500,
            p50_ns: Some(300_000.0 + f64::from(n % 3) * 1_000.0),
        })
        .collect();
    repetition.channels = vec![
        ChannelStats {
            ended: 2_500,
            ok: 2_500,
            p50_ns: Some(300_000),
            p99_ns: Some(900_000),
        };
        4
    ];
    repetition
}
