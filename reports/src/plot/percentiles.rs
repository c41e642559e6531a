//! The percentile curve: how slow the slow ones are.
//!
//! The axis is `1 / (1 - q)` on a log scale, so that every further nine has the same room.

use hdrhistogram::Histogram;

use super::axis::Axis;
use super::chart::{Chart, Key, Mark, Words, with_room};
use super::ink::{self, Ink};
use super::{Plan, Plot, Shape, few, few_note, time_label};
use crate::model::{FEWEST_BEYOND, Timing};
use crate::view::{CaseView, Merged, Time, View, clean};

/// Response time by percentile, that of messages where streams are paced: a line a case; where there is only one, a line a
/// call of its mix, or response against service time.
pub(super) struct Percentiles;

/// Points for each halving of the distance to 100 %.
const DENSITY: u32 = 8;

/// What the lines are of.
#[derive(Clone, Copy, Debug)]
struct Subject {
    title: &'static str,
    what: &'static str,
    time: Time,
    /// Drawn beside it, where there is only one case.
    beside: Time,
}

const CALLS: Subject = Subject {
    title: "Response time by percentile",
    what: "calls",
    time: Time::Response,
    beside: Time::Service,
};

const MESSAGES: Subject = Subject {
    title: "Message response time by percentile",
    what: "messages",
    time: Time::MessageResponse,
    beside: Time::Exchange,
};

impl Subject {
    fn of(view: &View<'_>) -> Subject {
        let is_paced = |case: &CaseView<'_>| case.merged.time(MESSAGES.time).is_some();
        match view.cases.iter().all(is_paced) {
            true => MESSAGES,
            false => CALLS,
        }
    }
}

/// A line: its bold part can be believed, its faint part is too thin or a lower bound.
#[derive(Clone, Debug)]
struct Curve {
    label: String,
    /// `1 / (1 - q)` and nanoseconds.
    points: Vec<(f64, f64)>,
    /// Where the faint part begins.
    faint_from: f64,
}

impl Plot for Percentiles {
    fn name(&self) -> &'static str {
        "percentiles"
    }

    fn plan(&self, view: &View<'_>, shape: Shape) -> Option<Plan> {
        let subject = Subject::of(view);
        let curves = curves(view, subject);
        if curves.is_empty() {
            return None;
        }
        let caption = format!(
            "Read it as: so many percent of the {} took no longer than this. The line is faint where fewer than \
             {FEWEST_BEYOND} samples lie beyond, or where calls were cut off and it is only a lower bound.{}",
            subject.what,
            few_note(view)
        );
        let legend = legend(&curves);
        let shape = with_room(shape, &legend);
        Some(Plan {
            title: subject.title.to_owned(),
            caption,
            shape,
            paint: Box::new(move |canvas| {
                let values = curves
                    .iter()
                    .flat_map(|c| c.points.iter().map(|(_, ns)| *ns));
                let words = Words {
                    title: subject.title,
                    y: subject.time.name(),
                    x: "percentile",
                    legend: legend.clone(),
                };
                let chart = Chart::begin(
                    canvas,
                    shape,
                    &words,
                    x_axis(&curves),
                    Axis::fitting(values, time_label),
                )?;
                // The first line lies on top.
                for (i, curve) in curves.iter().enumerate().rev() {
                    let point = |(x, ns): &(f64, f64)| (*x, Some(*ns));
                    let split = curve
                        .points
                        .partition_point(|(x, _)| *x <= curve.faint_from);
                    let bold: Vec<_> = curve.points[..split].iter().map(point).collect();
                    let faint: Vec<_> = curve.points[split.saturating_sub(1)..]
                        .iter()
                        .map(point)
                        .collect();
                    if faint.len() > 1 {
                        chart.line(&faint, Ink::Series(i), 1.5, 0.4)?;
                    }
                    chart.line(&bold, Ink::Series(i), 2.0, 1.0)?;
                }
                Ok(())
            }),
        })
    }
}

fn curves(view: &View<'_>, subject: Subject) -> Vec<Curve> {
    if let [only] = &view.cases[..] {
        if !only.merged.calls.is_empty() {
            return of_mix(&only.merged, subject);
        }
        return [subject.time, subject.beside]
            .into_iter()
            .filter_map(|time| curve(time.name().to_owned(), only.merged.time(time)?))
            .collect();
    }
    few(view)
        .into_iter()
        .filter_map(|case| curve(case.label.clone(), case.merged.time(subject.time)?))
        .collect()
}

/// All calls together and each of the mix, as many as there are colours.
fn of_mix(merged: &Merged, subject: Subject) -> Vec<Curve> {
    let all = merged
        .time(subject.time)
        .map(|timing| ("all calls", timing));
    let calls = merged
        .calls
        .iter()
        .map(|call| (call.name.as_str(), subject.time.of_call(call)));
    all.into_iter()
        .chain(calls)
        .take(ink::SERIES)
        .filter_map(|(label, timing)| curve(clean(label), timing))
        .collect()
}

fn curve(label: String, timing: &Timing) -> Option<Curve> {
    let (mut all, bounds) = (timing.complete().ok()?, timing.bounds().ok()?);
    let first_bound = (!bounds.is_empty()).then(|| bounds.min());
    all.add(&bounds).ok()?;
    let points = points(&all);
    let enough = (all.len() as f64 / FEWEST_BEYOND as f64).max(1.0);
    let exact = first_bound.map_or(f64::INFINITY, |ns| {
        let below = points.iter().take_while(|(_, value)| *value < ns as f64);
        below.last().map_or(1.0, |(x, _)| *x)
    });
    (points.len() > 1).then_some(Curve {
        label,
        points,
        faint_from: enough.min(exact),
    })
}

fn points(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    for step in histogram.iter_quantiles(DENSITY) {
        let quantile = step.quantile_iterated_to().min(1.0);
        // The largest of n samples stands where 1 in n lies beyond.
        let x = (1.0 / (1.0 - quantile)).min(histogram.len() as f64);
        let ns = step.value_iterated_to().min(histogram.max()) as f64;
        if points.last().is_none_or(|(last, _)| x > *last) {
            points.push((x, ns.max(1.0)));
        }
    }
    points
}

fn x_axis(curves: &[Curve]) -> Axis {
    let ends = curves.iter().filter_map(|curve| curve.points.last());
    let end = ends.map(|(x, _)| *x).fold(10.0, f64::max);
    let mut ticks = vec![(1.0, "0".to_owned()), (2.0, "50".to_owned())];
    let mut x = 10.0;
    let mut digits = 0;
    while x <= end * 1.001 && digits < 9 {
        ticks.push((x, percent(digits)));
        x *= 10.0;
        digits += 1;
    }
    Axis::log_between(1.0, end, ticks)
}

/// 90, 99, 99.9 and so on.
fn percent(nines_after_the_first: usize) -> String {
    match nines_after_the_first {
        0 => "90".to_owned(),
        1 => "99".to_owned(),
        n => format!("99.{}", "9".repeat(n - 1)),
    }
}

fn legend(curves: &[Curve]) -> Vec<Key> {
    if curves.len() < 2 {
        return Vec::new();
    }
    let key = |(i, curve): (usize, &Curve)| Key {
        ink: Ink::Series(i),
        mark: Mark::Line,
        label: curve.label.clone(),
    };
    curves.iter().enumerate().map(key).collect()
}
