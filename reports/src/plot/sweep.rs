//! The matrix side by side, as lines over the swept parameter; where it has names for values, see [`super::named`].

use super::axis::Axis;
use super::chart::{Chart, Key, Mark, Words, with_room};
use super::ink::{Ink, SERIES};
use super::{Plan, Plot, Shape, named, rate_label, time_label};
use crate::model::{Quantile, Shown};
use crate::stats::FEWEST;
use crate::view::{CaseView, Metric, Scale, Sweep, Time, View, last_key, whisker};

/// Calls that ended OK, a second.
pub(super) struct Throughput;

/// Median and 99th percentile of the response time.
pub(super) struct ResponseTime;

const THROUGHPUT: &str = "Throughput side by side";
const RESPONSE_TIME: &str = "Response time side by side";

/// A value at a place of the axis, with its spread over the repetitions.
#[derive(Clone, Copy, Debug)]
struct Mean {
    x: f64,
    y: f64,
    spread: Option<(f64, f64)>,
}

/// One line.
#[derive(Clone, Debug)]
struct Line {
    label: String,
    ink: Ink,
    mark: Mark,
    points: Vec<Mean>,
}

impl Plot for Throughput {
    fn name(&self) -> &'static str {
        "sweep-throughput"
    }

    fn plan(&self, view: &View<'_>, shape: Shape) -> Option<Plan> {
        let sweep = view.sweep.as_ref()?;
        let caption = format!("Calls that ended OK, a second.{}", whisker_note(view));
        if sweep.scale == Scale::Name {
            return named::throughput(view, THROUGHPUT, shape, caption);
        }
        let lines = lines(view, sweep, Mark::Dot, |case| {
            let spread = whisker(&case.case.repetitions, Metric::Achieved);
            (case.merged.achieved_per_s, spread)
        });
        let axis = Axis::fitting(values(&lines), rate_label);
        line_plan((THROUGHPUT, "calls/s"), sweep, lines, axis, shape, caption)
    }
}

impl Plot for ResponseTime {
    fn name(&self) -> &'static str {
        "sweep-response-time"
    }

    fn plan(&self, view: &View<'_>, shape: Shape) -> Option<Plan> {
        let sweep = view.sweep.as_ref()?;
        let caption = format!(
            "Median and 99th percentile of the response time; a percentile that is no number is left out.{}",
            whisker_note(view)
        );
        if sweep.scale == Scale::Name {
            return named::response_time(view, RESPONSE_TIME, shape, caption);
        }
        let of = |quantile: Quantile| {
            move |case: &CaseView<'_>| {
                let spread = whisker(
                    &case.case.repetitions,
                    Metric::Time(Time::Response, quantile),
                );
                (number(case, quantile).unwrap_or(f64::NAN), spread)
            }
        };
        let mut all = lines(view, sweep, Mark::Dot, of(Quantile::P99));
        let p50 = lines(view, sweep, Mark::Ring, of(Quantile::P50));
        if let ([only], [p50]) = (&mut all[..], &p50[..]) {
            only.ink = Ink::Series(1);
            only.label = "p99".to_owned();
            all.push(Line {
                label: "p50".to_owned(),
                mark: Mark::Dot,
                ..p50.clone()
            });
            all.reverse();
        } else {
            all.extend(p50.into_iter().map(|line| Line {
                label: String::new(),
                ..line
            }));
        }
        let axis = Axis::fitting(values(&all), time_label);
        line_plan(
            (RESPONSE_TIME, "response time"),
            sweep,
            all,
            axis,
            shape,
            caption,
        )
    }
}

fn whisker_note(view: &View<'_>) -> &'static str {
    let most = view.cases.iter().map(|case| case.case.repetitions.len());
    match most.max() {
        None | Some(0 | 1) => "",
        Some(n) if n < FEWEST => " Whiskers reach from one repetition to the other.",
        Some(_) => " Whiskers are 95 % confidence intervals over the repetitions.",
    }
}

/// A response-time percentile, where it is a number.
pub(super) fn number(case: &CaseView<'_>, quantile: Quantile) -> Option<f64> {
    match case.merged.time(Time::Response)?.shown(quantile) {
        Shown::Exactly(ns) => Some(ns as f64),
        _ => None,
    }
}

type Spread = Option<(f64, f64)>;

fn lines(
    view: &View<'_>,
    sweep: &Sweep,
    mark: Mark,
    value: impl Fn(&CaseView<'_>) -> (f64, Spread),
) -> Vec<Line> {
    let line = |(i, series): (usize, &crate::view::SweepSeries)| Line {
        label: series.label.clone(),
        ink: Ink::Series(i),
        mark,
        points: series
            .points
            .iter()
            .map(|(at, case)| {
                let (y, spread) = value(&view.cases[*case]);
                Mean {
                    x: sweep.values[*at].number,
                    y,
                    spread,
                }
            })
            .filter(|mean| mean.y.is_finite())
            .collect(),
    };
    sweep
        .series
        .iter()
        .take(SERIES)
        .enumerate()
        .map(line)
        .collect()
}

fn values(lines: &[Line]) -> impl Iterator<Item = f64> {
    lines.iter().flat_map(|line| &line.points).flat_map(|mean| {
        let (low, high) = mean.spread.unwrap_or((mean.y, mean.y));
        [low, mean.y, high]
    })
}

fn line_plan(
    (title, unit): (&'static str, &'static str),
    sweep: &Sweep,
    lines: Vec<Line>,
    y: Axis,
    shape: Shape,
    caption: String,
) -> Option<Plan> {
    if lines.iter().all(|line| line.points.is_empty()) {
        return None;
    }
    let ticks = sweep
        .values
        .iter()
        .map(|value| (value.number, value.text.clone()));
    let x = Axis::through(ticks.collect(), sweep.is_wide());
    let x_title = match sweep.scale {
        Scale::Number => sweep.key.clone(),
        _ => last_key(&sweep.key).replace('_', " "),
    };
    let legend = legend(&lines);
    let shape = with_room(shape, &legend);
    Some(Plan {
        title: title.to_owned(),
        caption,
        shape,
        paint: Box::new(move |canvas| {
            let scale = if x.is_log() { ", log scale" } else { "" };
            let words = Words {
                title,
                y: unit,
                x: &format!("{x_title}{scale}"),
                legend: legend.clone(),
            };
            let chart = Chart::begin(canvas, shape, &words, x.clone(), y.clone())?;
            lines.iter().rev().try_for_each(|line| draw(&chart, line))
        }),
    })
}

fn draw(chart: &Chart<'_, '_>, line: &Line) -> Result<(), String> {
    let points: Vec<_> = line
        .points
        .iter()
        .map(|mean| (mean.x, Some(mean.y)))
        .collect();
    let width = if line.mark == Mark::Ring { 1.2 } else { 2.0 };
    chart.line(&points, line.ink, width, 1.0)?;
    for mean in &line.points {
        if let Some(spread) = mean.spread {
            chart.whisker(mean.x, spread, line.ink)?;
        }
        chart.mark(mean.x, mean.y, line.ink, line.mark)?;
    }
    Ok(())
}

fn legend(lines: &[Line]) -> Vec<Key> {
    if lines.len() < 2 {
        return Vec::new();
    }
    let named = lines.iter().filter(|line| !line.label.is_empty());
    let mut keys: Vec<Key> = named
        .map(|line| Key {
            ink: line.ink,
            mark: Mark::Line,
            label: line.label.clone(),
        })
        .collect();
    if lines.iter().any(|line| line.mark == Mark::Ring) {
        for (mark, label) in [(Mark::Ring, "p50"), (Mark::Dot, "p99")] {
            keys.push(Key {
                ink: Ink::Muted,
                mark,
                label: label.to_owned(),
            });
        }
    }
    keys
}
