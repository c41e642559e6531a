//! What cases are called: in tables as short as can be, in file names as safe as must be, in both unique.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::comparison::SIDES;
use super::yaml::flow;
use crate::model::{CaseResult, RunResult};

/// What each run is called among the others: its name, or its number where names repeat.
pub(super) fn run_labels(results: &[RunResult]) -> Vec<String> {
    let names: HashSet<&str> = results.iter().map(RunResult::name).collect();
    results
        .iter()
        .enumerate()
        .map(|(i, result)| {
            if names.len() == results.len() {
                clean(result.name())
            } else {
                format!("run {}", i + 1)
            }
        })
        .collect()
}

/// What each case is called, run by run, in the order of the results.
pub(super) fn case_labels(results: &[RunResult], runs: &[String]) -> Vec<String> {
    let cases: usize = results.iter().map(|result| result.cases.len()).sum();
    let mut labels = Vec::with_capacity(cases);
    for (result, run) in results.iter().zip(runs) {
        labels.extend(own_labels(result, cases).into_iter().map(|own| {
            match (results.len(), result.cases.len()) {
                (1, _) => own,
                (_, 1) => run.clone(),
                _ => format!("{run}: {own}"),
            }
        }));
    }
    unique(labels, " #")
}

/// What the cases of one result are called: briefly, or in full where brief names are the same.
fn own_labels(result: &RunResult, cases: usize) -> Vec<String> {
    let labels = |value: fn(&Value) -> String| -> Vec<String> {
        let label = |case| case_label(result, case, cases, value);
        result.cases.iter().map(label).collect()
    };
    let brief = labels(brief);
    let distinct: HashSet<&String> = brief.iter().collect();
    if distinct.len() == brief.len() {
        brief
    } else {
        labels(full)
    }
}

/// The point of the matrix, or what tells the case from its neighbours.
fn case_label(
    result: &RunResult,
    case: &CaseResult,
    cases: usize,
    value: fn(&Value) -> String,
) -> String {
    if let Some(gate) = &result.gate {
        // Of one case the arm alone says it.
        let only = gate.cases.first().filter(|_| gate.cases.len() == 1);
        let arm = only.and_then(|only| case.name.strip_prefix(&format!("{}/", only.name)));
        return clean(arm.unwrap_or(&case.name));
    }
    if cases == 1 || case.point.is_empty() {
        let prefix = format!("{}/", result.name());
        let name = case.name.strip_prefix(&prefix).unwrap_or(&case.name);
        return clean(name);
    }
    match pair(case) {
        Some(pair) => {
            let rest = rest_of_pair(case, value);
            let colon = if rest.is_empty() { "" } else { ": " };
            clean(&format!("{rest}{colon}{pair}"))
        }
        None => clean(&point(case, &[], value)),
    }
}

/// A point of the matrix without some of its keys.
fn point(case: &CaseResult, without: &[&str], value: fn(&Value) -> String) -> String {
    let keys = || {
        case.point
            .iter()
            .filter(|(key, _)| !without.contains(&key.as_str()))
    };
    let stands_alone = keys().count() == 1;
    let labels = keys().map(|(key, at)| point_label(key, at, &value(at), stands_alone));
    labels.collect::<Vec<_>>().join(", ")
}

/// `tonic → grpcio`, of a pair of a comparison.
fn pair(case: &CaseResult) -> Option<String> {
    let [client, server] = SIDES.map(|side| case.point.get(side).and_then(Value::as_str));
    Some(format!("{} → {}", client?, server?))
}

fn rest_of_pair(case: &CaseResult, value: fn(&Value) -> String) -> String {
    point(case, &SIDES, value)
}

/// What the case of a pair is, in full: two that differ must not be taken for one.
pub(super) fn case_of_pair(case: &CaseResult) -> String {
    clean(&rest_of_pair(case, full))
}

/// `channels=10`; a name that stands alone speaks for itself: `SayHello`.
fn point_label(key: &str, value: &Value, text: &str, stands_alone: bool) -> String {
    if stands_alone && is_name(value) {
        text.to_owned()
    } else {
        format!("{}={text}", last_key(key))
    }
}

/// Whether a value is a name, and no quantity.
pub(super) fn is_name(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.starts_with(|c: char| c.is_ascii_digit()),
        Value::Object(_) => true,
        _ => false,
    }
}

/// A value in short: of a block of settings the first one, which is what the block is for; of a switch that is on, its
/// name.
pub(super) fn brief(value: &Value) -> String {
    match value {
        Value::Object(block) => match block.iter().next() {
            None => full(value),
            Some((switch, Value::Bool(true))) => switch.clone(),
            Some((_, first)) => brief(first),
        },
        Value::Null => "none".to_owned(),
        _ => full(value),
    }
}

/// A value with all there is to it.
fn full(value: &Value) -> String {
    flow(value).trim_matches('"').to_owned()
}

/// The last part of a scenario key: `channels` of `client.channels`.
pub(crate) fn last_key(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// The part of a file name that stands for each case.
pub(super) fn slugs(cases: &[&CaseResult]) -> Vec<String> {
    unique(cases.iter().map(|case| slug(&case.name)).collect(), "-")
}

fn slug(name: &str) -> String {
    let safe: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._=-".contains(c) {
                c
            } else {
                '-'
            }
        })
        .take(120)
        .collect();
    let safe = safe.trim_matches(['.', '-']);
    if safe.is_empty() {
        "case".to_owned()
    } else {
        safe.to_owned()
    }
}

/// Numbers what occurs twice; upper and lower case count as the same, because some file systems say so.
fn unique(names: Vec<String>, mark: &str) -> Vec<String> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut next: HashMap<String, usize> = HashMap::new();
    names
        .into_iter()
        .map(|name| {
            let mut candidate = name.clone();
            while !seen.insert(candidate.to_lowercase()) {
                let n = next.entry(name.to_lowercase()).or_insert(1);
                *n += 1;
                candidate = format!("{name}{mark}{n}");
            }
            candidate
        })
        .collect()
}

/// A text of a foreign file without what would move a terminal's cursor or break a line of a table.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_safe_and_unique() {
        assert_eq!(
            slug("channels-sweep/client.channels=10"),
            "channels-sweep-client.channels=10"
        );
        assert_eq!(slug("../../etc/passwd"), "etc-passwd");
        assert_eq!(slug("ü/"), "case");
        let names = ["a", "A", "a", "a-2"].map(str::to_owned).to_vec();
        assert_eq!(unique(names, "-"), ["a", "A-2", "a-3", "a-2-2"]);
    }
}
