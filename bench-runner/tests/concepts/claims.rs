//! The concepts: what is said of each, and the claim that its figures must bear out.
//!
//! A claim is about counts and bytes, or about times for which arithmetic gives a wide margin.

use std::path::PathBuf;

use reports::model::{Repetition, Wire};
use reports::view::format::{count, duration};

use crate::page::Table;
use crate::played::Played;

/// One idea of gRPC.
pub(crate) struct Concept {
    pub(crate) title: &'static str,
    /// What it is.
    pub(crate) text: &'static str,
    /// The scenario's name in `scenarios/concepts`.
    pub(crate) file: &'static str,
    pub(crate) how: How,
    /// What to see in the figures.
    pub(crate) see: &'static str,
    /// Holds the claim against what was measured, and tells it.
    pub(crate) look: fn(&Played) -> Table,
}

/// How it is shown.
pub(crate) enum How {
    /// By a run; in a test its measured time is so short.
    Run { short: &'static str },
    /// By single calls, each with a setting.
    Calls { sets: &'static [&'static str] },
}

impl Concept {
    pub(crate) fn path(&self) -> PathBuf {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/concepts");
        PathBuf::from(folder).join(format!("{}.yaml", self.file))
    }

    pub(crate) fn scenario(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    pub(crate) fn commands(&self) -> String {
        let file = format!("scenarios/concepts/{}.yaml", self.file);
        match self.how {
            How::Run { .. } => format!("bench-runner run {file}\n"),
            How::Calls { sets } => sets
                .iter()
                .map(|set| format!("bench-runner call {file} --json --set {set}\n"))
                .collect(),
        }
    }
}

pub(crate) const CONCEPTS: &[Concept] = &[
    Concept {
        title: "Four patterns",
        text: "A method takes one request or a stream of them, and gives one reply or a stream of them. All four are one HTTP/2 \
               stream each: messages one way, messages the other way, and a status at the end.",
        file: "patterns",
        how: How::Run { short: "200ms" },
        see: "Every call sent and received exactly as many messages as its pattern says, and ended with one status.",
        look: patterns,
    },
    Concept {
        title: "Initial metadata, at once or with the first reply",
        text: "Before its first message a server sends initial metadata. It may do so as soon as a call arrives, which tells the \
               client that it is being worked on, or wait until there is a first reply to send it with.",
        file: "initial-metadata",
        how: How::Calls {
            sets: &[
                "call.reply.headers=with_first",
                "call.reply.headers=at_once",
            ],
        },
        see: "With the first reply, the metadata is as late as the reply. At once, it is there long before.",
        look: initial_metadata,
    },
    Concept {
        title: "Half-close",
        text: "A client that has sent its last message closes its half of the stream, and still hears. A server may wait for that, \
               as most do whose method takes a stream of requests, or answer while the client is still sending.",
        file: "half-close",
        how: How::Run { short: "400ms" },
        see: "A request of 800 KiB through a window of 64 KiB takes a dozen round trips of 20 ms. Who waits for the half-close \
              answers after that; who answers the first message did so long before, and the client went on sending.",
        look: half_close,
    },
    Concept {
        title: "Order within a stream",
        text: "The messages of a stream arrive in the order in which they were sent, so a late one keeps all behind it waiting. \
               Calls on other streams of the same connection do not wait for it.",
        file: "order",
        how: How::Run { short: "400ms" },
        see: "The late reply held up its own stream for 100 ms, and the replies behind it then came at once. The quick calls on \
              the same connection went on meanwhile.",
        look: order,
    },
    Concept {
        title: "Two independent directions",
        text: "The two directions of a bidirectional stream are independent. A conversation in which each side waits for the other \
               pays a round trip for every message; one in which both just send pays it once.",
        file: "directions",
        how: How::Run { short: "500ms" },
        see: "Ten exchanges in turn take at least ten round trips of 20 ms. Both ways at once, the same messages take few.",
        look: directions,
    },
    Concept {
        title: "Deadline",
        text: "A client says how long it will wait, and the server is told (`grpc-timeout`). When the time is up the call ends with \
               DEADLINE_EXCEEDED, whatever the server does. Of such a call only a lower bound of its time is known.",
        file: "deadline",
        how: How::Run { short: "400ms" },
        see: "Every call that was not answered in time ended with DEADLINE_EXCEEDED. They are in the response time as lower bounds: \
              a percentile among them prints `>=`, never a smaller number.",
        look: deadline,
    },
    Concept {
        title: "Cancellation",
        text: "A client that has heard enough cancels the call: one RST_STREAM frame, after which both sides forget it. What the \
               server would still have sent is not sent.",
        file: "cancellation",
        how: How::Run { short: "400ms" },
        see: "Each call brought three messages of fifty, and one reset. That is on purpose, and no failure.",
        look: cancellation,
    },
    Concept {
        title: "Status, message and trailers",
        text: "A call ends with a status code, a text and trailing metadata, which travel behind the last message, so a server can \
               still fail after it has answered. HTTP's own status is 200 all the same.",
        file: "status",
        how: How::Run { short: "200ms" },
        see: "Every call ended with NOT_FOUND and the trailer, as was expected: `expect` makes that the good outcome.",
        look: status,
    },
    Concept {
        title: "Multiplexing",
        text: "One connection carries many calls at a time, each on a stream of its own, and answers come back in any order. \
               Waiting for one call does not keep others from being made.",
        file: "multiplexing",
        how: How::Run { short: "300ms" },
        see: "The same single connection carried many times the calls: waiting for one kept no other waiting.",
        look: multiplexing,
    },
    Concept {
        title: "One connection against many",
        text: "A server says how many streams it allows on a connection (SETTINGS_MAX_CONCURRENT_STREAMS). With all of them in use, \
               calls wait at the client, however idle the server is. More connections, more streams.",
        file: "connections",
        how: How::Run { short: "400ms" },
        see: "Ten streams of 10 ms each are at most a thousand calls a second: of 1,200 the others waited for a stream, longer and \
              longer, while the server took no longer for each. Four connections have room for all.",
        look: connections,
    },
    Concept {
        title: "Flow control of streams and connections",
        text: "A receiver grants a window of bytes for each stream and one for the connection, and grants more as it takes what has \
               come. A window smaller than what a round trip could carry makes the sender stand still, a round trip at a time.",
        file: "flow-control",
        how: How::Run { short: "400ms" },
        see: "Through a window of 64 KiB, 1 MiB needs sixteen rounds of 20 ms, and the client stood still for most of the time. \
              Through 8 MiB it never did.",
        look: flow_control,
    },
    Concept {
        title: "Header compression",
        text: "HPACK keeps a table of header fields on both sides of a connection and sends an index for what is in it. A client that \
               announces a table of 0 bytes gets every field in full, with each reply.",
        file: "header-compression",
        how: How::Run { short: "200ms" },
        see: "The same fields, call after call: with the table each costs a byte or so, without it all of them cost themselves.",
        look: header_compression,
    },
    Concept {
        title: "Protobuf against JSON",
        text: "gRPC does not say what a message is: protobuf is the usual answer, and JSON another (`application/grpc+json`). The \
               framing, the streams and the status are the same; what differs is the bytes, and what it takes to read and write them.",
        file: "codec",
        how: How::Run { short: "200ms" },
        see: "The bytes are nearly the same, since they are mostly one long text. What the server pays is not: JSON's text has to be \
              looked through for what is escaped, letter by letter.",
        look: codec,
    },
    Concept {
        title: "Keepalive",
        text: "A connection on which nothing happens looks like one that is gone. HTTP/2's PING asks: where no answer comes in time the \
               client gives the connection up, and calls fail early instead of hanging.",
        file: "keepalive",
        how: How::Run { short: "1s" },
        see: "Between its few calls the client asked again and again, and each PING was answered: the connection was never lost.",
        look: keepalive,
    },
];

fn ms(ns: impl Into<f64>) -> String {
    duration(ns.into())
}

fn wire(repetition: &Repetition) -> &Wire {
    repetition.wire.as_ref().expect("our engines count")
}

fn all_ok(repetition: &Repetition) -> u64 {
    let counts = &repetition.counts;
    assert!(
        counts.ok > 0 && counts.ok == counts.started,
        "{counts:?} {:?}",
        repetition.failures
    );
    counts.ok
}

fn row<const N: usize>(cells: [String; N]) -> Vec<String> {
    cells.into()
}

fn patterns(played: &Played) -> Table {
    let messages = [(1, 1), (1, 5), (5, 1), (5, 5)];
    let rows = played
        .cases()
        .iter()
        .zip(messages)
        .map(|((method, r), (sent, received))| {
            let calls = all_ok(r);
            assert_eq!(r.counts.messages_sent, calls * sent, "{method}");
            assert_eq!(r.counts.messages_received, calls * received, "{method}");
            row([
                format!("`{method}`"),
                count(calls),
                count(r.counts.messages_sent),
                count(r.counts.messages_received),
            ])
        });
    Table {
        header: vec!["method", "calls OK", "messages sent", "messages received"],
        rows: rows.collect(),
    }
}

fn initial_metadata(played: &Played) -> Table {
    let [waits, at_once] = played.calls() else {
        panic!("two calls")
    };
    let ns = |call: &serde_json::Value, key: &str| call[key].as_u64().expect(key);
    let [late, early] = [waits, at_once].map(|call| ns(call, "initial_metadata_ns"));
    assert!(late >= 100_000_000, "{late}");
    assert!(
        early + 50_000_000 < ns(at_once, "first_message_ns"),
        "{at_once}"
    );
    let rows = [("with_first", waits), ("at_once", at_once)].map(|(name, call)| {
        let time = |key| ms(ns(call, key) as f64);
        row([
            format!("`{name}`"),
            time("initial_metadata_ns"),
            time("first_message_ns"),
        ])
    });
    Table {
        header: vec!["initial metadata", "came after", "first message after"],
        rows: rows.to_vec(),
    }
}

fn half_close(played: &Played) -> Table {
    let [waits, at_first] = played.two();
    // Thirteen windows of 64 KiB, a round trip of 20 ms each, are sent before the half-close.
    let (late, early) = (
        waits.time_to_first_message.min_ns.unwrap(),
        at_first.time_to_first_message.p50_ns.unwrap(),
    );
    assert!(late > 200_000_000, "{late}");
    assert!(early < 150_000_000, "{early}");
    let rows = played.cases().iter().map(|(when, r)| {
        assert_eq!(r.counts.messages_sent, all_ok(r) * 50);
        let [first, whole] = [&r.time_to_first_message, &r.service_time]
            .map(|times| ms(times.p50_ns.unwrap() as f64));
        row([format!("`{when}`"), count(r.counts.ok), first, whole])
    });
    Table {
        header: vec!["answers", "calls OK", "reply after", "status after"],
        rows: rows.collect(),
    }
}

fn order(played: &Played) -> Table {
    let r = played.only();
    let [stream, quick] = &r.calls[..] else {
        panic!("two calls")
    };
    let stalled = stream.message_gap.max_ns.unwrap();
    assert!(stalled >= 100_000_000, "{stalled}");
    let typical = stream.message_gap.p50_ns.unwrap();
    assert!(typical < 50_000_000, "{typical}");
    let hello = quick.response_time.p50_ns.unwrap();
    assert!(hello < 50_000_000, "{hello}");
    assert_eq!(wire(r).connections, 1);
    let rows = [stream, quick].map(|call| {
        let gap = |ns: Option<u64>| ns.map_or("–".to_owned(), |ns| ms(ns as f64));
        row([
            format!("`{}`", call.name),
            count(call.counts.ok),
            gap(call.message_gap.p50_ns),
            gap(call.message_gap.max_ns),
            gap(call.response_time.p50_ns),
        ])
    });
    Table {
        header: vec![
            "call",
            "calls OK",
            "message gap p50",
            "message gap max",
            "response time p50",
        ],
        rows: rows.to_vec(),
    }
}

fn directions(played: &Played) -> Table {
    let [in_turn, both] = played.two();
    let (slow, fast) = (
        in_turn.service_time.min_ns.unwrap(),
        both.service_time.p50_ns.unwrap(),
    );
    assert!(slow >= 10 * 20_000_000, "{slow}");
    assert!(fast < 200_000_000, "{fast}");
    let rows = played.cases().iter().map(|(bidi, r)| {
        all_ok(r);
        let times = &r.service_time;
        row([
            format!("`{bidi}`"),
            count(r.counts.messages_received / r.counts.ok),
            ms(times.min_ns.unwrap() as f64),
            ms(times.p50_ns.unwrap() as f64),
        ])
    });
    Table {
        header: vec![
            "directions",
            "replies a call",
            "service time min",
            "service time p50",
        ],
        rows: rows.collect(),
    }
}

fn deadline(played: &Played) -> Table {
    let r = played.only();
    let counts = &r.counts;
    assert!(counts.ok > 0 && counts.deadline_exceeded > 0, "{counts:?}");
    // Now and then the server is first to see that the time is up, and says so in its own way.
    let known = counts.ok + counts.deadline_exceeded;
    assert!(
        known <= counts.started && known * 20 >= counts.started * 19,
        "{counts:?}"
    );
    let bounds = r.response_time.censored.as_ref().map_or(0, |cut| cut.count);
    assert_eq!(bounds, counts.deadline_exceeded);
    Table {
        header: vec![
            "calls",
            "OK",
            "DEADLINE_EXCEEDED",
            "lower bounds in the response time",
        ],
        rows: vec![row([
            count(counts.started),
            count(counts.ok),
            count(counts.deadline_exceeded),
            count(bounds),
        ])],
    }
}

fn cancellation(played: &Played) -> Table {
    let r = played.only();
    let counts = &r.counts;
    assert!(counts.started > 0);
    assert_eq!(counts.cancelled_on_purpose, counts.started, "{counts:?}");
    assert_eq!(counts.messages_received, 3 * counts.started);
    let resets = wire(r).resets.get("client CANCEL").copied().unwrap_or(0);
    assert_eq!(resets, counts.started);
    Table {
        header: vec![
            "calls",
            "cancelled on purpose",
            "messages received",
            "RST_STREAM sent (CANCEL)",
        ],
        rows: vec![row([
            count(counts.started),
            count(counts.cancelled_on_purpose),
            count(counts.messages_received),
            count(resets),
        ])],
    }
}

fn status(played: &Played) -> Table {
    let counts = &played.only().counts;
    // A call without the status and the trailer that are expected would have failed.
    let calls = all_ok(played.only());
    assert_eq!(
        counts.by_status.get("NOT_FOUND"),
        Some(&calls),
        "{counts:?}"
    );
    Table {
        header: vec![
            "calls",
            "ended with NOT_FOUND",
            "and the trailer",
            "of these as expected",
        ],
        rows: vec![row([
            count(counts.started),
            count(calls),
            count(calls),
            count(counts.ok),
        ])],
    }
}

fn multiplexing(played: &Played) -> Table {
    let [one, many] = played.two();
    assert!(
        all_ok(many) > 10 * all_ok(one),
        "{} and {}",
        many.counts.ok,
        one.counts.ok
    );
    let rows = played.cases().iter().map(|(in_flight, r)| {
        assert_eq!(wire(r).connections, 1);
        row([
            in_flight.clone(),
            "1".to_owned(),
            format!("{:.0}/s", r.achieved_per_s),
            ms(r.response_time.p50_ns.unwrap() as f64),
        ])
    });
    Table {
        header: vec![
            "calls in flight",
            "connections",
            "calls OK",
            "response time p50",
        ],
        rows: rows.collect(),
    }
}

fn connections(played: &Played) -> Table {
    let [one, four] = played.two();
    all_ok(one);
    all_ok(four);
    let lag = |r: &Repetition| r.start_lag.p50_ns.unwrap();
    // Of 1,200 calls a second at most 1,000 can start: by the middle of the run the others are late by a sixth of that time.
    let late = (one.measured_s / 2.0 * 1e9 / 6.0 / 2.0) as u64;
    assert!(lag(one) > late, "{} and {late}", lag(one));
    assert!(lag(four) < lag(one) / 2, "{} and {}", lag(four), lag(one));
    let rows = played.cases().iter().map(|(channels, r)| {
        row([
            channels.clone(),
            count(r.counts.ok),
            ms(lag(r) as f64),
            ms(r.service_time.p50_ns.unwrap() as f64),
        ])
    });
    Table {
        header: vec![
            "connections",
            "calls OK",
            "start lag p50",
            "service time p50",
        ],
        rows: rows.collect(),
    }
}

fn flow_control(played: &Played) -> Table {
    let each =
        |r: &Repetition| wire(r).stalled_on_stream_window_ns.unwrap() / r.totals.client.calls;
    let [small, large] = played.two().map(each);
    assert!(small > 150_000_000, "{small}");
    assert_eq!(large, 0);
    let rows = played.cases().iter().map(|(window, r)| {
        all_ok(r);
        row([
            window.clone(),
            ms(r.service_time.p50_ns.unwrap() as f64),
            ms(each(r) as f64),
        ])
    });
    Table {
        header: vec![
            "stream window",
            "service time p50",
            "stalled on the window, a call",
        ],
        rows: rows.collect(),
    }
}

fn header_compression(played: &Played) -> Table {
    let each = |bytes: u64, r: &Repetition| bytes as f64 / r.totals.client.calls as f64;
    let received = |r: &Repetition| each(wire(r).header_bytes_received, r);
    let [without, with] = played.two().map(received);
    assert!(without - with > 30.0, "{without} and {with}");
    let rows = played.cases().iter().map(|(table, r)| {
        all_ok(r);
        let listed = each(wire(r).header_list_bytes_received.unwrap(), r);
        row([
            table.clone(),
            format!("{listed:.0} B"),
            format!("{:.1} B", received(r)),
        ])
    });
    Table {
        header: vec![
            "table",
            "fields received, a call",
            "header bytes received, a call",
        ],
        rows: rows.collect(),
    }
}

fn codec(played: &Played) -> Table {
    let [proto, json] = played.two();
    let bytes = |r: &Repetition| r.counts.bytes_sent as f64 / all_ok(r) as f64;
    assert!(
        bytes(json) > bytes(proto),
        "{} and {}",
        bytes(json),
        bytes(proto)
    );
    let [cheap, dear] = played.server_cpu() else {
        panic!("two cases")
    };
    assert!(*dear > 1.2 * cheap, "{dear} and {cheap}");
    let rows = played
        .cases()
        .iter()
        .zip(played.server_cpu())
        .map(|((codec, r), cpu)| {
            row([
                format!("`{codec}`"),
                count(r.counts.ok),
                format!("{:.0} B", bytes(r)),
                ms(*cpu),
            ])
        });
    Table {
        header: vec![
            "codec",
            "calls OK",
            "bytes sent, a call",
            "server CPU, a call",
        ],
        rows: rows.collect(),
    }
}

fn keepalive(played: &Played) -> Table {
    let r = played.only();
    let (calls, pings) = (all_ok(r), wire(r).ping_time.count);
    assert!(pings >= 2, "{pings}");
    assert_eq!(wire(r).connections_lost, 0);
    Table {
        header: vec!["calls", "PINGs answered", "connections lost"],
        rows: vec![row([
            count(calls),
            count(pings),
            count(wire(r).connections_lost),
        ])],
    }
}
