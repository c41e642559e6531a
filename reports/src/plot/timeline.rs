//! What happened second by second: a stall, a slow start or a slow decline shows here and nowhere else.

use super::axis::Axis;
use super::chart::{Chart, Key, Mark, Words, with_room};
use super::ink::Ink;
use super::{Plan, Plot, Shape, few, few_note, rate_label, time_label};
use crate::model::Interval;
use crate::view::format::seconds;
use crate::view::{CaseView, View};

/// Calls that ended OK, and that failed, each second.
pub(super) struct Throughput;

/// Response times of each second.
pub(super) struct ResponseTime;

/// Shorter intervals say nothing about a rate.
const SHORTEST_S: f64 = 0.2;
const WHOSE: &str = "Of the calls that were meant to start in that second and ended OK; \
                     those that were cut off are not in it.";
const X: &str = "time since the measured time began";

/// One line over time.
#[derive(Clone, Debug)]
struct Line {
    label: String,
    ink: Ink,
    /// The middle of the interval, and the smallest, middle and largest value over the repetitions.
    points: Vec<(f64, Option<[f64; 3]>)>,
}

impl Plot for Throughput {
    fn name(&self) -> &'static str {
        "throughput-over-time"
    }

    fn plan(&self, view: &View<'_>, shape: Shape) -> Option<Plan> {
        let lines = match &view.cases[..] {
            [only] => {
                let mut lines = vec![line(only, "OK", Ink::Series(0), |i| Some(per_s(i, i.ok)))];
                if only
                    .case
                    .repetitions
                    .iter()
                    .flat_map(|r| &r.intervals)
                    .any(|i| i.failed > 0)
                {
                    lines.push(line(only, "not OK", Ink::Bad, |i| Some(per_s(i, i.failed))));
                }
                lines
            }
            _ => each_case(view, |i| Some(per_s(i, i.ok))),
        };
        let axis = Axis::from_zero(highest(&lines), 5, rate_label);
        let words = ("Throughput over time", "calls/s");
        plan(
            words,
            lines,
            axis,
            shape,
            caption(
                view,
                "Calls that ended OK, by the second of their intended start.",
            ),
        )
    }
}

impl Plot for ResponseTime {
    fn name(&self) -> &'static str {
        "response-time-over-time"
    }

    fn plan(&self, view: &View<'_>, shape: Shape) -> Option<Plan> {
        let p99 = |i: &Interval| i.p99_ns.map(|ns| ns as f64);
        let (lines, unit) = match &view.cases[..] {
            [only] => {
                let p50 = |i: &Interval| i.p50_ns.map(|ns| ns as f64);
                let p50 = line(only, "p50", Ink::Series(0), p50);
                (
                    vec![p50, line(only, "p99", Ink::Series(1), p99)],
                    "response time",
                )
            }
            _ => (each_case(view, p99), "response time p99"),
        };
        let values = lines.iter().flat_map(|line| line.points.iter());
        let values = values.filter_map(|(_, v)| *v).flatten();
        let axis = Axis::fitting(values, time_label);
        let words = ("Response time over time", unit);
        plan(words, lines, axis, shape, caption(view, WHOSE))
    }
}

fn caption(view: &View<'_>, what: &str) -> String {
    let repeated = view
        .cases
        .iter()
        .any(|case| case.case.repetitions.len() > 1);
    let band = if repeated {
        " The line is the median of the repetitions, the band reaches from the smallest to the largest."
    } else {
        ""
    };
    format!("{what}{band}{}", few_note(view))
}

fn per_s(interval: &Interval, n: u64) -> f64 {
    n as f64 / length_s(interval)
}

/// A result of another program may leave the length out; then it is a second.
fn length_s(interval: &Interval) -> f64 {
    if interval.length_s > 0.0 {
        interval.length_s
    } else {
        1.0
    }
}

fn each_case(view: &View<'_>, value: impl Fn(&Interval) -> Option<f64> + Copy) -> Vec<Line> {
    few(view)
        .into_iter()
        .enumerate()
        .map(|(i, case)| line(case, &case.label, Ink::Series(i), value))
        .collect()
}

fn line(
    case: &CaseView<'_>,
    label: &str,
    ink: Ink,
    value: impl Fn(&Interval) -> Option<f64>,
) -> Line {
    let repetitions = &case.case.repetitions;
    let longest = repetitions
        .iter()
        .map(|r| r.intervals.len())
        .max()
        .unwrap_or(0);
    let points = (0..longest).filter_map(|i| {
        let all: Vec<&Interval> = repetitions
            .iter()
            .filter_map(|r| r.intervals.get(i))
            .filter(|interval| length_s(interval) >= SHORTEST_S)
            .collect();
        let first = all.first()?;
        let x = first.start_s + length_s(first) / 2.0;
        let values = all.into_iter().filter_map(&value).collect();
        x.is_finite().then(|| (x, spread(values)))
    });
    Line {
        label: label.to_owned(),
        ink,
        points: points.collect(),
    }
}

fn spread(mut values: Vec<f64>) -> Option<[f64; 3]> {
    values.sort_by(f64::total_cmp);
    let (first, last) = (*values.first()?, *values.last()?);
    let middle = values.len() / 2;
    let median = if values.len().is_multiple_of(2) {
        (values[middle - 1] + values[middle]) / 2.0
    } else {
        values[middle]
    };
    Some([first, median, last])
}

fn highest(lines: &[Line]) -> f64 {
    let points = lines.iter().flat_map(|line| &line.points);
    points
        .filter_map(|(_, v)| v.map(|[_, _, high]| high))
        .fold(0.0, f64::max)
}

fn plan(
    (title, unit): (&'static str, &'static str),
    lines: Vec<Line>,
    y: Axis,
    shape: Shape,
    caption: String,
) -> Option<Plan> {
    let with_values = |line: &Line| line.points.iter().filter(|(_, v)| v.is_some()).count();
    if lines.iter().map(with_values).max().unwrap_or(0) < 2 {
        return None;
    }
    let ends = lines
        .iter()
        .flat_map(|line| line.points.iter().map(|(x, _)| *x));
    let x = Axis::up_to(ends.fold(0.0, f64::max) + 0.5, 6, seconds);
    let legend = legend(&lines);
    let shape = with_room(shape, &legend);
    Some(Plan {
        title: title.to_owned(),
        caption,
        shape,
        paint: Box::new(move |canvas| {
            let words = Words {
                title,
                y: unit,
                x: X,
                legend: legend.clone(),
            };
            let chart = Chart::begin(canvas, shape, &words, x.clone(), y.clone())?;
            for line in lines.iter().rev() {
                draw(&chart, line)?;
            }
            Ok(())
        }),
    })
}

fn draw(chart: &Chart<'_, '_>, line: &Line) -> Result<(), String> {
    for run in line.points.split(|(_, values)| values.is_none()) {
        let band: Vec<_> = run
            .iter()
            .filter_map(|(x, values)| values.map(|[low, _, high]| (*x, low, high)))
            .collect();
        if band.iter().any(|(_, low, high)| low < high) {
            chart.band(&band, line.ink)?;
        }
    }
    let middle: Vec<_> = line
        .points
        .iter()
        .map(|(x, values)| (*x, values.map(|[_, median, _]| median)))
        .collect();
    chart.line(&middle, line.ink, 2.0, 1.0)
}

fn legend(lines: &[Line]) -> Vec<Key> {
    if lines.len() < 2 {
        return Vec::new();
    }
    let key = |line: &Line| Key {
        ink: line.ink,
        mark: Mark::Line,
        label: line.label.clone(),
    };
    lines.iter().map(key).collect()
}
