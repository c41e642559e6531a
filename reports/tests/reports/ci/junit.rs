//! `junit.xml`, read by a parser of XML and held against Jenkins' schema.

use std::collections::HashSet;

use reports::model::Outcome;
use roxmltree::{Document, Node};

use super::{every_gate, files};
use crate::common::gated::{self, HOSTILE};

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
