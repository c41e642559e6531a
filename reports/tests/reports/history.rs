//! A history: what people see of it, and which results belong to one.

use reports::history::{METRICS, Series, history};
use reports::model::{RunResult, Verdict};
use reports::{history_files, history_text};
use scenarios::metric::Metric;

use crate::common::{Shape, markup, repetition, single};

fn metrics() -> Vec<Metric> {
    METRICS.iter().map(|name| name.parse().unwrap()).collect()
}

/// Twenty results, of which the later eight are a tenth slower; in no order.
fn results() -> Vec<RunResult> {
    let mut results: Vec<RunResult> = (0..20)
        .map(|i: u64| {
            let mut result = single();
            result.started_at = format!("2026-03-{:02}T09:30:00Z", i + 1);
            let level = if i < 12 { 1.0 } else { 1.1 };
            let wobble = 1.0 + 0.004 * (i % 3) as f64;
            let shape = Shape::new(
                600 + i,
                12_000.0 / level * wobble,
                780_000.0 * level * wobble,
            );
            result.cases[0].repetitions = vec![repetition(&shape)];
            result
        })
        .collect();
    results.reverse();
    results
}

fn of<'s>(all: &'s [Series], metric: &str) -> &'s Series {
    all.iter()
        .find(|series| series.metric.to_string() == metric)
        .unwrap()
}

#[test]
fn a_change_of_level_is_seen_in_text_and_in_figures() {
    let series = history(&results(), &metrics());
    let throughput = of(&series, "achieved_per_s");
    assert_eq!(throughput.points.len(), 20);
    let at: Vec<usize> = throughput.changes.iter().map(|change| change.at).collect();
    assert_eq!(at, [12]);
    assert!(of(&series, "server.cpu_ns_per_call").changes.is_empty());
    insta::assert_snapshot!("history_terminal", history_text(&series, false));
    let files = history_files(&series).unwrap();
    assert_eq!(files.len(), 6);
    let text = |at: usize| String::from_utf8(files[at].bytes.clone()).unwrap();
    assert!(text(0).contains("2026-03-13T09:30:00Z") && text(0).contains("no verdict"));
    assert_eq!(files[1].path, "plots/history-01-achieved_per_s.svg");
    for at in 1..files.len() {
        assert_eq!(markup::fault(&text(at)), None);
    }
}

#[test]
fn other_work_and_invalid_results_do_not_belong_to_it() {
    let mut results = results();
    results[0].cases[0].fingerprint = "another".to_owned();
    results[1].cases[0].repetitions[0].validity.verdict = Verdict::Invalid;
    let series = history(&results, &metrics());
    assert_eq!(series.len(), METRICS.len(), "what is alone is no series");
    assert_eq!(series[0].points.len(), 18);
    assert_eq!(history(&results[..1], &metrics()), []);
}
