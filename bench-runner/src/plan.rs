//! A case bound to this machine: where the channels go, which thread has which of them, what is sent and when.

use std::sync::Arc;

use scenarios::load::Part;
use scenarios::scenario::{Address, Engine, Idle};
use scenarios::{Case, KeyPath};

use crate::call::{Call, Known};
use crate::engine::Endpoint;
use crate::run::timeline::Timeline;
use crate::run::{RunError, Share};
use crate::secrets::Secrets;

/// One repetition of a case, ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which client stack makes the calls.
    pub engine: Engine,
    /// Where the channels go.
    pub endpoint: Endpoint,
    /// What is sent.
    pub call: Arc<Call>,
    /// When each phase begins and ends.
    pub timeline: Arc<Timeline>,
    /// How a lane waits.
    pub idle: Idle,
    /// How many calls are kept one by one.
    pub logged_calls: Option<u32>,
    /// The lanes.
    pub lanes: Vec<LanePlan>,
}

/// One lane of a plan.
#[derive(Clone, Copy, Debug)]
pub struct LanePlan {
    /// Its part of the load, and its channels.
    pub share: Share,
    /// The core that it is kept on.
    pub core: Option<usize>,
}

impl Plan {
    /// Binds a case to a target that listens at `address`; `shaped` tells whether the target is known to honour the
    /// reply shape. Each repetition has a seed of its own, the same for every case.
    ///
    /// # Errors
    ///
    /// Where the call is of a service whose description cannot be had, or does not fit it.
    pub fn bind(
        case: &Case,
        address: Address,
        shaped: bool,
        repetition: u32,
        secrets: &Secrets,
    ) -> Result<Plan, RunError> {
        let scenario = &case.scenario;
        let client = &scenario.client;
        let seed = scenario.seed.wrapping_add(u64::from(repetition) << 32);
        let lane = |index: u32| LanePlan {
            share: Share {
                part: Part {
                    index,
                    of: client.lanes,
                },
                channels: client.channels / client.lanes
                    + u32::from(index < client.channels % client.lanes),
                seed,
            },
            core: client
                .cpus
                .get(index as usize % client.cpus.len().max(1))
                .copied(),
        };
        let endpoint = Endpoint::of(scenario, address);
        let known = Known {
            shaped,
            server: Some(&endpoint),
            origin: Some(&case.origin),
            secrets: Some(secrets),
        };
        let call = Call::prepare(&scenario.call, seed, &known)
            .map_err(|error| error.in_case(case, &KeyPath::of("call")))?;
        Ok(Plan {
            engine: client.engine,
            endpoint,
            call: Arc::new(call),
            timeline: Arc::new(Timeline::new(scenario)),
            idle: client.idle,
            logged_calls: scenario.record.calls,
            lanes: (0..client.lanes).map(lane).collect(),
        })
    }
}
