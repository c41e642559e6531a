//! The calls of a run, prepared: one, or several in their shares, and the order in which a lane makes them.
//!
//! **Hot**: the next request is asked for with every call. Where there is one call only, it is the next of its pool.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use reports::model::FirstReply;
use scenarios::load::Part;
use scenarios::scenario::{self, Calls};
use scenarios::{Case, KeyPath};

use crate::call::{Call, CallError, Known, LeftOut, Request, Wants};
use crate::engine::Traffic;
use crate::run::RunError;
use crate::secrets::Secrets;

/// The bits of a request's index within its call; those above are the call's number.
const WITHIN: u32 = 24;
const MASK: u32 = (1 << WITHIN) - 1;

/// The calls of a run. The index of a prepared request names the call, too.
#[derive(Debug)]
pub struct Mix {
    calls: Vec<Call>,
    named: Vec<Named>,
}

/// What a call of a mix is called, and how much of all calls it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// So many parts are it.
    pub weight: u32,
}

/// Why one of the calls cannot be prepared.
#[derive(Debug)]
pub struct MixError {
    /// Where it stands in the scenario.
    at: KeyPath,
    error: Box<CallError>,
}

impl MixError {
    /// The error as one of a case.
    pub fn in_case(self, case: &Case) -> RunError {
        self.error.in_case(case, &self.at)
    }
}

impl Mix {
    /// Prepares the calls of a scenario; `secrets` are those of each call's metadata, by number.
    ///
    /// # Errors
    ///
    /// As of [`Call::prepare`], of the first call that cannot be prepared.
    pub fn prepare(
        calls: &Calls,
        seed: u64,
        known: &Known<'_>,
        secrets: &[Secrets],
    ) -> Result<Mix, MixError> {
        let named = calls.mix().iter().map(|mixed| Named {
            name: mixed.name.clone(),
            weight: mixed.weight,
        });
        let prepare = |(number, call): (usize, &scenario::Call)| {
            let known = Known {
                secrets: secrets.get(number),
                ..*known
            };
            Call::prepare(call, seed.wrapping_add(number as u64), &known).map_err(|error| {
                MixError {
                    at: calls.path(number),
                    error: Box::new(error),
                }
            })
        };
        Ok(Mix {
            named: named.collect(),
            calls: calls
                .iter()
                .enumerate()
                .map(prepare)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The calls, by number.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// What each call of a mix is called; nothing where there is one call only.
    pub fn named(&self) -> &[Named] {
        &self.named
    }

    /// The number of the call that a request is of.
    #[inline]
    pub fn number(request: u32) -> usize {
        (request >> WITHIN) as usize
    }

    /// A request's index within its call.
    #[inline]
    pub fn within(request: u32) -> u32 {
        request & MASK
    }

    /// The call that a request is of.
    #[inline]
    pub fn call(&self, request: u32) -> &Call {
        &self.calls[Mix::number(request)]
    }

    /// A prepared request.
    #[inline]
    pub fn request(&self, request: u32) -> &Request {
        self.call(request).request(Mix::within(request))
    }

    /// Whether a call that ended OK brought what it asked for; if not, what is wrong.
    #[inline]
    pub fn check(&self, request: u32, received: Traffic) -> Result<(), String> {
        self.request(request).check(received)
    }

    /// The longest message that any call sends, or is known to be answered with, in bytes.
    pub fn longest_message(&self) -> u64 {
        let longest = self.calls.iter().map(Call::longest_message);
        longest.max().unwrap_or_default()
    }

    /// What may be put together in memory of one reply: what the scenario asks for, or a stock server that echoes could
    /// make of it, and tonic's own limit on top. A server that announces more, or compresses more, is refused.
    pub fn longest_reply(&self) -> usize {
        const TONICS_OWN: u64 = 4 << 20;
        usize::try_from(self.longest_message() + TONICS_OWN).unwrap_or(usize::MAX)
    }

    /// Whether all messages are protobuf and not compressed, either way.
    pub fn is_plain(&self) -> bool {
        self.calls.iter().all(|call| call.encodings.is_plain())
    }

    /// Compresses all requests, for an engine that does not do so call by call.
    #[must_use]
    pub fn packed(self) -> Mix {
        Mix {
            calls: self.calls.into_iter().map(Call::packed).collect(),
            ..self
        }
    }

    /// Where not all that a call is given to send is sent.
    pub fn left_out(&self) -> Option<LeftOut> {
        self.calls.iter().find_map(|call| call.left_out)
    }

    /// Whether the server is asked for its own times, of any call.
    pub fn has_stamps(&self) -> bool {
        self.calls.iter().any(|call| call.stamps)
    }

    /// What engines are to look at of any call, besides lengths and statuses.
    pub fn wants(&self) -> Wants {
        let all = self.calls.iter().map(Call::wants);
        all.reduce(Wants::or).unwrap_or_default()
    }

    /// Whether deadlines pass in the order in which calls start.
    pub fn deadlines_in_order(&self) -> bool {
        let first = self.calls[0].heads()[0].deadline;
        let mut calls = self.calls.iter();
        calls.all(|call| call.deadlines_in_order() && call.heads()[0].deadline == first)
    }

    /// Whether calls are given up on purpose in the order in which they start.
    pub fn cancels_in_order(&self) -> bool {
        let first = self.calls[0].cancel;
        self.calls.iter().all(|call| call.cancel == first)
    }

    /// A text that came from a server, without the secrets of any call that may be in it.
    pub fn without_secrets(&self, text: &str) -> String {
        let hide = |text: String, call: &Call| call.without_secrets(&text).into_owned();
        self.calls.iter().fold(text.to_owned(), hide)
    }

    /// What came with a reply, without the secrets of any call that may be in it.
    pub fn hide_secrets(&self, reply: FirstReply) -> FirstReply {
        self.calls
            .iter()
            .fold(reply, |reply, call| call.hide_secrets(reply))
    }
}

/// The order of one lane's calls.
#[derive(Debug)]
pub struct Order {
    next: u32,
    /// Where there is one call only: the requests that all lanes share, and how far it is from one of this lane's to the
    /// next.
    pool: u32,
    step: u32,
    blocks: Option<Box<Blocks>>,
}

/// A mix in blocks: in each, every call has exactly its share, in an order that is drawn anew.
///
/// So the shares hold over any stretch, of any lane, to within one block; and since each block is shuffled, nothing in
/// the order repeats that could fall in step with something periodic.
#[derive(Debug)]
struct Blocks {
    /// The numbers of the calls; those before `drawn` have been made in this round.
    block: Vec<u8>,
    drawn: usize,
    rng: ChaCha8Rng,
    /// The next request of each call.
    cursors: Vec<u32>,
    /// How far it is from one of this lane's requests to the next, in the pools that all lanes share.
    stride: u32,
}

impl Order {
    /// The order of a lane's calls, by its part and the seed of the repetition.
    pub fn new(mix: &Mix, part: Part, seed: u64) -> Order {
        let first = |call: &Call| call.request_after(0, part.index);
        let pool = mix.calls[0].requests().len() as u32;
        let mut order = Order {
            next: first(&mix.calls[0]),
            pool,
            step: part.of % pool,
            blocks: (!mix.named.is_empty()).then(|| {
                Box::new(Blocks {
                    block: block(mix.named.iter().map(|named| named.weight)),
                    drawn: 0,
                    rng: ChaCha8Rng::seed_from_u64(seed ^ (u64::from(part.index) << 48)),
                    cursors: mix.calls.iter().map(first).collect(),
                    stride: part.of,
                })
            }),
        };
        if let Some(blocks) = &mut order.blocks {
            order.next = blocks.draw(mix);
        }
        order
    }

    /// The request of the next call.
    #[inline]
    pub fn next(&self) -> u32 {
        self.next
    }

    /// That call was made: on to the one after it.
    #[inline]
    pub fn advance(&mut self, mix: &Mix) {
        if let Some(blocks) = &mut self.blocks {
            self.next = blocks.draw(mix);
            return;
        }
        let after = self.next + self.step;
        self.next = if after < self.pool {
            after
        } else {
            after - self.pool
        };
    }
}

impl Blocks {
    /// One step of a shuffle (Fisher and Yates'), so that no call pays for a whole block.
    fn draw(&mut self, mix: &Mix) -> u32 {
        if self.drawn == self.block.len() {
            self.drawn = 0;
        }
        let chosen = self.rng.random_range(self.drawn..self.block.len());
        self.block.swap(self.drawn, chosen);
        let number = usize::from(self.block[self.drawn]);
        self.drawn += 1;
        let cursor = &mut self.cursors[number];
        let request = *cursor;
        *cursor = mix.calls[number].request_after(request, self.stride);
        ((number as u32) << WITHIN) | request
    }
}

/// The smallest block that the weights divide exactly: the number of each call as often as its weight says, less what all
/// weights have in common.
fn block(weights: impl Iterator<Item = u32> + Clone) -> Vec<u8> {
    let common = weights.clone().fold(0, greatest_common_divisor).max(1);
    (0..)
        .zip(weights)
        .flat_map(|(number, weight)| std::iter::repeat_n(number, (weight / common) as usize))
        .collect()
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::scenario;

    const NINE_TO_ONE: &str = "calls: [ { weight: 18, name: a }, { weight: 2, name: b } ]";

    fn mix(yaml: &str) -> Mix {
        Mix::prepare(&scenario(yaml).calls, 42, &Known::default(), &[]).unwrap()
    }

    /// The numbers of the calls that a lane makes.
    fn numbers(mix: &Mix, index: u32, of: u32, seed: u64, many: usize) -> Vec<usize> {
        let mut order = Order::new(mix, Part { index, of }, seed);
        (0..many)
            .map(|_| {
                let number = Mix::number(order.next());
                order.advance(mix);
                number
            })
            .collect()
    }

    #[test]
    fn every_lane_keeps_the_weights_over_any_stretch() {
        let mix = mix(NINE_TO_ONE);
        for lane in 0..4 {
            let made = numbers(&mix, lane, 4, 7, 100_000);
            let rare = |calls: &[usize]| calls.iter().filter(|number| **number == 1).count();
            assert_eq!(rare(&made), 10_000);
            // A window of a hundred calls lies over nine whole blocks of ten, and two broken ones.
            assert!(
                made.windows(100)
                    .all(|calls| (9..=11).contains(&rare(calls)))
            );
        }
    }

    #[test]
    fn the_order_does_not_repeat_and_is_the_seeds() {
        let mix = mix(NINE_TO_ONE);
        let made = numbers(&mix, 0, 2, 7, 10_000);
        assert_eq!(made, numbers(&mix, 0, 2, 7, 10_000));
        assert_ne!(
            made,
            numbers(&mix, 1, 2, 7, 10_000),
            "another lane has another order"
        );
        assert_ne!(made, numbers(&mix, 0, 2, 8, 10_000));
        // In step with nothing: the rare call falls on each place of a block about as often.
        let mut places = [0; 10];
        for (at, _) in made.iter().enumerate().filter(|(_, number)| **number == 1) {
            places[at % 10] += 1;
        }
        assert!(places.iter().all(|n| (60..140).contains(n)), "{places:?}");
    }

    #[test]
    fn each_call_takes_its_own_requests_in_turn() {
        let mix = mix(
            "calls: [ { name: a, request: { size: { uniform: { min: 1B, max: 9B } } } }, { name: b } ]",
        );
        let mut order = Order::new(&mix, Part { index: 1, of: 3 }, 1);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            let request = order.next();
            [&mut a, &mut b][Mix::number(request)].push(Mix::within(request));
            order.advance(&mix);
        }
        assert_eq!(a[..3], [1, 4, 7]);
        assert!(b.iter().all(|within| *within == 0), "one prepared request");
        assert_eq!((a.len(), b.len()), (100, 100));
    }

    #[test]
    fn a_block_is_as_small_as_the_weights_allow() {
        assert_eq!(block([18, 2].into_iter()), [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(block([1000, 1000, 500].into_iter()).len(), 5);
        assert_eq!(block([999, 1].into_iter()).len(), 1000);
    }
}
