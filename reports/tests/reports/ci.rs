//! What the machines of continuous integration read: each format as a snapshot, and read again by a second reader.

use std::collections::{BTreeMap, HashSet};

use reports::Artifact;
use reports::artifacts;
use reports::model::{Outcome, RunResult};
use reports::render::{RENDERERS, github};
use reports::view::View;
use roxmltree::{Document, Node};
use serde::Deserialize;

use crate::common;
use crate::common::gated::{self, HOSTILE};

const ALL: [Outcome; 5] = [
    Outcome::Pass,
    Outcome::Improved,
    Outcome::Regressed,
    Outcome::Inconclusive,
    Outcome::Invalid,
];
const FILES: [&str; 5] = [
    "junit.xml",
    "bench-smaller.json",
    "bench-bigger.json",
    "bencher.json",
    "metrics.txt",
];

/// The files of the formats of this page, by name.
fn files(result: &RunResult) -> BTreeMap<String, String> {
    let view = View::new(std::slice::from_ref(result)).unwrap();
    let files = RENDERERS.iter().flat_map(|renderer| match renderer.name() {
        "junit" | "github-action-benchmark" | "bencher" | "openmetrics" => {
            renderer.render(&view).unwrap()
        }
        _ => Vec::new(),
    });
    let text = |file: Artifact| (file.path, String::from_utf8(file.bytes).unwrap());
    files.map(text).collect()
}

fn every_gate() -> Vec<RunResult> {
    let mut all = vec![
        gated::gated(),
        gated::forbidden(),
        gated::many(30, Outcome::Regressed),
    ];
    all.extend(ALL.map(gated::single));
    all
}

// === what holds for all of them ===

#[test]
fn a_result_without_a_gate_has_none_of_the_files_and_so_have_results_side_by_side() {
    let gated = gated::single(Outcome::Pass);
    let sides = [gated.clone(), gated.clone()];
    let several = reports::side_by_side(&sides).unwrap();
    for files in [artifacts(&common::few()).unwrap(), several] {
        assert!(!files.iter().any(|file| FILES.contains(&file.path.as_str())));
    }
    let paths: Vec<String> = artifacts(&gated)
        .unwrap()
        .into_iter()
        .map(|f| f.path)
        .collect();
    for file in [
        "junit.xml",
        "bench-smaller.json",
        "bencher.json",
        "metrics.txt",
    ] {
        assert!(paths.iter().any(|path| path == file), "{file}");
    }
}

#[test]
fn formats_have_names_of_their_own_and_give_the_same_bytes_for_every_gate() {
    let names: HashSet<&str> = RENDERERS.iter().map(|renderer| renderer.name()).collect();
    assert_eq!(names.len(), RENDERERS.len());
    for result in every_gate() {
        let (once, again) = (artifacts(&result).unwrap(), artifacts(&result).unwrap());
        assert!(once == again);
        let paths: HashSet<&str> = once.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths.len(), once.len());
    }
}

#[test]
fn snapshots() {
    let files = files(&gated::gated());
    assert_eq!(files.len(), FILES.len());
    for name in FILES {
        insta::assert_snapshot!(format!("ci_{name}"), files[name]);
    }
    let forbidden = self::files(&gated::forbidden());
    insta::assert_snapshot!("ci_forbidden_junit.xml", forbidden["junit.xml"]);
    insta::assert_snapshot!("ci_forbidden_metrics.txt", forbidden["metrics.txt"]);
}

// === junit.xml ===

/// Jenkins' junit-10.xsd, as far as we use it: each element's parents and attributes.
const SCHEMA: [(&str, &[&str], &[&str]); 9] = [
    ("testsuites", &[], &["name", "tests", "failures", "errors"]),
    (
        "testsuite",
        &["testsuites"],
        &["name", "tests", "failures", "errors", "skipped"],
    ),
    ("properties", &["testsuite"], &[]),
    ("property", &["properties"], &["name", "value"]),
    ("testcase", &["testsuite"], &["classname", "name"]),
    ("failure", &["testcase"], &["type", "message"]),
    ("error", &["testcase"], &["type", "message"]),
    ("system-out", &["testcase"], &[]),
    ("system-err", &["testcase"], &[]),
];

fn is_allowed(node: Node<'_, '_>) -> bool {
    let parent = node
        .parent_element()
        .map(|parent| parent.tag_name().name().to_owned());
    let row = SCHEMA
        .iter()
        .find(|(name, ..)| *name == node.tag_name().name());
    row.is_some_and(|(_, parents, attributes)| {
        let own: Vec<&str> = node.attributes().map(|a| a.name()).collect();
        let all = attributes.iter().all(|name| own.contains(name));
        let is_under = match &parent {
            Some(parent) => parents.contains(&parent.as_str()),
            None => parents.is_empty(),
        };
        is_under && all && own.len() == attributes.len()
    })
}

fn elements<'a>(document: &'a Document<'a>, name: &str) -> Vec<Node<'a, 'a>> {
    let all = document.descendants();
    all.filter(|node| node.has_tag_name(name)).collect()
}

#[test]
fn junit_is_of_the_schema_and_counts_what_it_has() {
    for result in every_gate() {
        let text = &files(&result)["junit.xml"];
        let document = Document::parse(text).unwrap();
        for node in document.descendants().filter(Node::is_element) {
            assert!(is_allowed(node), "{:?} in {text}", node.tag_name());
        }
        for holder in elements(&document, "testsuite")
            .into_iter()
            .chain([document.root_element()])
        {
            let many = |name: &str| {
                let found = holder.descendants().filter(|node| node.has_tag_name(name));
                Some(found.count().to_string())
            };
            assert_eq!(
                holder.attribute("tests").map(str::to_owned),
                many("testcase")
            );
            assert_eq!(
                holder.attribute("failures").map(str::to_owned),
                many("failure")
            );
            assert_eq!(holder.attribute("errors").map(str::to_owned), many("error"));
        }
        let names = elements(&document, "testcase")
            .into_iter()
            .map(|node| (node.attribute("classname"), node.attribute("name")));
        let names: Vec<_> = names.collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    }
}

/// Green if and only if the gate's exit code is 0.
#[test]
fn junit_is_green_only_where_the_gate_passes() {
    for result in every_gate() {
        let files = files(&result);
        let document = Document::parse(&files["junit.xml"]).unwrap();
        let bad = elements(&document, "failure").len() + elements(&document, "error").len();
        let gate = result.gate.unwrap();
        assert_eq!(bad == 0, gate.outcome.exit_code() == 0, "{}", gate.outcome);
        assert!(elements(&document, "skipped").is_empty());
    }
    let mut unjudged = gated::single(Outcome::Invalid);
    unjudged.gate.as_mut().unwrap().tests.clear();
    assert!(
        files(&unjudged)["junit.xml"].contains("<error type=\"invalid\" message=\"no verdict\">")
    );
}

#[test]
fn junit_says_what_became_of_each_test() {
    let files = files(&gated::gated());
    let document = Document::parse(&files["junit.xml"]).unwrap();
    let kind_of = |metric: &str| {
        let case = elements(&document, "testcase")
            .into_iter()
            .find(|node| node.attribute("name") == Some(metric));
        let problem = case
            .unwrap()
            .children()
            .find(|node| node.attribute("type").is_some());
        problem.map(|node| {
            format!(
                "{} {}",
                node.tag_name().name(),
                node.attribute("type").unwrap()
            )
        })
    };
    assert_eq!(
        kind_of("server.cpu_ns_per_call").unwrap(),
        "failure regression"
    );
    assert_eq!(kind_of("server.peak_rss_bytes").unwrap(), "error invalid");
    assert_eq!(kind_of("response_time.p99").unwrap(), "error inconclusive");
    for good in [
        "error_share",
        "achieved_per_s",
        "response_time.p999",
        "gate",
    ] {
        assert_eq!(kind_of(good), None, "{good}");
    }
    let suites = elements(&document, "testsuite");
    let hostile = suites.last().unwrap().attribute("name").unwrap();
    assert_eq!(hostile, HOSTILE.replace(['\u{1b}', '\u{ffff}'], ""));
}

// === JSON ===

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

// === metrics.txt ===

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

// === GitHub ===

#[test]
fn annotations_of_every_kind() {
    let gate = |result: RunResult| result.gate.unwrap();
    insta::assert_snapshot!(
        "ci_annotations",
        github::annotations(&gate(gated::gated()), Some("bench/gate, 100%:1.yaml"))
    );
    insta::assert_snapshot!(
        "ci_forbidden_annotations",
        github::annotations(&gate(gated::forbidden()), None)
    );
    for outcome in [Outcome::Pass, Outcome::Improved] {
        assert_eq!(github::annotations(&gate(gated::single(outcome)), None), "");
    }
}

/// As GitHub's runner reads a line: a command, its properties, its message.
fn command(line: &str) -> (String, BTreeMap<String, String>, String) {
    let (head, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (command, properties) = head.split_once(' ').unwrap();
    let plain = |text: &str| {
        text.replace("%2C", ",")
            .replace("%3A", ":")
            .replace("%0A", "\n")
            .replace("%0D", "\r")
            .replace("%25", "%")
    };
    let properties = properties.split(',').map(|property| {
        let (name, value) = property.split_once('=').unwrap();
        (name.to_owned(), plain(value))
    });
    (command.to_owned(), properties.collect(), plain(message))
}

#[test]
fn a_hostile_name_stays_in_its_annotation() {
    let gate = gated::gated().gate.unwrap();
    let lines = github::annotations(&gate, Some("a,b%0A::c"));
    let commands: Vec<_> = lines.lines().map(command).collect();
    let kinds: Vec<&str> = commands.iter().map(|(kind, ..)| kind.as_str()).collect();
    assert_eq!(kinds, ["error", "error", "warning"]);
    for (_, properties, _) in &commands {
        assert_eq!(properties.keys().collect::<Vec<_>>(), ["file", "title"]);
        assert_eq!(properties["file"], "a,b%0A::c");
    }
    assert_eq!(
        commands[2].1["title"],
        format!(
            "inconclusive: response_time.p99 of {}",
            HOSTILE.replace('\u{1b}', "")
        )
    );
}

#[test]
fn the_worst_ten_of_each_kind_are_shown_and_the_rest_is_counted() {
    let mut gate = gated::many(30, Outcome::Regressed).gate.unwrap();
    for test in &mut gate.tests[13..] {
        test.outcome = Outcome::Inconclusive;
    }
    let lines = github::annotations(&gate, None);
    let many = |start: &str| lines.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(
        (many("::error"), many("::warning"), many("::notice")),
        (10, 10, 1)
    );
    assert!(lines.contains("of case-00") && !lines.contains("of case-10"));
    assert!(lines.ends_with("::3 errors and 7 warnings more are in the report\n"));
}

#[test]
fn a_summary_that_is_too_long_is_shortened_and_says_so() {
    let summary = "## Title\n\n| a |\n<details><summary>x</summary>\n\nlong\n\n</details>\nend\n";
    assert_eq!(
        github::step_summary(summary, summary.len()).unwrap(),
        summary
    );
    let short = github::step_summary(&summary.repeat(9), 200 + summary.len() / 2).unwrap();
    assert!(short.len() <= 200 + summary.len() / 2, "{short}");
    assert!(
        short.starts_with("> [!WARNING]\n> Shortened: ") && short.ends_with("| a |\n"),
        "{short}"
    );
    assert_eq!(github::step_summary(summary, 20), None);
}

#[test]
fn outputs_are_a_line_each_whatever_the_path() {
    assert_eq!(
        github::outputs(Outcome::Inconclusive, 0, "out/report.html"),
        "verdict=inconclusive\nexit_code=0\nreport=out/report.html\n"
    );
    assert_eq!(
        github::outputs(Outcome::Regressed, 1, "x\nverdict=pass"),
        "verdict=regressed\nexit_code=1\nreport=\n"
    );
}
