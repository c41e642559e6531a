//! Which rate comes next: a bracket that grows until it holds the capacity, and is then halved.
//!
//! Sans-I/O: it is told what each rate says, and says which one it wants to know of.

use reports::model::Says;
use scenarios::units::Rate;

/// How the rate grows while every limit holds.
const GROWTH: f64 = 2.0;

/// What is known so far: the limits hold at `low`, and not at `high`.
#[derive(Clone, Debug)]
pub struct Bracket {
    from: f64,
    to: f64,
    precision: f64,
    low: Option<f64>,
    high: Option<(f64, Says)>,
}

impl Bracket {
    /// Begins at `from`, never goes beyond `to`, and ends when `high` is at most `precision`, a share, above `low`.
    pub fn new(from: Rate, to: Rate, precision: f64) -> Bracket {
        Bracket {
            from: from.get().min(to.get()),
            to: to.get(),
            precision,
            low: None,
            high: None,
        }
    }

    /// The highest rate that is known to hold.
    pub fn low(&self) -> Option<f64> {
        self.low
    }

    /// The lowest rate that is known not to, and what it said.
    pub fn high(&self) -> Option<(f64, Says)> {
        self.high
    }

    /// The rate to try next; `None` where there is nothing left to learn.
    pub fn next(&self) -> Option<f64> {
        match (self.low, self.high) {
            (None, None) => Some(self.from),
            (None, Some(_)) => None,
            (Some(low), None) => (low < self.to).then(|| (low * GROWTH).min(self.to)),
            (Some(low), Some((high, _))) => (high > low * (1.0 + self.precision))
                .then(|| between(low, high))
                .flatten(),
        }
    }

    /// What the rate that [`next`](Bracket::next) asked for says.
    pub fn told(&mut self, rate: f64, says: Says) {
        match says {
            Says::Holds => self.low = Some(rate),
            Says::Breaks | Says::NotMeasured => self.high = Some((rate, says)),
        }
    }
}

/// The middle of two rates by ratio, with as few digits as lie between them; `None` where no number does.
fn between(low: f64, high: f64) -> Option<f64> {
    let middle = (low * high).sqrt();
    (2..=17).map(|digits| round(middle, digits)).find(|rate| {
        low < *rate && *rate < high && (rate / middle).ln().abs() < (high / low).ln() / 8.0
    })
}

/// A number with so many significant digits.
fn round(number: f64, digits: i32) -> f64 {
    let text = format!("{number:.*e}", digits as usize - 1);
    text.parse().expect("a number that was just printed")
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn rate(per_s: f64) -> Rate {
        Rate::per_second(per_s).unwrap()
    }

    /// Asks a server until the search is over; the rates that were tried.
    fn play(bracket: &mut Bracket, mut server: impl FnMut(f64) -> Says) -> Vec<f64> {
        let mut tried = Vec::new();
        while let Some(rate) = bracket.next() {
            assert!(!tried.contains(&rate), "{rate} twice in {tried:?}");
            tried.push(rate);
            bracket.told(rate, server(rate));
            assert!(tried.len() < 100, "{tried:?}");
        }
        tried
    }

    fn holds_to(capacity: f64) -> impl Fn(f64) -> Says {
        move |rate| match rate <= capacity {
            true => Says::Holds,
            false => Says::Breaks,
        }
    }

    #[test]
    fn of_a_server_that_breaks_above_its_capacity_the_rates_are_these() {
        let mut bracket = Bracket::new(rate(1_000.0), rate(1e6), 0.05);
        let tried = play(&mut bracket, holds_to(12_400.0));
        let grown = [1_000.0, 2_000.0, 4_000.0, 8_000.0, 16_000.0];
        let halved = [11_000.0, 13_000.0, 12_000.0, 12_500.0];
        assert_eq!(tried, [&grown[..], &halved[..]].concat());
        assert_eq!(bracket.low(), Some(12_000.0));
        assert_eq!(bracket.high(), Some((12_500.0, Says::Breaks)));
    }

    #[test]
    fn every_capacity_ends_within_the_precision() {
        for precision in [0.5, 0.05, 0.001] {
            for capacity in [0.7, 1.0, 3.0, 999.9, 1_000.0, 123_456.7] {
                let mut bracket = Bracket::new(rate(0.5), rate(1e7), precision);
                play(&mut bracket, holds_to(capacity));
                let (low, high) = (bracket.low().unwrap(), bracket.high().unwrap().0);
                assert!(
                    low <= capacity && capacity < high,
                    "{low} {capacity} {high}"
                );
                assert!(high <= low * (1.0 + precision), "{low} {high}");
            }
        }
    }

    #[test]
    fn a_server_that_never_breaks_is_asked_up_to_the_end_and_no_further() {
        let mut bracket = Bracket::new(rate(300.0), rate(1_000.0), 0.05);
        let tried = play(&mut bracket, |_| Says::Holds);
        assert_eq!(tried, [300.0, 600.0, 1_000.0]);
        assert_eq!((bracket.low(), bracket.high()), (Some(1_000.0), None));
    }

    #[test]
    fn a_server_that_breaks_at_once_is_asked_once() {
        for says in [Says::Breaks, Says::NotMeasured] {
            let mut bracket = Bracket::new(rate(300.0), rate(1_000.0), 0.05);
            assert_eq!(play(&mut bracket, |_| says), [300.0]);
            assert_eq!((bracket.low(), bracket.high()), (None, Some((300.0, says))));
        }
    }

    #[test]
    fn rates_that_cannot_be_measured_bound_the_search_like_broken_ones() {
        let mut bracket = Bracket::new(rate(1_000.0), rate(1e6), 0.05);
        play(&mut bracket, |rate| match rate <= 5_000.0 {
            true => Says::Holds,
            false => Says::NotMeasured,
        });
        let (high, says) = bracket.high().unwrap();
        assert_eq!(says, Says::NotMeasured);
        assert!(high > 5_000.0 && bracket.low().unwrap() > 4_750.0);
        // Below what cannot be measured, what breaks is found.
        let mut bracket = Bracket::new(rate(1_000.0), rate(1e6), 0.05);
        play(&mut bracket, |rate| match rate {
            rate if rate > 7_000.0 => Says::NotMeasured,
            rate if rate > 5_000.0 => Says::Breaks,
            _ => Says::Holds,
        });
        assert_eq!(bracket.high().unwrap().1, Says::Breaks);
    }

    /// Near its capacity, a server holds or breaks by chance: logistic in the logarithm of the rate.
    #[test]
    fn a_noisy_server_is_still_found_near_its_capacity() {
        let mut lots = ChaCha8Rng::seed_from_u64(6);
        let mut off = Vec::new();
        for _ in 0..1_000 {
            let mut bracket = Bracket::new(rate(100.0), rate(1e6), 0.05);
            play(&mut bracket, |rate| {
                let chance = 1.0 / (1.0 + ((rate / 10_000.0).ln() / 0.02).exp());
                let kept = (0..3).filter(|_| lots.random_bool(chance)).count();
                if kept > 1 { Says::Holds } else { Says::Breaks }
            });
            off.push((bracket.low().unwrap() / 10_000.0).ln().abs());
        }
        off.sort_by(f64::total_cmp);
        assert!(off[949] < 0.08, "one in twenty is off by {}", off[949]);
        assert!(off[999] < 0.2, "off by {}", off[999]);
    }
}
