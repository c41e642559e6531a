//! How the server misbehaves: what is to happen to each call, for both faces.

mod queue;
mod required;
mod schedule;
mod spin;
mod stamps;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use scenarios::scenario::{Behaviour, Cadence};
use scenarios::units::Nanos;
use tonic::{Code, Status};

use required::Required;
use schedule::Schedule;
pub(crate) use schedule::{Fate, Plan};
pub(crate) use stamps::Stamps;

/// Decides the fate of calls.
#[derive(Debug)]
pub(crate) struct Fates {
    /// There where there is any behaviour: without one, nothing is locked and no clock is read.
    schedule: Option<Mutex<Schedule>>,
    spin: Option<Nanos>,
    cadence: Option<Cadence>,
    /// How much later than it could be flow-control credit is given back.
    pub(crate) credit_delay: Option<Nanos>,
    error: Status,
    /// What every call must have among its metadata.
    pub(crate) required: Required,
    connections: AtomicU32,
}

impl Fates {
    pub(crate) fn new(behaviour: &Behaviour) -> Fates {
        // Calls that are admitted are answered as by any server.
        let admitted = Behaviour {
            require: BTreeMap::new(),
            ..behaviour.clone()
        };
        let is_any = admitted != Behaviour::default();
        let error = behaviour.error.as_ref();
        let code = error.map_or(Code::Unknown, |error| Code::from_i32(error.code.0.into()));
        Fates {
            schedule: is_any.then(|| Mutex::new(Schedule::new(behaviour))),
            spin: behaviour.spin,
            cadence: behaviour.cadence,
            credit_delay: behaviour.window_update_delay,
            error: Status::new(code, "the server was asked to fail this call"),
            required: Required::new(&behaviour.require),
            connections: AtomicU32::new(0),
        }
    }

    /// Whether calls are planned at all.
    #[inline]
    pub(crate) fn is_any(&self) -> bool {
        self.schedule.is_some()
    }

    /// How calls end that are asked to fail.
    pub(crate) fn error(&self) -> Status {
        self.error.clone()
    }

    /// The number of the next connection: they are numbered in the order of their first calls.
    pub(crate) fn next_connection(&self) -> u32 {
        self.connections.fetch_add(1, Relaxed)
    }

    /// When a reply of a stream is due, by its number from 0; the first goes by the plan alone.
    #[inline]
    pub(crate) fn reply_due(&self, plan: &Plan, number: u32) -> Option<Nanos> {
        let cadence = self.cadence.as_ref().filter(|_| number > 0)?;
        Some(schedule::reply_due(cadence, plan.planned, number))
    }

    /// Plans the answer to a call that came at `arrival`, and does the work that it is to cost.
    pub(crate) fn plan(&self, arrival: Nanos, connection: u32) -> Plan {
        let Some(schedule) = &self.schedule else {
            return Plan {
                arrival,
                planned: arrival,
                fate: Fate::Answered,
            };
        };
        // Nothing panics while it holds the lock.
        let mut schedule = schedule.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = schedule.plan(arrival, connection);
        drop(schedule);
        if let Some(spin) = self.spin {
            spin::burn(spin);
        }
        plan
    }
}
