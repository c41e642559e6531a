//! The figures of a test, for people and for programs.

use super::unit;
use crate::limits::print;
use crate::model::GateTest;
use crate::view::{clean, shown};

/// A figure of a test.
pub(super) struct Figure {
    pub(super) name: &'static str,
    /// In base units, a change as a share.
    pub(super) number: f64,
    /// With its unit.
    pub(super) text: String,
}

/// Every figure that is known.
pub(super) fn figures(test: &GateTest) -> Vec<Figure> {
    let unit = unit(test);
    let value = |name, number: Option<f64>| figure(name, number, |number| print(number, unit));
    let change = |name, number: Option<f64>| figure(name, number, |share| shown(share, unit));
    let all = [
        value("baseline", test.baseline),
        value("candidate", test.candidate),
        change("change", test.change.map(|change| change.estimate)),
        change("change_low", test.change.and_then(|change| change.low)),
        change("change_high", test.change.and_then(|change| change.high)),
        change("tolerance", Some(for_the_worse(test, test.tolerance))),
        change(
            "smallest_detectable",
            test.smallest_detectable
                .map(|share| for_the_worse(test, share)),
        ),
        figure("rounds", Some(f64::from(test.rounds)), |n| n.to_string()),
    ];
    all.into_iter().flatten().collect()
}

fn figure(name: &'static str, number: Option<f64>, text: impl Fn(f64) -> String) -> Option<Figure> {
    let number = number.filter(|number| number.is_finite())?;
    Some(Figure {
        name,
        number,
        text: text(number),
    })
}

/// A tolerance on the scale of changes, where up is more.
fn for_the_worse(test: &GateTest, share: f64) -> f64 {
    if test.more_is_better { -share } else { share }
}

/// The figures a line each, then what was made of them.
pub(super) fn lines(test: &GateTest) -> String {
    let figures = figures(test);
    let figures = figures
        .iter()
        .map(|figure| format!("{}: {}\n", figure.name.replace('_', " "), figure.text));
    let advisory = if test.advisory {
        " (advisory: decides nothing)"
    } else {
        ""
    };
    let why = test.why.as_deref().map(clean);
    let why = why.map_or(String::new(), |why| format!("why: {why}\n"));
    format!(
        "{}verdict: {}{advisory}\n{why}",
        figures.collect::<String>(),
        test.outcome
    )
}

/// The figures that matter most in one line.
pub(super) fn sentence(test: &GateTest) -> String {
    let unit = unit(test);
    let tolerance = shown(for_the_worse(test, test.tolerance), unit);
    let why = test.why.as_deref().map(clean);
    let Some(change) = test.change else {
        return why.unwrap_or_else(|| "nothing could be compared".to_owned());
    };
    let interval = change.low.zip(change.high).map_or(String::new(), |ends| {
        let (low, high) = (shown(ends.0, unit), shown(ends.1, unit));
        format!(" (95 % interval {low} to {high})")
    });
    let why = why.map_or(String::new(), |why| format!("; {why}"));
    let change = shown(change.estimate, unit);
    format!("{change}{interval}, tolerance {tolerance}{why}")
}
