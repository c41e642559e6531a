//! What people and machines get to see, as snapshots, and what holds for every format.

use std::sync::LazyLock;

use reports::model::RunResult;
use reports::render::RENDERERS;
use reports::view::View;
use reports::{Artifact, artifacts, side_by_side, terminal};

use crate::common::{self, markup};

/// Every fixture, made once.
fn results() -> &'static [(&'static str, RunResult)] {
    static RESULTS: LazyLock<Vec<(&'static str, RunResult)>> = LazyLock::new(common::all);
    &RESULTS
}

/// Every fixture's run folder, made once.
fn folders() -> &'static [(&'static str, Vec<Artifact>)] {
    static FOLDERS: LazyLock<Vec<(&'static str, Vec<Artifact>)>> = LazyLock::new(|| {
        let folder =
            |(name, result): &(&'static str, RunResult)| (*name, artifacts(result).unwrap());
        results().iter().map(folder).collect()
    });
    &FOLDERS
}

fn result(fixture: &str) -> &'static RunResult {
    let found = results().iter().find(|(name, _)| *name == fixture);
    &found.expect("there is such a fixture").1
}

fn folder(fixture: &str) -> &'static [Artifact] {
    let found = folders().iter().find(|(name, _)| *name == fixture);
    &found.expect("there is such a fixture").1
}

fn text_of(artifacts: &[Artifact], path: &str) -> String {
    let found = artifacts.iter().find(|artifact| artifact.path == path);
    let found = found.unwrap_or_else(|| panic!("there is no {path}"));
    String::from_utf8(found.bytes.clone()).expect("every file is text")
}

/// A page without its style and its figures, which have snapshots of their own.
fn without_pictures(page: &str) -> String {
    let mut text = page.to_owned();
    for (start, end) in [("<style>", "</style>"), ("<svg", "</svg>")] {
        while let Some(from) = text.find(start) {
            let to = text[from..].find(end).expect("it ends") + from + end.len();
            text.replace_range(from..to, "…");
        }
    }
    text
}

#[test]
fn terminal_summaries() {
    for (name, result) in results() {
        let text = terminal(std::slice::from_ref(result), false).unwrap();
        insta::assert_snapshot!(format!("terminal_{name}"), text);
    }
    let both = [result("single").clone(), result("failing").clone()];
    insta::assert_snapshot!("terminal_side_by_side", terminal(&both, false).unwrap());
    insta::assert_snapshot!("terminal_color", terminal(&both[1..], true).unwrap());
}

#[test]
fn markdown_summaries() {
    for name in ["methods", "failing", "hostile", "mix", "paced"] {
        insta::assert_snapshot!(format!("markdown_{name}"), file(name, "summary.md"));
    }
}

#[test]
fn tables() {
    for name in ["repeated", "compared", "failing", "foreign", "hostile"] {
        insta::assert_snapshot!(format!("csv_{name}"), file(name, "results.csv"));
    }
    insta::assert_snapshot!("csv_parts", file("mix", "parts.csv"));
}

#[test]
fn histograms() {
    insta::assert_snapshot!("hgrm_few", file("few", "smoke.hgrm"));
    insta::assert_snapshot!("hgrm_failing", file("failing", "deadlines.hgrm"));
    insta::assert_snapshot!("hgrm_foreign", file("foreign", "unary-latency.hgrm"));
}

#[test]
fn result_files() {
    insta::assert_snapshot!("json_foreign", file("foreign", "result.json"));
}

#[test]
fn pages() {
    for name in [
        "few", "failing", "methods", "compared", "stages", "mix", "paced", "searched", "hostile",
        "foreign",
    ] {
        let page = without_pictures(&file(name, "report.html"));
        insta::assert_snapshot!(format!("html_{name}"), page);
    }
}

#[test]
fn figures() {
    insta::assert_snapshot!(
        "svg_channels",
        file("channels", "plots/sweep-throughput.svg")
    );
    insta::assert_snapshot!("svg_compared", file("compared", "plots/compare-heat.svg"));
    insta::assert_snapshot!("svg_searched", file("searched", "plots/capacity.svg"));
    let curve = file("paced", "plots/percentiles.svg");
    assert!(
        curve.contains("Message response time by percentile") && curve.contains("exchange time")
    );
    insta::assert_snapshot!("svg_failing", file("failing", "plots/statuses.svg"));
}

fn file(fixture: &str, path: &str) -> String {
    text_of(folder(fixture), path)
}

#[test]
fn the_same_view_gives_the_same_bytes() {
    for (name, result) in results() {
        let view = View::new(std::slice::from_ref(result)).unwrap();
        for renderer in RENDERERS {
            let (once, again) = (
                renderer.render(&view).unwrap(),
                renderer.render(&view).unwrap(),
            );
            assert!(once == again, "{} of {name}", renderer.name());
        }
    }
}

#[test]
fn every_path_is_safe_and_occurs_once() {
    for (name, files) in folders() {
        let mut paths: Vec<&str> = files.iter().map(|a| a.path.as_str()).collect();
        for path in &paths {
            let safe = |c: char| c.is_ascii_alphanumeric() || "._=-/".contains(c);
            assert!(path.chars().all(safe), "{path} of {name}");
            assert!(
                !path.starts_with('/') && !path.contains(".."),
                "{path} of {name}"
            );
        }
        let all = paths.len();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), all, "{name}");
    }
}

#[test]
fn a_run_folder_has_every_file_of_the_contract() {
    let files = folder("channels");
    for path in [
        "result.json",
        "report.html",
        "summary.md",
        "results.csv",
        "plots/percentiles.svg",
    ] {
        text_of(files, path);
    }
    let histograms = files.iter().filter(|file| file.path.ends_with(".hgrm"));
    assert_eq!(histograms.count(), 3);
}

#[test]
fn reports_side_by_side_leave_each_runs_own_files_alone() {
    let files = side_by_side(&[result("single").clone(), result("channels").clone()]).unwrap();
    let own = |file: &&Artifact| file.path == "result.json" || file.path.ends_with(".hgrm");
    assert_eq!(files.iter().find(own), None);
    assert!(text_of(&files, "report.html").contains("2 runs side by side"));
}

#[test]
fn nothing_to_report_on_is_an_error() {
    assert!(side_by_side(&[]).is_err());
}

#[test]
fn the_json_is_the_result() {
    for (name, result) in results() {
        let text = file(name, "result.json");
        let read = RunResult::from_json(&text).unwrap();
        assert_eq!(read.to_json(), result.to_json(), "{name}");
    }
}

#[test]
fn markup_is_well_formed_and_nothing_breaks_out_of_it() {
    for (name, files) in folders() {
        for file in files {
            if !file.path.ends_with(".html") && !file.path.ends_with(".svg") {
                continue;
            }
            let text = std::str::from_utf8(&file.bytes).unwrap();
            assert_eq!(markup::fault(text), None, "{} of {name}", file.path);
            assert!(!text.contains("<script"), "{} of {name}", file.path);
            assert!(!text.contains("NaN"), "{} of {name}", file.path);
        }
    }
}

#[test]
fn a_page_loads_nothing() {
    for (name, files) in folders() {
        let page = text_of(files, "report.html");
        for needle in ["src=", "href=", "url(", "@import", "<link"] {
            assert!(!page.contains(needle), "{needle} in {name}");
        }
    }
}

#[test]
fn figures_describe_themselves() {
    for (name, files) in folders() {
        for file in files {
            if !file.path.ends_with(".svg") {
                continue;
            }
            let text = std::str::from_utf8(&file.bytes).unwrap();
            for needle in ["role=\"img\"", "<title ", "<desc ", "viewBox=\"0 0 1280 "] {
                assert!(text.contains(needle), "{needle} in {} of {name}", file.path);
            }
            assert!(
                !text.contains("var("),
                "{} of {name} needs a style",
                file.path
            );
        }
    }
}

#[test]
fn a_page_colours_its_figures_by_its_own_style() {
    let page = file("single", "report.html");
    let body = page.split("</style>").nth(1).unwrap();
    assert!(body.contains("var(--ink, #1C232B)") && body.contains("var(--s1, #0068B2)"));
    assert!(!body.contains("=\"#"), "a colour was left out");
}

#[test]
fn lines_of_the_terminal_fit_a_hundred_columns() {
    for (name, result) in results() {
        let text = terminal(std::slice::from_ref(result), false).unwrap();
        let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
        let most = if matches!(*name, "hostile" | "gated") {
            170
        } else {
            104
        };
        assert!(longest <= most, "{longest} columns in {name}:\n{text}");
        assert!(!text.contains('\u{1b}'), "{name}");
    }
}

#[test]
fn a_percentile_with_too_few_beyond_is_never_a_number() {
    let files = folder("few");
    assert!(text_of(files, "report.html").contains("too few: 1 beyond"));
    assert!(text_of(files, "summary.md").contains("too few: 1 beyond"));
    let csv = text_of(files, "results.csv");
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row: Vec<&str> = lines.next().unwrap().split(',').collect();
    let column = |name| row[header.iter().position(|h| *h == name).unwrap()];
    assert_eq!(column("response_time_p99_ns"), "");
    assert_ne!(column("response_time_p90_ns"), "");
}

#[test]
fn a_histogram_that_cannot_be_read_is_a_clear_error() {
    let mut result = result("single").clone();
    result.cases[0].repetitions[0].service_time.histogram = "AAAA".to_owned();
    let error = artifacts(&result).unwrap_err().to_string();
    assert!(
        error.starts_with("case `unary-ten-channels`, service_time: "),
        "{error}"
    );
}
