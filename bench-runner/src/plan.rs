//! A case bound to this machine: where the channels go, which thread has which of them, what is sent and when.

use std::sync::Arc;

use scenarios::Case;
use scenarios::load::Part;
use scenarios::scenario::{Engine, Idle};
use scenarios::units::Nanos;

use crate::call::Known;
use crate::engine::{Endpoint, Opening};
use crate::mix::Mix;
use crate::record::Parts;
use crate::run::timeline::Timeline;
use crate::run::{RunError, Share};
use crate::secrets::Secrets;
use crate::target::Backend;
use crate::tls::Tls;

/// One repetition of a case, ready to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which client stack makes the calls.
    pub engine: Engine,
    /// Where the channels go, in turn.
    pub endpoints: Vec<Endpoint>,
    /// What each of those is called in the result; nothing where the target is one server.
    pub targets: Vec<String>,
    /// What is sent.
    pub mix: Arc<Mix>,
    /// When each phase begins and ends.
    pub timeline: Arc<Timeline>,
    /// How a lane waits.
    pub idle: Idle,
    /// How many calls are kept one by one.
    pub logged_calls: Option<u32>,
    /// After how many calls a channel is opened anew.
    pub calls_per_channel: Option<u32>,
    /// Over how long the channels of all lanes are opened.
    pub connect_ramp: Nanos,
    /// The lanes.
    pub lanes: Vec<LanePlan>,
}

/// One lane of a plan.
#[derive(Clone, Copy, Debug)]
pub struct LanePlan {
    /// Its part of the load, and its channels.
    pub share: Share,
    /// The number of its first channel among those of all lanes.
    pub first_channel: u32,
    /// The core that it is kept on.
    pub core: Option<usize>,
}

impl Plan {
    /// Binds a case to the target at the end of `endpoint`; `shaped` tells whether the target is known to honour the
    /// reply shape. Each repetition has a seed of its own, the same for every case.
    ///
    /// # Errors
    ///
    /// Where the call is of a service whose description cannot be had, or does not fit it.
    pub fn bind(
        case: &Case,
        endpoint: Endpoint,
        shaped: bool,
        repetition: u32,
        secrets: &[Secrets],
    ) -> Result<Plan, RunError> {
        let scenario = &case.scenario;
        let client = &scenario.client;
        let seed = scenario.seed.wrapping_add(u64::from(repetition) << 32);
        let (each, more) = (
            client.channels / client.lanes,
            client.channels % client.lanes,
        );
        let lane = |index: u32| LanePlan {
            share: Share {
                part: Part {
                    index,
                    of: client.lanes,
                },
                channels: each + u32::from(index < more),
                seed,
            },
            first_channel: index * each + index.min(more),
            core: client
                .cpus
                .get(index as usize % client.cpus.len().max(1))
                .copied(),
        };
        let known = Known {
            shaped,
            server: Some(&endpoint),
            origin: Some(&case.origin),
            secrets: None,
        };
        let mix = Mix::prepare(&scenario.calls, seed, &known, secrets)
            .map_err(|error| error.in_case(case))?;
        Ok(Plan {
            engine: client.engine,
            endpoints: vec![endpoint],
            targets: Vec::new(),
            mix: Arc::new(match client.engine {
                Engine::Tonic => mix,
                Engine::Raw => mix.packed(),
            }),
            timeline: Arc::new(Timeline::new(scenario)),
            idle: client.idle,
            logged_calls: scenario.record.calls,
            calls_per_channel: client.calls_per_channel,
            connect_ramp: client.connect_ramp,
            lanes: (0..client.lanes).map(lane).collect(),
        })
    }

    /// Spreads the channels over several servers, or puts them all on the only one.
    pub fn spread(&mut self, over: &[Backend], tls: Option<&Tls>) {
        let first = self.endpoints[0].clone();
        let endpoint = |backend: &Backend| Endpoint {
            address: backend.address.clone(),
            via: backend.at.clone(),
            tls: tls.and_then(|tls| tls.at(&backend.address)),
            ..first.clone()
        };
        self.endpoints = over.iter().map(endpoint).collect();
        self.targets = over.iter().map(Backend::name).collect();
    }

    /// The target of a channel, by their numbers.
    fn target_of(&self, channel: u32) -> usize {
        channel as usize % self.endpoints.len()
    }

    /// The target of each channel of a lane.
    pub fn targets_of(&self, lane: &LanePlan) -> Vec<u16> {
        let numbers = lane.first_channel..lane.first_channel + lane.share.channels;
        numbers
            .map(|number| self.target_of(number) as u16)
            .collect()
    }

    /// What its calls are told apart by.
    pub fn parts(&self) -> Parts {
        Parts {
            calls: self.mix.calls().len() as u16,
            targets: self.endpoints.len() as u16,
        }
    }

    /// The targets with the number of channels that go to each.
    pub fn channels_by_target(&self) -> Vec<(String, u32)> {
        let mut channels = vec![0; self.endpoints.len()];
        for lane in &self.lanes {
            let targets = self.targets_of(lane);
            targets
                .into_iter()
                .for_each(|target| channels[usize::from(target)] += 1);
        }
        self.targets.iter().cloned().zip(channels).collect()
    }

    /// The channels of a lane. Of a ramp the first is opened at once, and all of them evenly over its time.
    pub fn openings(&self, lane: &LanePlan) -> Vec<Opening> {
        let all: u32 = self.lanes.iter().map(|lane| lane.share.channels).sum();
        let numbers = lane.first_channel..lane.first_channel + lane.share.channels;
        numbers
            .map(|number| Opening {
                to: self.endpoints[self.target_of(number)].clone(),
                after: Nanos(self.connect_ramp.0 * u64::from(number) / u64::from(all)),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use scenarios::scenario::Address;

    use super::*;
    use crate::given::case;

    fn plan(yaml: &str) -> Plan {
        let address = Address::Unix("/tmp/x".into());
        let case = case(yaml);
        let endpoint = Endpoint::of(&case.scenario, address, None);
        Plan::bind(&case, endpoint, false, 0, &[]).unwrap()
    }

    #[test]
    fn a_ramp_opens_the_channels_of_all_lanes_evenly() {
        let plan = plan("client: { channels: 5, lanes: 2, connect_ramp: 1s }");
        let after = |lane: &LanePlan| -> Vec<u64> {
            let openings = plan.openings(lane);
            openings.iter().map(|o| o.after.0 / 1_000_000).collect()
        };
        let lanes: Vec<_> = plan.lanes.iter().map(after).collect();
        assert_eq!(lanes, [vec![0, 200, 400], vec![600, 800]]);
    }

    #[test]
    fn channels_are_dealt_to_targets_in_turn_across_lanes() {
        let mut plan = plan("client: { channels: 7, lanes: 2 }");
        assert_eq!(plan.channels_by_target(), []);
        let backend = |n: u8| Backend {
            address: Address::Unix(format!("/tmp/{n}").into()),
            at: None,
        };
        plan.spread(&[backend(0), backend(1), backend(2)], None);
        let targets: Vec<_> = plan
            .lanes
            .iter()
            .map(|lane| plan.targets_of(lane))
            .collect();
        assert_eq!(targets, [vec![0, 1, 2, 0], vec![1, 2, 0]]);
        let channels: Vec<u32> = plan
            .channels_by_target()
            .into_iter()
            .map(|(_, n)| n)
            .collect();
        assert_eq!(channels, [3, 2, 2]);
        assert_eq!(plan.parts().targets, 3);
    }
}
