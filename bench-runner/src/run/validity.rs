//! Whether a repetition can be believed: what was seen that should not have been, and what to do about it.

use reports::model::{MethodCounts, Repetition, Validity, Verdict};
use scenarios::load::Load;
use scenarios::scenario::Scenario;

use super::calm;

/// What happened to the run itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Events {
    /// Somebody stopped it.
    pub interrupted: bool,
    /// The server that we started ended before we stopped it.
    pub server_died: bool,
}

/// A start lag that needs a word, in nanoseconds (p99).
const LAG_LIMIT_NS: u64 = 1_000_000;
/// The same as a share of the response time's p99.
const LAG_SHARE: f64 = 0.05;

/// Judges a repetition by everything that is known of it.
pub(super) fn judge(repetition: &Repetition, scenario: &Scenario, events: &Events) -> Validity {
    let mut findings = Findings::default();
    findings.run_itself(repetition, events);
    findings.load(repetition, scenario);
    findings.connections(repetition, scenario);
    findings.counts(repetition);
    Validity {
        verdict: findings.verdict,
        reasons: findings.reasons,
    }
}

struct Findings {
    verdict: Verdict,
    reasons: Vec<String>,
}

impl Default for Findings {
    fn default() -> Findings {
        Findings {
            verdict: Verdict::Valid,
            reasons: Vec::new(),
        }
    }
}

impl Findings {
    fn add(&mut self, verdict: Verdict, reason: String) {
        self.verdict = self.verdict.max(verdict);
        self.reasons.push(reason);
    }

    fn run_itself(&mut self, repetition: &Repetition, events: &Events) {
        if events.interrupted {
            let measured = repetition.measured_s;
            self.add(
                Verdict::Tainted,
                format!("interrupted: only {measured:.1} s were measured; run it to its end"),
            );
        }
        if events.server_died {
            self.add(
                Verdict::Invalid,
                "the server ended during the run; its own output, above, may say why".to_owned(),
            );
        }
        if repetition.counts.ok == 0 {
            let what = if repetition.counts.started == 0 {
                "no call was started"
            } else {
                "no call ended OK"
            };
            self.add(Verdict::Invalid, format!("{what}; the failures say why"));
        }
    }

    fn load(&mut self, repetition: &Repetition, scenario: &Scenario) {
        let counts = &repetition.counts;
        if counts.shed > 0 {
            let offered = counts.started + counts.shed;
            self.add(
                Verdict::Tainted,
                format!(
                    "{} of {offered} calls were due but never started; lower the rate, or raise `max_in_flight`, \
                     `client.channels` or the server's `max_concurrent_streams`",
                    counts.shed
                ),
            );
        }
        if matches!(scenario.load, Load::Closed(_)) {
            return;
        }
        let (lag, response) = (repetition.start_lag.p99_ns, repetition.response_time.p99_ns);
        if let (Some(lag), Some(response)) = (lag, response)
            && lag > LAG_LIMIT_NS
            && lag as f64 > response as f64 * LAG_SHARE
        {
            self.add(
                Verdict::Tainted,
                format!(
                    "calls started late (start lag p99 {:.1} ms, which the response time includes): the runner, or a \
                     lack of free streams, was part of what was measured; give the runner a core of its own \
                     (`client.cpus`), more `client.lanes` or `client.channels`, or lower the rate",
                    lag as f64 / 1e6
                ),
            );
        }
    }

    fn connections(&mut self, repetition: &Repetition, scenario: &Scenario) {
        let Some(wire) = &repetition.wire else { return };
        if wire.connections_lost > 0 {
            self.add(
                Verdict::Tainted,
                format!(
                    "{} connections were lost during the run; the failures say how",
                    wire.connections_lost
                ),
            );
        }
        for (seen, remedy) in calm::findings(repetition, &scenario.target) {
            self.add(Verdict::Tainted, format!("{seen}; {remedy}"));
        }
    }

    /// Both sides must have counted the same, unless calls were cut off in between.
    fn counts(&mut self, repetition: &Repetition) {
        let totals = &repetition.totals;
        let undisturbed = repetition.counts.ok == repetition.counts.started;
        if let Some(server) = &totals.server
            && undisturbed
            && *server != totals.client
        {
            let say = |c: &MethodCounts| {
                format!(
                    "{} calls, {} requests ({} B), {} replies ({} B)",
                    c.calls, c.requests, c.request_bytes, c.replies, c.reply_bytes
                )
            };
            self.add(
                Verdict::Tainted,
                format!(
                    "the two sides did not count the same: the runner {}; the server {}; was somebody else calling it?",
                    say(&totals.client),
                    say(server)
                ),
            );
        }
    }
}
