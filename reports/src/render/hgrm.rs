//! `<case>.hgrm`: the response time as HdrHistogram's percentile distribution, which its plotter and others load.
//!
//! Values are milliseconds with all digits down to the nanosecond, because milliseconds are what the plotter assumes.
//! Only calls that ended OK are in it; how many were cut off stands in a comment at the end.

use std::fmt::Write as _;

use hdrhistogram::Histogram;

use super::{Artifact, Renderer};
use crate::error::ReportError;
use crate::model::Timing;
use crate::view::{Time, View};

/// Rows for each halving of the distance to 100 %.
const TICKS: u32 = 5;
const NS_PER_MS: f64 = 1e6;

/// One file a case.
#[derive(Clone, Copy, Debug)]
pub struct Hgrm;

impl Renderer for Hgrm {
    fn name(&self) -> &'static str {
        "hgrm"
    }

    fn render(&self, view: &View<'_>) -> Result<Vec<Artifact>, ReportError> {
        if view.results.len() > 1 {
            return Ok(Vec::new());
        }
        let nothing = Timing::default();
        let mut files = Vec::new();
        for case in &view.cases {
            let timing = case.merged.time(Time::Response).unwrap_or(&nothing);
            let histogram = timing.complete().map_err(|source| ReportError::Histogram {
                case: case.case.name.clone(),
                field: Time::Response.field(),
                source,
            })?;
            let text = distribution(&histogram, timing.population() - timing.count);
            files.push(Artifact::text(format!("{}.hgrm", case.slug), text));
        }
        Ok(files)
    }
}

fn distribution(histogram: &Histogram<u64>, censored: u64) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_distribution(&mut text, histogram, censored);
    text
}

fn write_distribution(
    out: &mut String,
    histogram: &Histogram<u64>,
    censored: u64,
) -> std::fmt::Result {
    writeln!(
        out,
        "{:>14} {:>14} {:>10} {:>14}\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    )?;
    let mut sum = 0;
    for step in histogram.iter_quantiles(TICKS) {
        sum += step.count_since_last_iteration();
        let quantile = step.quantile_iterated_to();
        let ms = step.value_iterated_to().min(histogram.max()) as f64 / NS_PER_MS;
        write!(out, "{ms:14.6} {quantile:14.12} {sum:10}")?;
        if quantile < 1.0 {
            write!(out, " {:14.2}", 1.0 / (1.0 - quantile))?;
        }
        writeln!(out)?;
    }
    write_footer(out, histogram, censored)
}

fn write_footer(out: &mut String, histogram: &Histogram<u64>, censored: u64) -> std::fmt::Result {
    let (mean, deviation) = (histogram.mean() / NS_PER_MS, histogram.stdev() / NS_PER_MS);
    let max = histogram.max() as f64 / NS_PER_MS;
    let (total, buckets) = (histogram.len(), histogram.buckets());
    let sub_buckets = (2 * 10_u64.pow(histogram.sigfig().into())).next_power_of_two();
    writeln!(
        out,
        "#[Mean    = {mean:12.6}, StdDeviation   = {deviation:12.6}]"
    )?;
    writeln!(out, "#[Max     = {max:12.6}, Total count    = {total:12}]")?;
    writeln!(
        out,
        "#[Buckets = {buckets:12}, SubBuckets     = {sub_buckets:12}]"
    )?;
    writeln!(
        out,
        "#[Unit    = milliseconds of response time, of calls that ended OK]"
    )?;
    if censored > 0 {
        writeln!(
            out,
            "#[Cut off by a deadline or unfinished, not counted here = {censored}]"
        )?;
    }
    Ok(())
}
