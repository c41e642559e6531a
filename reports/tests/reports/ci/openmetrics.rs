//! `metrics.txt`, read by a strict reader of its own.

use std::collections::{BTreeMap, HashSet};

use super::{every_gate, files};
use crate::common::gated::{self, HOSTILE};

/// A sample: its family, its labels, its value.
type Sample = (String, BTreeMap<String, String>, f64);

/// Reads labels `a="b",c="d"}` and what comes after, as the format has them, or says what is wrong.
fn labels(mut text: &str) -> Result<(BTreeMap<String, String>, &str), String> {
    let mut labels = BTreeMap::new();
    loop {
        let (name, rest) = text.split_once("=\"").ok_or("a label without a value")?;
        let mut value = String::new();
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next().ok_or("a value without its end")? {
                (at, '"') => break at,
                (_, '\\') => value.push(match chars.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, c @ ('\\' | '"'))) => c,
                    other => return Err(format!("an unknown escape {other:?}")),
                }),
                (_, c) => value.push(c),
            }
        };
        if labels.insert(name.to_owned(), value).is_some() {
            return Err(format!("{name} twice"));
        }
        match rest[end + 1..].split_at_checked(1) {
            Some((",", rest)) => text = rest,
            Some(("}", rest)) => return Ok((labels, rest)),
            other => return Err(format!("{other:?} after a label")),
        }
    }
}

fn samples(text: &str) -> Result<Vec<Sample>, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("no # EOF at the end")?;
    let (mut family, mut families) = (String::new(), HashSet::new());
    let mut samples: Vec<Sample> = Vec::new();
    for line in body.split_terminator('\n') {
        if let Some(declared) = line.strip_prefix("# TYPE ") {
            family = declared
                .strip_suffix(" gauge")
                .ok_or("no gauge")?
                .to_owned();
            if !families.insert(family.clone()) {
                return Err(format!("{family} twice"));
            }
        } else if let Some(help) = line.strip_prefix("# HELP ") {
            help.strip_prefix(&format!("{family} "))
                .ok_or("help of another family")?;
        } else {
            let rest = line
                .strip_prefix(&format!("{family}{{"))
                .ok_or(format!("not of {family}: {line}"))?;
            let (labels, value) = labels(rest)?;
            let value = value.strip_prefix(' ').ok_or("no value")?;
            let value = value.parse().map_err(|_| format!("no number: {value}"))?;
            if samples.iter().any(|(f, l, _)| *f == family && *l == labels) {
                return Err(format!("twice: {line}"));
            }
            samples.push((family.clone(), labels, value));
        }
    }
    Ok(samples)
}

#[test]
fn metrics_are_read_line_by_line() {
    for result in every_gate() {
        let text = &files(&result)["metrics.txt"];
        let samples = samples(text).unwrap_or_else(|why| panic!("{why}:\n{text}"));
        assert_eq!(samples[0].0, "bench_runner_gate_verdict");
        assert_eq!(
            samples[0].2,
            f64::from(result.gate.unwrap().outcome.exit_code())
        );
    }
    let samples = samples(&files(&gated::gated())["metrics.txt"]).unwrap();
    let value = |family: &str, metric: &str| {
        let found = samples
            .iter()
            .find(|(f, l, _)| f.ends_with(family) && l.get("metric").is_some_and(|m| m == metric));
        found.map(|(_, _, value)| *value)
    };
    assert_eq!(value("gate_ratio", "server.cpu_ns_per_call"), Some(1.1));
    assert_eq!(
        value("gate_test_verdict", "server.cpu_ns_per_call"),
        Some(1.0)
    );
    assert_eq!(value("gate_test_verdict", "response_time.p99"), Some(3.0));
    assert_eq!(
        value("gate_test_verdict", "server.peak_rss_bytes"),
        Some(4.0)
    );
    assert_eq!(value("gate_ratio", "error_share"), None);
    assert_eq!(value("gate_difference", "error_share"), Some(0.0));
    let hostile = samples
        .iter()
        .find(|(_, l, _)| l.get("metric").is_some_and(|m| m == "response_time.p99"));
    assert_eq!(hostile.unwrap().1["case"], HOSTILE.replace('\u{1b}', ""));
}

#[test]
fn what_is_no_openmetrics_is_noticed() {
    let good = "# TYPE a gauge\n# HELP a Of it.\na{b=\"c\"} 1\n# EOF\n";
    assert!(samples(good).is_ok());
    for (from, to) in [
        ("# EOF\n", ""),
        ("\"c\"", "\"c"),
        ("\"c\"", "\"\\c\""),
        (" 1", ""),
        ("a{", "b{"),
        ("1\n", "1\na{b=\"c\"} 2\n"),
    ] {
        assert!(
            samples(&good.replacen(from, to, 1)).is_err(),
            "{from:?} -> {to:?}"
        );
    }
}
