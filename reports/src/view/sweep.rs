//! The matrix side by side: which parameter runs along the axis, and which cases make a line.

use serde_json::Value;

use super::CaseView;
use super::names::{brief, is_name, last_key};

/// Cases along one parameter.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The key of the scenario: `client.channels`; empty where cases differ in no one key.
    pub key: String,
    /// Whether the values are numbers, and of what.
    pub scale: Scale,
    /// The values, in the order of the axis.
    pub values: Vec<SweepValue>,
    /// A line for each combination of the other keys.
    pub series: Vec<SweepSeries>,
}

/// What the values along the axis are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Plain numbers.
    Number,
    /// Durations, in nanoseconds.
    Time,
    /// Sizes, in bytes.
    Size,
    /// Rates, a second.
    Rate,
    /// Names.
    Name,
}

/// One value along the axis.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepValue {
    /// As written.
    pub text: String,
    /// In base units; the index where values are names.
    pub number: f64,
}

/// Cases that differ in the swept parameter only.
#[derive(Clone, Debug)]
pub struct SweepSeries {
    /// What they have in common; empty where there is one line only.
    pub label: String,
    /// Index into [`Sweep::values`] and into the view's cases.
    pub points: Vec<(usize, usize)>,
}

impl Sweep {
    /// Finds the sweep in some cases; `None` where there is one case only.
    pub(super) fn find(cases: &[CaseView<'_>], runs: &[String]) -> Option<Sweep> {
        if cases.len() < 2 {
            return None;
        }
        Some(match swept_key(cases) {
            Some((key, scale)) => Sweep::along(&key, scale, cases, runs),
            None => Sweep::by_name(cases),
        })
    }

    /// Every case by its own name.
    fn by_name(cases: &[CaseView<'_>]) -> Sweep {
        let value = |(i, case): (usize, &CaseView<'_>)| SweepValue {
            text: case.label.clone(),
            number: i as f64,
        };
        Sweep {
            key: String::new(),
            scale: Scale::Name,
            values: cases.iter().enumerate().map(value).collect(),
            series: vec![SweepSeries {
                label: String::new(),
                points: (0..cases.len()).map(|i| (i, i)).collect(),
            }],
        }
    }

    fn along(key: &str, scale: Scale, cases: &[CaseView<'_>], runs: &[String]) -> Sweep {
        let mut values: Vec<SweepValue> = Vec::new();
        for value in cases.iter().filter_map(|case| case.case.point.get(key)) {
            let number = number(value, scale).unwrap_or(f64::NAN);
            if values.iter().all(|known| known.number != number) {
                values.push(SweepValue {
                    text: brief(value),
                    number,
                });
            }
        }
        values.sort_by(|a, b| a.number.total_cmp(&b.number));
        let mut series: Vec<SweepSeries> = Vec::new();
        for (index, case) in cases.iter().enumerate() {
            let label = rest_of_point(case, key, runs);
            let x = number(&case.case.point[key], scale);
            let Some(at) = values.iter().position(|value| Some(value.number) == x) else {
                continue;
            };
            match series.iter_mut().find(|line| line.label == label) {
                Some(line) => line.points.push((at, index)),
                None => series.push(SweepSeries {
                    label,
                    points: vec![(at, index)],
                }),
            }
        }
        for line in &mut series {
            line.points.sort_unstable();
        }
        Sweep {
            key: key.to_owned(),
            scale,
            values,
            series,
        }
    }

    /// Whether values span so much that equal ratios should look equal.
    pub fn is_wide(&self) -> bool {
        let (Some(first), Some(last)) = (self.values.first(), self.values.last()) else {
            return false;
        };
        first.number > 0.0 && last.number / first.number > 20.0
    }
}

/// The key whose values are numbers; of several, the one with the most values.
fn swept_key(cases: &[CaseView<'_>]) -> Option<(String, Scale)> {
    let mut best: Option<(String, Scale, usize)> = None;
    for key in cases[0].case.point.keys() {
        let values: Option<Vec<&Value>> = cases.iter().map(|c| c.case.point.get(key)).collect();
        let Some(values) = values else { continue };
        let Some(scale) = scale(&values) else {
            continue;
        };
        let mut distinct: Vec<u64> = values
            .iter()
            .filter_map(|value| number(value, scale).map(f64::to_bits))
            .collect();
        distinct.sort_unstable();
        distinct.dedup();
        let count = distinct.len();
        if count > 1 && best.as_ref().is_none_or(|(_, _, most)| count > *most) {
            best = Some((key.clone(), scale, count));
        }
    }
    best.map(|(key, scale, _)| (key, scale))
}

/// The scale that reads all values; `None` where they are names.
fn scale(values: &[&Value]) -> Option<Scale> {
    [Scale::Number, Scale::Time, Scale::Size, Scale::Rate]
        .into_iter()
        .find(|scale| values.iter().all(|value| number(value, *scale).is_some()))
}

/// A value in base units.
fn number(value: &Value, scale: Scale) -> Option<f64> {
    use scenarios::units::{Bytes, Nanos, Rate};
    let text = value.as_str();
    match scale {
        Scale::Number => value.as_f64(),
        Scale::Time => text?.parse::<Nanos>().ok().map(|t| t.0 as f64),
        Scale::Size => match value.as_u64() {
            Some(bytes) => Some(bytes as f64),
            None => text?.parse::<Bytes>().ok().map(|b| b.0 as f64),
        },
        Scale::Rate => text?.parse::<Rate>().ok().map(Rate::get),
        Scale::Name => None,
    }
}

/// What a case has besides the swept key: the other keys, and its run where there are several.
fn rest_of_point(case: &CaseView<'_>, key: &str, runs: &[String]) -> String {
    let run = (runs.len() > 1).then(|| runs[case.result].clone());
    let others = case.case.point.iter().filter(|(other, _)| *other != key);
    let others = others.map(|(other, value)| {
        if is_name(value) {
            brief(value)
        } else {
            format!("{}={}", last_key(other), brief(value))
        }
    });
    run.into_iter().chain(others).collect::<Vec<_>>().join(", ")
}
