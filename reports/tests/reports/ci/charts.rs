//! The files of github-action-benchmark and Bencher, read as their programs read them: no field too many, none missing.

use std::collections::{BTreeMap, HashSet};

use reports::model::Outcome;
use serde::Deserialize;

use super::files;
use crate::common::gated;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    unit: String,
    value: f64,
    range: Option<String>,
    extra: Option<String>,
}

#[test]
fn the_charts_of_each_direction_have_the_candidates_values() {
    let files = files(&gated::gated());
    let read = |name: &str| serde_json::from_str::<Vec<Entry>>(&files[name]).unwrap();
    let (smaller, bigger) = (read("bench-smaller.json"), read("bench-bigger.json"));
    let [only] = &bigger[..] else {
        panic!("{bigger:?}")
    };
    assert_eq!(
        (only.name.as_str(), only.unit.as_str()),
        ("unary-latency/achieved_per_s", "calls/s")
    );
    assert_eq!(only.value, 24_100.0);
    let cpu = &smaller[0];
    assert_eq!(
        (cpu.name.as_str(), cpu.unit.as_str(), cpu.value),
        ("unary-latency/server.cpu_ns_per_call", "ns", 1_352_600.0)
    );
    // 1.3526 ms · 1.081 / 1.124 and · 1.169 / 1.124
    assert_eq!(cpu.range.as_deref(), Some("1.30 ms to 1.41 ms"));
    assert!(cpu.extra.as_ref().unwrap().contains("verdict: regressed"));
    let names: HashSet<&str> = smaller.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!((names.len(), smaller.len()), (4, 4));
    assert!(smaller.iter().all(|entry| !entry.name.contains('\n')));
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Measure {
    value: f64,
    lower_value: Option<f64>,
    upper_value: Option<f64>,
}

#[test]
fn bencher_has_an_interval_around_each_value() {
    let files = files(&gated::gated());
    let read: BTreeMap<String, BTreeMap<String, Measure>> =
        serde_json::from_str(&files["bencher.json"]).unwrap();
    assert_eq!(read.len(), 2);
    for (benchmark, measures) in &read {
        assert!((1..=1024).contains(&benchmark.chars().count()));
        for (slug, measure) in measures {
            assert!(
                slug.len() <= 64
                    && slug
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{slug}"
            );
            assert!(
                measure.lower_value.unwrap() <= measure.value
                    && measure.value <= measure.upper_value.unwrap(),
                "{measure:?}"
            );
        }
    }
    let cpu = &read["unary-latency"]["server-cpu-ns-per-call"];
    assert_eq!(
        cpu.lower_value.unwrap().round(),
        (1_352_600.0_f64 * 1.081 / 1.124).round()
    );
}

#[test]
fn long_names_fit_what_bencher_takes() {
    let mut result = gated::single(Outcome::Pass);
    result.gate.as_mut().unwrap().tests[0].case = "ä".repeat(3000);
    let text = &files(&result)["bencher.json"];
    let read: BTreeMap<String, BTreeMap<String, Measure>> = serde_json::from_str(text).unwrap();
    assert_eq!(read.keys().next().unwrap().chars().count(), 1024);
}

#[test]
fn what_cannot_be_trusted_is_not_charted() {
    let files = files(&gated::forbidden());
    let paths: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(paths, ["junit.xml", "metrics.txt"]);
}
