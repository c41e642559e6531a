//! The kernel as a witness: what a packet capture of the loopback says that calls took (T-PCAP).
//!
//! Needs tcpdump, and the right to capture; without them it says so loudly.

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Seen, US, compare, for_each_engine, prepared};
use crate::common::alone;
use crate::common::toolchain::or_skipped;
use crate::statistics::quantile;

/// The kernel's times of one call, by its stamps of packets: its HEADERS left, its END_STREAM came.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    begun: u64,
    ended: u64,
}

/// What went one way over a TCP connection.
#[derive(Default)]
struct Way {
    next: Option<u32>,
    /// Bytes that are not parsed yet, and when the first of them that belongs to the frame at hand came.
    bytes: Vec<u8>,
    begun_ns: u64,
    greeted: bool,
}

/// Both ports of a connection, from the sender's side.
type Flow = (u16, u16);

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;

/// A capture of the loopback under way.
struct Capture {
    tcpdump: Child,
    file: tempfile::NamedTempFile,
}

impl Capture {
    fn start() -> Result<Capture, String> {
        let file = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        let mut tcpdump = Command::new("tcpdump")
            .args(["-i", "lo", "-n", "-U", "-B", "65536", "-s", "0"])
            .args(["--time-stamp-precision=nano", "-Z", "root", "-w"])
            .arg(file.path())
            .arg("tcp")
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("tcpdump: {error}"))?;
        let mut said = std::io::BufReader::new(tcpdump.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("listening on") {
            line.clear();
            match std::io::BufRead::read_line(&mut said, &mut line) {
                Ok(0) | Err(_) => return Err("tcpdump may not capture".to_owned()),
                Ok(_) => {}
            }
        }
        // Whatever else it says is of no interest, and it must not be kept from saying it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Ok(Capture { tcpdump, file })
    }

    fn finish(mut self) -> Vec<u8> {
        // It takes packets from the kernel in blocks, a second old at most, and forgets the last where it is stopped.
        std::thread::sleep(Duration::from_millis(1_500));
        self.stop();
        std::fs::read(self.file.path()).unwrap()
    }

    fn stop(&mut self) {
        if let Ok(None) = self.tcpdump.try_wait() {
            kill(Pid::from_raw(self.tcpdump.id() as i32), Signal::SIGINT).unwrap();
            self.tcpdump.wait().unwrap();
        }
    }
}

impl Drop for Capture {
    /// A test that fails leaves nothing running.
    fn drop(&mut self) {
        self.stop();
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(bytes[at..at + 2].try_into().unwrap())
}

/// Calls of each HTTP/2 connection in a capture, by the client's flow and the stream.
fn spans(capture: &[u8]) -> HashMap<Flow, Vec<Span>> {
    let little = |at: usize| u32::from_le_bytes(capture[at..at + 4].try_into().unwrap());
    assert_eq!(little(0), 0xa1b2_3c4d, "a capture with nanoseconds");
    let mut ways: HashMap<Flow, Way> = HashMap::new();
    let mut calls: HashMap<Flow, HashMap<u32, Span>> = HashMap::new();
    let mut at = 24;
    while at + 16 <= capture.len() {
        let time = u64::from(little(at)) * 1_000_000_000 + u64::from(little(at + 4));
        let length = little(at + 8) as usize;
        if let Some((flow, sequence, payload)) = segment(&capture[at + 16..at + 16 + length]) {
            let way = ways.entry(flow).or_default();
            for (kind, flags, stream, begun) in way.take(sequence, payload, time) {
                note(&mut calls, flow, (kind, flags, stream), begun, time);
            }
        }
        at += 16 + length;
    }
    let in_order = |streams: HashMap<u32, Span>| {
        let mut streams: Vec<_> = streams.into_iter().collect();
        streams.sort_by_key(|(stream, _)| *stream);
        streams.into_iter().map(|(_, span)| span).collect()
    };
    calls
        .into_iter()
        .map(|(flow, streams)| (flow, in_order(streams)))
        .collect()
}

/// The ports, the sequence number and the payload of a TCP segment over IPv4 over Ethernet.
fn segment(frame: &[u8]) -> Option<(Flow, u32, &[u8])> {
    let ip = frame.get(14..)?;
    if u16_at(frame, 12) != 0x0800 || ip[9] != 6 {
        return None;
    }
    let tcp = &ip[usize::from(ip[0] & 15) * 4..usize::from(u16_at(ip, 2)).min(ip.len())];
    let payload = &tcp[usize::from(tcp[12] >> 4) * 4..];
    let opens = u32::from(tcp[13] & 2 != 0);
    Some((
        (u16_at(tcp, 0), u16_at(tcp, 2)),
        u32_at(tcp, 4).wrapping_add(opens),
        payload,
    ))
}

impl Way {
    /// Takes what is new of a segment; gives type, flags, stream of every frame that is whole now, and when it began to come.
    fn take(&mut self, sequence: u32, payload: &[u8], time: u64) -> Vec<(u8, u8, u32, u64)> {
        let next = *self.next.get_or_insert(sequence);
        if sequence != next || payload.is_empty() {
            return Vec::new();
        }
        self.next = Some(next.wrapping_add(payload.len() as u32));
        if self.bytes.is_empty() {
            self.begun_ns = time;
        }
        self.bytes.extend_from_slice(payload);
        if !self.greeted {
            self.greeted = true;
            if self.bytes.starts_with(PREFACE) {
                self.bytes.drain(..PREFACE.len());
            }
        }
        let mut frames = Vec::new();
        while self.bytes.len() >= 9 {
            let length = (u32_at(&self.bytes, 0) >> 8) as usize;
            if self.bytes.len() < 9 + length {
                break;
            }
            let stream = u32_at(&self.bytes, 5) & 0x7fff_ffff;
            frames.push((self.bytes[3], self.bytes[4], stream, self.begun_ns));
            self.bytes.drain(..9 + length);
            self.begun_ns = time;
        }
        frames
    }
}

fn note(
    calls: &mut HashMap<Flow, HashMap<u32, Span>>,
    flow: Flow,
    (kind, flags, stream): (u8, u8, u32),
    begun: u64,
    time: u64,
) {
    let back = (flow.1, flow.0);
    let ends = matches!(kind, 0 | HEADERS) && flags & END_STREAM != 0;
    if let Some(span) = calls
        .get_mut(&back)
        .and_then(|streams| streams.get_mut(&stream))
    {
        if ends {
            span.ended = time;
        }
    } else if kind == HEADERS {
        let span = Span {
            begun,
            ended: begun,
        };
        calls.entry(flow).or_default().entry(stream).or_insert(span);
    }
}

fn times_are_those_of_a_packet_capture(engine: &str) {
    let capture = Capture::start();
    if or_skipped("packet capture", &capture).is_none() {
        return;
    }
    let _alone = alone();
    let delay = "delay: { uniform: { min: 8ms, max: 40ms } }";
    let seen = Seen::of(&prepared(engine, delay, &["phases.measure=20s"]).finish());
    let witnessed = spans(&capture.unwrap().finish());
    let counts: Vec<usize> = witnessed.values().map(Vec::len).collect();
    println!("the capture has connections of {counts:?} streams");
    let calls = seen.rows.len();
    let streams = witnessed
        .into_values()
        .find(|streams| streams.len() >= calls)
        .expect("the capture has the connection");
    let mut rows: Vec<_> = seen.rows.iter().collect();
    rows.sort_by_key(|row| row.started);
    // The channel's health check came before the calls.
    let witnessed = &streams[streams.len() - calls..];
    let pairs: Vec<_> = rows
        .iter()
        .zip(witnessed)
        .filter(|(row, _)| row.measured)
        .collect();
    let sorted = |value: &dyn Fn(&super::Row, &Span) -> u64| {
        let mut values: Vec<u64> = pairs.iter().map(|(row, span)| value(row, span)).collect();
        values.sort_unstable();
        values
    };
    let taken = |span: &Span| span.ended - span.begun;
    let residual = sorted(&|row, span| row.service().saturating_sub(taken(span)));
    println!(
        "{engine}: beyond the capture p50 {} us, p99 {} us",
        quantile(&residual, 0.5) / US,
        quantile(&residual, 0.99) / US
    );
    compare(
        "service time against the capture",
        &sorted(&|row, _| row.service()),
        &sorted(&|_, span| taken(span)),
        20 * US,
        0.02,
    );
    compare(
        "response time against the capture",
        &sorted(&|row, _| row.response()),
        &sorted(&|row, span| taken(span) + row.lag()),
        20 * US,
        0.02,
    );
}

for_each_engine! {
    times_are_those_of_a_packet_capture
}
