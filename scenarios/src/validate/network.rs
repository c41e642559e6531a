//! The emulated network, checked.

use std::ops::RangeInclusive;

use crate::file::NetworkFile;
use crate::scenario::Network;
use crate::tree::KeyPath;
use crate::units::{Bandwidth, Bytes, Nanos, Rate};

use super::{Problem, cpus, within};

const MAX_RTT: Nanos = Nanos(10 * Nanos::SECOND.0);
const BANDWIDTHS: RangeInclusive<Bandwidth> = Bandwidth(8_000)..=Bandwidth(100_000_000_000);
/// What a link may hold each way: it is held in memory.
const MAX_IN_FLIGHT: Bytes = Bytes(256 << 20);

pub(super) fn network(file: NetworkFile) -> Result<Network, Problem> {
    let at = KeyPath::of("network");
    let rtt = within(
        &at.key("rtt"),
        file.rtt.unwrap_or_default(),
        Nanos::ZERO..=MAX_RTT,
    )?;
    let network = Network {
        rtt,
        jitter: jitter(&at.key("jitter"), file.jitter.unwrap_or_default(), rtt)?,
        bandwidth: file
            .bandwidth
            .map(|bandwidth| within(&at.key("bandwidth"), bandwidth, BANDWIDTHS))
            .transpose()?,
        resets: file
            .resets
            .map(|rate| resets(&at.key("resets"), rate))
            .transpose()?,
        cpus: cpus(&at.key("cpus"), file.cpus)?,
    };
    match network.in_flight() {
        Some(held) if held > MAX_IN_FLIGHT => {
            let message = format!(
                "expected a link that holds at most {MAX_IN_FLIGHT}, found one that holds {held} (`bandwidth` times `rtt`)"
            );
            Err(Problem::new(at.key("bandwidth"), message)
                .help("lower `network.bandwidth` or `network.rtt`"))
        }
        _ => Ok(network),
    }
}

fn jitter(at: &KeyPath, jitter: Nanos, rtt: Nanos) -> Result<Nanos, Problem> {
    if jitter <= rtt {
        return Ok(jitter);
    }
    let message = format!("expected at most `network.rtt`, which is {rtt}, found {jitter}");
    Err(Problem::new(at.clone(), message)
        .help("a round trip takes from `rtt - jitter` to `rtt + jitter`"))
}

fn resets(at: &KeyPath, rate: Rate) -> Result<Rate, Problem> {
    let bound = |rate| Rate::per_second(rate).expect("the bounds are positive and finite");
    within(at, rate, bound(0.001)..=bound(1000.0))
}
