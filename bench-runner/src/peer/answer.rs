//! What a peer's client answers, and the repetition that is made of it. What it cannot know stays empty.

use reports::model::{
    Cost, Counts, MethodCounts, Repetition, Timing, Totals, Validity, Verdict, decode_histogram,
    empty_histogram,
};
use scenarios::scenario::Scenario;
use scenarios::units::Nanos;
use serde::Deserialize;

use crate::call::Call;

/// What a client answers.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    /// The wall clock when its measured phase began, nanoseconds since 1970.
    #[serde(default)]
    pub(super) measure_start_unix_ns: Option<i64>,
    measured_ns: u64,
    counts: Counts,
    #[serde(default)]
    all: Option<All>,
    response_time: Option<String>,
    #[serde(default)]
    service_time: Option<String>,
    #[serde(default)]
    start_lag: Option<String>,
    #[serde(default)]
    time_to_first_message: Option<String>,
    #[serde(default)]
    cpu_ns: Option<u64>,
    #[serde(default)]
    peak_rss_bytes: Option<u64>,
}

/// Warm-up, measure and drain together; absent where the client cannot tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
struct All {
    calls: u64,
    requests: u64,
    replies: u64,
}

/// The server's side of it, as the runner saw it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Observed {
    pub(super) counts: Option<MethodCounts>,
    /// CPU time over the measured phase.
    pub(super) cpu: Option<Nanos>,
    pub(super) rss: Option<u64>,
}

impl Answer {
    /// Reads what a client printed; else why it is none.
    pub(super) fn read(output: &[u8]) -> Result<Answer, String> {
        let text = String::from_utf8_lossy(output);
        let text = text.trim();
        if text.is_empty() {
            return Err("answered nothing".to_owned());
        }
        let answer: Answer = serde_json::from_str(text).map_err(|error| {
            let begin: String = text.chars().take(200).collect();
            format!("answered what is no result ({error}): `{begin}`")
        })?;
        answer.check().map(|()| answer)
    }

    /// Whether its numbers add up.
    fn check(&self) -> Result<(), String> {
        let counts = &self.counts;
        let wrong = |what: String| Err(format!("answered numbers that do not add up: {what}"));
        if !counts.balanced() {
            return wrong(format!("{counts:?}"));
        }
        let times = [
            ("response_time", &self.response_time, counts.ok),
            ("service_time", &self.service_time, counts.ok),
        ];
        for (name, text, expected) in times {
            let Some(text) = text else { continue };
            match decode_histogram(text) {
                Err(error) => return wrong(format!("{name}: {error}")),
                Ok(times) if times.len() != expected => {
                    return wrong(format!(
                        "{name} has {} samples of {expected} calls that ended OK",
                        times.len()
                    ));
                }
                Ok(_) => {}
            }
        }
        if counts.ok > 0 && self.response_time.is_none() {
            return wrong("no response times".to_owned());
        }
        Ok(())
    }

    /// What its process spent in the measured phase.
    pub(super) fn cpu(&self) -> Option<Nanos> {
        self.cpu_ns.map(Nanos)
    }

    /// The repetition, before it is judged.
    pub(super) fn repetition(&self, scenario: &Scenario, seen: &Observed) -> Repetition {
        let counts = &self.counts;
        let measured_s = Nanos(self.measured_ns).as_secs_f64();
        let per_s = |calls: u64| calls as f64 / measured_s;
        let per_call =
            |cpu: u64| (counts.finished() > 0).then(|| cpu as f64 / counts.finished() as f64);
        Repetition {
            validity: Validity {
                verdict: Verdict::Valid,
                reasons: Vec::new(),
                findings: Vec::new(),
            },
            counts: counts.clone(),
            measured_s,
            offered_per_s: per_s(counts.started + counts.shed),
            achieved_per_s: per_s(counts.ok),
            response_time: self.cut_off(self.response_time.as_deref(), scenario),
            service_time: self.cut_off(self.service_time.as_deref(), scenario),
            start_lag: timing(self.start_lag.as_deref()),
            time_to_first_message: timing(self.time_to_first_message.as_deref()),
            message_gap: Timing::default(),
            exchange_time: Timing::default(),
            message_response_time: Timing::default(),
            paced: None,
            client: Cost {
                cpu_ns_per_call: self.cpu_ns.and_then(per_call),
                peak_rss_bytes: self.peak_rss_bytes,
                ..Cost::default()
            },
            server: (seen.cpu.is_some() || seen.rss.is_some()).then(|| Cost {
                cpu_ns_per_call: seen.cpu.and_then(|cpu| per_call(cpu.0)),
                peak_rss_bytes: seen.rss,
                ..Cost::default()
            }),
            intervals: Vec::new(),
            stages: Vec::new(),
            failures: Vec::new(),
            call_log: None,
            totals: Totals {
                client: self.totals(),
                // There is nothing to hold them against where the client does not know its own.
                server: seen.counts.filter(|_| self.all.is_some()),
            },
            release_lateness: None,
            wire: None,
            network: None,
            first_reply: None,
            conditions: None,
            heartbeat: None,
            windows: Vec::new(),
            channels: Vec::new(),
            calls: Vec::new(),
            targets: Vec::new(),
        }
    }

    /// What the client counted. Its bytes are of the measured phase, and every call has the same sizes: so many for each.
    fn totals(&self) -> MethodCounts {
        let All {
            calls,
            requests,
            replies,
        } = self.all.unwrap_or_default();
        let counts = &self.counts;
        let scaled = |bytes: u64, all: u64, counted: u64| {
            let scaled = u128::from(bytes) * u128::from(all) / u128::from(counted.max(1));
            u64::try_from(scaled).unwrap_or(u64::MAX)
        };
        MethodCounts {
            calls,
            requests,
            replies,
            request_bytes: scaled(counts.bytes_sent, calls, counts.started),
            reply_bytes: scaled(counts.bytes_received, replies, counts.messages_received),
        }
    }

    /// Whether it did the work that was asked for; if not, what it did instead. Only of calls that ended OK it is known
    /// how many messages they had.
    pub(super) fn misfit(&self, call: &Call) -> Option<String> {
        /// What is around a name: its tag and length, and the shape of the reply.
        const AROUND: u64 = 48;
        let counts = &self.counts;
        if counts.ok == 0 || counts.ok != counts.started {
            return None;
        }
        let request = call.request(0);
        let (sent, received) = (u64::from(request.messages), request.replies());
        let per_call = |n: u64| n as f64 / counts.ok as f64;
        let differs = |found: u64, expected: u64| found != counts.ok * expected;
        if differs(counts.messages_sent, sent) || differs(counts.messages_received, received) {
            return Some(format!(
                "sent {} and received {} messages a call instead of {sent} and {received}",
                per_call(counts.messages_sent),
                per_call(counts.messages_received)
            ));
        }
        let most = request.traffic(sent).bytes + AROUND * sent;
        let least = request.traffic(sent).bytes.saturating_sub(AROUND * sent);
        let found = per_call(counts.bytes_sent);
        (counts.bytes_sent > 0 && !(least as f64..=most as f64).contains(&found)).then(|| {
            format!(
                "sent {found} bytes a call instead of about {}",
                request.traffic(sent).bytes
            )
        })
    }

    /// Times of calls that ended OK, and lower bounds of those that were cut off: by the deadline, which runs from the
    /// start, or by the end of the drain, which all of them had before them when the measured time was over.
    fn cut_off(&self, complete: Option<&str>, scenario: &Scenario) -> Timing {
        let Ok(complete) = decode_histogram(complete.unwrap_or_default()) else {
            // Checked when it was read.
            return Timing::default();
        };
        let mut bounds = empty_histogram();
        let deadline = scenario
            .calls
            .only()
            .and_then(|call| call.deadline.as_ref()?.fixed())
            .unwrap_or_default();
        let drain = scenario.phases.drain;
        for (calls, bound) in [
            (self.counts.deadline_exceeded, deadline),
            (self.counts.unfinished, drain),
        ] {
            // A histogram that resizes itself takes any value.
            let _ = bounds.record_n(bound.0.max(1), calls);
        }
        Timing::with_censored(&complete, &bounds)
    }
}

fn timing(text: Option<&str>) -> Timing {
    match decode_histogram(text.unwrap_or_default()) {
        Ok(times) => Timing::new(&times),
        Err(_) => Timing::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Known;

    const GOOD: &str = r#"{ "version": { "stack": "x 1" }, "measured_ns": 1000000000,
        "counts": { "started": 3, "ok": 0, "failed": 1, "deadline_exceeded": 1, "unfinished": 1 },
        "all": { "calls": 3, "requests": 3, "replies": 0 }, "response_time": null, "cpu_ns": 6000 }"#;

    fn refusal(text: &str) -> String {
        Answer::read(text.as_bytes()).unwrap_err()
    }

    fn parts(yaml: &str) -> (Scenario, Call) {
        let scenario = crate::given::scenario(yaml);
        let known = Known {
            shaped: true,
            ..Known::default()
        };
        let call = Call::prepare(scenario.calls.only().unwrap(), 1, &known).unwrap();
        (scenario, call)
    }

    #[test]
    fn rubbish_is_no_answer() {
        assert_eq!(refusal(" \n"), "answered nothing");
        assert!(refusal("Segmentation fault").contains("`Segmentation fault`"));
        let lost = GOOD.replace("\"started\": 3", "\"started\": 4");
        assert!(
            refusal(&lost).contains("do not add up"),
            "{}",
            refusal(&lost)
        );
        let no_times = GOOD
            .replace("\"failed\": 1", "\"failed\": 0")
            .replace("\"ok\": 0", "\"ok\": 1");
        assert!(refusal(&no_times).contains("no response times"));
        let torn = GOOD.replace("null, \"cpu_ns\"", "\"HISTFAAA\", \"cpu_ns\"");
        assert!(
            refusal(&torn).contains("response_time"),
            "{}",
            refusal(&torn)
        );
    }

    #[test]
    fn what_was_cut_off_is_a_lower_bound_and_what_is_not_known_stays_empty() {
        let answer = Answer::read(GOOD.as_bytes()).unwrap();
        let (scenario, _) = parts("call: { deadline: 2ms }\nphases: { drain: 3s }");
        let made = answer.repetition(&scenario, &Observed::default());
        assert_eq!(made.response_time.population(), 2);
        assert_eq!(made.response_time.count, 0);
        assert_eq!(made.client.cpu_ns_per_call, Some(3000.0));
        assert_eq!((made.client.peak_rss_bytes, made.server), (None, None));
        assert_eq!(made.start_lag, Timing::default());
    }

    #[test]
    fn a_client_that_does_other_work_is_found_out() {
        let (_, call) = parts(
            "call: { method: LotsOfGreetings, request: { size: 1KiB, messages: 3 }, reply: { size: 16B } }",
        );
        let counts = |sent: u64, bytes: u64| {
            let counts = format!(
                r#"{{ "started": 2, "ok": 2, "messages_sent": {sent}, "messages_received": 2, "bytes_sent": {bytes} }}"#
            );
            let text = format!(
                r#"{{ "measured_ns": 1, "all": {{ "calls": 4, "requests": 12, "replies": 4 }}, "counts": {counts} }}"#
            );
            serde_json::from_str::<Answer>(&text).unwrap()
        };
        let right = 6 * 1024 + 40;
        assert_eq!(counts(6, right).misfit(&call), None);
        assert!(
            counts(2, right)
                .misfit(&call)
                .unwrap()
                .contains("sent 1 and received 1")
        );
        assert!(
            counts(6, 600)
                .misfit(&call)
                .unwrap()
                .contains("sent 300 bytes a call")
        );
        let totals = counts(6, right).totals();
        assert_eq!((totals.requests, totals.request_bytes), (12, 2 * right));
    }
}
