//! Which channel the next call goes to. Hot: asked for every call.

use std::collections::VecDeque;

use reports::mutant::{self, Mutant};

/// Chooses channels so that a closed loop keeps its limit on each, and an open loop loads all evenly.
#[derive(Debug)]
pub(super) struct Router {
    in_flight: Vec<u32>,
    choice: Choice,
}

#[derive(Debug)]
enum Choice {
    /// Closed loop: the free places, each a channel's; at most `limit` on one.
    Places { free: VecDeque<u32>, limit: u32 },
    /// Open loop: each channel in turn.
    InTurn { next: usize },
}

impl Router {
    /// A router over so many channels, all idle, in turn.
    pub(super) fn new(channels: usize) -> Router {
        Router {
            in_flight: vec![0; channels],
            choice: Choice::InTurn { next: 0 },
        }
    }

    /// From now on keeps at most `limit` calls on each channel, or loads all in turn.
    pub(super) fn set_limit(&mut self, limit: Option<u32>) {
        self.choice = match limit {
            None => Choice::InTurn { next: 0 },
            Some(limit) => {
                let most = limit.saturating_sub(self.in_flight.iter().copied().min().unwrap_or(0));
                let mut free = VecDeque::with_capacity(limit as usize * self.in_flight.len());
                // Round after round, so that every channel gets its first call before any gets its second.
                for round in 0..most {
                    let has_room = |taken: &u32| taken + round < limit;
                    free.extend(
                        (0u32..)
                            .zip(&self.in_flight)
                            .filter(|(_, taken)| has_room(taken))
                            .map(|(c, _)| c),
                    );
                }
                Choice::Places { free, limit }
            }
        };
    }

    /// The channels to try for one call, the best first, each once at the most.
    pub(super) fn candidates(&self) -> usize {
        match &self.choice {
            Choice::Places { free, .. } => free.len(),
            Choice::InTurn { .. } => self.in_flight.len(),
        }
    }

    /// The channel to try now.
    pub(super) fn front(&self) -> usize {
        match &self.choice {
            Choice::Places { free, .. } => free[0] as usize,
            Choice::InTurn { .. } if mutant::is(Mutant::OneChannel) => 0,
            Choice::InTurn { next } => *next,
        }
    }

    /// The channel in front has no free stream: try another.
    pub(super) fn skip(&mut self) {
        match &mut self.choice {
            Choice::Places { free, .. } => free.rotate_left(1),
            Choice::InTurn { next } => *next = (*next + 1) % self.in_flight.len(),
        }
    }

    /// A call was started on the channel in front.
    pub(super) fn started(&mut self, channel: usize) {
        self.in_flight[channel] += 1;
        match &mut self.choice {
            Choice::Places { free, .. } => {
                free.pop_front();
            }
            Choice::InTurn { next } => *next = (*next + 1) % self.in_flight.len(),
        }
    }

    /// Whether nothing is in flight on a channel.
    pub(super) fn is_idle(&self, channel: usize) -> bool {
        self.in_flight[channel] == 0
    }

    /// A call on `channel` ended.
    pub(super) fn ended(&mut self, channel: u32) {
        let taken = &mut self.in_flight[channel as usize];
        *taken -= 1;
        if let Choice::Places { free, limit } = &mut self.choice
            && *taken < *limit
        {
            free.push_back(channel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(router: &mut Router) -> usize {
        let channel = router.front();
        router.started(channel);
        channel
    }

    #[test]
    fn a_closed_loop_starts_again_where_a_call_ended() {
        let mut router = Router::new(3);
        router.set_limit(Some(2));
        assert_eq!(
            (0..6).map(|_| start(&mut router)).collect::<Vec<_>>(),
            [0, 1, 2, 0, 1, 2]
        );
        assert_eq!(router.candidates(), 0);
        router.ended(1);
        assert_eq!((router.candidates(), router.front()), (1, 1));
    }

    #[test]
    fn calls_of_an_open_stage_count_against_the_limit_of_the_next() {
        let mut router = Router::new(2);
        (0..3).for_each(|_| _ = start(&mut router));
        router.set_limit(Some(1));
        assert_eq!(
            router.candidates(),
            0,
            "channel 0 has two calls, channel 1 has one"
        );
        router.ended(0);
        assert_eq!(router.candidates(), 0, "channel 0 is down to its limit");
        router.ended(0);
        assert_eq!(router.candidates(), 1);
    }

    #[test]
    fn an_open_loop_takes_channels_in_turn() {
        let mut router = Router::new(3);
        assert_eq!(
            (0..5).map(|_| start(&mut router)).collect::<Vec<_>>(),
            [0, 1, 2, 0, 1]
        );
    }
}
