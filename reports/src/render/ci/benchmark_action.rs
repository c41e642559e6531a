//! `bench-smaller.json` and `bench-bigger.json`: for github-action-benchmark, which draws a chart for each name.
//!
//! It knows one direction a file (`customSmallerIsBetter`, `customBiggerIsBetter`). Names and units are its keys: they
//! must not change, or a chart begins anew.

use scenarios::limits::Unit;
use serde::Serialize;

use super::figures::lines;
use super::points::{Point, points};
use super::{gate, unit};
use crate::error::ReportError;
use crate::limits::print;
use crate::render::{Artifact, Renderer};
use crate::view::{View, clean};

/// One file for each direction that there is.
#[derive(Clone, Copy, Debug)]
pub struct BenchmarkAction;

impl Renderer for BenchmarkAction {
    fn name(&self) -> &'static str {
        "github-action-benchmark"
    }

    fn render(&self, view: &View<'_>) -> Result<Vec<Artifact>, ReportError> {
        let points = gate(view).map(points).unwrap_or_default();
        let (bigger, smaller) = points.iter().partition(|point| point.test.more_is_better);
        let files = [
            file("bench-smaller.json", smaller),
            file("bench-bigger.json", bigger),
        ];
        Ok(files.into_iter().flatten().collect())
    }
}

#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

/// The action takes a list without entries for a mistake.
fn file(name: &str, points: Vec<&Point<'_>>) -> Option<Artifact> {
    let entries: Vec<Entry> = points.into_iter().map(entry).collect();
    let text = serde_json::to_string_pretty(&entries).expect("entries are plain");
    (!entries.is_empty()).then(|| Artifact::text(name, text + "\n"))
}

fn entry(point: &Point<'_>) -> Entry {
    let test = point.test;
    let range = |(low, high)| {
        let [low, high] = [low, high].map(|end| print(end, unit(test)));
        format!("{low} to {high}")
    };
    Entry {
        name: clean(&format!("{}/{}", test.case, test.metric)),
        unit: unit_name(unit(test)),
        value: point.value,
        range: point.interval.map(range),
        extra: lines(test).trim_end().to_owned(),
    }
}

const fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Time | Unit::Cost => "ns",
        Unit::Memory => "bytes",
        Unit::Count => "count",
        Unit::Rate => "calls/s",
        Unit::Share => "share",
    }
}
