//! A queue that exists in arithmetic only: it costs no CPU, so its load is exactly the configured one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use scenarios::law::Law;
use scenarios::scenario::Queue;
use scenarios::units::Nanos;

use super::schedule::stretched;

/// Calls wait for the first free of some servers, in the order of arrival.
#[derive(Debug)]
pub(super) struct VirtualQueue {
    service: Law<Nanos>,
    random: ChaCha8Rng,
    /// When each server is free.
    free: BinaryHeap<Reverse<Nanos>>,
}

impl VirtualQueue {
    pub(super) fn new(queue: &Queue) -> VirtualQueue {
        VirtualQueue {
            service: queue.service.clone(),
            random: ChaCha8Rng::seed_from_u64(queue.seed),
            free: (0..queue.servers).map(|_| Reverse(Nanos::ZERO)).collect(),
        }
    }

    /// When the next call, which arrives at `arrival`, has been served: Lindley's recursion, for any number of servers.
    pub(super) fn departure(&mut self, arrival: Nanos, slowness: f64) -> Nanos {
        let free = self.free.pop().map_or(Nanos::ZERO, |Reverse(free)| free);
        let service = stretched(self.service.draw(&mut self.random), slowness);
        let departure = arrival.max(free) + service;
        self.free.push(Reverse(departure));
        departure
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenarios::law::{Drawn, Exponential};

    fn departures(service: Law<Nanos>, servers: u32, seed: u64, arrivals: &[u64]) -> Vec<u64> {
        let mut queue = VirtualQueue::new(&Queue {
            service,
            servers,
            seed,
        });
        arrivals
            .iter()
            .map(|at| queue.departure(Nanos(*at), 1.0).0)
            .collect()
    }

    #[test]
    fn a_call_begins_when_it_is_there_and_a_server_is_free() {
        let fixed = Law::Fixed(Nanos(10));
        assert_eq!(
            departures(fixed.clone(), 1, 1, &[0, 3, 5, 40, 41]),
            [10, 20, 30, 50, 60]
        );
        assert_eq!(
            departures(fixed, 2, 1, &[0, 3, 5, 40, 41]),
            [10, 13, 20, 50, 51]
        );
    }

    #[test]
    fn service_times_come_from_the_seed_in_the_order_of_arrival() {
        let law = Law::Drawn(Drawn::Exponential(Exponential {
            mean: Nanos(1_000_000),
        }));
        let far = [1_000_000_000, 2_000_000_000, 3_000_000_000];
        let drawn = departures(law.clone(), 1, 7, &far);
        assert_eq!(departures(law.clone(), 1, 7, &far), drawn);
        assert_ne!(departures(law.clone(), 1, 8, &far), drawn);
        // Waiting changes when a call is served, not for how long.
        let lengths = |at: &[u64]| -> Vec<u64> {
            let ends = departures(law.clone(), 1, 7, at);
            let before = [&[0], &ends[..]].concat();
            let begins = at.iter().zip(&before).map(|(at, free)| *at.max(free));
            ends.iter()
                .zip(begins)
                .map(|(end, begin)| end - begin)
                .collect()
        };
        assert_eq!(lengths(&far), lengths(&[0, 0, 0]));
    }

    #[test]
    fn the_mean_service_time_is_the_configured_one() {
        let law = Law::Drawn(Drawn::Exponential(Exponential {
            mean: Nanos(1_000_000),
        }));
        // All at once on one server, so that the last departure is the sum.
        let ends = departures(law, 1, 1, &[0; 100_000]);
        let mean = ends[99_999] as f64 / 100_000.0;
        // Five standard errors of 100,000 exponential draws.
        assert!((mean / 1e6 - 1.0).abs() < 5.0 / 100_000f64.sqrt(), "{mean}");
    }
}
