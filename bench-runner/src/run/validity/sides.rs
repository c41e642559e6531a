//! Both sides must have counted the same, unless calls were cut off in between.

use reports::model::MethodCounts;

use super::{Evidence, Finding, tainted};

pub(super) fn sides_differ(evidence: &Evidence<'_>) -> Option<Finding> {
    let repetition = evidence.repetition;
    let counts = &repetition.counts;
    // What is made again may have reached the server or not.
    let undisturbed = counts.ok == counts.started && counts.attempts <= counts.started;
    let client = &repetition.totals.client;
    let server = repetition.totals.server.as_ref()?;
    (undisturbed && server != client).then(|| {
        tainted(
            format!(
                "the two sides did not count the same: the runner {}; the server {}",
                say(client),
                say(server)
            ),
            "was somebody else calling it?",
        )
    })
}

fn say(counts: &MethodCounts) -> String {
    format!(
        "{} calls, {} requests ({} B), {} replies ({} B)",
        counts.calls, counts.requests, counts.request_bytes, counts.replies, counts.reply_bytes
    )
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Case;
    use super::*;

    #[test]
    fn one_call_more_on_one_side_is_seen_unless_calls_were_cut_off() {
        let mut case = Case::open();
        let counts = MethodCounts {
            calls: 12_000,
            requests: 12_000,
            ..MethodCounts::default()
        };
        case.repetition.totals.client = counts;
        assert_eq!(case.ask(sides_differ), None, "nobody else counted");
        case.repetition.totals.server = Some(counts);
        assert_eq!(case.ask(sides_differ), None);
        case.repetition.totals.server = Some(MethodCounts {
            calls: 12_001,
            ..counts
        });
        assert!(case.ask(sides_differ).unwrap().seen.contains("12001 calls"));
        case.repetition.counts.ok -= 1;
        assert_eq!(case.ask(sides_differ), None);
    }
}
