//! One direction of a link, as arithmetic: bytes go in at a time, packets come out at a time. No clock, no socket.
//!
//! A link is a queue, a transmitter and a wire. The transmitter sends one packet after another at the bandwidth, whoever
//! they are from; what comes while it is busy waits in the queue; what was sent arrives after half of the round trip.

use std::collections::VecDeque;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use scenarios::scenario::Network;
use scenarios::units::{Bandwidth, Nanos};

/// The smallest packet: what an Ethernet carries.
const SMALLEST_PACKET: u64 = 1_500;
/// On a fast link a packet is what goes through in this part of a round trip, within bounds: so that it takes no wake-up
/// for each 1,500 bytes, and that no time is wrong by more than that part.
const PACKET_SHARE: u64 = 200;
const SHORTEST_PACKET: Nanos = Nanos::from_micros(10);
const LONGEST_PACKET: Nanos = Nanos::from_micros(100);
/// The queue holds what the link carries in a round trip, but no less than in this time: longer than a thread may be late
/// to fill it.
const SHORTEST_QUEUE: Nanos = Nanos::from_millis(2);

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// From the client to the server.
    ToServer = 0,
    /// From the server to the client.
    ToClient = 1,
}

/// One direction of a link.
#[derive(Debug)]
pub struct Link {
    /// The shortest time from the transmitter to the far end.
    delay: Nanos,
    /// How much longer it may take.
    jitter: Nanos,
    transmitter: Option<Transmitter>,
    random: ChaCha8Rng,
}

#[derive(Debug)]
struct Transmitter {
    bandwidth: Bandwidth,
    packet: usize,
    /// Bytes that may wait.
    queue: u64,
    /// When the last bit of what it was given will have been sent.
    free_at: Nanos,
}

/// Something that a link carries for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// When it is to come out.
    pub due: Nanos,
    /// What it is.
    pub what: What,
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// So many bytes.
    Bytes(usize),
    /// The end of this direction: no more bytes follow.
    End,
    /// The end of the connection, at once.
    Reset,
}

impl Way {
    /// Both, the client's first.
    pub const BOTH: [Way; 2] = [Way::ToServer, Way::ToClient];

    /// The other way.
    pub const fn back(self) -> Way {
        match self {
            Way::ToServer => Way::ToClient,
            Way::ToClient => Way::ToServer,
        }
    }
}

impl Link {
    /// One direction of `network`; the same seed gives the same jitter.
    pub fn new(network: &Network, way: Way, seed: u64) -> Link {
        let half = match way {
            Way::ToServer => Nanos(network.rtt.0 / 2),
            Way::ToClient => Nanos(network.rtt.0.div_ceil(2)),
        };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(way as u64);
        Link {
            delay: half.since(Nanos(network.jitter.0 / 2)),
            jitter: network.jitter,
            transmitter: network
                .bandwidth
                .map(|bandwidth| Transmitter::new(bandwidth, network.rtt)),
            random,
        }
    }

    /// How many bytes it takes in at `now`.
    pub fn room(&self, now: Nanos) -> usize {
        let Some(transmitter) = &self.transmitter else {
            return usize::MAX;
        };
        let waiting = transmitter.bandwidth.over(transmitter.free_at.since(now)).0;
        usize::try_from(transmitter.queue.saturating_sub(waiting)).unwrap_or(usize::MAX)
    }

    /// When half of the queue will be empty: the time to look again for a link that has no room.
    pub fn roomy_at(&self) -> Nanos {
        self.transmitter
            .as_ref()
            .map_or(Nanos::ZERO, |transmitter| {
                let half = transmitter.bandwidth.time_of(transmitter.queue / 2);
                transmitter.free_at.since(half)
            })
    }

    /// Takes `len` bytes of one connection in at `now`, and appends the packets that they make to those of the connection.
    /// None comes out before one that was taken in earlier.
    pub fn take(&mut self, now: Nanos, len: usize, packets: &mut VecDeque<Packet>) {
        let mut left = len;
        while left > 0 {
            let (bytes, sent) = match &mut self.transmitter {
                None => (left, now),
                Some(transmitter) => transmitter.send(now, left),
            };
            left -= bytes;
            self.carry(sent, What::Bytes(bytes), packets);
        }
    }

    /// Takes the end of a connection, or of one direction of it, in: it comes out behind everything else.
    pub fn end(&mut self, now: Nanos, what: What, packets: &mut VecDeque<Packet>) {
        let sent = self
            .transmitter
            .as_ref()
            .map_or(now, |transmitter| transmitter.free_at.max(now));
        self.carry(sent, what, packets);
    }

    fn carry(&mut self, sent: Nanos, what: What, packets: &mut VecDeque<Packet>) {
        let due = sent + self.delay + self.strayed();
        let due = packets.back().map_or(due, |last| due.max(last.due));
        packets.push_back(Packet { due, what });
    }

    fn strayed(&mut self) -> Nanos {
        match self.jitter {
            Nanos::ZERO => Nanos::ZERO,
            Nanos(most) => Nanos(self.random.random_range(0..=most)),
        }
    }
}

impl Transmitter {
    fn new(bandwidth: Bandwidth, rtt: Nanos) -> Transmitter {
        let time = Nanos(rtt.0 / PACKET_SHARE).clamp(SHORTEST_PACKET, LONGEST_PACKET);
        let packet = bandwidth.over(time).0.max(SMALLEST_PACKET);
        Transmitter {
            bandwidth,
            packet: usize::try_from(packet).unwrap_or(usize::MAX),
            queue: bandwidth.over(rtt.max(SHORTEST_QUEUE)).0.max(2 * packet),
            free_at: Nanos::ZERO,
        }
    }

    /// Sends the first packet of `left` bytes; tells its length, and when its last bit is sent.
    fn send(&mut self, now: Nanos, left: usize) -> (usize, Nanos) {
        let bytes = left.min(self.packet);
        self.free_at = self.free_at.max(now) + self.bandwidth.time_of(bytes as u64);
        (bytes, self.free_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(rtt: &str, jitter: &str, bandwidth: Option<&str>) -> Network {
        Network {
            rtt: rtt.parse().unwrap(),
            jitter: jitter.parse().unwrap(),
            bandwidth: bandwidth.map(|text| text.parse().unwrap()),
            resets: None,
            cpus: Vec::new(),
        }
    }

    fn link(rtt: &str, bandwidth: Option<&str>) -> Link {
        Link::new(&network(rtt, "0s", bandwidth), Way::ToClient, 1)
    }

    fn bytes(packets: &VecDeque<Packet>) -> Vec<(u64, usize)> {
        let one = |packet: &Packet| match packet.what {
            What::Bytes(bytes) => (packet.due.0 / 1_000, bytes),
            _ => (packet.due.0 / 1_000, 0),
        };
        packets.iter().map(one).collect()
    }

    #[test]
    fn without_a_bandwidth_everything_comes_out_half_a_round_trip_later() {
        let mut link = link("20ms", None);
        let mut packets = VecDeque::new();
        link.take(Nanos::from_millis(3), 1_000_000, &mut packets);
        assert_eq!(bytes(&packets), [(13_000, 1_000_000)]);
        assert_eq!(link.room(Nanos::ZERO), usize::MAX);
    }

    #[test]
    fn a_bandwidth_spreads_bytes_over_time() {
        // 12 Mbit/s are 1.5 bytes a microsecond: a packet of 1,500 bytes takes a millisecond.
        let mut link = link("20ms", Some("12Mbit/s"));
        let mut packets = VecDeque::new();
        link.take(Nanos::ZERO, 3_750, &mut packets);
        assert_eq!(
            bytes(&packets),
            [(11_000, 1_500), (12_000, 1_500), (12_500, 750)]
        );
    }

    #[test]
    fn a_packet_of_a_fast_link_takes_half_a_percent_of_a_round_trip() {
        for (rtt, packet) in [("10ms", 6_250), ("1s", 12_500), ("0s", 1_500)] {
            let mut link = link(rtt, Some("1Gbit/s"));
            let mut packets = VecDeque::new();
            link.take(Nanos::ZERO, packet + 1, &mut packets);
            let lengths: Vec<usize> = bytes(&packets).iter().map(|(_, bytes)| *bytes).collect();
            assert_eq!(lengths, [packet, 1], "{rtt}");
        }
    }

    #[test]
    fn connections_share_the_bandwidth_in_the_order_in_which_they_come() {
        let mut link = link("0s", Some("12Mbit/s"));
        let (mut first, mut second) = (VecDeque::new(), VecDeque::new());
        link.take(Nanos::ZERO, 3_000, &mut first);
        link.take(Nanos::from_micros(500), 1_500, &mut second);
        link.take(Nanos::from_millis(10), 1_500, &mut first);
        assert_eq!(
            bytes(&first),
            [(1_000, 1_500), (2_000, 1_500), (11_000, 1_500)]
        );
        assert_eq!(bytes(&second), [(3_000, 1_500)]);
    }

    #[test]
    fn the_end_comes_out_behind_everything_else() {
        let mut link = link("20ms", Some("12Mbit/s"));
        let mut packets = VecDeque::new();
        link.take(Nanos::ZERO, 3_000, &mut packets);
        link.end(Nanos::ZERO, What::End, &mut packets);
        assert_eq!(
            packets[2],
            Packet {
                due: Nanos::from_millis(12),
                what: What::End
            }
        );
    }

    #[test]
    fn the_queue_holds_a_round_trip_and_then_has_no_room() {
        // 12 Mbit/s and 20 ms: 30,000 bytes wait at the most.
        let mut link = link("20ms", Some("12Mbit/s"));
        let mut packets = VecDeque::new();
        assert_eq!(link.room(Nanos::ZERO), 30_000);
        link.take(Nanos::ZERO, 30_000, &mut packets);
        assert_eq!(link.room(Nanos::ZERO), 0);
        assert_eq!(link.room(Nanos::from_millis(5)), 7_500);
        assert_eq!(link.roomy_at(), Nanos::from_millis(10));
    }

    #[test]
    fn a_slow_link_takes_two_packets_at_least() {
        let link = link("0s", Some("8kbit/s"));
        assert_eq!(link.room(Nanos::ZERO), 3_000);
    }

    #[test]
    fn jitter_strays_evenly_keeps_the_order_and_comes_from_the_seed() {
        let network = network("20ms", "4ms", None);
        let draw = |seed| {
            let mut link = Link::new(&network, Way::ToServer, seed);
            // Far enough apart that none has to wait for the one before it.
            (0..2_000u64)
                .map(|index| {
                    let (at, mut packets) = (Nanos::from_millis(100 * index), VecDeque::new());
                    link.take(at, 10, &mut packets);
                    packets[0].due.since(at).0 as f64 / 1e6
                })
                .collect::<Vec<_>>()
        };
        let delays = draw(5);
        assert_eq!(delays, draw(5));
        assert_ne!(delays, draw(6));
        assert!(delays.iter().all(|ms| (8.0..=12.0).contains(ms)));
        let mean = delays.iter().sum::<f64>() / 2_000.0;
        assert!((9.9..10.1).contains(&mean), "{mean}");
        assert!(delays.iter().any(|ms| *ms < 8.1) && delays.iter().any(|ms| *ms > 11.9));
    }

    /// Whatever is taken in, at whatever times and in whatever pieces: all of it comes out, in order, none before the
    /// delay has passed, and never more in any time than the bandwidth lets through.
    #[test]
    fn nothing_is_lost_early_or_faster_than_the_link() {
        let mut random = ChaCha8Rng::seed_from_u64(11);
        for round in 0..200 {
            let bandwidth = Bandwidth(random.random_range(1_000_000..2_000_000_000));
            let network = Network {
                bandwidth: Some(bandwidth),
                ..network("10ms", "3ms", None)
            };
            let mut link = Link::new(&network, Way::ToClient, round);
            let mut packets: [VecDeque<Packet>; 3] = Default::default();
            let (mut now, mut given) = (Nanos::ZERO, [0; 3]);
            let mut sent = Vec::new();
            for _ in 0..200 {
                now = now + Nanos(random.random_range(0..2_000_000));
                let (who, len) = (random.random_range(0..3), random.random_range(1..40_000));
                let before = packets[who].len();
                link.take(now, len, &mut packets[who]);
                given[who] += len;
                let earliest = now + Nanos::from_micros(3_500);
                assert!(packets[who].range(before..).all(|p| p.due > earliest));
                sent.push((now, len as u64));
            }
            for (packets, given) in packets.iter().zip(given) {
                assert!(packets.iter().is_sorted_by_key(|packet| packet.due));
                let out: usize = bytes(packets).iter().map(|(_, bytes)| bytes).sum();
                assert_eq!(out, given);
            }
            // The transmitter is done no earlier than the bits take, whenever it began.
            let all: u64 = sent.iter().map(|(_, len)| len).sum();
            let last = packets.iter().flatten().map(|p| p.due).max().unwrap();
            assert!(last >= bandwidth.time_of(all));
        }
    }

    /// A sender with a window and a receiver that gives credit back: bytes a second, from the model alone.
    fn throughput(network: &Network, window: usize, credit: usize) -> f64 {
        let mut forth = Link::new(network, Way::ToClient, 1);
        let mut back = Link::new(network, Way::ToServer, 1);
        let (mut on_its_way, mut credits) = (VecDeque::new(), VecDeque::new());
        let (mut left, mut consumed, mut received, mut last) = (window, 0, 0, Nanos::ZERO);
        forth.take(Nanos::ZERO, std::mem::take(&mut left), &mut on_its_way);
        while last < Nanos(4 * Nanos::SECOND.0) {
            let data = on_its_way.front().map_or(Nanos(u64::MAX), |p| p.due);
            let update = credits.front().map_or(Nanos(u64::MAX), |p: &Packet| p.due);
            if update <= data {
                credits.pop_front();
                left += credit;
                forth.take(update, std::mem::take(&mut left), &mut on_its_way);
                continue;
            }
            let Some(Packet {
                due,
                what: What::Bytes(bytes),
            }) = on_its_way.pop_front()
            else {
                panic!("both wait");
            };
            (received, consumed, last) = (received + bytes, consumed + bytes, due);
            while consumed >= credit {
                consumed -= credit;
                back.take(due, 13, &mut credits);
            }
        }
        received as f64 / last.as_secs_f64()
    }

    #[test]
    fn a_window_caps_the_throughput_at_window_by_round_trip_until_the_link_is_full() {
        let network = network("20ms", "0s", Some("1Gbit/s"));
        let (rtt, link) = (0.020, 125e6);
        for window in [64 << 10, 256 << 10, 1 << 20, 4 << 20] {
            let credit = window / 64;
            let model = (f64::from(window) / rtt).min(link);
            let seen = throughput(&network, window as usize, credit as usize);
            assert!(
                (0.95..=1.01).contains(&(seen / model)),
                "{window}: {seen} of {model}"
            );
        }
        // Credit by the half costs a half window's time on the link in every round trip.
        let halves = throughput(&network, 1 << 20, 512 << 10);
        let model = f64::from(1 << 20) / (rtt + f64::from(512 << 10) / link);
        assert!(
            (0.99..=1.01).contains(&(halves / model)),
            "{halves} of {model}"
        );
    }
}
