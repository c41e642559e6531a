//! Whether a repetition can be believed: what was seen that should not have been, and what to do about it.
//!
//! A rule is a small pure function over what was measured; [`RULES`] has them all. `invalid`: the numbers do not say what
//! they seem to say. `tainted`: they do, but read the reason first.

mod clock;
mod connections;
mod cores;
mod course;
mod load;
mod machine;
mod network;
mod sides;
mod steady;
mod trend;

use reports::model::{self, Conditions, Repetition, Validity, Verdict};
use reports::mutant::{self, Mutant};
use scenarios::load::Load;
use scenarios::scenario::Scenario;

use crate::call::LeftOut;
use crate::host::clock::ClockFacts;

/// Everything that is known of a repetition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence<'a> {
    /// What was asked for.
    pub scenario: &'a Scenario,
    /// What was measured.
    pub repetition: &'a Repetition,
    /// What happened to the run itself.
    pub events: Events,
    /// What the time was told by.
    pub clock: &'a ClockFacts,
    /// How many cores we may use.
    pub cores: usize,
}

/// What happened to the run itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Events {
    /// Somebody stopped it.
    pub interrupted: bool,
    /// The server that we started ended before we stopped it.
    pub server_died: bool,
    /// Not all that was given to be sent was.
    pub left_out: Option<LeftOut>,
}

/// What a rule has to say.
#[derive(Clone, Debug, PartialEq)]
struct Finding {
    verdict: Verdict,
    seen: String,
    remedy: String,
}

type Rule = fn(&Evidence<'_>) -> Option<Finding>;

/// Every rule with its name in the result file; the order is the order of the reasons of one verdict.
const RULES: &[(&str, Rule)] = &[
    ("interrupted", course::interrupted),
    ("server_died", course::server_died),
    ("nothing_ok", course::nothing_ok),
    ("too_few_for_a_limit", course::too_few_for_a_limit),
    ("messages_left_out", course::messages_left_out),
    ("shed", load::shed),
    ("load_not_kept", load::not_kept),
    ("late_starts", load::late_starts),
    ("client_saturated", cores::client_saturated),
    ("shared_core", cores::shared_core),
    ("waited_for_a_core", cores::waited_for_a_core),
    ("runner_stalled", machine::runner_stalled),
    ("stolen_time", machine::stolen_time),
    ("busy_machine", machine::busy_machine),
    ("clock_source", clock::source),
    ("clock_coarse", clock::coarse),
    ("warm_up_too_short", steady::warm_up_too_short),
    ("not_stationary", steady::not_stationary),
    ("connections_lost", connections::lost),
    ("enhance_your_calm", connections::enhance_your_calm),
    ("uneven_channels", connections::uneven),
    ("odd_channel", connections::odd),
    ("network_late", network::late),
    ("network_busy", network::busy),
    ("network_full", network::full),
    ("sides_differ", sides::sides_differ),
];

/// Judges a repetition by everything that is known of it.
pub(super) fn judge(evidence: &Evidence<'_>) -> Validity {
    let rules = if mutant::is(Mutant::SayValid) {
        &[]
    } else {
        RULES
    };
    let mut findings: Vec<model::Finding> = rules
        .iter()
        .filter_map(|(name, rule)| Some((name, rule(evidence)?)))
        .map(|(name, finding)| model::Finding {
            rule: (*name).to_owned(),
            verdict: finding.verdict,
            seen: finding.seen,
            remedy: finding.remedy,
        })
        .collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    Validity {
        verdict: findings
            .first()
            .map_or(Verdict::Valid, |worst| worst.verdict),
        reasons: findings
            .iter()
            .map(|finding| format!("{}; {}", finding.seen, finding.remedy))
            .collect(),
        findings,
    }
}

impl<'a> Evidence<'a> {
    fn conditions(&self) -> Option<&'a Conditions> {
        self.repetition.conditions.as_ref()
    }

    /// Whether the next call always waits for the last one, so that nothing has a schedule.
    fn is_closed_loop(&self) -> bool {
        matches!(self.scenario.load, Load::Closed(_))
    }
}

fn tainted(seen: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding {
        verdict: Verdict::Tainted,
        seen: seen.into(),
        remedy: remedy.into(),
    }
}

fn invalid(seen: impl Into<String>, remedy: impl Into<String>) -> Finding {
    Finding {
        verdict: Verdict::Invalid,
        ..tainted(seen, remedy)
    }
}

/// A share for people: `12.3 %`.
fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A length of time in nanoseconds for people: `1.3 ms`.
fn time(ns: f64) -> String {
    reports::view::format::duration(ns)
}

#[cfg(test)]
mod fixture;

#[cfg(test)]
mod tests {
    use super::fixture::Case;
    use super::*;

    #[test]
    fn a_quiet_run_is_valid() {
        let case = Case::open();
        assert_eq!(judge(&case.evidence()).reasons, Vec::<String>::new());
        let case = Case::closed();
        assert_eq!(judge(&case.evidence()).reasons, Vec::<String>::new());
    }

    #[test]
    fn the_worst_comes_first_and_decides() {
        let mut case = Case::open();
        case.repetition.counts.ok = 0;
        case.events.interrupted = true;
        let validity = judge(&case.evidence());
        assert_eq!(validity.verdict, Verdict::Invalid);
        assert_eq!(validity.findings[0].rule, "nothing_ok");
        assert!(validity.findings.iter().any(|f| f.rule == "interrupted"));
        assert!(validity.reasons[0].starts_with("no call ended OK; "));
    }

    #[test]
    fn every_rule_has_a_name_of_its_own() {
        let mut names: Vec<_> = RULES.iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
    }

    #[test]
    fn without_measurements_around_the_calls_nothing_is_claimed() {
        let mut case = Case::open();
        case.repetition.conditions = None;
        case.repetition.heartbeat = None;
        case.repetition.windows.clear();
        case.repetition.channels.clear();
        case.repetition.wire = None;
        assert_eq!(judge(&case.evidence()).reasons, Vec::<String>::new());
    }
}
