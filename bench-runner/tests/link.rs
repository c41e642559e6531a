//! The emulated network under plain sockets: what goes in comes out, in order, no earlier than it may.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::Duration;

use bench_runner::clock::Clock;
use bench_runner::network::{Network, NetworkError, Stage};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use scenarios::scenario::{self, Address};
use scenarios::units::Nanos;

/// How long a test waits for what never takes so long.
const PATIENCE: Duration = Duration::from_secs(20);

fn network(rtt: &str, bandwidth: Option<&str>) -> scenario::Network {
    scenario::Network {
        rtt: rtt.parse().unwrap(),
        jitter: Nanos::ZERO,
        bandwidth: bandwidth.map(|text| text.parse().unwrap()),
        resets: None,
        cpus: Vec::new(),
    }
}

/// A server, and the link before it.
struct Lab {
    server: TcpListener,
    network: Network,
}

fn address(of: &TcpListener) -> Address {
    let address = of.local_addr().unwrap();
    Address::Tcp {
        host: address.ip().to_string(),
        port: address.port(),
        tls: false,
    }
}

fn lab(settings: &scenario::Network) -> Lab {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let network = Network::start(settings, &address(&server), 3).unwrap();
    // The link has looked whether somebody listens.
    drop(server.accept().unwrap());
    Lab { server, network }
}

impl Lab {
    fn connect(&self) -> TcpStream {
        connect(&self.network)
    }

    /// Both ends of a connection through the link.
    fn pair(&self) -> (TcpStream, TcpStream) {
        let client = self.connect();
        let (server, _) = self.server.accept().unwrap();
        server.set_read_timeout(Some(PATIENCE)).unwrap();
        (client, server)
    }
}

fn connect(network: &Network) -> TcpStream {
    let Address::Tcp { host, port, .. } = network.address() else {
        panic!("the near end is always TCP");
    };
    let client = TcpStream::connect((host.as_str(), *port)).unwrap();
    client.set_nodelay(true).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..length).map(|_| random.random()).collect()
}

/// Writes `bytes` in random pieces with random pauses; tells when each piece was begun.
fn write_in_pieces(
    mut to: &TcpStream,
    bytes: &[u8],
    clock: &Clock,
    seed: u64,
) -> Vec<(usize, Nanos)> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut at, mut begun) = (0, Vec::new());
    while at < bytes.len() {
        let piece = random.random_range(1..20_000).min(bytes.len() - at);
        begun.push((at, clock.now()));
        to.write_all(&bytes[at..at + piece]).unwrap();
        at += piece;
        if random.random_bool(0.2) {
            thread::sleep(Duration::from_micros(random.random_range(0..1_000)));
        }
    }
    to.shutdown(Shutdown::Write).unwrap();
    begun
}

/// Reads to the end in random pieces; tells when each had come.
fn read_in_pieces(
    mut from: &TcpStream,
    clock: &Clock,
    seed: u64,
) -> (Vec<u8>, Vec<(usize, Nanos)>) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (mut bytes, mut come, mut buffer) = (Vec::new(), Vec::new(), vec![0; 30_000]);
    loop {
        let most = random.random_range(1..buffer.len());
        let read = from.read(&mut buffer[..most]).unwrap();
        come.push((bytes.len(), clock.now()));
        if read == 0 {
            return (bytes, come);
        }
        bytes.extend(&buffer[..read]);
    }
}

/// Every byte came at least `delay` after the piece that it was in was begun.
fn assert_none_was_early(begun: &[(usize, Nanos)], come: &[(usize, Nanos)], delay: Nanos) {
    for (at, when) in come {
        let piece = begun.partition_point(|(first, _)| first <= at) - 1;
        let took = when.since(begun[piece].1);
        assert!(took >= delay, "byte {at} took {took}");
    }
}

#[test]
fn all_bytes_come_out_in_order_and_none_early_in_both_directions_at_once() {
    let lab = lab(&scenario::Network {
        jitter: "2ms".parse().unwrap(),
        ..network("10ms", Some("400Mbit/s"))
    });
    let (client, server) = lab.pair();
    let clock = Clock::starting_in(Duration::ZERO);
    let (up, down) = (noise(1, 3_000_000), noise(2, 3_000_000));
    let (sent_up, sent_down, got_up, got_down) = thread::scope(|scope| {
        let sent_up = scope.spawn(|| write_in_pieces(&client, &up, &clock, 3));
        let sent_down = scope.spawn(|| write_in_pieces(&server, &down, &clock, 4));
        let got_up = scope.spawn(|| read_in_pieces(&server, &clock, 5));
        let got_down = read_in_pieces(&client, &clock, 6);
        (
            sent_up.join().unwrap(),
            sent_down.join().unwrap(),
            got_up.join().unwrap(),
            got_down,
        )
    });
    assert!(got_up.0 == up && got_down.0 == down);
    // Half of the round trip, less half of the jitter.
    let least = Nanos::from_millis(4);
    assert_none_was_early(&sent_up, &got_up.1, least);
    assert_none_was_early(&sent_down, &got_down.1, least);
    let seen = lab.network.finish().unwrap();
    assert_eq!((seen.connections, seen.resets), (1, 0));
    assert_eq!(
        (seen.bytes_to_server, seen.bytes_to_client),
        (3_000_000, 3_000_000)
    );
    assert!(seen.lateness.count > 100 && seen.cpu_ns > 0);
}

#[test]
fn a_bandwidth_is_never_exceeded_and_shared_by_all_connections() {
    // Two connections send 500,000 bytes each at 80 Mbit/s, which takes them 100 ms together.
    let lab = lab(&network("0s", Some("80Mbit/s")));
    let pairs = [lab.pair(), lab.pair()];
    let clock = Clock::starting_in(Duration::ZERO);
    let begun = clock.now();
    thread::scope(|scope| {
        for (client, server) in &pairs {
            scope.spawn(|| write_in_pieces(client, &noise(1, 500_000), &clock, 1));
            scope.spawn(|| read_in_pieces(server, &clock, 2));
        }
    });
    let took = clock.now().since(begun);
    assert!(took >= Nanos::from_millis(100), "{took}");
}

#[test]
fn a_connection_costs_a_round_trip_and_every_exchange_another() {
    let lab = lab(&network("30ms", None));
    let clock = Clock::starting_in(Duration::ZERO);
    let begun = clock.now();
    let mut client = lab.connect();
    thread::scope(|scope| {
        scope.spawn(|| {
            let (mut server, _) = lab.server.accept().unwrap();
            let mut byte = [0];
            while server.read(&mut byte).unwrap() > 0 {
                server.write_all(&byte).unwrap();
            }
        });
        for exchange in 1..=3 {
            client.write_all(b"x").unwrap();
            client.read_exact(&mut [0]).unwrap();
            let (took, least) = (
                clock.now().since(begun),
                Nanos::from_millis(30 * (1 + exchange)),
            );
            assert!(took >= least, "exchange {exchange} came back after {took}");
        }
        drop(client);
    });
}

#[test]
fn a_half_that_is_closed_leaves_the_other_open() {
    let lab = lab(&network("2ms", None));
    let (mut client, mut server) = lab.pair();
    client.write_all(b"the question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut question = String::new();
    server.read_to_string(&mut question).unwrap();
    assert_eq!(question, "the question");
    server.write_all(b"the answer").unwrap();
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "the answer");
}

fn reset(socket: TcpStream) {
    let socket = socket2::Socket::from(socket);
    socket.set_linger(Some(Duration::ZERO)).unwrap();
}

fn is_reset(mut socket: &TcpStream) -> bool {
    let error = socket.read(&mut [0]).unwrap_err();
    error.kind() == io::ErrorKind::ConnectionReset
}

#[test]
fn a_reset_is_passed_on_as_one_whoever_makes_it() {
    let lab = lab(&network("2ms", None));
    let (client, server) = lab.pair();
    reset(server);
    assert!(is_reset(&client));
    let (client, server) = lab.pair();
    reset(client);
    assert!(is_reset(&server));
}

#[test]
fn a_server_that_is_gone_resets_whoever_comes() {
    let lab = lab(&network("2ms", None));
    drop(lab.server);
    assert!(is_reset(&connect(&lab.network)));
    assert!(!lab.network.has_failed());
}

#[test]
fn a_target_that_does_not_listen_is_told_of_at_once() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = address(&server);
    drop(server);
    let error = Network::start(&network("2ms", None), &target, 1).err();
    let Some(NetworkError::Target(error)) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_receiver_that_does_not_read_holds_its_sender_back_and_nobody_else() {
    let lab = lab(&network("2ms", Some("1Gbit/s")));
    let (client, server) = lab.pair();
    let bytes = noise(1, 64 << 10).repeat(1 << 10);
    client
        .set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    // What two pairs of socket buffers and the link hold is far less than all of it.
    let written = write_until_full(&client, &bytes);
    assert!(written < bytes.len() / 2, "{written} bytes were taken");
    // Others are not held back.
    let (mut other, mut server_of_other) = lab.pair();
    other.write_all(b"x").unwrap();
    server_of_other.read_exact(&mut [0]).unwrap();
    // And what was taken comes out once it is read.
    let clock = Clock::starting_in(Duration::ZERO);
    client.shutdown(Shutdown::Write).unwrap();
    let (got, _) = read_in_pieces(&server, &clock, 2);
    assert!(got == bytes[..written]);
}

fn write_until_full(mut to: &TcpStream, bytes: &[u8]) -> usize {
    let mut written = 0;
    while written < bytes.len() {
        match to.write(&bytes[written..]) {
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => panic!("{error}"),
        }
    }
    written
}

#[test]
fn a_thousand_connections_are_carried_side_by_side() {
    const MANY: usize = 1_000;
    let lab = lab(&network("20ms", Some("1Gbit/s")));
    let mut clients: Vec<TcpStream> = (0..MANY).map(|_| lab.connect()).collect();
    for (index, client) in clients.iter_mut().enumerate() {
        client.write_all(&(index as u64).to_be_bytes()).unwrap();
    }
    let mut servers: Vec<TcpStream> = (0..MANY).map(|_| lab.server.accept().unwrap().0).collect();
    for server in &mut servers {
        let mut word = [0; 8];
        server.read_exact(&mut word).unwrap();
        server.write_all(&word).unwrap();
    }
    for (index, client) in clients.iter_mut().enumerate() {
        let mut word = [0; 8];
        client.read_exact(&mut word).unwrap();
        assert_eq!(u64::from_be_bytes(word), index as u64);
    }
    let seen = lab.network.finish().unwrap();
    assert_eq!(seen.connections, MANY as u64);
    assert_eq!((seen.bytes_to_server, seen.bytes_to_client), (8_000, 8_000));
}

#[test]
fn a_unix_socket_can_be_the_far_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("server.sock");
    let server = UnixListener::bind(&path).unwrap();
    let network = Network::start(&network("2ms", None), &Address::Unix(path), 1).unwrap();
    drop(server.accept().unwrap());
    let mut client = connect(&network);
    client.write_all(b"hello").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let (mut server, _) = server.accept().unwrap();
    let mut heard = String::new();
    server.read_to_string(&mut heard).unwrap();
    server.write_all(heard.as_bytes()).unwrap();
    drop(server);
    let mut back = String::new();
    client.read_to_string(&mut back).unwrap();
    assert_eq!(back, "hello");
}

#[test]
fn resets_at_a_rate_come_while_there_is_load_and_reach_both_ends() {
    let lab = lab(&scenario::Network {
        resets: Some("1000/s".parse().unwrap()),
        ..network("1ms", None)
    });
    let (mut client, mut server) = lab.pair();
    client.write_all(b"x").unwrap();
    server.read_exact(&mut [0]).unwrap();
    lab.network.enter(Stage::WarmingUp);
    assert!(is_reset(&client) && is_reset(&server));
    lab.network.enter(Stage::Draining);
    assert_eq!(lab.network.finish().unwrap().resets, 1);
}

#[test]
fn only_what_happens_in_the_measured_time_is_counted() {
    let lab = lab(&network("0s", None));
    let (mut client, mut server) = lab.pair();
    let mut exchange = |bytes: usize| {
        client.write_all(&noise(1, bytes)).unwrap();
        server.read_exact(&mut vec![0; bytes]).unwrap();
    };
    exchange(5);
    lab.network.enter(Stage::Measured);
    // The stage is seen before what is written after it: a wake-up and a round of the thread lie between.
    exchange(70);
    lab.network.enter(Stage::Draining);
    exchange(900);
    assert_eq!(lab.network.finish().unwrap().bytes_to_server, 70);
}

#[test]
fn a_core_that_is_not_there_is_refused() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = scenario::Network {
        cpus: vec![1_000],
        ..network("1ms", None)
    };
    let error = Network::start(&settings, &address(&server), 1)
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .starts_with("network.cpus: cannot run on core 1000"),
        "{error}"
    );
}
