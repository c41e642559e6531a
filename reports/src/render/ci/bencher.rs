//! `bencher.json`: Bencher Metric Format, a value with its interval for each measure of each benchmark.

use serde::Serialize;
use serde_json::{Map, Value};

use super::gate;
use super::points::{Point, points};
use crate::error::ReportError;
use crate::render::{Artifact, Renderer};
use crate::view::{View, clean};

/// The most characters of a benchmark's name and of a measure's slug.
const LONGEST_NAME: usize = 1024;
const LONGEST_SLUG: usize = 64;

/// A benchmark for each case, a measure for each metric.
#[derive(Clone, Copy, Debug)]
pub struct Bencher;

impl Renderer for Bencher {
    fn name(&self) -> &'static str {
        "bencher"
    }

    fn render(&self, view: &View<'_>) -> Result<Vec<Artifact>, ReportError> {
        let points = gate(view).map(points).unwrap_or_default();
        let mut benchmarks: Map<String, Value> = Map::new();
        for point in &points {
            let measures = benchmarks
                .entry(benchmark(&point.test.case))
                .or_insert_with(|| Value::Object(Map::new()));
            measures[slug(&point.test.metric)] = measure(point);
        }
        let text = serde_json::to_string_pretty(&benchmarks).expect("it has plain values only");
        let file = (!points.is_empty()).then(|| Artifact::text("bencher.json", text + "\n"));
        Ok(file.into_iter().collect())
    }
}

#[derive(Serialize)]
struct Measure {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

fn measure(point: &Point<'_>) -> Value {
    let measure = Measure {
        value: point.value,
        lower_value: point.interval.map(|(low, _)| low),
        upper_value: point.interval.map(|(_, high)| high),
    };
    serde_json::to_value(measure).expect("a measure is plain")
}

fn benchmark(case: &str) -> String {
    clean(case).chars().take(LONGEST_NAME).collect()
}

/// `response_time.p99` is `response-time-p99`.
fn slug(metric: &str) -> String {
    let dashed = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let slug: String = metric.chars().map(dashed).take(LONGEST_SLUG).collect();
    slug.to_ascii_lowercase()
}
