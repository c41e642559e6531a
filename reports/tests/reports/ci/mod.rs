//! What the machines of continuous integration read: each format as a snapshot, and read again by a second reader.

mod charts;
mod github;
mod junit;
mod openmetrics;

use std::collections::{BTreeMap, HashSet};

use reports::model::{Outcome, RunResult};
use reports::render::RENDERERS;
use reports::view::View;
use reports::{Artifact, artifacts};

use crate::common::{self, gated};

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
        insta::assert_snapshot!(name, files[name]);
    }
    let forbidden = self::files(&gated::forbidden());
    insta::assert_snapshot!("forbidden_junit.xml", forbidden["junit.xml"]);
    insta::assert_snapshot!("forbidden_metrics.txt", forbidden["metrics.txt"]);
}
