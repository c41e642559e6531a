//! What a peer's client is asked: the case as one JSON object on its standard input.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use scenarios::law::Law;
use scenarios::load::{Closed, Load, Pace, Part, Segment as PacerSegment};
use scenarios::method::Method;
use scenarios::scenario::{
    Address, Call, ClientTls, HalfClose, Headers, Metadata, Scenario, Tcp, When,
};
use scenarios::units::{Bytes, Nanos};
use serde_json::{Value, json};

use super::PeerError;
use super::server::{absolute, padded};
use crate::run::timeline::{Segment, Timeline};

/// The arrivals of an open loop, in a file that lives as long as this.
pub(super) struct Schedule(PathBuf);

impl Drop for Schedule {
    fn drop(&mut self) {
        // A file that is gone already is as well.
        let _ = fs::remove_file(&self.0);
    }
}

/// What a client is told of its server.
#[derive(Clone, Copy)]
pub(super) struct Server<'a> {
    pub(super) address: &'a Address,
    /// `None` is plaintext.
    pub(super) tls: Option<&'a ClientTls>,
}

/// The case for a client that calls that server, and the file that it speaks of.
///
/// # Errors
///
/// Where the case has what no peer's client can do, or the file cannot be written.
pub(super) fn request(
    scenario: &Scenario,
    server: Server<'_>,
    seed: u64,
) -> Result<(Value, Option<Schedule>), PeerError> {
    let call = only_call(scenario)?;
    let [sent, replied] = sizes(scenario)?;
    let (load, schedule) = load(scenario, seed)?;
    let mut case = json!({
        "address": authority(server.address),
        "method": call.method.name(),
        "bidi": (call.method == Method::BidiHello).then(|| call.bidi.unwrap_or_default()),
        "request": { "name_bytes": sent, "messages": call.requests() },
        "reply": { "size": replied, "messages": call.replies() },
        "metadata": metadata(call)?,
        "deadline_ns": call.deadline.as_ref().and_then(Law::fixed).map(|deadline| deadline.0),
        "channels": scenario.client.channels,
        "warm_up_ns": scenario.phases.warm_up.0,
        "measure_ns": scenario.phases.measure.0,
        "drain_ns": scenario.phases.drain.0,
        "seed": seed,
    });
    if let Some(tls) = server.tls {
        case["tls"] = secured(tls);
    }
    for key in ["closed", "open"] {
        case[key] = load.get(key).cloned().unwrap_or(Value::Null);
    }
    Ok((case, schedule))
}

/// The one call of a case; no peer's client makes a mix.
pub(super) fn only_call(scenario: &Scenario) -> Result<&Call, PeerError> {
    let mix = || PeerError::Case("it has `calls`; make it a scenario for each call".to_owned());
    scenario.calls.only().ok_or_else(mix)
}

/// The lengths of the name and of the reply, where the case is one that every client can play.
fn sizes(scenario: &Scenario) -> Result<[u64; 2], PeerError> {
    let call = only_call(scenario)?;
    let foreign = PeerError::Case(format!(
        "it calls `{}`; a peer's client knows the Greeter only",
        call.method
    ));
    let (Some(size), Some(reply)) = (&call.request.size, &call.reply) else {
        return Err(foreign);
    };
    // Each request of a bidirectional call, after all of a client-streaming one: what comes without a word.
    let is_usual = if call.method == Method::BidiHello {
        reply.when == Some(When::Each)
    } else {
        matches!(reply.when, None | Some(When::AfterAll))
    };
    let refused = [
        ("call.reply.when", !is_usual),
        ("call.reply.status", reply.status.is_some()),
        ("call.reply.trailers", !reply.trailers.is_empty()),
        ("call.reply.headers", reply.headers == Headers::AtOnce),
        ("call.stamps", call.stamps),
        ("client.tcp", scenario.client.tcp != Tcp::default()),
        ("client.tls.insecure_skip_verify", is_unverified(scenario)),
        ("call.request.fill", !call.request.fill.is_letters()),
        ("call.codec", !call.codec.is_proto()),
        ("call.compression", !call.compression.is_identity()),
        ("call.reply.compression", reply.compression.is_some()),
        ("call.authority", call.authority.is_some()),
        ("call.wait_for_ready", call.wait_for_ready),
        ("call.retry", call.retry.is_some()),
        ("call.cancel", call.cancel.is_some()),
        ("call.expect", call.expect.is_some()),
        ("call.stream", call.stream.is_some()),
        ("call.read", call.read.is_some()),
        ("call.half_close", call.half_close != HalfClose::WithLast),
        ("client.user_agent", scenario.client.user_agent.is_some()),
        ("network", scenario.network.is_some()),
        (
            "client.connect_ramp",
            scenario.client.connect_ramp != Nanos::ZERO,
        ),
        (
            "client.calls_per_channel",
            scenario.client.calls_per_channel.is_some(),
        ),
        ("client.balance", scenario.client.balance.is_some()),
        ("record.calls", scenario.record.calls.is_some()),
    ];
    if let Some((key, _)) = refused.iter().find(|(_, is_there)| *is_there) {
        return Err(PeerError::Case(format!("it has `{key}`; leave that out")));
    }
    refuse_what_varies(call)?;
    let fixed = |key: &str, law: &Law<Bytes>| {
        let size = law.fixed().map(|bytes| bytes.0);
        size.ok_or_else(|| PeerError::Case(format!("`{key}` is drawn; make it a size")))
    };
    Ok([
        fixed("call.request.size", size)?,
        fixed("call.reply.size", &reply.size)?,
    ])
}

fn is_unverified(scenario: &Scenario) -> bool {
    let tls = scenario.client.tls.as_ref();
    tls.is_some_and(|tls| tls.insecure_skip_verify)
}

/// Files of certificates and keys, and the name that the server's certificate has.
fn secured(tls: &ClientTls) -> Value {
    let path = |path: &Option<PathBuf>| path.as_deref().map(absolute);
    json!({
        "ca": path(&tls.ca),
        "cert": path(&tls.cert),
        "key": path(&tls.key),
        "server_name": tls.server_name,
    })
}

/// Metadata that is the same each time, which is all that peers take; binary values padded. A secret would be in what they are
/// asked.
fn metadata(call: &Call) -> Result<BTreeMap<&str, String>, PeerError> {
    let text = |(key, value): (&'_ String, &Metadata)| {
        let what = match value {
            Metadata::Text(value) => return Ok(padded(key, value)),
            Metadata::InTurn(_) => "a list",
            Metadata::Secret(_) => "a secret",
        };
        Err(PeerError::Case(format!(
            "`call.metadata.{key}` is {what}; make it a text, or leave it out"
        )))
    };
    let pairs = call.metadata.iter();
    pairs
        .map(|pair| Ok((pair.0.as_str(), text(pair)?)))
        .collect()
}

/// Peers take one timeout.
fn refuse_what_varies(call: &Call) -> Result<(), PeerError> {
    match &call.deadline {
        Some(Law::Drawn(_)) => Err(PeerError::Case(
            "`call.deadline` is drawn; make it a duration".to_owned(),
        )),
        _ => Ok(()),
    }
}

fn load(scenario: &Scenario, seed: u64) -> Result<(Value, Option<Schedule>), PeerError> {
    match &scenario.load {
        Load::Closed(Closed {
            in_flight,
            think_time: Nanos::ZERO,
        }) => Ok((json!({ "closed": { "in_flight": in_flight } }), None)),
        Load::Closed(_) => Err(PeerError::Case(
            "it has `load.closed.think_time`; leave that out".to_owned(),
        )),
        Load::Stages(_) => Err(PeerError::Case(
            "it has `load.stages`; make it a scenario for each stage".to_owned(),
        )),
        open => {
            let schedule = write(&arrivals(&Timeline::new(scenario), seed)).map_err(|error| {
                PeerError::Case(format!("its schedule cannot be written: {error}"))
            })?;
            let most = open.max_in_flight().unwrap_or(u32::MAX);
            let load = json!({ "open": { "schedule": schedule.0, "max_in_flight": most } });
            Ok((load, Some(schedule)))
        }
    }
}

/// Every arrival from the start of the warm-up: those that our own lanes would play with this seed.
fn arrivals(timeline: &Timeline, seed: u64) -> Vec<Nanos> {
    let of_segment = |(index, segment): (usize, &Segment)| {
        let mut pacer = segment.load.pacer(&PacerSegment {
            part: Part { index: 0, of: 1 },
            duration: segment.duration(),
            seed: seed.wrapping_add(index as u64),
            channels: 1,
            in_flight: 0,
        });
        let (start, end) = (segment.start, segment.end);
        let mut times = Vec::new();
        while let Pace::At(offset) = pacer.peek() {
            if start + offset >= end {
                break;
            }
            times.push(start + offset);
            pacer.advance();
        }
        times
    };
    let segments = timeline.segments().iter().enumerate();
    segments.flat_map(of_segment).collect()
}

fn write(arrivals: &[Nanos]) -> io::Result<Schedule> {
    let bytes: Vec<u8> = arrivals.iter().flat_map(|at| at.0.to_le_bytes()).collect();
    let name = format!("bench-runner-{}.schedule", std::process::id());
    let schedule = Schedule(std::env::temp_dir().join(name));
    fs::write(&schedule.0, bytes)?;
    Ok(schedule)
}

/// The address as gRPC's own libraries take it.
fn authority(address: &Address) -> String {
    match address {
        Address::Tcp { .. } => address.authority(),
        Address::Unix(_) => address.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::scenario;

    fn plain(address: &Address) -> Server<'_> {
        Server { address, tls: None }
    }

    fn refusal(yaml: &str) -> String {
        match request(&scenario(yaml), plain(&Address::Unix("/tmp/x".into())), 1) {
            Ok((case, _)) => panic!("{case}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_no_client_can_play_is_refused_by_its_key() {
        for (yaml, key) in [
            (
                "call: { method: LotsOfGreetings, reply: { when: after_first } }",
                "`call.reply.when`",
            ),
            (
                "client: { calls_per_channel: 9 }",
                "`client.calls_per_channel`",
            ),
            ("client: { connect_ramp: 1s }", "`client.connect_ramp`"),
            ("client: { balance: pick_first }", "`client.balance`"),
            ("calls: [ { weight: 9 }, { name: other } ]", "`calls`"),
            (
                "call: { reply: { status: { code: NOT_FOUND } } }",
                "`call.reply.status`",
            ),
            (
                "call: { request: { size: { exponential: { mean: 9B } } } }",
                "`call.request.size`",
            ),
            (
                "load: { closed: { in_flight: 1, think_time: 1ms } }",
                "`load.closed.think_time`",
            ),
            (
                "load: { stages: [{ duration: 1s, closed: { in_flight: 1 } }] }",
                "`load.stages`",
            ),
            ("network: { rtt: 10ms }", "`network`"),
            ("client: { tcp: { nodelay: false } }", "`client.tcp`"),
            (
                "client: { tls: { insecure_skip_verify: true } }",
                "`client.tls.insecure_skip_verify`",
            ),
            ("call: { codec: json }", "`call.codec`"),
            ("call: { compression: zstd }", "`call.compression`"),
            (
                "call: { reply: { compression: gzip } }",
                "`call.reply.compression`",
            ),
            (
                "call: { metadata: { authorization: { env: TOKEN } } }",
                "`call.metadata.authorization` is a secret",
            ),
            (
                "call: { metadata: { x-user: [a, b] } }",
                "`call.metadata.x-user` is a list",
            ),
            (
                "call: { deadline: { uniform: { min: 1ms, max: 2ms } } }",
                "`call.deadline`",
            ),
            ("call: { cancel: { after: 1ms } }", "`call.cancel`"),
            ("call: { expect: { messages: 1 } }", "`call.expect`"),
            ("call: { retry: { attempts: 2 } }", "`call.retry`"),
            ("call: { wait_for_ready: true }", "`call.wait_for_ready`"),
            ("call: { authority: a.example }", "`call.authority`"),
            ("client: { user_agent: me }", "`client.user_agent`"),
        ] {
            assert!(refusal(yaml).contains(key), "{yaml}: {}", refusal(yaml));
        }
    }

    #[test]
    fn a_stream_is_asked_for_what_it_carries() {
        let yaml =
            "call: { method: BidiHello, request: { size: 3B, messages: 4 }, reply: { size: 5B } }";
        let address = Address::Tcp {
            host: "::1".to_owned(),
            port: 7,
            tls: false,
        };
        let (case, schedule) = request(&scenario(yaml), plain(&address), 1).unwrap();
        assert_eq!(case["address"], "[::1]:7");
        assert_eq!(case["bidi"], "ping_pong");
        assert_eq!(case["request"], json!({ "name_bytes": 3, "messages": 4 }));
        assert_eq!(case["reply"], json!({ "size": 5, "messages": 4 }));
        assert_eq!(case["closed"], json!({ "in_flight": 1 }));
        assert_eq!((&case["open"], schedule.is_none()), (&Value::Null, true));
    }

    #[test]
    fn the_arrivals_are_those_of_all_lanes_together() {
        let yaml = "load: { open: { rate: 100/s, arrivals: poisson } }\nphases: { warm_up: 1s, measure: 2s }";
        let times = arrivals(&Timeline::new(&scenario(yaml)), 42);
        assert_eq!(times.len(), 300);
        assert!(times.is_sorted());
        assert_eq!(times.iter().filter(|at| **at < Nanos::SECOND).count(), 100);
        assert_eq!(times, arrivals(&Timeline::new(&scenario(yaml)), 42));
        assert_ne!(times, arrivals(&Timeline::new(&scenario(yaml)), 43));
    }
}
