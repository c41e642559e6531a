//! The matrix side by side: as lines over the swept parameter, or as bars where it has names for values.

use super::axis::Axis;
use super::bars::{self, Bar, Reach};
use super::chart::{Chart, Key, Mark, Words, with_room};
use super::ink::{Ink, SERIES};
use super::{Plan, Plot, Shape, rate_label, time_label};
use crate::model::{Quantile, Shown};
use crate::view::format::rate;
use crate::view::{CaseView, Scale, Sweep, Time, View, exact, last_key, range};

/// Calls that ended OK, a second.
pub(super) struct Throughput;

/// Median and 99th percentile of the response time.
pub(super) struct ResponseTime;

/// More bars than these would be a wall.
const MOST_BARS: usize = 24;
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
            return throughput_bars(view, shape, caption);
        }
        let lines = lines(view, sweep, Mark::Dot, |case| {
            let spread = range(&case.case.repetitions, |r| Some(r.achieved_per_s));
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
            return response_bars(view, shape, caption);
        }
        let of = |quantile: Quantile| {
            move |case: &CaseView<'_>| {
                let spread = range(&case.case.repetitions, |r| exact(r, quantile));
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
    let repeated = view
        .cases
        .iter()
        .any(|case| case.case.repetitions.len() > 1);
    if repeated {
        " Whiskers reach from the smallest to the largest repetition."
    } else {
        ""
    }
}

/// A response-time percentile, where it is a number.
fn number(case: &CaseView<'_>, quantile: Quantile) -> Option<f64> {
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

fn throughput_bars(view: &View<'_>, shape: Shape, caption: String) -> Option<Plan> {
    let cases = || view.cases.iter().take(MOST_BARS);
    let most = cases()
        .flat_map(|case| case.case.repetitions.iter().map(|r| r.achieved_per_s))
        .chain(cases().map(|case| case.merged.achieved_per_s))
        .filter(|rate| rate.is_finite())
        .fold(0.0, f64::max);
    if most == 0.0 {
        return None;
    }
    let bar = |case: &CaseView<'_>| {
        let achieved = case.merged.achieved_per_s;
        let spread = range(&case.case.repetitions, |r| Some(r.achieved_per_s));
        Bar {
            name: case.label.clone(),
            value: rate(achieved),
            reach: if achieved.is_finite() {
                Reach::To(achieved / most, Ink::Series(0))
            } else {
                Reach::Nothing
            },
            whisker: spread.map(|(low, high)| (low / most, high / most)),
        }
    };
    Some(bar_plan(
        THROUGHPUT,
        Vec::new(),
        cases().map(bar).collect(),
        shape,
        caption,
    ))
}

fn response_bars(view: &View<'_>, shape: Shape, caption: String) -> Option<Plan> {
    let pairs: Vec<_> = view
        .cases
        .iter()
        .take(MOST_BARS)
        .map(|case| {
            (
                case,
                number(case, Quantile::P50),
                number(case, Quantile::P99),
            )
        })
        .collect();
    let numbers = || {
        pairs
            .iter()
            .flat_map(|(_, p50, p99)| [*p50, *p99])
            .flatten()
    };
    numbers().next()?;
    let axis = Axis::fitting(numbers(), time_label);
    let bar = |(case, p50, p99): &(&CaseView<'_>, Option<f64>, Option<f64>)| {
        let h = &case.headline;
        Bar {
            name: case.label.clone(),
            value: format!("{} · {}", h.p50.value, h.p99.value),
            reach: Reach::Between(p50.map(|ns| axis.at(ns)), p99.map(|ns| axis.at(ns))),
            whisker: None,
        }
    };
    let scale = if axis.is_log() { ", log scale" } else { "" };
    let key = |n, label: String| Key {
        ink: Ink::Series(n),
        mark: Mark::Dot,
        label,
    };
    let legend = vec![key(0, "p50".to_owned()), key(1, format!("p99{scale}"))];
    let bars = pairs.iter().map(bar).collect();
    Some(bar_plan(RESPONSE_TIME, legend, bars, shape, caption))
}

fn bar_plan(
    title: &'static str,
    legend: Vec<Key>,
    bars: Vec<Bar>,
    shape: Shape,
    caption: String,
) -> Plan {
    let shape = bars::shape(bars.len(), !legend.is_empty(), shape);
    Plan {
        title: title.to_owned(),
        caption,
        shape,
        paint: Box::new(move |canvas| bars::draw(canvas, shape, title, &legend, &bars)),
    }
}
