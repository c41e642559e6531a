//! What went on around the calls of a repetition: who was busy, and whether the runner was ever late.

use super::facts::Fact;
use super::format::{duration, or_dash, share};
use crate::model::{Conditions, Heartbeat, Repetition};

/// Facts of a repetition; empty where nobody looked.
pub(crate) fn around(repetition: &Repetition) -> Vec<Fact> {
    let conditions = repetition.conditions.as_ref().map(busy).unwrap_or_default();
    let heartbeat = repetition.heartbeat.as_ref().map(late);
    conditions.into_iter().chain(heartbeat).collect()
}

fn busy(conditions: &Conditions) -> Vec<Fact> {
    let fact = |name, part: Option<f64>| Fact {
        name,
        value: or_dash(part, share),
    };
    vec![
        fact("busiest lane, of a core", conditions.client_busy),
        fact("lane ready, and no core", conditions.client_waited),
        fact("server, of what it could use", conditions.server_busy),
        fact("stolen by the hypervisor", conditions.stolen),
        fact("used by other programs", conditions.foreign),
    ]
}

fn late(heartbeat: &Heartbeat) -> Fact {
    let [p99, max] = [heartbeat.late_p99_ns, heartbeat.late_max_ns].map(|ns| duration(ns as f64));
    Fact {
        name: "the runner's heartbeat late by",
        value: format!("99 % up to {p99}, at most {max}"),
    }
}
