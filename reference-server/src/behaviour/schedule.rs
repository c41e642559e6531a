//! When each call is to be answered: a pure function of when calls came, in which order and on which connection.
//!
//! No clock, no wait. The order is always the same: the arrival, then the CPU time that is burnt, the queue, the delay,
//! the slow connection, and the stall, which holds back what would be released in it.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use scenarios::scenario::{Behaviour, Cadence, ErrorBehaviour, Stall};
use scenarios::units::Nanos;

use super::queue::VirtualQueue;

/// Two servers with the same settings treat the same calls alike.
const SEED: u64 = 0x6265_6e63_6872_756e;

/// Plans the answers of all calls of a server.
#[derive(Debug)]
pub(crate) struct Schedule {
    behaviour: Behaviour,
    queue: Option<VirtualQueue>,
    seed: ChaCha8Rng,
    calls: u64,
    /// When the first call came, and the latest.
    first: Nanos,
    latest: Nanos,
}

/// What is to happen to one call. Times are on CLOCK_MONOTONIC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// When the server had read what it is to answer.
    pub(crate) arrival: Nanos,
    /// When the answer begins.
    pub(crate) planned: Nanos,
    pub(crate) fate: Fate,
}

/// How a call is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// As it asks to be.
    #[default]
    Answered,
    /// With the error of the behaviour, in place of its first reply.
    Fails,
    /// Never.
    Swallowed,
}

impl Schedule {
    pub(crate) fn new(behaviour: &Behaviour) -> Schedule {
        Schedule {
            queue: behaviour.queue.as_ref().map(VirtualQueue::new),
            behaviour: behaviour.clone(),
            seed: ChaCha8Rng::seed_from_u64(SEED),
            calls: 0,
            first: Nanos::ZERO,
            latest: Nanos::ZERO,
        }
    }

    /// Plans the answer to the next call. Where threads take their calls to it in another order than they read them,
    /// the order here counts, and an arrival is never earlier than the one before.
    pub(crate) fn plan(&mut self, arrival: Nanos, connection: u32) -> Plan {
        let arrival = arrival.max(self.latest);
        self.latest = arrival;
        if self.calls == 0 {
            self.first = arrival;
        }
        let (fate, delay) = self.draw(self.calls);
        self.calls += 1;

        let slowness = self.slowness(arrival.since(self.first));
        let worked = arrival + self.behaviour.spin.unwrap_or_default();
        let served = match &mut self.queue {
            Some(queue) => queue.departure(worked, slowness),
            None => worked,
        };
        let late = match self.behaviour.slow_connection {
            Some(slow) if slow.index == connection => slow.delay,
            _ => Nanos::ZERO,
        };
        let due = served + stretched(delay, slowness) + late;
        Plan {
            arrival,
            planned: self.behaviour.stall.map_or(due, |stall| after(stall, due)),
            fate,
        }
    }

    /// What the behaviour draws for call `number`: nothing but the number decides, each has a stream of its own of one
    /// seeded generator.
    fn draw(&self, number: u64) -> (Fate, Nanos) {
        let Behaviour {
            delay,
            error,
            blackhole,
            ..
        } = &self.behaviour;
        let mut random = self.seed.clone();
        random.set_stream(number);
        let is_drawn = |error: &&ErrorBehaviour| random.random::<f64>() < error.share;
        let error = error.as_ref().filter(is_drawn);
        let own_delay = error.and_then(|error| error.delay.as_ref());
        let delay = own_delay.or(delay.as_ref());
        let delay = delay.map_or(Nanos::ZERO, |law| law.draw(&mut random));
        let fate = match (blackhole, error) {
            (Some(blackhole), _) if random.random::<f64>() < blackhole.share => Fate::Swallowed,
            (_, Some(_)) => Fate::Fails,
            (_, None) => Fate::Answered,
        };
        (fate, delay)
    }

    /// What delays and service times are multiplied by, so long after the first call.
    fn slowness(&self, age: Nanos) -> f64 {
        let warmup = self.behaviour.warmup.filter(|warmup| age < warmup.length);
        let drift = self
            .behaviour
            .drift
            .map_or(0.0, |drift| drift.per_second.get());
        warmup.map_or(1.0, |warmup| warmup.factor) * (1.0 + drift * age.as_secs_f64())
    }
}

/// A length times a factor; exactly itself where that is 1.
pub(super) fn stretched(length: Nanos, factor: f64) -> Nanos {
    if factor == 1.0 {
        length
    } else {
        Nanos((length.0 as f64 * factor).round() as u64)
    }
}

/// When what is due at `due` is released, which is the end of the stall that it falls into.
fn after(stall: Stall, due: Nanos) -> Nanos {
    // Period 0 begins at the phase, and so one less than a period ends there.
    let since = (due.0 + stall.period.0 - stall.phase.0) % stall.period.0;
    if since < stall.width.0 {
        Nanos(due.0 + stall.width.0 - since)
    } else {
        due
    }
}

/// When reply `number` of a stream is due whose first reply was planned for `start`.
pub(super) fn reply_due(cadence: &Cadence, start: Nanos, number: u32) -> Nanos {
    let is_behind = cadence.stall_at.is_some_and(|at| number >= at);
    let stall = cadence.stall.filter(|_| is_behind).unwrap_or_default();
    start + Nanos(cadence.every.0.saturating_mul(number.into())) + stall
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenarios::law::{Drawn, Law, Uniform};
    use scenarios::scenario::{Blackhole, Drift, Queue, SlowConnection, StatusCode, Warmup};
    use scenarios::units::Share;

    const MS: u64 = 1_000_000;

    fn fixed(ms: u64) -> Option<Law<Nanos>> {
        Some(Law::Fixed(Nanos::from_millis(ms)))
    }

    fn failing(share: f64, delay: Option<Law<Nanos>>) -> Behaviour {
        let error = ErrorBehaviour {
            share,
            code: StatusCode(14),
            delay,
        };
        Behaviour {
            delay: Some(Law::Fixed(Nanos(7))),
            error: Some(error),
            ..Behaviour::default()
        }
    }

    /// The planned releases of calls that come at these milliseconds, on connection 0, in milliseconds.
    fn planned(behaviour: &Behaviour, arrivals: &[u64]) -> Vec<f64> {
        let mut schedule = Schedule::new(behaviour);
        arrivals
            .iter()
            .map(|at| schedule.plan(Nanos(at * MS), 0).planned.0 as f64 / MS as f64)
            .collect()
    }

    #[test]
    fn without_a_behaviour_an_answer_goes_when_its_call_comes() {
        assert_eq!(planned(&Behaviour::default(), &[3, 5]), [3.0, 5.0]);
    }

    #[test]
    fn a_stall_holds_back_what_falls_into_it_until_its_end() {
        let stall = |phase| Behaviour {
            stall: Some(Stall {
                period: Nanos::from_millis(1000),
                width: Nanos::from_millis(100),
                phase: Nanos::from_millis(phase),
            }),
            ..Behaviour::default()
        };
        // The first nanosecond of a stall and its last, and the one after.
        let mut schedule = Schedule::new(&stall(0));
        for (due, released) in [
            (0, 100 * MS),
            (100 * MS - 1, 100 * MS),
            (100 * MS, 100 * MS),
            (1000 * MS - 1, 1000 * MS - 1),
            (1000 * MS, 1100 * MS),
            (7000 * MS + 42, 7100 * MS),
        ] {
            assert_eq!(
                schedule.plan(Nanos(due), 0).planned,
                Nanos(released),
                "{due}"
            );
        }
        assert_eq!(
            planned(&stall(950), &[0, 49, 50, 949, 950, 1049, 1050]),
            [50.0, 50.0, 50.0, 949.0, 1050.0, 1050.0, 1050.0]
        );
    }

    #[test]
    fn the_stages_follow_each_other_in_their_order() {
        let behaviour = Behaviour {
            spin: Some(Nanos::from_millis(1)),
            queue: Some(Queue {
                service: Law::Fixed(Nanos::from_millis(10)),
                servers: 1,
                seed: 1,
            }),
            delay: fixed(5),
            slow_connection: Some(SlowConnection {
                index: 3,
                delay: Nanos::from_millis(20),
            }),
            stall: Some(Stall {
                period: Nanos::from_millis(100),
                width: Nanos::from_millis(30),
                phase: Nanos::ZERO,
            }),
            ..Behaviour::default()
        };
        let mut schedule = Schedule::new(&behaviour);
        let mut plan = |ms, connection| schedule.plan(Nanos(ms * MS), connection).planned.0 / MS;
        // 40 + 1 + 10 + 5.
        assert_eq!(plan(40, 0), 56);
        // Served until 61, and the delay.
        assert_eq!(plan(40, 0), 66);
        // Served until 71, the delay, and the slow connection; 96 is no stall.
        assert_eq!(plan(41, 3), 96);
        // Served until 81; 106 is in a stall.
        assert_eq!(plan(42, 3), 130);
        assert_eq!(plan(43, 0), 96);
    }

    #[test]
    fn warm_up_and_drift_stretch_delays_and_service_times_only() {
        let behaviour = Behaviour {
            delay: fixed(2),
            spin: Some(Nanos::from_millis(1)),
            warmup: Some(Warmup {
                length: Nanos::from_millis(2000),
                factor: 10.0,
            }),
            ..Behaviour::default()
        };
        // Counted from the first call, whenever that is.
        assert_eq!(
            planned(&behaviour, &[500, 2499, 2500]),
            [521.0, 2520.0, 2503.0]
        );
        let behaviour = Behaviour {
            delay: fixed(2),
            drift: Some(Drift {
                per_second: Share::new(0.5),
            }),
            queue: Some(Queue {
                service: Law::Fixed(Nanos::from_millis(4)),
                servers: 1,
                seed: 1,
            }),
            ..Behaviour::default()
        };
        assert_eq!(
            planned(&behaviour, &[500, 1500, 4500]),
            [506.0, 1509.0, 4518.0]
        );
    }

    #[test]
    fn replies_follow_a_schedule_that_a_stall_shifts() {
        let mut cadence = Cadence {
            every: Nanos(10),
            stall_at: Some(3),
            stall: Some(Nanos(100)),
        };
        let due = |cadence: &Cadence| [0, 1, 2, 3, 4].map(|k| reply_due(cadence, Nanos(1000), k).0);
        assert_eq!(due(&cadence), [1000, 1010, 1020, 1130, 1140]);
        (cadence.stall_at, cadence.stall) = (None, None);
        assert_eq!(due(&cadence), [1000, 1010, 1020, 1030, 1040]);
    }

    #[test]
    fn arrivals_do_not_go_backwards() {
        let mut schedule = Schedule::new(&Behaviour::default());
        schedule.plan(Nanos(10), 0);
        assert_eq!(schedule.plan(Nanos(9), 0).arrival, Nanos(10));
    }

    #[test]
    fn shares_are_kept_and_the_same_in_every_run() {
        let blackhole = |share| Behaviour {
            blackhole: Some(Blackhole { share }),
            ..Behaviour::default()
        };
        for share in [0.0, 0.01, 0.5, 1.0] {
            for (behaviour, fate) in [
                (failing(share, None), Fate::Fails),
                (blackhole(share), Fate::Swallowed),
            ] {
                let draw = || -> Vec<bool> {
                    let mut schedule = Schedule::new(&behaviour);
                    (0..10_000)
                        .map(|_| schedule.plan(Nanos::ZERO, 0).fate == fate)
                        .collect()
                };
                let drawn = draw().into_iter().filter(|drawn| *drawn).count() as f64;
                // Five standard deviations of the binomial law; nothing at all for 0 and 1.
                let bound = 5.0 * (10_000.0 * share * (1.0 - share)).sqrt();
                assert!(
                    (drawn - 10_000.0 * share).abs() <= bound,
                    "{drawn} at share {share}"
                );
                assert_eq!(draw(), draw());
            }
        }
    }

    #[test]
    fn an_error_waits_its_own_delay_or_else_the_ordinary_one() {
        let plan = |behaviour: &Behaviour| Schedule::new(behaviour).plan(Nanos(100), 0);
        let with =
            |share, own: Option<u64>| plan(&failing(share, own.map(|own| Law::Fixed(Nanos(own)))));
        let told = |plan: Plan| (plan.planned.0, plan.fate);
        assert_eq!(told(with(1.0, None)), (107, Fate::Fails));
        assert_eq!(told(with(1.0, Some(3))), (103, Fate::Fails));
        assert_eq!(told(with(0.0, Some(3))), (107, Fate::Answered));
    }

    #[test]
    fn delays_are_drawn_anew_for_each_call() {
        let law = Law::Drawn(Drawn::Uniform(Uniform {
            min: Nanos(10),
            max: Nanos(1_000_000),
        }));
        let mut schedule = Schedule::new(&Behaviour {
            delay: Some(law),
            ..Behaviour::default()
        });
        let delays: Vec<u64> = (0..100)
            .map(|_| schedule.plan(Nanos::ZERO, 0).planned.0)
            .collect();
        assert!(delays.iter().all(|delay| (10..=1_000_000).contains(delay)));
        let different: std::collections::BTreeSet<_> = delays.iter().collect();
        assert!(different.len() > 90, "{delays:?}");
    }
}
