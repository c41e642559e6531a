//! What each channel carried and how fast, where there are few enough: is the load even, is one of them odd?
//!
//! Hot: one small histogram is touched for each call.

use reports::model::ChannelStats;

use super::{Coarse, Sample};

/// The most channels that are kept apart.
const MOST: usize = 64;

/// The channels of a lane, in their order; none where there are too many.
pub struct PerChannel(Vec<ChannelTally>);

struct ChannelTally {
    ended: u64,
    response_time: Coarse,
}

impl PerChannel {
    /// So many channels, on which nothing has happened.
    pub fn new(channels: usize) -> PerChannel {
        let kept = if channels > MOST { 0 } else { channels };
        let empty = || ChannelTally {
            ended: 0,
            response_time: Coarse::new(),
        };
        PerChannel((0..kept).map(|_| empty()).collect())
    }

    /// A call ended, with its place among the response times where it was OK.
    #[inline]
    pub(super) fn finished(&mut self, sample: &Sample, place: Option<usize>) {
        let Some(tally) = self.0.get_mut(sample.channel as usize) else {
            return;
        };
        tally.ended += 1;
        if let Some(place) = place {
            tally.response_time.record_at(place);
        }
    }

    /// The channels of all lanes, lane after lane; none where one of the lanes has too many, or all together.
    pub fn list<'a>(lanes: impl IntoIterator<Item = &'a PerChannel>) -> Vec<ChannelStats> {
        let mut all = Vec::new();
        for PerChannel(tallies) in lanes {
            if tallies.is_empty() || all.len() + tallies.len() > MOST {
                return Vec::new();
            }
            all.extend(tallies.iter().map(ChannelTally::stats));
        }
        all
    }
}

impl ChannelTally {
    fn stats(&self) -> ChannelStats {
        let times = self.response_time.histogram();
        let quantile =
            |q: f64| (!times.is_empty()).then(|| times.value_at_quantile(q).min(times.max()));
        ChannelStats {
            ended: self.ended,
            ok: times.len(),
            p50_ns: quantile(0.5),
            p99_ns: quantile(0.99),
        }
    }
}

#[cfg(test)]
mod tests {
    use scenarios::units::Nanos;

    use super::*;

    fn on(channel: u32) -> Sample {
        Sample {
            channel,
            ..Sample::BLANK
        }
    }

    fn place(ns: u64) -> Option<usize> {
        Some(Coarse::place(Nanos(ns)))
    }

    #[test]
    fn each_channel_has_its_own_calls_and_lanes_follow_one_another() {
        let mut first = PerChannel::new(2);
        first.finished(&on(0), place(1_000_000));
        first.finished(&on(1), place(5_000_000));
        first.finished(&on(1), None);
        let second = PerChannel::new(1);
        let all = PerChannel::list([&first, &second]);
        assert_eq!(
            all.iter().map(|c| (c.ended, c.ok)).collect::<Vec<_>>(),
            [(1, 1), (2, 1), (0, 0)]
        );
        let slow = all[1].p50_ns.unwrap();
        assert!((5_000_000..5_050_000).contains(&slow), "{slow}");
        assert_eq!(all[2].p50_ns, None);
    }

    #[test]
    fn too_many_channels_are_not_kept_apart() {
        let mut many = PerChannel::new(MOST + 1);
        many.finished(&on(0), place(1_000));
        assert_eq!(PerChannel::list([&many]), []);
        let (half, rest) = (PerChannel::new(MOST / 2), PerChannel::new(MOST / 2 + 1));
        assert_eq!(PerChannel::list([&half, &rest]), []);
        assert_eq!(PerChannel::list([&half, &half]).len(), MOST);
    }
}
