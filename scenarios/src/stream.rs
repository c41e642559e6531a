//! Long-lived streams whose messages are paced: each message has an intended time of its own, whatever became of those
//! before it. Pure; hot, one beat for each message.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1};
use serde::Serialize;

use crate::load::Arrivals;
use crate::units::{Nanos, Rate};

/// How the requests of a stream are paced, from the call's intended start on. The first is meant for then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stream {
    /// Requests of one stream, a second.
    pub rate: Rate,
    /// How they are spread.
    pub arrivals: Arrivals,
    /// How long a stream lasts; `None` is until the measured time ends, as all streams do.
    #[serde(flatten)]
    pub length: Option<Length>,
    /// Of another service than the Greeter: whether each request has a reply of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub answers_each: bool,
}

/// How long a stream lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// So many requests.
    Messages(u32),
    /// All requests that are meant for so long a time.
    Duration(Nanos),
}

/// When the requests of one stream are meant to be sent, from its intended start.
///
/// Uniform: request `k` at `k / rate`. Poisson: gaps that are exponential with mean `1 / rate`. A stream has few
/// requests beside a load's calls, so their number is left to chance, unlike that of
/// [arrivals](crate::load::Arrivals).
#[derive(Debug)]
pub struct Beats {
    /// Between two, in nanoseconds, on the average.
    gap: f64,
    /// Where the gaps are drawn from; boxed, since it is large beside the rest.
    rng: Option<Box<ChaCha8Rng>>,
    length: Option<Length>,
    next: Nanos,
    count: u32,
    /// Where the next lies, unrounded.
    at: f64,
}

impl Stream {
    /// The beats of a stream; each has a seed of its own.
    pub fn beats(&self, seed: u64) -> Beats {
        let is_random = self.arrivals == Arrivals::Poisson;
        Beats {
            gap: 1e9 / self.rate.get(),
            rng: is_random.then(|| Box::new(ChaCha8Rng::seed_from_u64(seed))),
            length: self.length,
            next: Nanos::ZERO,
            count: 0,
            at: 0.0,
        }
    }
}

impl Beats {
    /// When the next is meant to be sent; `None` after the last.
    #[inline]
    pub fn peek(&self) -> Option<Nanos> {
        let is_over = match self.length {
            None => false,
            Some(Length::Messages(messages)) => self.count >= messages,
            Some(Length::Duration(duration)) => self.next >= duration,
        };
        (!is_over).then_some(self.next)
    }

    /// How many have gone by.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Goes on to the one behind it.
    #[inline]
    pub fn advance(&mut self) {
        self.count = self.count.saturating_add(1);
        self.at = match &mut self.rng {
            // Not summed up: no error grows with the stream.
            None => f64::from(self.count) * self.gap,
            Some(rng) => {
                let drawn: f64 = Exp1.sample(rng);
                self.at + drawn * self.gap
            }
        };
        self.next = Nanos(self.at.round() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beats(stream: Stream, seed: u64) -> Vec<u64> {
        let mut beats = stream.beats(seed);
        let next = || {
            let at = beats.peek()?;
            beats.advance();
            Some(at.0)
        };
        std::iter::from_fn(next).take(200_000).collect()
    }

    fn stream(arrivals: Arrivals, length: Option<Length>) -> Stream {
        Stream {
            rate: "300/s".parse().unwrap(),
            arrivals,
            length,
            answers_each: false,
        }
    }

    #[test]
    fn uniform_beats_do_not_drift() {
        let all = beats(stream(Arrivals::Uniform, None), 1);
        assert_eq!(all[..4], [0, 3_333_333, 6_666_667, 10_000_000]);
        assert_eq!(all[180_000], 600_000_000_000);
    }

    #[test]
    fn a_stream_ends_with_its_last_message_or_its_time() {
        let of = |length| beats(stream(Arrivals::Uniform, Some(length)), 1).len();
        assert_eq!(of(Length::Messages(7)), 7);
        assert_eq!(of(Length::Duration(Nanos::SECOND)), 300);
        assert_eq!(
            of(Length::Duration(Nanos(1))),
            1,
            "the first is meant for its start"
        );
    }

    #[test]
    fn poisson_beats_keep_their_rate_and_their_seed() {
        let all = beats(stream(Arrivals::Poisson, None), 1);
        assert_eq!(all[0], 0);
        assert!(all.is_sorted());
        let mean = all[199_999] as f64 / 199_999.0;
        assert!((mean / 3_333_333.3 - 1.0).abs() < 0.01, "{mean}");
        // Of exponential gaps one in e is longer than the mean.
        let long = all
            .windows(2)
            .filter(|gap| (gap[1] - gap[0]) as f64 > mean)
            .count();
        assert!((long as f64 / 199_999.0 - 0.3679).abs() < 0.005, "{long}");
        assert_eq!(all, beats(stream(Arrivals::Poisson, None), 1));
        assert_ne!(all, beats(stream(Arrivals::Poisson, None), 2));
    }
}
