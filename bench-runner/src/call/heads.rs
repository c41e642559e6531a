//! What calls say before their first message, prepared: metadata and timeouts, as many as it takes for every call to
//! find its own without a thought.

use std::fmt;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use scenarios::law::Law;
use scenarios::metadata::wire_value;
use scenarios::scenario::{self, Metadata};
use scenarios::units::Nanos;

use super::{POOL, Request};
use crate::secrets::Secrets;

/// The shortest timeout that is drawn.
const SHORTEST: Nanos = Nanos::from_micros(1);
/// Requests of which each has a head of its own, at the most.
const MOST_DEALT: usize = 1 << 20;
/// Timeouts are drawn from a stream of numbers of their own, so that they change no payload.
const STREAM: u64 = 1;

/// What one call says before its first message.
#[derive(Clone)]
pub struct Head {
    /// After gRPC's own: names, and values as they go over the wire.
    pub metadata: Vec<(String, String)>,
    /// The call's timeout.
    pub deadline: Option<Nanos>,
}

/// Never the values: there are secrets among them.
impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.metadata.iter().map(|(key, _)| key.as_str()).collect();
        let head = &mut f.debug_struct("Head");
        head.field("metadata", &keys);
        head.field("deadline", &self.deadline).finish()
    }
}

/// All that calls take in turn: one where they are all alike.
pub(super) fn prepare(call: &scenario::Call, seed: u64, secrets: &Secrets) -> Vec<Head> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(STREAM);
    let mut draw = |law: &Law<Nanos>| law.draw(&mut rng).max(SHORTEST);
    let head = |number| Head {
        metadata: metadata(call, number, secrets),
        deadline: call.deadline.as_ref().map(&mut draw),
    };
    (0..count(call)).map(head).collect()
}

/// How many it takes until the lists begin again together, and timeouts are as many as sizes.
fn count(call: &scenario::Call) -> usize {
    let round = call.metadata.values().fold(1, |round, value| match value {
        Metadata::InTurn(values) => least_common_multiple(round, values.len()),
        Metadata::Text(_) | Metadata::Secret(_) => round,
    });
    match &call.deadline {
        Some(Law::Drawn(_)) => POOL.next_multiple_of(round),
        Some(Law::Fixed(_)) | None => round,
    }
}

fn metadata(call: &scenario::Call, number: usize, secrets: &Secrets) -> Vec<(String, String)> {
    let value = |key: &str, value: &Metadata| match value {
        Metadata::Text(text) => wire_value(key, text).ok(),
        Metadata::InTurn(texts) => wire_value(key, &texts[number % texts.len()]).ok(),
        Metadata::Secret(_) => secrets.value(key).map(str::to_owned),
    };
    let metadata = call.metadata.iter();
    metadata
        .filter_map(|(key, written)| Some((key.clone(), value(key, written)?)))
        .collect()
}

/// Deals the heads out to requests, as often over as it takes for both to begin again together, where there is room for that.
pub(super) fn deal(requests: &[Request], heads: usize) -> Vec<Request> {
    let most = MOST_DEALT.next_multiple_of(requests.len());
    let total = least_common_multiple(requests.len(), heads).min(most);
    let head = |(number, request): (usize, &Request)| Request {
        head: (number % heads) as u32,
        ..request.clone()
    };
    requests
        .iter()
        .cycle()
        .take(total)
        .enumerate()
        .map(head)
        .collect()
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut divisor, mut rest) = (a, b);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    a / divisor.max(1) * b
}

#[cfg(test)]
mod tests {
    use super::super::{Call, Known};
    use crate::given::scenario;

    fn prepared(yaml: &str) -> Call {
        Call::prepare(
            scenario(&format!("call: {yaml}")).calls.only().unwrap(),
            7,
            &Known::default(),
        )
        .unwrap()
    }

    fn values(call: &Call, key: &str, calls: u32) -> Vec<String> {
        let mut request = 0;
        let mut values = Vec::new();
        for _ in 0..calls {
            let metadata = &call.head(request).metadata;
            let value = metadata.iter().find(|(name, _)| name == key);
            values.push(value.unwrap().1.clone());
            request = call.request_after(request, 1);
        }
        values
    }

    #[test]
    fn lists_are_taken_in_turn_each_at_its_own_pace() {
        let call = prepared("{ metadata: { x-user: [a, b, c], x-zone: [n, s], x-tenant: blue } }");
        assert_eq!(call.heads.len(), 6);
        assert_eq!(
            values(&call, "x-user", 8),
            ["a", "b", "c", "a", "b", "c", "a", "b"]
        );
        assert_eq!(values(&call, "x-zone", 4), ["n", "s", "n", "s"]);
        assert_eq!(values(&call, "x-tenant", 2), ["blue", "blue"]);
    }

    #[test]
    fn a_list_beside_drawn_sizes_keeps_its_turn_where_the_pool_begins_again() {
        let call = prepared(
            "{ metadata: { x-user: [a, b, c] }, request: { size: { uniform: { min: 1B, max: 9B } } } }",
        );
        let seen = values(&call, "x-user", 7_000);
        assert!((0..7_000).all(|n| seen[n] == ["a", "b", "c"][n % 3]));
    }

    #[test]
    fn drawn_timeouts_are_the_same_for_the_same_seed_and_never_nothing() {
        let yaml = "{ deadline: { uniform: { min: 0s, max: 10ms } } }";
        let deadlines = |seed| {
            let call = Call::prepare(
                scenario(&format!("call: {yaml}")).calls.only().unwrap(),
                seed,
                &Known::default(),
            )
            .unwrap();
            let heads = call.heads.iter();
            heads
                .map(|head| head.deadline.unwrap().0)
                .collect::<Vec<_>>()
        };
        let (first, other) = (deadlines(1), deadlines(2));
        assert_eq!(first, deadlines(1));
        assert_ne!(first, other);
        assert!(first.iter().all(|ns| (1_000..=10_000_000).contains(ns)));
        let mean = first.iter().sum::<u64>() as f64 / first.len() as f64;
        assert!((4.7e6..5.3e6).contains(&mean), "{mean}");
    }
}
