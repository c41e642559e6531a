//! ghz's shape, read as a program of its own would: no field too many, none missing, units as ghz has them.

use std::collections::BTreeMap;

use reports::Artifact;
use reports::ghz::files;
use reports::model::{CallLog, RunResult};
use serde::Deserialize;

use crate::common;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Report {
    name: String,
    end_reason: String,
    date: String,
    options: Options,
    count: u64,
    total: u64,
    average: u64,
    fastest: u64,
    slowest: u64,
    rps: f64,
    error_distribution: BTreeMap<String, u64>,
    status_code_distribution: BTreeMap<String, u64>,
    latency_distribution: Vec<Percentile>,
    histogram: Vec<Bucket>,
    details: Vec<Detail>,
}

/// ghz's `Options` as far as they are ours; all others of its fields may be missing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[expect(dead_code, reason = "most of it is read to see that it is there")]
struct Options {
    #[serde(default)]
    call: String,
    host: String,
    insecure: bool,
    #[serde(default)]
    rps: u64,
    load_schedule: String,
    load_start: u64,
    load_end: u64,
    load_step: u64,
    load_step_duration: u64,
    load_max_duration: u64,
    #[serde(default)]
    concurrency: u64,
    concurrency_schedule: String,
    concurrency_start: u64,
    concurrency_end: u64,
    concurrency_step: u64,
    concurrency_step_duration: u64,
    concurrency_max_duration: u64,
    connections: u64,
    #[serde(default)]
    duration: u64,
    #[serde(default)]
    timeout: u64,
    binary: bool,
    #[serde(rename = "CPUs")]
    cpus: u64,
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Percentile {
    percentage: u8,
    latency: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bucket {
    mark: f64,
    count: u64,
    frequency: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Detail {
    timestamp: String,
    latency: u64,
    error: String,
    status: String,
}

fn no_log(_: &str) -> Option<String> {
    None
}

fn text<'a>(files: &'a [Artifact], path: &str) -> &'a str {
    let found = files.iter().find(|file| file.path == path);
    let found = found.unwrap_or_else(|| panic!("there is no {path}: {files:?}"));
    std::str::from_utf8(&found.bytes).unwrap()
}

fn read(files: &[Artifact], path: &str) -> Report {
    serde_json::from_str(text(files, path)).unwrap()
}

#[test]
fn every_result_has_a_report_for_each_case_that_adds_up() {
    for (name, result) in common::all() {
        let files = files(&result, &no_log).unwrap();
        assert_eq!(files.len(), result.cases.len(), "{name}");
        for (file, case) in files.iter().zip(&result.cases) {
            let report = read(&files, &file.path);
            assert_eq!(report.name, case.name);
            assert_eq!(report.options.name, case.name);
            adds_up(&report);
        }
    }
}

fn adds_up(report: &Report) {
    let ok = report
        .status_code_distribution
        .get("OK")
        .copied()
        .unwrap_or(0);
    let statuses: u64 = report.status_code_distribution.values().sum();
    assert_eq!(statuses, report.count, "{report:?}");
    let bars: u64 = report.histogram.iter().map(|bar| bar.count).sum();
    let shares: f64 = report.histogram.iter().map(|bar| bar.frequency).sum();
    if ok == 0 || bars == 0 {
        return;
    }
    assert_eq!(bars, ok, "{report:?}");
    assert!((shares - 1.0).abs() < 1e-9);
    let marks: Vec<f64> = report.histogram.iter().map(|bar| bar.mark).collect();
    assert!(marks.is_sorted() && marks.len() == 11);
    let near = |mark: f64, ns: u64| (mark - ns as f64 / 1e9).abs() < 1e-12;
    assert!(near(marks[0], report.fastest) && near(marks[10], report.slowest));
    let latencies = report.latency_distribution.iter().map(|p| p.latency);
    assert!(latencies.is_sorted());
    let last = report.latency_distribution.last().unwrap();
    assert!(last.percentage == 99 && last.latency <= report.slowest);
    assert!((report.fastest..=report.slowest).contains(&report.average));
    let rps = report.count as f64 / (report.total as f64 / 1e9);
    assert!((rps - report.rps).abs() < 1e-6 * rps);
}

#[test]
fn failures_are_spelt_as_grpc_go_spells_them() {
    let result = common::failing();
    let report = read(&files(&result, &no_log).unwrap(), "deadlines.ghz.json");
    let counts = &result.cases[0].repetitions[0].counts;
    assert_eq!(report.count, counts.started);
    assert_eq!(
        report.status_code_distribution["DeadlineExceeded"],
        counts.by_status["DEADLINE_EXCEEDED"]
    );
    assert!(
        report
            .error_distribution
            .keys()
            .all(|error| error.starts_with("rpc error: code = "))
    );
    assert_eq!(report.end_reason, "timeout");
    assert_eq!(report.date, result.started_at);
    assert_eq!(report.options.rps, 5000);
    assert_eq!(report.options.call, "helloworld.Greeter.SayHello");
    assert_eq!(
        (report.options.duration, report.options.connections),
        (8_000_000_000, 10)
    );
    assert!(report.details.is_empty());
    insta::assert_snapshot!(text(
        &files(&result, &no_log).unwrap(),
        "deadlines.ghz.json"
    ));
}

const LOG: &str = "\
repetition,lane,channel,phase,intended_ns,started_ns,first_message_ns,done_ns,status,messages_sent
1,0,0,warm_up,500,600,,700,OK,1
1,0,0,measure,1000,1100,,1500001000,OK,1
1,0,1,measure,2000,2100,,5002000,NOT_FOUND,1
1,0,1,measure,3000,3100,,9003000,UNFINISHED,1
";

/// A case of one repetition with a log of its calls, which began three seconds after 1970 did.
fn logged() -> RunResult {
    let mut result = common::single();
    result.cases[0].repetitions.truncate(1);
    result.cases[0].repetitions[0].call_log = Some(CallLog {
        calls: 4,
        left_out: 0,
        clock_origin_ns: 100,
        clock_origin_unix_ns: Some(3_000_000_100),
    });
    result
}

#[test]
fn measured_calls_of_the_log_are_listed_one_by_one() {
    let log = |file: &str| (file == "unary-ten-channels.calls.csv").then(|| LOG.to_owned());
    let files = files(&logged(), &log).unwrap();
    let report = read(&files, "unary-ten-channels.ghz.json");
    let [ok, failed, unfinished] = &report.details[..] else {
        panic!("{:?}", report.details)
    };
    assert_eq!(
        (ok.latency, ok.status.as_str(), ok.error.as_str()),
        (1_500_000_000, "OK", "")
    );
    assert_eq!(ok.timestamp, "1970-01-01T00:00:04.500001Z");
    assert_eq!(
        (failed.latency, failed.status.as_str()),
        (5_000_000, "NotFound")
    );
    assert_eq!(failed.error, "rpc error: code = NotFound desc =");
    assert_eq!(unfinished.status, "Unavailable");
    assert_eq!(
        text(&files, "unary-ten-channels.ghz.csv"),
        "duration (ms),status,error\n1500.00,OK,\n5.00,NotFound,rpc error: code = NotFound desc =\n\
         9.00,Unavailable,rpc error: code = Unavailable desc = unfinished when the drain was over\n"
    );
}

#[test]
fn a_log_that_is_none_says_which_file_and_line() {
    let cases: [(String, &str); 5] = [
        (String::new(), "expected a column `repetition`"),
        (
            LOG.replace("done_ns", "done"),
            "expected a column `done_ns`",
        ),
        (
            LOG.replace("5002000", "soon"),
            "line 4: expected a time in nanoseconds",
        ),
        (
            LOG.replace("\n1,0,1", "\n2,0,1"),
            "line 4: expected a repetition of the result",
        ),
        (
            LOG.to_owned() + "1,0\n",
            "line 6: expected as many cells as the header",
        ),
    ];
    for (text, expected) in cases {
        let error = files(&logged(), &|_| Some(text.clone()))
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            format!("`unary-ten-channels.calls.csv` is no call log: {expected}")
        );
    }
}
