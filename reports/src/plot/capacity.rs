//! Throughput and response time of a search for capacity in one curve, with the capacity and the knee.

use super::axis::Axis;
use super::chart::{Chart, Key, Mark, Words, with_room};
use super::ink::Ink;
use super::{Plan, Plot, Shape, rate_label, time_label};
use crate::model::Says;
use crate::view::{SearchRow, View, format};

/// The throughput-latency curve.
pub(super) struct Capacity;

const TITLE: &str = "Response time over throughput";
const NAMES: [&str; 2] = ["p50", "p99"];
/// A curve that bends less than this has no knee.
const BEND: f64 = 0.1;

/// One curve: calls that ended a second, the response time, and what the rate said.
type Curve = Vec<(f64, f64, Says)>;

impl Plot for Capacity {
    fn name(&self) -> &'static str {
        "capacity"
    }

    fn plan(&self, view: &View<'_>, shape: Shape) -> Option<Plan> {
        let search = view.search.as_ref()?;
        let curves = [0, 1].map(|at| curve(&search.rows, at));
        let all: Vec<(f64, f64, Says)> = curves.concat();
        if all.len() < 2 {
            return None;
        }
        let capacity = search.rows.iter().find(|row| row.is_capacity);
        let capacity = capacity.map(|row| (row.achieved_per_s, row.rate_per_s));
        let points: Vec<(f64, f64)> = curves[1].iter().map(|(x, y, _)| (*x, *y)).collect();
        let knee = knee(&points);
        let (low, high) = all
            .iter()
            .fold((f64::INFINITY, 0.0_f64), |(low, high), (_, y, _)| {
                (low.min(*y), high.max(*y))
            });
        let x = Axis::from_zero(
            all.iter().map(|(x, ..)| *x).fold(0.0, f64::max),
            5,
            rate_label,
        );
        let y = Axis::log(low, high.max(low * 1.1), time_label);
        let legend = legend(capacity.map(|(_, rate)| rate), knee.map(|(x, _)| x));
        let shape = with_room(shape, &legend);
        Some(Plan {
            title: TITLE.to_owned(),
            caption: "Each rate with the calls that ended a second there and their response time. A ring is a rate at \
                      which a limit breaks or that was not measured. The upright line is the capacity, the highest rate \
                      at which the limits hold; the knee is where p99 turns from flat to steep."
                .to_owned(),
            shape,
            paint: Box::new(move |canvas| {
                let words = Words {
                    title: TITLE,
                    y: "response time",
                    x: "calls that ended, a second",
                    legend: legend.clone(),
                };
                let chart = Chart::begin(canvas, shape, &words, x.clone(), y.clone())?;
                if let Some((at, _)) = capacity {
                    let upright = [(at, Some(low)), (at, Some(high))];
                    chart.line(&upright, Ink::Bad, 1.5, 0.9)?;
                }
                for (i, curve) in curves.iter().enumerate() {
                    draw(&chart, curve, Ink::Series(i))?;
                }
                match knee {
                    Some((x, y)) => chart.mark(x, y, KNEE, Mark::Dot),
                    None => Ok(()),
                }
            }),
        })
    }
}

const KNEE: Ink = Ink::Series(3);

fn curve(rows: &[SearchRow], at: usize) -> Curve {
    rows.iter()
        .filter_map(|row| Some((row.achieved_per_s, row.times_ns[at]?, row.says)))
        .filter(|(x, y, _)| x.is_finite() && *y > 0.0)
        .collect()
}

fn draw(chart: &Chart<'_, '_>, curve: &Curve, ink: Ink) -> Result<(), String> {
    let points: Vec<_> = curve.iter().map(|(x, y, _)| (*x, Some(*y))).collect();
    chart.line(&points, ink, 2.0, 1.0)?;
    curve.iter().try_for_each(|(x, y, says)| {
        let mark = match says {
            Says::Holds => Mark::Dot,
            Says::Breaks | Says::NotMeasured => Mark::Ring,
        };
        chart.mark(*x, *y, ink, mark)
    })
}

fn legend(capacity: Option<f64>, knee: Option<f64>) -> Vec<Key> {
    let key = |ink, mark, label: String| Key { ink, mark, label };
    let mut keys: Vec<Key> = NAMES
        .iter()
        .enumerate()
        .map(|(i, name)| key(Ink::Series(i), Mark::Line, (*name).to_owned()))
        .collect();
    let capacity = capacity.map(|rate| format!("capacity {}", format::rate(rate)));
    keys.extend(capacity.map(|label| key(Ink::Bad, Mark::Line, label)));
    let knee = knee.map(|rate| format!("knee {}", format::rate(rate)));
    keys.extend(knee.map(|label| key(KNEE, Mark::Dot, label)));
    keys
}

/// The knee of a curve whose points are throughput and response time: the point furthest below the chord from its first
/// to its last point, in the unit square, with the logarithm of the time; `None` where the curve hardly bends.
///
/// # Source
///
/// Satopää, Albrecht, Irwin, Raghavan, *Finding a "Kneedle" in a Haystack: Detecting Knee Points in System Behavior*,
/// ICDCS Workshops 2011: the maximum of the difference curve `x - y` of an increasing convex curve, without the
/// smoothing and the threshold that Kneedle has for long and noisy ones.
fn knee(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let mut points = points.to_vec();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let ((first, fastest), (last, slowest)) = (*points.first()?, *points.last()?);
    let span = (slowest / fastest).ln();
    if last <= first || span <= 0.0 {
        return None;
    }
    let below = |(x, y): (f64, f64)| (x - first) / (last - first) - (y / fastest).ln() / span;
    let furthest = points
        .iter()
        .copied()
        .max_by(|a, b| below(*a).total_cmp(&below(*b)))?;
    (below(furthest) > BEND).then_some(furthest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_knee_of_a_queue_is_where_its_time_begins_to_climb() {
        // A response time that is flat up to 800/s and grows a hundredfold from there to 1,000/s.
        let points = [
            (200.0, 1e6),
            (400.0, 1e6),
            (800.0, 1.1e6),
            (900.0, 9e6),
            (1_000.0, 1e8),
        ];
        assert_eq!(knee(&points), Some((800.0, 1.1e6)));
    }

    #[test]
    fn a_straight_line_has_none_and_neither_has_a_point() {
        let straight: Vec<_> = (0..5)
            .map(|i| (f64::from(i) * 100.0, 1e6 * 2f64.powi(i)))
            .collect();
        assert_eq!(knee(&straight), None);
        assert_eq!(knee(&[(100.0, 1e6)]), None);
        assert_eq!(knee(&[]), None);
        assert_eq!(knee(&[(100.0, 1e6), (200.0, 1e6)]), None);
    }
}
