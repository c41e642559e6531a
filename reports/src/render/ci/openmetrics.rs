//! `metrics.txt`: verdicts and ratios as OpenMetrics, which GitLab shows in a merge request.
//!
//! GitLab compares values as texts, so two digits are all that is said: with more, every metric of every merge request
//! would have changed.

use std::fmt::Write as _;

use scenarios::limits::Unit;

use super::{gate, tests, unit};
use crate::error::ReportError;
use crate::model::{Gate, GateTest};
use crate::render::{Artifact, Renderer};
use crate::view::View;

const VERDICTS: &str = "0 pass or improved, 1 regressed, 3 inconclusive, 4 invalid.";

/// A verdict and a ratio for each test.
#[derive(Clone, Copy, Debug)]
pub struct OpenMetrics;

impl Renderer for OpenMetrics {
    fn name(&self) -> &'static str {
        "openmetrics"
    }

    fn render(&self, view: &View<'_>) -> Result<Vec<Artifact>, ReportError> {
        let files = gate(view).map(|gate| Artifact::text("metrics.txt", exposition(gate)));
        Ok(files.into_iter().collect())
    }
}

fn exposition(gate: &Gate) -> String {
    let tests = tests(gate);
    let of_all = |value: fn(&GateTest) -> Option<f64>| -> Vec<(String, f64)> {
        let sample = |test: &&GateTest| Some((labels(test), value(test)?));
        tests.iter().filter_map(sample).collect()
    };
    let of_job = (
        format!("gate=\"{}\"", escape(&gate.name)),
        f64::from(gate.outcome.exit_code()),
    );
    let mut text = String::new();
    family(
        &mut text,
        "gate_verdict",
        &format!("Of the job: {VERDICTS}"),
        &[of_job],
    );
    let verdict = |test: &GateTest| Some(f64::from(test.outcome.exit_code()));
    family(&mut text, "gate_test_verdict", VERDICTS, &of_all(verdict));
    family(
        &mut text,
        "gate_ratio",
        "Candidate over baseline.",
        &of_all(ratio),
    );
    family(
        &mut text,
        "gate_difference",
        "Candidate minus baseline, of shares.",
        &of_all(difference),
    );
    text + "# EOF\n"
}

/// The change as a factor; shares are zero most of the time and have none.
fn ratio(test: &GateTest) -> Option<f64> {
    let change = test.change.filter(|_| unit(test) != Unit::Share)?;
    Some(1.0 + change.estimate)
}

fn difference(test: &GateTest) -> Option<f64> {
    let change = test.change.filter(|_| unit(test) == Unit::Share)?;
    Some(change.estimate)
}

/// A family of gauges, if it has any.
fn family(text: &mut String, name: &str, help: &str, samples: &[(String, f64)]) {
    let samples: Vec<_> = samples.iter().filter(|(_, v)| v.is_finite()).collect();
    if samples.is_empty() {
        return;
    }
    // Writing to a string does not fail.
    let _ = writeln!(
        text,
        "# TYPE bench_runner_{name} gauge\n# HELP bench_runner_{name} {help}"
    );
    for (labels, value) in samples {
        let _ = writeln!(
            text,
            "bench_runner_{name}{{{labels}}} {}",
            two_digits(*value)
        );
    }
}

fn labels(test: &GateTest) -> String {
    let advisory = if test.advisory {
        ",advisory=\"true\""
    } else {
        ""
    };
    format!(
        "case=\"{}\",metric=\"{}\"{advisory}",
        escape(&test.case),
        escape(&test.metric)
    )
}

/// A label's value; what the format does not escape and a reader of lines may trip over is dropped.
fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// Two significant digits, and no more of them than needed: 1.2, 0.98, 1.
fn two_digits(value: f64) -> String {
    let rounded = format!("{value:.1e}").parse::<f64>().unwrap_or(value);
    // There is no negative nothing.
    (rounded + 0.0).to_string()
}
