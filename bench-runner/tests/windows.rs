//! A stream window over a round trip: throughput is window by round trip until the link is full.
//!
//! The exact figures need a release build and a quiet machine:
//! `cargo test --release -p bench-runner --test windows -- --ignored --test-threads=1`.

mod common;

use common::Run;
use reports::model::Repetition;

/// What a message of 16 KiB is in a call: a tag and a length of three bytes, itself, and the five bytes of its prefix.
const FRAMED: f64 = 16_384.0 + 4.0 + 5.0;
const RTT_S: f64 = 0.020;
/// 1 Gbit/s in bytes.
const LINK: f64 = 125e6;

/// Which side sends the stream, and so whose window counts.
#[derive(Clone, Copy, Debug)]
enum Stream {
    Down,
    Up,
}

impl Stream {
    fn yaml(self, messages: u32) -> String {
        let call = match self {
            Stream::Down => {
                format!("method: LotsOfReplies, reply: {{ size: 16KiB, messages: {messages} }}")
            }
            Stream::Up => {
                format!("method: LotsOfGreetings, request: {{ size: 16KiB, messages: {messages} }}")
            }
        };
        format!(
            "name: windows
network: {{ rtt: 20ms, bandwidth: 1Gbit/s }}
target: {{ reference_server: {{ face: raw }} }}
client: {{ engine: raw }}
call: {{ {call} }}
load: {{ closed: {{ in_flight: 1 }} }}
phases: {{ warm_up: 0s, measure: 3s, drain: 10s }}
"
        )
    }

    fn window(self) -> &'static str {
        match self {
            Stream::Down => "client.http2.initial_stream_window",
            Stream::Up => "target.reference_server.http2.initial_stream_window",
        }
    }

    fn run(self, window: u32, messages: u32) -> Run {
        Run::new(&self.yaml(messages)).set(format!("{}={window}B", self.window()))
    }
}

/// Bytes a second while a call runs, by the client's clock.
fn throughput(repetition: &Repetition, messages: u32) -> f64 {
    f64::from(messages) * FRAMED / (repetition.service_time.mean_ns.unwrap() / 1e9)
}

/// Time stalled on the stream's window, as a share of the time in which calls ran.
fn stalled(repetition: &Repetition) -> f64 {
    let wire = repetition.wire.as_ref().unwrap();
    let running = repetition.counts.ok as f64 * repetition.service_time.mean_ns.unwrap();
    wire.stalled_on_stream_window_ns.unwrap() as f64 / running
}

#[test]
fn a_window_is_never_exceeded_in_a_round_trip_and_the_sender_is_stalled_meanwhile() {
    let _alone = common::alone();
    // A mebibyte and a little more under 64 KiB takes sixteen round trips and a part of one.
    let outcome = Stream::Up
        .run(64 << 10, 64)
        .set("phases.measure=500ms")
        .finish();
    let repetition = outcome.repetition();
    assert!(repetition.counts.ok > 0, "{:?}", repetition.counts);
    let least = repetition.service_time.min_ns.unwrap();
    assert!(least >= 320_000_000, "a call took {least} ns");
    assert!(stalled(repetition) > 0.5, "{}", stalled(repetition));
    let network = repetition.network.as_ref().unwrap();
    assert!(network.bytes_to_server > 0 && network.lateness.count > 0);
}

/// Runs the sweep, and holds it against the model.
#[expect(
    clippy::print_stdout,
    reason = "the figures are what a person runs this for"
)]
fn sweep(stream: Stream) {
    for (window, messages) in [
        (64 << 10, 512),
        (256 << 10, 2_048),
        (1 << 20, 8_192),
        (4 << 20, 16_384),
    ] {
        let outcome = stream.run(window, messages).finish();
        let repetition = outcome.repetition();
        let model = (f64::from(window) / RTT_S).min(LINK);
        let (seen, stalled) = (throughput(repetition, messages), stalled(repetition));
        println!(
            "{stream:?} {window}: {:.2} of {:.2} MB/s ({:.1} %), stalled {:.1} %, lateness p99 {:?} ns",
            seen / 1e6,
            model / 1e6,
            seen / model * 100.0,
            stalled * 100.0,
            repetition.network.as_ref().unwrap().lateness.p99_ns
        );
        assert!(
            (0.95..=1.05).contains(&(seen / model)),
            "{stream:?} {window}: {seen} of {model}"
        );
        if let Stream::Up = stream {
            // The sender is not stalled for as long as the link takes to send what it sends.
            let meant = 1.0 - model / LINK;
            assert!(stalled >= 0.95 * meant, "{window}: stalled for {stalled}");
        }
    }
}

#[test]
#[ignore = "needs a release build and a quiet machine"]
fn replies_come_at_window_by_round_trip_until_the_link_is_full() {
    let _alone = common::alone();
    sweep(Stream::Down);
}

#[test]
#[ignore = "needs a release build and a quiet machine"]
fn requests_go_at_window_by_round_trip_and_stall_for_the_rest() {
    let _alone = common::alone();
    sweep(Stream::Up);
}
