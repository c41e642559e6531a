//! What became of the connections, and whether they are alike.

use reports::model::ChannelStats;

use super::super::calm;
use super::{Evidence, Finding, percent, tainted, time};

pub(super) fn lost(evidence: &Evidence<'_>) -> Option<Finding> {
    let lost = evidence.repetition.wire.as_ref()?.connections_lost;
    // Those that the emulated network has reset were to be lost.
    let network = evidence.repetition.network.as_ref();
    let lost = lost.saturating_sub(network.map_or(0, |network| network.resets));
    (lost > 0).then(|| {
        tainted(
            format!("{lost} connections were lost during the run"),
            "the failures say how",
        )
    })
}

pub(super) fn enhance_your_calm(evidence: &Evidence<'_>) -> Option<Finding> {
    let (seen, remedies): (Vec<_>, Vec<_>) =
        calm::findings(evidence.repetition, &evidence.scenario.target)
            .into_iter()
            .unzip();
    (!seen.is_empty()).then(|| tainted(seen.join("; "), remedies.join("; ")))
}

/// How far a channel's calls may be from the mean of all channels: an open loop deals them out in turn, a closed loop
/// gives more to a channel that answers faster.
const UNEVEN_OPEN: f64 = 0.01;
const UNEVEN_CLOSED: f64 = 0.10;
/// Fewer calls than this are chance.
const A_FEW: f64 = 10.0;

pub(super) fn uneven(evidence: &Evidence<'_>) -> Option<Finding> {
    let channels = &evidence.repetition.channels;
    let mean = channels.iter().map(|c| c.ended).sum::<u64>() as f64 / channels.len() as f64;
    let off = |channel: &ChannelStats| (channel.ended as f64 - mean).abs();
    let (number, worst) = channels
        .iter()
        .enumerate()
        .max_by(|(_, a), (_, b)| off(a).total_cmp(&off(b)))?;
    let allowed = if evidence.is_closed_loop() {
        UNEVEN_CLOSED
    } else {
        UNEVEN_OPEN
    };
    (off(worst) > A_FEW.max(mean * allowed)).then(|| {
        tainted(
            format!(
                "the channels were not loaded evenly: channel {number} carried {} calls, {mean:.0} is the mean of {}",
                worst.ended,
                channels.len()
            ),
            "look at `channels` in result.json: a channel without free streams, or a backend of its own, takes fewer",
        )
    })
}

/// How much slower, or faster, than the others a channel may be.
const ODD: f64 = 1.5;
/// Calls that a channel needs for its median to mean something.
const ENOUGH: u64 = 50;

pub(super) fn odd(evidence: &Evidence<'_>) -> Option<Finding> {
    let medians: Vec<(usize, f64)> = evidence
        .repetition
        .channels
        .iter()
        .enumerate()
        .filter(|(_, channel)| channel.ok >= ENOUGH)
        .filter_map(|(number, channel)| Some((number, channel.p50_ns? as f64)))
        .collect();
    let worst = medians
        .iter()
        .filter_map(|(number, median)| {
            let others = medians.iter().filter(|(other, _)| other != number);
            let others = super::trend::median(others.map(|(_, median)| *median))?;
            Some((*number, *median, others))
        })
        .max_by(|a, b| (a.1 / a.2).total_cmp(&(b.1 / b.2)))?;
    let (number, median, others) = worst;
    (median > others * ODD).then(|| {
        tainted(
            format!(
                "channel {number} is unlike the others: its response time p50 is {}, theirs {} ({} more)",
                time(median),
                time(others),
                percent(median / others - 1.0)
            ),
            "see what is at its other end; the percentiles of all calls together hide it",
        )
    })
}

#[cfg(test)]
mod tests {
    use reports::model::{Network, Wire};

    use super::super::fixture::Case;
    use super::*;

    #[test]
    fn a_lost_connection_is_a_reason_and_so_is_each_goaway_of_calm() {
        let mut case = Case::open();
        let mut wire = Wire {
            connections: 4,
            ..Wire::default()
        };
        wire.goaway.insert("server NO_ERROR".into(), 4);
        case.repetition.wire = Some(wire.clone());
        assert_eq!(case.ask(lost), None);
        assert_eq!(case.ask(enhance_your_calm), None);
        wire.connections_lost = 1;
        wire.goaway.insert("server ENHANCE_YOUR_CALM".into(), 2);
        wire.goaway.insert("client ENHANCE_YOUR_CALM".into(), 1);
        case.repetition.wire = Some(wire);
        assert!(case.ask(lost).is_some());
        let seen = case.ask(enhance_your_calm).unwrap().seen;
        assert!(
            seen.contains("the server ended 2 connections") && seen.contains("the client ended 1"),
            "{seen}"
        );
    }

    #[test]
    fn a_connection_that_was_to_be_reset_is_no_reason() {
        let mut case = Case::open();
        case.repetition.wire = Some(Wire {
            connections_lost: 2,
            ..Wire::default()
        });
        case.repetition.network = Some(Network {
            resets: 2,
            ..Network::default()
        });
        assert_eq!(case.ask(lost), None);
        case.repetition.network = None;
        assert!(case.ask(lost).is_some());
    }

    fn carried(mut case: Case, calls: [u64; 4]) -> Option<Finding> {
        for (channel, ended) in case.repetition.channels.iter_mut().zip(calls) {
            channel.ended = ended;
        }
        case.ask(uneven)
    }

    #[test]
    fn an_open_loop_deals_calls_out_to_within_a_hundredth() {
        // The mean is 2,500; 1 % of it are 25.
        assert_eq!(carried(Case::open(), [2_525, 2_500, 2_500, 2_475]), None);
        let seen = carried(Case::open(), [2_526, 2_500, 2_500, 2_474])
            .unwrap()
            .seen;
        assert!(
            seen.contains("carried 25") || seen.contains("carried 24"),
            "{seen}"
        );
        assert_eq!(
            carried(Case::open(), [10, 0, 0, 0]),
            None,
            "a few are chance"
        );
    }

    #[test]
    fn a_closed_loop_may_favour_a_channel_by_a_tenth() {
        assert_eq!(carried(Case::closed(), [2_750, 2_500, 2_500, 2_250]), None);
        let seen = carried(Case::closed(), [2_500, 2_500, 2_249, 2_751])
            .unwrap()
            .seen;
        assert!(seen.contains("2500 is the mean of 4"), "{seen}");
    }

    #[test]
    fn the_odd_channel_is_named() {
        let slow = |p50: u64, ok: u64| {
            let mut case = Case::open();
            case.repetition.channels[3].p50_ns = Some(p50);
            case.repetition.channels[3].ok = ok;
            case.ask(odd)
        };
        assert_eq!(slow(450_000, 2_500), None);
        let seen = slow(5_300_000, 2_500).unwrap().seen;
        assert!(
            seen.starts_with("channel 3 is unlike the others: its response time p50 is 5.30 ms"),
            "{seen}"
        );
        assert!(slow(451_000, 50).is_some());
        assert_eq!(slow(451_000, 49), None, "too few calls");
        let mut one = Case::open();
        one.repetition.channels.truncate(1);
        assert_eq!((one.ask(odd), one.ask(uneven)), (None, None));
    }
}
