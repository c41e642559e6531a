//! Cases side by side where they differ in a name, not in a number: no line leads from one name to the next.

use super::axis::Axis;
use super::bars::{self, Bar, Reach};
use super::chart::{Key, Mark};
use super::ink::Ink;
use super::sweep::number;
use super::{Plan, Shape, time_label};
use crate::model::Quantile;
use crate::view::format::rate;
use crate::view::{CaseView, Metric, View, whisker};

/// More bars than these would be a wall.
const MOST_BARS: usize = 24;

/// A bar for each case.
pub(super) fn throughput(
    view: &View<'_>,
    title: &'static str,
    shape: Shape,
    caption: String,
) -> Option<Plan> {
    let cases = || view.cases.iter().take(MOST_BARS);
    let most = cases()
        .filter_map(|case| Some(whisker(&case.case.repetitions, Metric::Achieved)?.1))
        .chain(cases().map(|case| case.merged.achieved_per_s))
        .filter(|rate| rate.is_finite())
        .fold(0.0, f64::max);
    if most == 0.0 {
        return None;
    }
    let bar = |case: &CaseView<'_>| {
        let achieved = case.merged.achieved_per_s;
        let spread = whisker(&case.case.repetitions, Metric::Achieved);
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
        title,
        Vec::new(),
        cases().map(bar).collect(),
        shape,
        caption,
    ))
}

/// Two points and the way between them for each case.
pub(super) fn response_time(
    view: &View<'_>,
    title: &'static str,
    shape: Shape,
    caption: String,
) -> Option<Plan> {
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
    Some(bar_plan(title, legend, bars, shape, caption))
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
