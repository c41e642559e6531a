//! What a reader must know of a run before its numbers, though they are valid.

use super::CaseView;

/// One sentence each; none where there is nothing to know.
pub(crate) fn caveats(cases: &[CaseView<'_>]) -> Vec<String> {
    let unverified = |case: &&CaseView<'_>| {
        let setting = case.setting("client.tls.insecure_skip_verify");
        setting.and_then(serde_json::Value::as_bool) == Some(true)
    };
    let count = cases.iter().filter(unverified).count();
    let which = match count {
        0 => return Vec::new(),
        all if all == cases.len() => String::new(),
        some => format!(" in {some} of {} cases", cases.len()),
    };
    vec![format!(
        "The server's certificate was not verified{which}: client.tls.insecure_skip_verify"
    )]
}
