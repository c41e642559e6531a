//! Axes: where a value stands between 0 and 1, and which values have a tick.

/// A scale with ticks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    log: bool,
    /// Values and their labels, ascending.
    pub(super) ticks: Vec<(f64, String)>,
}

/// Values that span more than this are drawn on a log scale.
const WIDE: f64 = 20.0;

impl Axis {
    /// From zero to a round number, or between round numbers on a log scale where the values span much.
    pub(super) fn fitting(
        values: impl IntoIterator<Item = f64>,
        print: impl Fn(f64) -> String,
    ) -> Axis {
        let (low, high) = span(values);
        if low > 0.0 && high / low > WIDE {
            Axis::log(low, high, print)
        } else {
            Axis::from_zero(high, 5, print)
        }
    }

    /// From zero to a round number at or above `high`, with about `count` ticks.
    pub(super) fn from_zero(high: f64, count: usize, print: impl Fn(f64) -> String) -> Axis {
        let high = if high > 0.0 { high } else { 1.0 };
        let step = round_step(high / count as f64);
        let steps = (high / step - 1e-9).ceil().max(1.0) as usize;
        let tick = |i: usize| {
            let value = i as f64 * step;
            (value, print(value))
        };
        Axis {
            low: 0.0,
            high: steps as f64 * step,
            log: false,
            ticks: (0..=steps).map(tick).collect(),
        }
    }

    /// From exactly zero to exactly `high`: time, where an axis that runs on would look like a stop.
    pub(super) fn up_to(high: f64, count: usize, print: impl Fn(f64) -> String) -> Axis {
        let mut axis = Axis::from_zero(high, count, print);
        axis.high = if high > 0.0 { high } else { 1.0 };
        axis.ticks
            .retain(|(value, _)| *value <= axis.high * (1.0 + 1e-9));
        axis
    }

    /// Equal ratios look equal; from one round number to another.
    pub(super) fn log(low: f64, high: f64, print: impl Fn(f64) -> String) -> Axis {
        let decades = (high / low).log10();
        let steps: &[f64] = if decades <= 1.5 {
            &[1.0, 2.0, 5.0]
        } else if decades <= 3.0 {
            &[1.0, 3.0]
        } else {
            &[1.0]
        };
        let round: Vec<f64> = (low.log10().floor() as i32..=high.log10().ceil() as i32)
            .flat_map(|exponent| steps.iter().map(move |step| step * 10_f64.powi(exponent)))
            .collect();
        // What rounding of a histogram adds should not cost a whole step.
        let first = round.iter().rposition(|v| *v <= low * 1.005).unwrap_or(0);
        let last = round
            .iter()
            .position(|v| *v >= high * 0.995)
            .unwrap_or(round.len() - 1);
        let ticks: Vec<_> = round[first..=last]
            .iter()
            .map(|v| (*v, print(*v)))
            .collect();
        Axis {
            low: round[first],
            high: round[last],
            log: true,
            ticks,
        }
    }

    /// Ticks at the given values only, with a little room at both ends.
    pub(super) fn through(ticks: Vec<(f64, String)>, log: bool) -> Axis {
        let (low, high) = span(ticks.iter().map(|(value, _)| *value));
        let (low, high) = if log {
            let room = (high / low).max(1.1).powf(0.06);
            (low / room, high * room)
        } else {
            let room = (high - low).max(1e-9) * 0.06;
            (low - room, high + room)
        };
        Axis {
            low,
            high,
            log,
            ticks,
        }
    }

    /// Between the given ends with the given ticks, equal ratios looking equal.
    pub(super) fn log_between(low: f64, high: f64, ticks: Vec<(f64, String)>) -> Axis {
        Axis {
            low,
            high,
            log: true,
            ticks,
        }
    }

    /// Where a value stands: 0 at the low end, 1 at the high end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let place = if self.log {
            (value.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        place.clamp(0.0, 1.0)
    }

    /// Whether equal ratios look equal.
    pub(super) fn is_log(&self) -> bool {
        self.log
    }
}

/// The smallest and the largest finite value; 1 and 1 where there is none.
fn span(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let finite = values.into_iter().filter(|value| value.is_finite());
    finite
        .map(|value| (value, value))
        .reduce(|(low, high), (value, _)| (low.min(value), high.max(value)))
        .unwrap_or((1.0, 1.0))
}

/// The round number (1, 2, 2.5 or 5 times a power of ten) at or above `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powi(step.log10().floor() as i32);
    let round = [1.0, 2.0, 2.5, 5.0]
        .into_iter()
        .find(|r| r * power >= step * 0.999);
    round.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|(_, label)| label.clone()).collect()
    }

    #[test]
    fn ticks_are_round_and_cover_the_values() {
        let axis = Axis::fitting([3.0, 17.3], |v| v.to_string());
        assert_eq!(labels(&axis), ["0", "5", "10", "15", "20"]);
        let axis = Axis::fitting([3.0, 1700.0], |v| v.to_string());
        assert_eq!(
            labels(&axis),
            ["3", "10", "30", "100", "300", "1000", "3000"]
        );
        assert_eq!(axis.at(3.0), 0.0);
        assert_eq!(axis.at(3000.0), 1.0);
        assert!((axis.at(94.868) - 0.5).abs() < 1e-4);
    }

    #[test]
    fn nothing_and_nonsense_still_make_an_axis() {
        for values in [vec![], vec![0.0], vec![f64::NAN], vec![5.0]] {
            let axis = Axis::fitting(values.clone(), |v| v.to_string());
            assert!(
                axis.ticks.len() >= 2 && axis.at(0.5).is_finite(),
                "{values:?}"
            );
        }
    }
}
